"""Open, check and write bundles: folders with a manifest, a config, weights and graphs, and nothing that runs code.

Opening is cheap (a few milliseconds for a 40 MB voice): it checks the manifest, that every file is there, is a plain file
inside the folder and has the right size, and the hash of every small file. The hash of the large ones, about 4 ms a
megabyte on a small machine, is checked with ``verify=True`` and by `verify_bundle`. Weights are checked for NaN whenever
they are read.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tingshuo.config import FamilyConfig, VoiceConfig
from tingshuo.config.families import read_config
from tingshuo.errors import BundleError, ConfigError, HashMismatchError, SealedError, TingshuoError
from tingshuo.store import changelog
from tingshuo.store.atomic import Content, new_folder, write_file, write_files
from tingshuo.store.blobs import hash_file
from tingshuo.store.environment import environment
from tingshuo.store.manifest import CONFIG, MANIFEST, SCHEMA_VERSION, FileEntry, Manifest, parse_manifest, read_manifest
from tingshuo.store.pickles import is_pickle
from tingshuo.store.seal_cipher import SUFFIX, is_encrypted
from tingshuo.store.seal_keys import SEAL_KEY_FILE
from tingshuo.store.tensors import read_tensors
from tingshuo.store.voiceprints import unprotected

_SMALL = 256 << 10
"""Files up to this size, in bytes, are hashed on every opening."""
_PICKLE = "is a pickle, which could run code; a bundle holds data alone"
Hasher = Callable[[Path], str]
"""Returns the SHA-256 of a file."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle: its files were there, in place and of the right size when it was opened."""

    path: Path
    manifest: Manifest
    held: FamilyConfig | None
    """The config, None when the bundle is encrypted; `settings` is the one to use."""

    @property
    def settings(self) -> FamilyConfig:
        """The config, of whatever family.

        Raises
        ------
        SealedError
            The bundle is encrypted.
        """
        if self.held is None:
            raise SealedError(f"{self.path}: is encrypted; `tingshuo unseal`, or the key in {SEAL_KEY_FILE}, opens it")
        return self.held

    @property
    def config(self) -> VoiceConfig:
        """The config of a voice that Tingshuo trained, for what is possible with those alone.

        Raises
        ------
        BundleError
            It is of another family.
        SealedError
            The bundle is encrypted.
        """
        return as_trained(self.settings, str(self.path))

    def file(self, name: str) -> Path:
        """Return the path of a listed file.

        Raises
        ------
        BundleError
            The manifest does not list it.
        """
        if name not in self.manifest.files:
            raise BundleError(f"{self.path}: the manifest lists no file {name!r}")
        return self.path / name

    def graph(self, name: str, precision: str = "fp32", engine: str = "onnx") -> Path:
        """Return the file of a graph for an engine at a precision.

        Raises
        ------
        BundleError
            No such graph or variant; the message lists those that exist.
        """
        return self.path / self.manifest.variant(name, precision, engine).path

    def tensors(self, name: str) -> dict[str, NDArray[Any]]:
        """Map a tensor file into memory: read-only arrays, not copied; call it once and keep the result.

        Raises
        ------
        BundleError
            The manifest does not list it, it is malformed, or a weight is NaN or infinite.
        """
        return read_tensors(self.file(name))


