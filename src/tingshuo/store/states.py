"""The state of a training beside the version that it made: files of its run, so that the training can go on another day.

::

    voices/NAME/1.2.0/state/state.json     the files with sizes and SHA-256, and the links among their folders
    voices/NAME/1.2.0/state/...            the files by their paths in the run, links to blobs, for their owner alone

Which files make a state, the training says. They name people and hold texts, and the optimizer's moments triple the size: a state
stays in the registry and is never sent anywhere.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from tingshuo.config import StrictModel
from tingshuo.errors import BundleError, ConfigError, OutputError
from tingshuo.store.atomic import new_folder
from tingshuo.store.bundle import entry_of
from tingshuo.store.copies import check_plain, copy_checked
from tingshuo.store.manifest import FileEntry, check_relative_path
from tingshuo.store.pickles import is_pickle

STATE, LISTING = "state", "state.json"
SPARE_BYTES = 16 << 20
"""Left free on the disk beyond the size of a state."""
_OWN = 0o600
_MAX_LISTING_BYTES = 4 << 20
"""A state has a dozen files; this is room for thousands."""
_PICKLE = "is a pickle, which could run code; a state holds data alone"


@dataclass(frozen=True, slots=True)
class Source:
    """What a run hands over: files by their paths in it, and links that lead from one path in it to a folder beside that path."""

    files: Mapping[str, Path]
    links: Mapping[str, str]


class Listing(StrictModel, frozen=True, kw_only=True):
    """state.json."""

    format: Literal[1] = 1
    files: dict[str, FileEntry]
    links: dict[str, str] = msgspec.field(default_factory=dict)
    """As of `Source`."""

    def __post_init__(self) -> None:
        """Refuse what would lie, or lead, outside the state's folder."""
        for name in (*self.files, *self.links):
            check_relative_path(name)
        if LISTING in self.files:
            raise ValueError(f"{LISTING!r} is this list itself, and no file of the state")
        folders = {str(parent) for name in self.files for parent in Path(name).parents}
        for name, target in self.links.items():
            if "/" in target or str(Path(name).parent / check_relative_path(target)) not in folders:
                raise ValueError(f"{name!r} leads to {target!r}, which is no folder beside it")

    @property
    def n_bytes(self) -> int:
        """Of all files."""
        return sum(entry.size for entry in self.files.values())

    def encode(self) -> bytes:
        """Return the file's content, the same for the same state."""
        fields = self.fields() | {
            "files": dict(sorted(self.fields()["files"].items())),
            "links": dict(sorted(self.links.items())),
        }
        return json.dumps(fields, ensure_ascii=False, indent=1).encode() + b"\n"


def list_files(source: Source) -> Listing:
    """Read every file of a state that is to be kept.

    Raises
    ------
    BundleError
        A file is missing, a link, a pickle, or cannot be read, or the paths are not those of a state.
    """
    try:
        for path in source.files.values():
            check_plain(path)
            if is_pickle(path):
                raise BundleError(f"{path}: {_PICKLE}")
        return Listing.check(
            {"files": {name: entry_of(path).fields() for name, path in source.files.items()}, "links": dict(source.links)},
            "the list of the state's files",
        )
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}; finish the training with --resume, then save again") from error
    except ConfigError as error:
        raise BundleError(str(error)) from error


def check_room(folder: Path, needed: int, remedy: str) -> None:
    """Refuse to begin what the disk has no room for.

    Raises
    ------
    OutputError
        ``needed`` bytes and `SPARE_BYTES` are not free where ``folder`` is, or would be.
    """
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(there).free
    if free < needed + SPARE_BYTES:
        wanted = f"{(needed + SPARE_BYTES) / 1e6:.0f} MB and {free / 1e6:.0f} MB are free"
        raise OutputError(f"{folder}: the state of the training needs {wanted}; make room, {remedy}")


def read_listing(folder: Path, digest: str | None = None) -> Listing:
    """Read the list of a state's files; nothing of it is parsed before its hash is known to be right.

    Parameters
    ----------
    folder : Path
        The state's folder.
    digest : str or None
        SHA-256 that the list must have; None where nobody knows it.

    Raises
    ------
    BundleError
        It is missing, damaged or malformed.
    """
    return _parse(folder / LISTING, digest)


def contents_of_state(path: Path, digest: str) -> dict[str, str]:
    """Return the SHA-256 of each file of a state by its path in the version's folder, the list itself among them.

    Parameters
    ----------
    path : Path
        Any copy of the list, such as its blob.
    digest : str
        SHA-256 that it must have.

    Raises
    ------
    BundleError
        As `read_listing`.
    """
    listing = _parse(path, digest)
    return {f"{STATE}/{name}": entry.sha256 for name, entry in listing.files.items()} | {f"{STATE}/{LISTING}": digest}


def _parse(path: Path, digest: str | None) -> Listing:
    try:
        if check_plain(path).st_size > _MAX_LISTING_BYTES:
            raise BundleError(f"{path}: is larger than {_MAX_LISTING_BYTES} bytes, so it is not the list of a state")
        content = path.read_bytes()
    except OSError as error:
        problem = "is missing" if isinstance(error, FileNotFoundError) else error.strerror
        raise BundleError(f"{path}: {problem}; tingshuo scrub heals what it can") from error
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise BundleError(f"{path}: is damaged, its SHA-256 is not {digest[:12]}...; tingshuo scrub heals what it can")
    try:
        return Listing.check(json.loads(content), str(path))
    except (ConfigError, ValueError, RecursionError) as error:
        raise BundleError(f"{path}: is damaged: {str(error).removeprefix(f'{path}: ')}") from error


def lay_out(folder: Path, listing: Listing, destination: Path) -> None:
    """Copy a state into a new folder, whole or not at all; every byte is compared with its hash before anything reads it.

    Parameters
    ----------
    folder : Path
        The state's folder.
    listing : Listing
        From `read_listing`.
    destination : Path
        May be there when it is empty.

    Raises
    ------
    BundleError
        A file is missing, damaged, or a pickle.
    OutputError
        The destination is not empty, has no room, or cannot be written.
    """
    check_empty(destination)
    check_room(destination, listing.n_bytes, "or choose another disk")
    with new_folder(destination, replace=True) as partial:
        for name, entry in listing.files.items():
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            copy_checked(folder / name, path, entry.sha256, _OWN, path.with_name(f".{path.name}.partial"))
            if is_pickle(path):
                raise BundleError(f"{folder / name}: {_PICKLE}")
        for name, target in listing.links.items():
            (partial / name).symlink_to(target)
        check_empty(destination)


def check_empty(folder: Path) -> None:
    """Refuse a folder for a new run that holds something.

    Raises
    ------
    OutputError
        It does, or is not a folder.
    """
    try:
        if os.path.lexists(folder) and any(folder.iterdir()):
            raise OutputError(f"{folder}: is not empty; give a new folder, or go on with what is there with --resume")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be used for the training: {error.strerror}") from error
