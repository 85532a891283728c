"""Single files: what is encrypted comes back, and what was touched does not."""

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest
from pyrage import x25519

from tingshuo.errors import BundleError, SealedError
from tingshuo.store import seal_cipher
from tingshuo.store.blobs import hash_file
from tingshuo.store.seal_cipher import HEADER, decrypt_bytes, decrypt_file, encrypt_bytes, encrypt_file, is_encrypted
from tingshuo.store.seal_keys import SealKeys

CHUNK = 65536 + 16
"""Bytes of a piece with its seal."""


def new_keys() -> SealKeys:
    identity = x25519.Identity.generate()
    return SealKeys("mine", (str(identity.to_public()),), (identity,))


KEYS = new_keys()


@pytest.mark.parametrize("size", [0, 1, 65536, 200_001])
def test_a_file_comes_back_as_it_was(tmp_path: Path, size: int) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"x" * size)
    digest = encrypt_file(plain, tmp_path / "sealed", KEYS.recipients)
    assert digest == hash_file(plain)
    assert is_encrypted(tmp_path / "sealed")
    assert not is_encrypted(plain)
    assert decrypt_file(tmp_path / "sealed", tmp_path / "again", KEYS) == digest
    assert (tmp_path / "again").read_bytes() == plain.read_bytes()
    assert (tmp_path / "again").stat().st_mode & 0o777 == 0o600


def test_each_of_several_recipients_can_decrypt() -> None:
    other = new_keys()
    sealed = encrypt_bytes(b"hello", KEYS.recipients + other.recipients)
    assert decrypt_bytes(sealed, KEYS, "it") == decrypt_bytes(sealed, other, "it") == b"hello"


def test_what_others_encrypt_in_this_format_opens() -> None:
    assert decrypt_bytes(pyrage.encrypt(b"hello", [KEYS.identities[0].to_public()]), KEYS, "it") == b"hello"


@pytest.mark.skipif(shutil.which("age") is None, reason="the age tool is not installed")
def test_the_age_tool_opens_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(str(KEYS.identities[0]))
    command = ["age", "-d", "-i", str(tmp_path / "key")]
    done = subprocess.run(command, input=encrypt_bytes(b"hello", KEYS.recipients), capture_output=True, check=True)
    assert done.stdout == b"hello"


def test_no_key_that_fits_names_those_there_are() -> None:
    with pytest.raises(SealedError, match=rf"^it: is not encrypted for mine \({KEYS.recipients[0]}\)$"):
        decrypt_bytes(encrypt_bytes(b"hello", new_keys().recipients), KEYS, "it")


def flipped(content: bytes, offset: int) -> bytes:
    return content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :]


@pytest.mark.parametrize(
    "touch",
    [
        pytest.param(lambda sealed, body: flipped(sealed, body - 30), id="a bit of the header"),
        pytest.param(lambda sealed, body: flipped(sealed, body + 5), id="a bit of the first piece"),
        pytest.param(lambda sealed, _: flipped(sealed, len(sealed) - 1), id="the last bit"),
        pytest.param(lambda sealed, _: sealed[: len(HEADER)], id="the first line alone"),
        pytest.param(lambda sealed, body: sealed[: body - 1], id="less than the header"),
        pytest.param(lambda sealed, body: sealed[:body], id="the header alone"),
        pytest.param(lambda sealed, body: sealed[: body + 100], id="a part of the first piece"),
        pytest.param(lambda sealed, body: sealed[: body + CHUNK], id="all but the last piece"),
        pytest.param(lambda sealed, _: sealed[:-1], id="all but the last byte"),
        pytest.param(lambda sealed, _: sealed + b"x", id="a byte more"),
    ],
)
def test_what_was_cut_or_changed_does_not_decrypt(tmp_path: Path, touch: Callable[[bytes, int], bytes]) -> None:
    sealed = encrypt_bytes(b"x" * (2 * 65536), KEYS.recipients)
    path = tmp_path / "sealed"
    path.write_bytes(touch(sealed, len(sealed) - 2 * CHUNK))
    with pytest.raises(SealedError, match=r"sealed: was cut short or changed, so it cannot be decrypted; copy it again"):
        decrypt_file(path, tmp_path / "plain", KEYS)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\3\4" * 100, HEADER[:-1]])
def test_what_is_not_of_this_format_is_said(content: bytes) -> None:
    with pytest.raises(SealedError, match="it: is not an encrypted file of age"):
        decrypt_bytes(content, KEYS, "it")


def test_a_source_that_cannot_be_read_is_not_taken_for_a_damaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BundleError, match="none: cannot be read: No such file"):
        encrypt_file(tmp_path / "none", tmp_path / "sealed", KEYS.recipients)
    with pytest.raises(BundleError, match="none: cannot be read: No such file"):
        decrypt_file(tmp_path / "none", tmp_path / "plain", KEYS)
    assert list(tmp_path.iterdir()) == []

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 100_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    sealed = encrypt_bytes(b"x" * 300_000, KEYS.recipients)
    for work, content in ((encrypt_file, b"x" * 300_000), (decrypt_file, sealed)):
        monkeypatch.setattr(seal_cipher, "_opened", lambda _, content=content: Broken(content))
        given: Any = KEYS if work is decrypt_file else KEYS.recipients
        with pytest.raises(BundleError, match="cannot be read: Input/output error"):
            work(tmp_path / "source", tmp_path / work.__name__, given)


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.parametrize("work", [encrypt_file, decrypt_file])
def test_a_disk_that_is_full_is_the_disks_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Any, size: int) -> None:
    """The library itself says nothing when the last piece cannot be written."""
    source = tmp_path / "source"
    source.write_bytes(b"x" * size if work is encrypt_file else encrypt_bytes(b"x" * size, KEYS.recipients))
    given: Any = KEYS.recipients if work is encrypt_file else KEYS

    def fail(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(seal_cipher._Stream, "_put", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        work(source, tmp_path / "out", given)
    assert caught.value.errno == 28
