"""Keys: made for their owner alone, never overwritten, read strictly; what one half signs the other fits."""

import os
import stat
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tingshuo.errors import EngineNotInstalledError, OutputError, RequestError
from tingshuo.store.sign_keys import KINDS, make_key, parse_public_key, read_private_key, read_public_key

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_half_signs_the_other_fits(tmp_path: Path, kind: str) -> None:
    made = make_key(tmp_path / "new" / "key", kind)
    private, public = read_private_key(tmp_path / "new" / "key"), read_public_key(tmp_path / "new" / "key.pub")
    assert made == public
    assert (public.kind, public.label) == (kind, str(tmp_path / "new" / "key.pub"))
    assert private.public.fingerprint == public.fingerprint
    signature = private.sign(b"message")
    assert public.fits(signature, b"message")
    assert not public.fits(signature, b"massage")
    assert not public.fits(signature[:-1], b"message")
    assert not public.fits(b"", b"message")
    other = make_key(tmp_path / "other", kind)
    assert not other.fits(signature, b"message")


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_private_half_is_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        make_key(tmp_path / "key")
    finally:
        os.umask(old)
    assert (mode(tmp_path / "key"), mode(tmp_path / "key.pub")) == (0o600, 0o644)


def test_the_private_half_is_at_no_moment_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a file while it may be read can go on reading when it no longer may."""
    made: list[int] = []
    monkeypatch.setattr(os, "fchmod", lambda descriptor, _: made.append(stat.S_IMODE(os.fstat(descriptor).st_mode)))
    old = os.umask(0)
    try:
        make_key(tmp_path / "key")
    finally:
        os.umask(old)
    assert made == [0o600, 0o644]


@pytest.mark.parametrize("taken", ["key", "key.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(OutputError, match=f"{taken}: already exists; a key is never overwritten"):
        make_key(tmp_path / "key")
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="already exists"):
        make_key(tmp_path / "key")
    assert not (tmp_path / "elsewhere").exists()


def test_half_a_pair_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []

    def full(descriptor: int) -> None:
        flushed.append(descriptor)
        if len(flushed) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"key\.pub: cannot be written: No space left"):
        make_key(tmp_path / "key")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_a_password_protects_the_private_half(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "key"
    make_key(path, kind, "锁 lock")
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in path.read_bytes()
    assert read_private_key(path, "锁 lock").public == read_private_key(path, "锁 lock").public
    with pytest.raises(RequestError, match="does not open with this password"):
        read_private_key(path, "wrong")
    with pytest.raises(RequestError, match="is protected by a password; give it with --password-env or --password-command"):
        read_private_key(path)


def test_a_password_for_an_open_key_is_said(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    assert b"BEGIN PRIVATE KEY" in (tmp_path / "key").read_bytes()
    with pytest.raises(RequestError, match="is not protected by a password; leave the password out"):
        read_private_key(tmp_path / "key", "lock")


@pytest.mark.parametrize("password", ["", "x" * 1024])
def test_a_password_that_is_none_is_refused(tmp_path: Path, password: str) -> None:
    with pytest.raises(RequestError, match="a password has 1 to 1023 bytes, this one has"):
        make_key(tmp_path / "key", password=password)
    assert os.listdir(tmp_path) == []


def test_an_unknown_kind_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="unknown kind of key 'rsa'; accepted: p256, p384, p521, ed25519"):
        make_key(tmp_path / "key", "rsa")


@pytest.mark.parametrize("key", ["rsa", "secp256k1"])
def test_a_key_of_another_kind_is_refused(tmp_path: Path, key: str) -> None:
    made = rsa.generate_private_key(65537, 1024) if key == "rsa" else ec.generate_private_key(ec.SECP256K1())
    (tmp_path / "key").write_bytes(made.private_bytes(PEM, PKCS8, serialization.NoEncryption()))
    (tmp_path / "key.pub").write_bytes(made.public_key().public_bytes(PEM, SPKI))
    for name, read in (("key", read_private_key), ("key.pub", read_public_key)):
        with pytest.raises(RequestError, match=f"{name}: is a key of another kind; accepted: P-256, P-384, P-521 or Ed25519"):
            read(tmp_path / name)


def test_the_older_layout_of_a_private_key_is_read(tmp_path: Path) -> None:
    """What ``openssl ecparam -genkey`` writes."""
    made = ec.generate_private_key(ec.SECP256R1())
    layout = serialization.PrivateFormat.TraditionalOpenSSL
    (tmp_path / "key").write_bytes(made.private_bytes(PEM, layout, serialization.NoEncryption()))
    assert b"BEGIN EC PRIVATE KEY" in (tmp_path / "key").read_bytes()
    assert read_private_key(tmp_path / "key").public.kind == "p256"


@pytest.mark.parametrize("content", [b"", b"\xff\0", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_file_that_is_no_key_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    for read in (read_private_key, read_public_key):
        with pytest.raises(RequestError, match="key: ") as caught:
            read(tmp_path / "key")
        assert "\n" not in str(caught.value)


def test_a_damaged_private_key_is_refused(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    lines = (tmp_path / "key").read_bytes().splitlines()
    (tmp_path / "key").write_bytes(b"\n".join([lines[0], lines[1][:20], lines[-1]]))
    with pytest.raises(RequestError, match="key: is damaged"):
        read_private_key(tmp_path / "key")


def test_one_half_is_not_taken_for_the_other(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    with pytest.raises(RequestError, match="holds a private key; give its public half"):
        read_public_key(tmp_path / "key")
    with pytest.raises(RequestError, match="holds no private key in PEM"):
        read_private_key(tmp_path / "key.pub")


def test_a_second_key_in_a_file_is_not_passed_over(tmp_path: Path) -> None:
    pems = make_key(tmp_path / "a").pem + make_key(tmp_path / "b").pem
    with pytest.raises(RequestError, match="both: does not hold exactly one public key"):
        parse_public_key(pems, "both")


def test_what_is_no_file_or_far_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (65 << 10))
    for name, message in (("none", "cannot be read: No such file"), (".", "cannot be read: Is a"), ("large", "is larger than")):
        with pytest.raises(RequestError, match=message):
            read_public_key(tmp_path / name)


def test_the_fingerprint_does_not_depend_on_how_a_key_is_written(tmp_path: Path) -> None:
    made = make_key(tmp_path / "key")
    rewritten = b"a comment\r\n" + made.pem.replace(b"\n", b"\r\n")
    assert parse_public_key(rewritten, "again").fingerprint == made.fingerprint


def test_without_the_extra_the_command_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = make_key(tmp_path / "key").pem
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    for act in (
        lambda: make_key(tmp_path / "other"),
        lambda: read_private_key(tmp_path / "key"),
        lambda: parse_public_key(pem, "key"),
    ):
        with pytest.raises(EngineNotInstalledError, match=r"'cryptography.*': pip install 'tingshuo\[sign\]' installs it"):
            act()
