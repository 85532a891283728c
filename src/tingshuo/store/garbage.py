"""What of a registry nobody needs: versions beyond those that shall stay, blobs of no version, leftovers of what was killed."""

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import OutputError
from tingshuo.store.registry import INCOMING, Record, Registry

FORGOTTEN_S = 86_400.0
"""A download that has not grown for so long is nobody's; before, somebody may go on with it."""
LEFTOVERS = ".*.partial", ".*.old", ".*.gone"


@dataclass(frozen=True, slots=True)
class Garbage:
    """What is not needed: versions, blobs that no version is made of, and leftovers; ``n_bytes`` come free on the disk."""

    versions: tuple[Record, ...]
    blobs: tuple[str, ...]
    leftovers: tuple[Path, ...]
    n_bytes: int


def find_garbage(registry: Registry, keep: int | None = None) -> Garbage:
    """Return what `collect` would remove.

    Parameters
    ----------
    registry : Registry
        Only read.
    keep : int or None
        So many versions of each name stay, the newest and those that an alias points to; None is all of them.
    """
    doomed: list[Record] = []
    used: set[str] = set()
    for name in registry.names():
        pointed = set(registry.pointers(name).now().values())
        for place, record in enumerate(registry.history(name)):
            if keep is not None and place >= keep and record.version not in pointed:
                doomed.append(record)
            else:
                used |= registry.digests(record)
    blobs = tuple(digest for digest in registry.blobs if digest not in used)
    left_over = tuple(leftovers(registry.folder))
    size = sum(registry.blobs.path(digest).stat().st_size for digest in blobs)
    # A file with other names beside this one, a link to a blob, stays on the disk when this name goes.
    alone = [p for left in left_over for p in (left, *left.rglob("*")) if p.is_file() and p.stat().st_nlink == 1]
    return Garbage(tuple(doomed), blobs, left_over, size + sum(path.stat().st_size for path in alone))


def collect(registry: Registry, keep: int | None = None) -> Garbage:
    """Remove what nobody needs; returns it. Versions go before the blobs that they are made of.

    Raises
    ------
    RegistryError
        Somebody is saving at this moment.
    OutputError
        The registry cannot be written.
    """
    with registry.writing():
        found = find_garbage(registry, keep)
        try:
            for record in found.versions:
                registry.remove(record)
            for left in found.leftovers:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            for digest in found.blobs:
                registry.blobs.remove(digest)
        except OSError as error:
            raise OutputError(f"{registry.folder}: cannot be written: {error}") from error
    return found


def leftovers(folder: Path) -> Iterator[Path]:
    """Yield the hidden places of writings that never ended; whoever holds the lock knows that nobody is writing."""
    for place in (folder / "voices", folder / "blobs"):
        if place.is_dir():
            for parent in (place, *(path for path in sorted(place.iterdir()) if path.is_dir())):
                yield from sorted(path for pattern in LEFTOVERS for path in parent.glob(pattern))
    if (folder / INCOMING).is_dir():
        for path in sorted((folder / INCOMING).iterdir()):
            with suppress(FileNotFoundError):  # whoever pulls holds no lock, and may just have used it
                if time.time() - path.stat().st_mtime > FORGOTTEN_S:
                    yield path
