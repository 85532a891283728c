"""Sign bundles and check who signed them, without a network. Needs the ``sign`` extra.

A signature lies in the bundle as ``signature.json`` and covers every other file by its SHA-256, the manifest among them. What a
bundle holds is not looked into before its signature fits: the signature is checked over its own bytes, then what it lists is
read, then the files are hashed. Nothing may be in the folder that is not listed, whatever a signature says should be passed over.
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import BundleError, OutputError, SignatureError
from tingshuo.store.atomic import replace_file
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import verify_bundle
from tingshuo.store.manifest import MANIFEST
from tingshuo.store.sign_format import (
    SIGNATURE,
    Envelope,
    Statement,
    message_of,
    read_envelope,
    read_statement,
    write_envelope,
    write_statement,
)
from tingshuo.store.sign_keys import PrivateKey, PublicKey

_MAX_SIGNATURE_BYTES = 4 << 20
SHOWN = 16
"""Digits of a fingerprint that messages show: enough to tell keys apart, nobody types them."""
_NOT_PLAIN = "is a link or not a plain file; a bundle holds its files itself"


@dataclass(frozen=True, slots=True)
class Signed:
    """A bundle whose signature fits.

    Parameters
    ----------
    key : PublicKey
        Who signed.
    subject : str
        What the folder was called where it was signed; it says no more than that.
    files : Mapping of str to str
        Path inside the bundle to SHA-256, everything but the signature.
    """

    key: PublicKey
    subject: str
    files: Mapping[str, str]


def is_signed(path: str | os.PathLike[str]) -> bool:
    """Tell whether a bundle has a signature; it is not checked."""
    return os.path.lexists(Path(path) / SIGNATURE)


def sign_bundle(path: str | os.PathLike[str], key: PrivateKey, *, replace: bool = False) -> Signed:
    """Sign a bundle: write ``signature.json`` into its folder.

    Parameters
    ----------
    path : path-like
        The bundle's folder. A folder that changes meanwhile gets a signature that does not fit it.
    key : PrivateKey
        Who signs.
    replace : bool
        Take the place of a signature that is there.

    Raises
    ------
    SignatureError
        `verify_bundle` finds a problem.
    BundleError
        There is no readable manifest.
    OutputError
        There is a signature (without ``replace``), or it cannot be written.
    """
    folder = Path(path)
    if not replace and is_signed(folder):
        raise OutputError(f"{folder / SIGNATURE}: already exists; sign with --replace to put another in its place")
    report = verify_bundle(folder)
    if not report.ok:
        raise SignatureError(f"{report.problems[0]}; a bundle is signed only when nothing is wrong with it")
    files = {}
    for name in _walk(folder):
        if not stat.S_ISREG((folder / name).lstat().st_mode):
            raise SignatureError(f"{folder / name}: {_NOT_PLAIN}")
        if name != SIGNATURE:
            files[name] = hash_file(folder / name)
    # A folder's name may be bytes that are no text; file names are those of the manifest, so they are.
    subject = os.fsencode(folder.resolve().name).decode(errors="replace")
    payload = write_statement(Statement(subject, files))
    content = write_envelope(payload, key.sign(message_of(payload)), key.public.fingerprint)
    replace_file(folder / SIGNATURE, content)
    return Signed(key.public, subject, files)


def verify_signature(path: str | os.PathLike[str], keys: Sequence[PublicKey]) -> Signed:
    """Check that a bundle is, to the last byte, what the owner of one of these keys signed.

    Parameters
    ----------
    path : path-like
        The bundle's folder.
    keys : sequence of PublicKey
        Whose signature is accepted.

    Raises
    ------
    SignatureError
        There is no signature, it cannot be read, it is of another key, or a file differs, is missing, is not listed, or is a
        link; the message names the file.
    BundleError
        There is no such folder.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BundleError(f"{folder}: is not a bundle: there is no such folder")
    key, statement = signed_statement(_read_signature(folder), keys, str(folder / SIGNATURE))
    problems = list(_problems(folder, statement))
    if problems:
        count = f" (the first of {len(problems)} problems)" if len(problems) > 1 else ""
        raise SignatureError(problems[0] + count)
    return Signed(key, statement.subject, statement.files)


