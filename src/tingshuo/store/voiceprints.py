"""Timbres: what makes a voice this person's, as a vector, in ``speakers/NAME.npy`` or encrypted in ``speakers/NAME.npy.age``.

A timbre lets others speak with somebody's voice, and finds them again in other recordings. So that of a person whose voice was
cloned is encrypted, unless somebody asks for the contrary on purpose; `tingshuo.store.bundle.write_bundle` sees to it.
Encrypted timbres need the ``encrypt`` extra.

What is encrypted is a line that says what this is, a line of JSON with speaker and dimension, and the ``.npy``: so one person's
timbre cannot take the place of another's. A ``.npy`` is read by its layout
(https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), never unpickled.
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import BundleError, SealedError
from tingshuo.store.atomic import replace_file
from tingshuo.store.manifest import Manifest, check_relative_path
from tingshuo.store.seal_cipher import SUFFIX, decrypt_bytes, encrypt_bytes
from tingshuo.store.seal_keys import SealKeys, find_seal_keys, read_recipients

FOLDER = "speakers/"
_ENDING = ".npy"
_MAGIC = b"tingshuo timbre 1\n"
_MAX_DIMENSION = 65536
_MAX_BYTES = 1 << 20
_MAX_HEADER_BYTES = 4096
_DTYPE = np.dtype("<f4")

Voiceprint = NDArray[np.float32]
"""Shape (D,)."""


def voiceprint_name(speaker: str, *, encrypted: bool) -> str:
    """Return where in a bundle the timbre of a speaker lies.

    Raises
    ------
    BundleError
        The speaker's name cannot be the name of a file.
    """
    try:
        if "/" in check_relative_path(speaker):
            raise ValueError
        return check_relative_path(f"{FOLDER}{speaker}{_ENDING}{SUFFIX if encrypted else ''}")
    except ValueError:
        raise BundleError(f"speaker {speaker!r}: no file can be named so, which a timbre needs; choose another name") from None


def voiceprint_file(speaker: str, vector: Voiceprint, recipients: Sequence[str | Path] = ()) -> dict[str, bytes]:
    """Return the file of a timbre, by its name in a bundle: what `tingshuo.store.bundle.write_bundle` takes.

    Parameters
    ----------
    speaker : str
        As the manifest lists them.
    vector : ndarray of float32
        Shape (D,), finite.
    recipients : sequence of str or Path
        Encrypted for them: public keys, ``age1...``, or files of them. Plain without any.

    Raises
    ------
    BundleError
        The vector has another shape or type, a NaN or an infinity, or the name cannot be that of a file.
    RequestError
        A recipient is not a public key.
    EngineNotInstalledError
        There are recipients, and the ``encrypt`` extra is missing.
    """
    name = voiceprint_name(speaker, encrypted=bool(recipients))
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32:
        raise BundleError(f"{name}: a timbre is a vector of float32, this is {getattr(vector, 'dtype', type(vector).__name__)}")
    if vector.ndim != 1 or not 0 < vector.size <= _MAX_DIMENSION:
        raise BundleError(f"{name}: a timbre has the shape (D,), D from 1 to {_MAX_DIMENSION}, this has {vector.shape}")
    _check_finite(vector, name)
    file = io.BytesIO()
    np.save(file, vector.astype(_DTYPE), allow_pickle=False)
    content = file.getvalue()
    if recipients:
        header = json.dumps({"speaker": speaker, "dimension": vector.size}, ensure_ascii=False)
        content = encrypt_bytes(_MAGIC + header.encode() + b"\n" + content, read_recipients(recipients))
    return {name: content}


def write_voiceprint(folder: Path, speaker: str, vector: Voiceprint, recipients: Sequence[str | Path] = ()) -> Path:
    """Write the timbre of a speaker into a folder of files for a bundle, for its owner alone (0600); returns its path.

    Raises
    ------
    OutputError
        It cannot be written.
    BundleError, RequestError, EngineNotInstalledError
        As `voiceprint_file`.
    """
    [(name, content)] = voiceprint_file(speaker, vector, recipients).items()
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content, 0o600)
    return path


def read_voiceprint(folder: Path, speaker: str, keys: SealKeys | None = None) -> Voiceprint:
    """Read the timbre of a speaker, the encrypted one where there are both.

    Parameters
    ----------
    folder : Path
        Of a bundle, or of files for one.
    speaker : str
        Whose timbre.
    keys : SealKeys or None
        None takes those that `tingshuo.store.seal_keys.find_seal_keys` finds.

    Returns
    -------
    ndarray of float32
        Shape (D,).

    Raises
    ------
    BundleError
        There is none, or it is damaged, of another shape or type, or has a NaN.
    SealedError
        It is encrypted, and there is no key or another, it was cut short or changed, or it is that of another speaker.
    EngineNotInstalledError
        It is encrypted, and the ``encrypt`` extra is missing.
    """
    plain, encrypted = (folder / voiceprint_name(speaker, encrypted=flag) for flag in (False, True))
    if not encrypted.exists():
        return _parse(_read(plain), str(plain))
    keys = keys or find_seal_keys()
    if keys is None:
        raise SealedError(
            f"{encrypted}: is encrypted, and there is no key; see tingshuo unseal --help for where one is looked for"
        )
    return _unwrapped(decrypt_bytes(_read(encrypted), keys, str(encrypted)), speaker, str(encrypted))


def unprotected(manifest: Manifest) -> tuple[str, ...]:
    """Return the speakers whose voice was cloned from a person and whose timbre lies among the files unencrypted."""
    if manifest.sealed is not None:
        return ()
    names = {name.casefold() for name in manifest.files}  # some disks do not tell the cases apart
    return tuple(speaker for speaker in manifest.cloned if f"{FOLDER}{speaker}{_ENDING}".casefold() in names)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise BundleError(f"{path}: larger than {_MAX_BYTES} bytes, so it is not a timbre")
    return data


def _unwrapped(data: bytes, speaker: str, label: str) -> Voiceprint:
    """Return the vector behind the header, which must be that speaker's."""
    begin = len(_MAGIC)
    end = data.find(b"\n", begin, begin + _MAX_HEADER_BYTES)
    try:
        if not data.startswith(_MAGIC) or end < 0:
            raise ValueError
        header = json.loads(data[begin:end])
        owner, dimension = header["speaker"], header["dimension"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SealedError(f"{label}: does not hold a timbre; it was exchanged for something else") from None
    if owner != speaker:
        raise SealedError(f"{label}: is the timbre of {owner!r}, not of {speaker!r}; files were exchanged or renamed")
    vector = _parse(data[end + 1 :], label)
    if dimension != vector.size:
        raise SealedError(f"{label}: holds {vector.size} numbers, but says {dimension!r}")
    return vector


def _parse(data: bytes, label: str) -> Voiceprint:
    """Return the vector of a ``.npy``, from its layout alone."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"its layout is {version}, known is (1, 0)")
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    except (ValueError, EOFError, OSError) as error:
        raise BundleError(f"{label}: is not a .npy that can be read: {error}") from error
    if dtype != _DTYPE or len(shape) != 1 or not 0 < shape[0] <= _MAX_DIMENSION:
        raise BundleError(f"{label}: a timbre is float32 of shape (D,), D from 1 to {_MAX_DIMENSION}; this is {dtype} of {shape}")
    held = file.read()
    if len(held) != shape[0] * _DTYPE.itemsize:
        raise BundleError(f"{label}: holds {len(held)} bytes of numbers, its header says {shape[0] * _DTYPE.itemsize}")
    vector = np.frombuffer(held, _DTYPE).astype(np.float32)
    _check_finite(vector, label)
    return vector


def _check_finite(vector: Voiceprint, label: str) -> None:
    if not np.isfinite(vector).all():
        raise BundleError(f"{label}: has a NaN or an infinity, so it is no timbre")
