"""What lies in a registry that may be damaged anywhere: nothing is taken on trust, and nothing is changed.

`tingshuo.store.registry` refuses a name when one of its records is damaged; this reads on, and says of every file what it is.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tingshuo.errors import BundleError, ConfigError, RegistryError
from tingshuo.store.copies import check_plain, digest_of
from tingshuo.store.manifest import MANIFEST, Manifest, parse_manifest
from tingshuo.store.pointers import Pointers
from tingshuo.store.registry import BUNDLE, RECORD, Record, Registry
from tingshuo.store.states import STATE

ALIASES, SIGNATURE = "aliases.json", "signature.json"
REMEDY = "tingshuo scrub heals what it can"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAX_MANIFEST_BYTES = 4 << 20
"""As `tingshuo.store.manifest` reads them."""

Label = tuple[str, str]
"""Name and version."""


@dataclass(slots=True, eq=False)
class Place:
    """A registry, and what every file of it turned out to hold.

    ``records`` has an entry for each version: its record, or why that cannot be read. ``digests`` are those of the files of
    blobs and bundles; ``flaws`` say of such paths why they have none. ``n_files`` and ``n_bytes`` count a file that is linked to
    several places once.
    """

    registry: Registry
    records: dict[Label, Record | str] = field(default_factory=dict)
    digests: dict[Path, str] = field(default_factory=dict)
    flaws: dict[Path, str] = field(default_factory=dict)
    n_files: int = 0
    n_bytes: int = 0

    @property
    def folder(self) -> Path:
        """Of the registry."""
        return self.registry.folder

    def bundle(self, label: Label) -> Path:
        """Return where the bundle of a version lies, or would."""
        return self.registry.folder_of(*label) / BUNDLE

    def names(self) -> list[str]:
        """Return the names that have a folder."""
        return [path.name for path in _folders(self.folder / "voices")]


def versions_of(registry: Registry) -> Iterator[Label]:
    """Yield name and version of each folder that holds, or held, a version."""
    for name in _folders(registry.folder / "voices"):
        for version in _folders(name):
            yield name.name, version.name


def links_of(registry: Registry) -> Iterator[Path]:
    """Yield links that stand where a registry has folders of its own; they are not followed."""
    voices, blobs = registry.folder / "voices", registry.blobs.folder
    places = (voices, blobs, *_entries(voices), *_entries(blobs), *(path for name in _folders(voices) for path in _entries(name)))
    yield from (path for path in places if path.is_symlink() and path.is_dir())


def _entries(folder: Path) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _folders(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir() and not path.is_symlink()]


def read_record(registry: Registry, label: Label) -> Record:
    """Read the record of a version.

    Raises
    ------
    RegistryError
        It is missing, not a plain file, damaged, or that of another version.
    """
    path = registry.folder_of(*label) / RECORD
    try:
        check_plain(path)
        record = Record.read(path)
        if (record.name, record.version) != label:
            raise RegistryError(f"{path}: is of {record.label}; {REMEDY}")
        if not _DIGEST.fullmatch(record.digest):
            raise RegistryError(f"{path}: {record.digest!r} is not a SHA-256; {REMEDY}")
        datetime.fromisoformat(record.saved)
    except FileNotFoundError as error:
        raise RegistryError(f"{path}: is missing; {REMEDY}") from error
    except OSError as error:
        raise RegistryError(f"{path}: {error.strerror}; {REMEDY}") from error
    except (ConfigError, ValueError) as error:
        raise RegistryError(f"{path}: is damaged, {str(error).removeprefix(f'{path}: ')}; {REMEDY}") from error
    return record


def reason_of(error: Exception, path: Path) -> str:
    """Return what a message says of a path, without the path and the remedy."""
    return str(error).removeprefix(f"{path}: ").removesuffix(f"; {REMEDY}")


def manifest_at(path: Path, digest: str, label: Label) -> Manifest:
    """Read the manifest of a version from a file.

    Raises
    ------
    BundleError
        The file cannot be read, has another SHA-256, or is not the manifest of that version.
    """
    try:
        if check_plain(path).st_size > _MAX_MANIFEST_BYTES:
            raise BundleError(f"{path}: larger than {_MAX_MANIFEST_BYTES} bytes, so it is not a manifest; {REMEDY}")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"{path}: is missing; {REMEDY}") from error
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}; {REMEDY}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleError(f"{path}: is damaged, its SHA-256 is not {digest[:12]}...; {REMEDY}")
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: is not JSON: {error}") from error
    manifest = parse_manifest(fields if isinstance(fields, dict) else {}, str(path))
    if (manifest.name, manifest.version) != label:
        raise BundleError(f"{path}: is the manifest of {manifest.name}@{manifest.version}, not of {label[0]}@{label[1]}")
    return manifest


def contents_of(manifest: Manifest, digest: str) -> dict[str, str]:
    """Return the SHA-256 of each file of a bundle by its path in the bundle, the manifest among them."""
    return {MANIFEST: digest} | {name: entry.sha256 for name, entry in manifest.files.items()}


def read_aliases(path: Path) -> Pointers | None:
    """Read ``aliases.json``; None where there is none.

    Raises
    ------
    RegistryError
        It is damaged, or not a plain file.
    """
    if not os.path.lexists(path):
        return None
    try:
        check_plain(path)
        return Pointers(path.parent, "")
    except OSError as error:
        raise RegistryError(f"{path}: {error.strerror}; {REMEDY}") from error
    except RegistryError as error:
        raise RegistryError(f"{path}: is damaged; {REMEDY}") from error


def pointed(aliases: Pointers | None) -> dict[str, str]:
    """Return alias to version, of those that were ever pointed anywhere."""
    return {alias: version for alias, version in aliases.now().items() if version} if aliases else {}


def survey(registries: Sequence[Registry], tell: Callable[[float], None]) -> list[Place]:
    """Read every file of registries; ``tell`` hears the share that is done, 0 to 1."""
    places = [Place(registry) for registry in registries]
    listed = [(place, path, _size(path)) for place in places for path in _begin(place)]
    total, done = max(1, sum(size for *_, size in listed)), 0
    known: dict[tuple[int, int], str] = {}
    for place, path, size in listed:
        _look(place, path, known)
        done += size
        tell(done / total)
    return places


def _begin(place: Place) -> list[Path]:
    """Read the records of a place, and return the files that are to be read."""
    try:
        for label in versions_of(place.registry):
            try:
                place.records[label] = read_record(place.registry, label)
            except RegistryError as error:
                place.records[label] = reason_of(error, place.registry.folder_of(*label) / RECORD)
        return _files(place.registry)
    except OSError as error:  # a folder that cannot be listed
        place.records.clear()
        place.flaws[place.folder] = f"cannot be read: {error.strerror}"
        return []


def _look(place: Place, path: Path, known: dict[tuple[int, int], str]) -> None:
    """Note the digest of a file; one that is linked to several places is read once."""
    try:
        status = check_plain(path)
        inode = (status.st_dev, status.st_ino)
        if inode not in known:
            known[inode] = digest_of(path)
            place.n_files += 1
            place.n_bytes += status.st_size
        place.digests[path] = known[inode]
    except OSError as error:
        place.flaws[path] = error.strerror or str(error)


def _files(registry: Registry) -> list[Path]:
    blobs = [registry.blobs.path(digest) for digest in registry.blobs if not registry.blobs.path(digest).parent.is_symlink()]
    found = [path for path in blobs if os.path.lexists(path)]
    for label in versions_of(registry):
        for top in (registry.folder_of(*label) / part for part in (BUNDLE, STATE)):
            for parent, folders, names in os.walk(top) if not top.is_symlink() else ():
                links = [name for name in folders if Path(parent, name).is_symlink()]
                found += [Path(parent, name) for name in sorted([*names, *links])]
    return found


def _size(path: Path) -> int:
    """Bytes of a file; 0 where that cannot be told."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0
