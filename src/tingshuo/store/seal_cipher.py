"""Encrypt and decrypt single files in the format of age, piece by piece. Needs the ``encrypt`` extra.

The format (https://age-encryption.org/v1) is a header with a key for each recipient, then pieces of 64 KiB, each with a seal of
its own (ChaCha20-Poly1305), the last one marked as last: a file that was cut short or changed does not decrypt. It does not say
who encrypted, since everybody who has a public key can; signatures say that.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tingshuo.errors import BundleError, SealedError
from tingshuo.store.atomic import flush
from tingshuo.store.seal_keys import SealKeys, encrypt_extra

SUFFIX = ".age"
HEADER = b"age-encryption.org/v1\n"
"""How every encrypted file begins."""
_NO_KEY_FITS = "No matching keys found"
"""How the library says it; it has one class of error for all that goes wrong."""


def is_encrypted(path: Path) -> bool:
    """Whether a file begins as an encrypted one does.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        return file.read(len(HEADER)) == HEADER


def encrypt_file(source: Path, destination: Path, recipients: Sequence[str]) -> str:
    """Encrypt a file.

    Returns
    -------
    str
        SHA-256 of what was encrypted.

    Raises
    ------
    BundleError
        The source cannot be read.
    OSError
        The destination cannot be written.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    with encrypt_extra():
        import pyrage
    with _opened(source) as plain, destination.open("wb") as file:
        reader, writer = _Stream(plain), _Stream(file)
        try:
            pyrage.encrypt_io(reader, writer, _public(recipients))
        except pyrage.EncryptError as error:  # nothing but a disk can be at fault
            raise _of_disk(reader, writer, str(source)) or error from error
        if problem := _of_disk(reader, writer, str(source)):
            raise problem  # the library passes over a last piece that cannot be written
    return reader.digest


def encrypt_bytes(content: bytes, recipients: Sequence[str]) -> bytes:
    """Encrypt bytes.

    Raises
    ------
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    with encrypt_extra():
        import pyrage
    encrypted: bytes = pyrage.encrypt(content, _public(recipients))
    return encrypted


def decrypt_file(source: Path, destination: Path, keys: SealKeys) -> str:
    """Decrypt a file into one that its owner alone may read; the caller removes it when this fails.

    Returns
    -------
    str
        SHA-256 of what it held.

    Raises
    ------
    SealedError
        It is not a file of age, no key fits, or it was cut short or changed.
    BundleError
        The source cannot be read.
    OSError
        The destination cannot be written.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    with _opened(source) as encrypted, destination.open("xb") as file:
        destination.chmod(0o600)
        writer = _Stream(file)
        _decrypt(encrypted, writer, keys, str(source))
    flush(destination)
    return writer.digest


def decrypt_bytes(content: bytes, keys: SealKeys, label: str) -> bytes:
    """Decrypt bytes; ``label`` names them in messages.

    Raises
    ------
    SealedError
        They are not in the format of age, no key fits, or they were cut short or changed.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    plain = io.BytesIO()
    _decrypt(io.BytesIO(content), _Stream(plain), keys, label)
    return plain.getvalue()


class _Stream:
    """A file that hashes what goes through it, and remembers how it failed: the library turns that into an error of its own."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._sha256 = file, hashlib.sha256()
        self.problem: OSError | None = None

    @property
    def digest(self) -> str:
        return self._sha256.hexdigest()

    def read(self, size: int = -1) -> bytes:
        with self._noting():
            data = self._file.read(size)
        self._sha256.update(data)
        return data

    def write(self, data: bytes) -> int:
        self._sha256.update(data)
        with self._noting():
            return self._put(data)

    def flush(self) -> None:
        with self._noting():
            self._file.flush()

    def _put(self, data: bytes) -> int:
        return self._file.write(data)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.problem = error
            raise


def _opened(source: Path) -> IO[bytes]:
    try:
        return source.open("rb")
    except OSError as error:
        raise BundleError(f"{source}: cannot be read: {error.strerror}") from error


def _of_disk(reader: _Stream, writer: _Stream, label: str) -> Exception | None:
    """Return what went wrong with a disk, if that is what went wrong."""
    if reader.problem is not None:
        return BundleError(f"{label}: cannot be read: {reader.problem.strerror}")
    return writer.problem


def _decrypt(encrypted: IO[bytes], writer: _Stream, keys: SealKeys, label: str) -> None:
    with encrypt_extra():
        import pyrage
    reader = _Stream(encrypted)
    try:
        begin = encrypted.read(len(HEADER))
        encrypted.seek(0)
    except OSError as error:
        raise BundleError(f"{label}: cannot be read: {error.strerror}") from error
    if begin != HEADER:
        raise SealedError(f"{label}: is not an encrypted file of age, or was cut short or changed; copy it again")
    try:
        pyrage.decrypt_io(reader, writer, keys.identities)
    except (pyrage.DecryptError, OSError) as error:  # OSError: how the library says that the body is damaged
        if str(error) == _NO_KEY_FITS:
            raise SealedError(f"{label}: is not encrypted for {keys.label} ({', '.join(keys.recipients)})") from error
        raise _of_disk(reader, writer, label) or _damaged(label) from error
    if problem := _of_disk(reader, writer, label):
        raise problem


def _damaged(label: str) -> SealedError:
    return SealedError(f"{label}: was cut short or changed, so it cannot be decrypted; copy it again")


def _public(recipients: Sequence[str]) -> list[Any]:
    from pyrage import x25519

    return [x25519.Recipient.from_str(one) for one in recipients]