def open_bundle(path: str | os.PathLike[str], *, verify: bool = False, hasher: Hasher = hash_file) -> Bundle:
    """Open a bundle.

    Parameters
    ----------
    path : path-like
        The bundle's folder.
    verify : bool
        Check the hash of large files too.
    hasher : callable
        How they are hashed: `hash_file` reads every byte, `tingshuo.store.hash_cache.HashCache` only what has changed.

    Raises
    ------
    SchemaVersionError
        Written by a newer version of Tingshuo.
    HashMismatchError
        A file has another size or hash than the manifest says.
    BundleError
        Not a bundle; a wrong key or value in its manifest or config; a file that is missing, a link, or outside the folder.
    """
    folder = Path(path)
    if folder.is_file():
        raise BundleError(f"{folder}: is a file; a bundle is a folder with a {MANIFEST}")
    manifest = read_manifest(folder)
    for problem in _problems(folder, manifest, None if verify else _SMALL, hasher):
        raise problem
    return Bundle(folder, manifest, None if manifest.sealed else _read_config(folder, manifest))


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What `verify_bundle` found: ``problems`` holds one sentence for each file at fault and is empty for a sound bundle."""

    name: str
    version: str
    n_files: int
    n_bytes: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify_bundle(path: str | os.PathLike[str]) -> BundleReport:
    """Check all that can be checked without running a model: sizes and hashes, extra files, pickles, config, NaN weights.

    Raises
    ------
    BundleError
        There is no readable manifest to check against.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    problems = [str(problem) for problem in _problems(folder, manifest, None)]
    problems += [f"{folder / name}: is not listed in the manifest" for name in _unlisted(folder, manifest)]
    problems += [f"{folder / name}: {_PICKLE}" for name in manifest.files if _is_pickle(folder / name)]
    problems += [f"{folder / name}: is not encrypted, but the manifest says so" for name in _left_plain(folder, manifest)]
    try:
        if not manifest.sealed:
            _read_config(folder, manifest)
    except BundleError as error:
        problems.append(str(error))
    for name in manifest.files:
        if name.endswith(".safetensors") and not any(str(folder / name) in problem for problem in problems):
            try:
                read_tensors(folder / name)
            except BundleError as error:
                problems.append(str(error))
    size = sum(entry.size for entry in manifest.files.values())
    return BundleReport(manifest.name, manifest.version, len(manifest.files), size, tuple(problems))


def write_bundle(
    destination: str | os.PathLike[str],
    manifest: Mapping[str, Any],
    files: Mapping[str, Content],
    *,
    replace: bool = False,
    plain_voiceprints: bool = False,
) -> Path:
    """Write a bundle, whole or not at all.

    Parameters
    ----------
    destination : path-like
        The folder to make.
    manifest : Mapping
        Fields of `Manifest`. ``schema_version`` and ``files`` are filled in here; so are the versions of Tingshuo, Python and
        the core libraries, system and processor in ``created_with``, beside those given.
    files : Mapping of str to bytes, Path or callable
        Path inside the bundle to what it holds: bytes, a file to copy, or a function that writes to the path it is given.
    replace : bool
        Take the place of a bundle that is there.
    plain_voiceprints : bool
        Let the timbre of a person whose voice was cloned lie in it unencrypted.

    Returns
    -------
    Path
        The destination.

    Raises
    ------
    BundleError
        The fields or files do not make a bundle that `open_bundle` would open, a weight is NaN, or the timbre of a person is not
        encrypted.
    OutputError
        The destination exists (without ``replace``) or cannot be written.
    """
    destination = Path(destination)
    # Everything but sizes and hashes is wrong or right before the first byte is written.
    unwritten = FileEntry(sha256="0" * 64, size=0).fields()
    fields = {
        **manifest,
        "schema_version": SCHEMA_VERSION,
        "created_with": environment() | dict(manifest.get("created_with", {})),
    }
    planned = parse_manifest(fields | {"files": dict.fromkeys(files, unwritten)}, f"the manifest of {destination}")
    if not plain_voiceprints:
        _check_voiceprints(planned, destination)
    with new_folder(destination, replace=replace) as folder:
        write_files(folder, files, _mode)
        entries = {name: entry_of(folder / name).fields() for name in sorted(files)}
        checked = parse_manifest(fields | {"files": entries}, f"the manifest of {destination}")
        text = json.dumps(checked.fields(), ensure_ascii=False, indent=1)
        write_file(folder / MANIFEST, text.encode() + b"\n")
        report = verify_bundle(folder)
        if not report.ok:
            raise BundleError(report.problems[0].replace(str(folder), str(destination)))
    return destination


def _check_voiceprints(manifest: Manifest, destination: Path) -> None:
    names = unprotected(manifest)
    if names:
        raise BundleError(
            f"{destination}: the timbre of {names[0]!r}, who was cloned from a person, would lie in it unencrypted; encrypt it: "
            "write_voiceprint with a recipient, or ask for plain_voiceprints on purpose"
        )


