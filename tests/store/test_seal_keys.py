"""Keys that decrypt: files as those of the age tool, found in a fixed order, and never shown."""

import sys
from pathlib import Path

import pytest
from pyrage import x25519

from tingshuo.errors import EngineNotInstalledError, OutputError, RequestError, SealedError
from tingshuo.store.seal_keys import (
    SEAL_KEY,
    SEAL_KEY_COMMAND,
    SEAL_KEY_FILE,
    encrypt_extra,
    find_seal_keys,
    home_key,
    make_seal_key,
    parse_seal_keys,
    read_recipients,
)


@pytest.fixture(autouse=True)
def _no_key_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    for variable in (SEAL_KEY, SEAL_KEY_FILE, SEAL_KEY_COMMAND):
        monkeypatch.delenv(variable, raising=False)


def test_a_key_is_made_as_the_age_tool_makes_it(tmp_path: Path) -> None:
    public = make_seal_key(tmp_path / "anna")
    comment, secret = (tmp_path / "anna").read_text().splitlines()
    assert comment == f"# public key: {public}"
    assert str(x25519.Identity.from_str(secret).to_public()) == public
    assert (tmp_path / "anna.pub").read_text() == f"{public}\n"
    assert (tmp_path / "anna").stat().st_mode & 0o777 == 0o600
    with pytest.raises(OutputError, match="a key is never overwritten"):
        make_seal_key(tmp_path / "anna")


def test_keys_are_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_seal_keys() is None
    given, text, named, printed = (make_seal_key(tmp_path / name) for name in ("given", "text", "named", "printed"))
    own = make_seal_key(home_key())
    expected = [(own, str(home_key()))]
    for variable, value, public, label in (
        (SEAL_KEY_COMMAND, f"cat {tmp_path}/printed", printed, f"${SEAL_KEY_COMMAND}"),
        (SEAL_KEY_FILE, f"{tmp_path}/named", named, f"{tmp_path}/named"),
        (SEAL_KEY, (tmp_path / "text").read_text(), text, f"${SEAL_KEY}"),
    ):
        keys = find_seal_keys()
        assert keys is not None
        assert (keys.recipients[0], keys.label) == expected[-1]
        monkeypatch.setenv(variable, value)
        expected.append((public, label))
    keys = find_seal_keys()
    assert keys is not None
    assert (keys.recipients[0], keys.label) == expected[-1]
    keys = find_seal_keys(tmp_path / "given")
    assert keys is not None
    assert keys.recipients == (given,)


def test_a_file_may_hold_several_keys_and_comments(tmp_path: Path) -> None:
    first, second = (make_seal_key(tmp_path / name) for name in ("a", "b"))
    text = "# mine\n\n" + "\r\n".join((tmp_path / name).read_text() for name in ("a", "b"))
    assert parse_seal_keys(text, "keys").recipients == (first, second)


def test_a_key_never_shows() -> None:
    identity = x25519.Identity.generate()
    keys = parse_seal_keys(str(identity), "mine")
    assert str(identity)[20:] not in repr(keys)
    with pytest.raises(SealedError) as caught:
        parse_seal_keys(f"# one\n{str(identity)[:-1]}", "mine")
    assert str(caught.value).startswith("mine: line 2 is no X25519 key of age")
    assert str(identity)[20:30] not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no key; tingshuo seal --make-key FILE makes a key"),
        ("# a comment\n", "holds no key"),
        ("AGE-PLUGIN-YUBIKEY-1QQQQ", "line 1 is no X25519 key"),
        ("age-encryption.org/v1\n-> scrypt", "is protected by a passphrase; let TINGSHUO_SEAL_KEY_COMMAND='age -d FILE' open it"),
        ("-----BEGIN AGE ENCRYPTED FILE-----", "is protected by a passphrase"),
    ],
)
def test_what_is_no_key_is_refused(text: str, message: str) -> None:
    with pytest.raises(SealedError, match=message):
        parse_seal_keys(text, "mine")


def test_a_key_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SealedError, match="none: cannot be read: No such file"):
        find_seal_keys(tmp_path / "none")
    make_seal_key(tmp_path / "open")
    (tmp_path / "open").chmod(0o644)
    monkeypatch.setenv(SEAL_KEY_FILE, str(tmp_path / "open"))
    with pytest.raises(SealedError, match="open: is open to others than its owner; close it with: chmod 600 "):
        find_seal_keys()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "bytes").chmod(0o600)
    with pytest.raises(SealedError, match="bytes: is not text, so it holds no key"):
        find_seal_keys(tmp_path / "bytes")
    (tmp_path / "bytes").write_bytes(b"age-encryption.org/v1\n\xff")
    with pytest.raises(SealedError, match="is protected by a passphrase"):
        find_seal_keys(tmp_path / "bytes")
    monkeypatch.delenv(SEAL_KEY_FILE)
    monkeypatch.setenv(SEAL_KEY_COMMAND, "false")
    with pytest.raises(SealedError, match="the command for the key in TINGSHUO_SEAL_KEY_COMMAND ended with code 1"):
        find_seal_keys()


def test_recipients_are_keys_or_files_of_them_each_once(tmp_path: Path) -> None:
    first, second = (make_seal_key(tmp_path / name) for name in ("a", "b"))
    (tmp_path / "team").write_text(f"# us\n{first}\n{second}\n")
    assert read_recipients([second, tmp_path / "a.pub", str(tmp_path / "team"), second.upper()]) == (second, first)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "say who can decrypt: give at least one public key"),
        (["age1qqqq"], "age1qqqq: is no public X25519 key of age"),
        (["none"], "none: cannot be read: No such file"),
        (["empty"], "empty: holds no public key of age"),
        (["words"], "words, line 2: is no public X25519 key of age"),
        (["secret"], r"secret: holds a secret key; give its public half, secret\.pub"),
        (["AGE-SECRET-KEY-1QQQQ"], "a secret key was given where its public half, age1..., belongs"),
    ],
)
def test_who_cannot_be_a_recipient_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make_seal_key(Path("secret"))
    Path("empty").write_text("# nobody\n")
    Path("words").write_text("\nhello\n")
    with pytest.raises(RequestError, match=message) as caught:
        read_recipients(given)
    assert "QQQQ" not in str(caught.value)


def test_a_missing_extra_is_said_with_the_command_that_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(EngineNotInstalledError, match=r"encryption needs .*pip install 'tingshuo\[encrypt\]' installs it"):
        make_seal_key(tmp_path / "key")
    with pytest.raises(EngineNotInstalledError, match="installs it"), encrypt_extra():
        import pyrage  # noqa: F401
