"""The mirrors that a registry knows, and whether one of them is there."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, OutputError, RegistryError
from tingshuo.store.atomic import replace_file
from tingshuo.store.registry import Registry

MIRRORS = "mirrors.json"
MARKS = "lock", "voices", "blobs"
"""What a folder holds that is a registry, be it an empty one."""


class _Document(StrictModel, frozen=True):
    format: Literal[1] = 1
    mirrors: tuple[str, ...] = ()


def known_mirrors(registry: Registry) -> tuple[Path, ...]:
    """Return the folders of the mirrors that a registry knows; they need not be there at the moment.

    Raises
    ------
    ConfigError
        The list of them is damaged.
    """
    path = registry.folder / MIRRORS
    if not os.path.lexists(path):
        return ()
    try:
        return tuple(Path(folder) for folder in _Document.read(path).mirrors)
    except ConfigError as error:
        raise ConfigError(f"{error}; remove the file, and give each mirror again: tingshuo mirror --to DIR") from error


def forget_mirror(registry: Registry, folder: Path) -> tuple[Path, ...]:
    """Take a mirror from the list; its files stay. Returns the others.

    Raises
    ------
    RegistryError
        It is not in the list, or somebody else is writing.
    """
    with registry.writing():
        there = known_mirrors(registry)
        gone = absolute(folder)
        if gone not in there:
            raise RegistryError(f"{folder}: is not a mirror that is known; there are: {', '.join(map(str, there)) or 'none'}")
        kept = tuple(path for path in there if path != gone)
        _write_list(registry, kept)
    return kept


def remember_mirror(registry: Registry, folder: Path) -> None:
    """Add a mirror to the list, which nobody else may be writing; raises as `known_mirrors`, OutputError as `replace_file`."""
    there = known_mirrors(registry)
    if folder not in there:
        _write_list(registry, (*there, folder))


def open_mirror(registry: Registry, folder: Path, *, new: bool = False) -> Registry:
    """Open the registry in a mirror's folder.

    Parameters
    ----------
    registry : Registry
        That which is mirrored.
    folder : Path
        Of the mirror.
    new : bool
        It may be empty, or not there yet.

    Raises
    ------
    OutputError
        It is not a folder, or holds no registry, as when its disk is not attached.
    RegistryError
        It overlaps with the registry, or is new and holds something else.
    """
    ours, theirs = registry.folder.resolve(), folder.resolve()
    if ours == theirs or ours in theirs.parents or theirs in ours.parents:
        raise RegistryError(f"{folder}: overlaps with the registry {registry.folder}; a mirror needs a folder of its own")
    if os.path.lexists(folder) and not folder.is_dir():
        raise OutputError(f"{folder}: is not a folder; remove it, or choose another place for the mirror")
    if not any((folder / mark).exists() for mark in MARKS):
        if not new:
            raise OutputError(
                f"{folder}: holds no mirror at the moment; attach its disk, fill it anew with --to, or take it from the list"
                " with --forget"
            )
        if folder.is_dir() and any(path.name != "lost+found" and not path.name.startswith(".") for path in folder.iterdir()):
            raise RegistryError(f"{folder}: holds something else; give an empty or a new folder for the mirror")
    return Registry(folder)


def absolute(folder: Path) -> Path:
    """Return a path as the list has it: absolute, links as they are."""
    return Path(os.path.abspath(folder))


def _write_list(registry: Registry, folders: Sequence[Path]) -> None:
    for left in registry.folder.glob(f".{MIRRORS}.*.partial"):  # of a writing that was killed; whoever writes holds the lock
        left.unlink()
    document = _Document(mirrors=tuple(map(str, folders)))
    replace_file(registry.folder / MIRRORS, json.dumps(document.fields(), ensure_ascii=False, indent=1).encode() + b"\n")
