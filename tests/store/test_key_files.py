"""Files of keys, and secrets from outside. What `tingshuo.store.sign_keys` and `seal_keys` make of them is tested there."""

import os
import stat
import sys
from pathlib import Path

import pytest

from tingshuo.errors import OutputError, RequestError
from tingshuo.store.key_files import MAX_KEY_BYTES, from_command, from_environment, read_key_file, write_pair


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_private_half_is_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        public = write_pair(tmp_path / "new" / "key", b"secret", b"public")
    finally:
        os.umask(old)
    assert (public.read_bytes(), (tmp_path / "new" / "key").read_bytes()) == (b"public", b"secret")
    assert (mode(tmp_path / "new" / "key"), mode(public)) == (0o600, 0o644)


@pytest.mark.parametrize("taken", ["key", "key.pub"])
def test_no_half_is_overwritten_and_none_is_left_alone(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_bytes(b"old")
    with pytest.raises(OutputError, match=rf"{taken}: already exists; a key is never overwritten"):
        write_pair(tmp_path / "key", b"secret", b"public")
    assert os.listdir(tmp_path) == [taken]
    assert (tmp_path / taken).read_bytes() == b"old"


def test_a_disk_that_is_full_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        if os.fstat(descriptor).st_mode & 0o044:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=r"key\.pub: cannot be written: No space left"):
        write_pair(tmp_path / "key", b"secret", b"public")
    assert os.listdir(tmp_path) == []


def test_a_secret_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a key"
    path.write_bytes(b"secret")
    path.chmod(0o640)
    with pytest.raises(RequestError, match=r"is open to others than its owner; close it with: chmod 600 '.*/a key'"):
        read_key_file(path, secret=True)
    assert read_key_file(path) == b"secret"
    path.chmod(0o400)
    assert read_key_file(path, secret=True) == b"secret"


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="none: cannot be read: No such file"):
        read_key_file(tmp_path / "none")
    with pytest.raises(RequestError, match="cannot be read: embedded null"):
        read_key_file(Path("a\0b"))
    (tmp_path / "large").write_bytes(b" " * (MAX_KEY_BYTES + 1))
    with pytest.raises(RequestError, match="is larger than 65536 bytes, so it is not a key"):
        read_key_file(tmp_path / "large")


def test_a_variable_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCK", " a b ")
    assert from_environment("LOCK", "password_env") == " a b "
    with pytest.raises(RequestError, match="the environment variable 'UNSET' is not set") as caught:
        from_environment("UNSET", "password_env")
    assert caught.value.param == "password_env"


def test_a_command_prints_a_secret_and_no_shell_sees_it() -> None:
    assert from_command(f"{sys.executable} -c \"print('a ; b')\"", "the key", "key") == "a ; b"
    assert from_command("echo $HOME", "the key", "key") == "$HOME"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("false", "the command for the key ended with code 1"),
        ("no-such-command", "the command for the key cannot be run: .*No such file"),
        ("'", "the command for the key cannot be run: No closing quotation"),
        ("", "the command for the key cannot be run"),
        (
            f"{sys.executable} -c 'import sys; sys.stdout.buffer.write(bytes([255]))'",
            "the command for the key cannot be run: .*utf-8",
        ),
    ],
)
def test_a_command_that_fails_is_said(command: str, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        from_command(command, "the key", "key")
    assert caught.value.param == "key"