def signed_statement(content: bytes, keys: Sequence[PublicKey], source: str) -> tuple[PublicKey, Statement]:
    """Return who signed what, from the content of a signature file; no file has been compared with it.

    Raises
    ------
    SignatureError
        It cannot be read, or is of another key; ``source`` names it in the message.
    """
    envelope = read_envelope(content, source)
    key = _signer(envelope, keys, source)
    return key, read_statement(envelope.payload, source)


def _signer(envelope: Envelope, keys: Sequence[PublicKey], source: str) -> PublicKey:
    """Return the key whose signature it is; the fingerprint in the file only says which keys need not be tried."""
    named = [key for key in keys if envelope.hint in ("", key.fingerprint)]
    for key in named:
        if key.fits(envelope.signature, envelope.message):
            return key
    if named and envelope.hint:
        raise SignatureError(f"{source}: does not fit {_called(named)}: it was changed, or was never made with this key")
    by = f"the key {envelope.hint[:SHOWN]!r}" if envelope.hint else "another key"
    raise SignatureError(f"{source}: is by {by}; accepted: {_called(keys) or 'none'}")


def _called(keys: Sequence[PublicKey]) -> str:
    return ", ".join(f"{key.label} ({key.fingerprint[:SHOWN]})" for key in keys)


def _problems(folder: Path, statement: Statement) -> Iterator[str]:
    """Yield a sentence for each file that is not as it was signed: links first, then the manifest, which says what this is."""
    if MANIFEST not in statement.files:
        yield f"{folder / SIGNATURE}: does not cover {MANIFEST}; ask for another signature"
    try:
        found = {name: (folder / name).lstat() for name in _walk(folder)}
    except OSError as error:
        yield f"{error.filename}: cannot be read: {error.strerror}"
        return
    for name, status in found.items():
        if not stat.S_ISREG(status.st_mode):
            yield f"{folder / name}: {_NOT_PLAIN}"
    for name in sorted(statement.files, key=lambda name: (name != MANIFEST, name)):
        if name not in found:
            yield f"{folder / name}: is missing, and was signed; copy the bundle again"
        elif stat.S_ISREG(found[name].st_mode):
            yield from _differences(folder, name, statement)
    for name in sorted(found.keys() - statement.files.keys() - {SIGNATURE}):
        if stat.S_ISREG(found[name].st_mode):
            yield f"{folder / name}: is not covered by the signature; remove it, or copy the bundle again"


def _differences(folder: Path, name: str, statement: Statement) -> Iterator[str]:
    try:
        same = hash_file(folder / name) == statement.files[name]
    except OSError as error:
        yield f"{folder / name}: cannot be read: {error.strerror}"
        return
    if not same and name == MANIFEST:
        yield (
            f"{folder / name}: is not the one that was signed, as {statement.subject!r}: "
            "it was changed, or the signature was copied from another bundle"
        )
    elif not same:
        yield f"{folder / name}: was changed after it was signed; copy the bundle again"


def _walk(folder: Path) -> Iterator[str]:
    """Yield every path in a folder that is not a folder itself, in order; links are not followed.

    Raises
    ------
    OSError
        A folder cannot be read, so something might be hidden in it.
    """

    def fail(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders.sort()
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in sorted([*names, *links]):
            yield Path(parent, name).relative_to(folder).as_posix()


def _read_signature(folder: Path) -> bytes:
    path = folder / SIGNATURE
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise SignatureError(f"{path}: {_NOT_PLAIN}")
        with path.open("rb") as file:
            content = file.read(_MAX_SIGNATURE_BYTES + 1)
    except FileNotFoundError as error:
        raise SignatureError(f"{folder}: has no {SIGNATURE}: it was not signed, or the signature was not copied") from error
    except OSError as error:
        raise SignatureError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > _MAX_SIGNATURE_BYTES:
        raise SignatureError(f"{path}: is larger than {_MAX_SIGNATURE_BYTES} bytes, so it is not a signature")
    return content