def is_private(name: str) -> bool:
    """Whether a file of a bundle is for its owner alone: timbres of people are."""
    return name.startswith("speakers/")


def _mode(name: str) -> int:
    return 0o600 if is_private(name) else 0o644


def entry_of(path: Path) -> FileEntry:
    """Return what a manifest says of a file."""
    return FileEntry(sha256=hash_file(path), size=path.stat().st_size)


def _problems(folder: Path, manifest: Manifest, hash_up_to: int | None, hasher: Hasher = hash_file) -> Iterator[TingshuoError]:
    """Yield what is wrong with the listed files; files larger than ``hash_up_to`` bytes are not hashed, None hashes all."""
    linked = _linked_folders(folder, manifest)
    for name, entry in manifest.files.items():
        path = folder / name
        if any(name.startswith(f"{parent}/") for parent in linked):
            yield BundleError(f"{path}: lies in a linked folder; a bundle holds its files itself")
            continue
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                yield BundleError(f"{path}: is a link or not a plain file; a bundle holds its files itself")
            elif status.st_size != entry.size:
                yield HashMismatchError(
                    f"{path}: has {status.st_size} bytes, the manifest says {entry.size}; copy the bundle again"
                )
            elif (hash_up_to is None or entry.size <= hash_up_to) and hasher(path) != entry.sha256:
                yield HashMismatchError(f"{path}: its SHA-256 differs from the manifest's; copy the bundle again")
        except (FileNotFoundError, NotADirectoryError):
            yield BundleError(f"{path}: is missing; copy the bundle again")
        except OSError as error:
            yield BundleError(f"{path}: cannot be read: {error}")


def _linked_folders(folder: Path, manifest: Manifest) -> list[str]:
    parents = {str(parent) for name in manifest.files for parent in Path(name).parents if parent.parts}
    return sorted(parent for parent in parents if (folder / parent).is_symlink())


def _is_pickle(path: Path) -> bool:
    try:
        return path.is_file() and not path.is_symlink() and is_pickle(path)
    except OSError:
        return False  # that it cannot be read has been said


def _left_plain(folder: Path, manifest: Manifest) -> list[str]:
    """Files of an encrypted bundle that are not; the changelog never is."""
    if manifest.sealed is None:
        return []
    return [
        name for name in manifest.files if name != changelog.NAME and not (name.endswith(SUFFIX) and _begins_so(folder / name))
    ]


def _begins_so(path: Path) -> bool:
    try:
        return path.is_symlink() or is_encrypted(path)
    except OSError:
        return True  # that it cannot be read has been said


def _unlisted(folder: Path, manifest: Manifest) -> list[str]:
    found = set()
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        found |= {Path(parent, name).relative_to(folder).as_posix() for name in [*names, *links]}
    return sorted(found - set(manifest.files) - {MANIFEST, "signature.json"})


def as_trained(settings: FamilyConfig, name: str) -> VoiceConfig:
    """Return a config as that of a voice that Tingshuo trained.

    Raises
    ------
    BundleError
        It is of another family.
    """
    if not isinstance(settings, VoiceConfig):
        raise BundleError(f"{name}: is of the family {settings.family}, and this is possible with {VoiceConfig.FAMILY} alone")
    return settings


def _read_config(folder: Path, manifest: Manifest) -> FamilyConfig:
    try:
        config = read_config(folder / CONFIG, manifest.family)
    except ConfigError as error:
        raise BundleError(str(error)) from error
    promised = (manifest.family, manifest.sample_rate, manifest.speakers, manifest.styles)
    held = (
        config.family,
        config.sample_rate,
        *(tuple(row.name for row in rows) for rows in (config.speakers, config.styles)),
    )
    for what, a, b in zip(("family", "sample_rate", "speakers", "styles"), promised, held, strict=True):
        if a != b:
            raise BundleError(f"{folder / CONFIG}: {what} is {b!r}, but the manifest says {a!r}")
    return config
