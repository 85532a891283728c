"""What was forgotten at the wish of a person: a list of digests, so that none of it ever comes back by itself.

``forgotten.json`` lies beside the blobs of a registry and of each of its mirrors. It has no names: of each version that was
removed the SHA-256 of its manifest and of the files that were the person's own, the day, and the versions that may have learnt
from it and were left. Saving, pulling, mirroring and scrubbing ask it. The list of the registry counts; those of the mirrors are
copies, from which it is made again when the registry itself was lost.
"""

import json
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, NotFoundError, RegistryError, RequestError
from tingshuo.store.atomic import replace_file
from tingshuo.store.manifest import Count
from tingshuo.store.registry import Registry

FORGOTTEN = "forgotten.json"
SHOWN = 12
"""Characters of a digest that messages show; `allow` takes as few."""

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]


class Row(StrictModel, frozen=True, kw_only=True):
    """A version that was removed."""

    digest: Digest
    """SHA-256 of its manifest."""
    on: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """The day, UTC."""
    blobs: dict[Digest, Count] = msgspec.field(default_factory=dict)
    """What of it was the person's own and nobody else's: SHA-256 to bytes."""
    derived: tuple[Digest, ...] = ()
    """Manifests of versions that were left, and share weights with it or may have learnt from it."""


class _Document(StrictModel, frozen=True):
    format: Literal[1] = 1
    forgotten: tuple[Row, ...] = ()
    allowed: tuple[Digest, ...] = ()


class Forgotten:
    """A list of what was forgotten.

    Parameters
    ----------
    rows : iterable of Row
        One for each version.
    allowed : iterable of str
        Digests that were taken from the list again, so that the copy of a mirror does not bring them back into it.
    """

    def __init__(self, rows: Iterable[Row] = (), allowed: Iterable[str] = ()) -> None:
        self.rows, self.allowed = tuple(rows), frozenset(allowed)

    @cached_property
    def manifests(self) -> frozenset[str]:
        """Digests of the manifests."""
        return frozenset(row.digest for row in self.rows)

    @cached_property
    def blobs(self) -> Mapping[str, int]:
        """Digests and bytes of the files that were the persons' own."""
        return {digest: size for row in self.rows for digest, size in row.blobs.items()}

    @cached_property
    def derived(self) -> frozenset[str]:
        """Digests of the manifests of versions that were left, and may have learnt from what was removed."""
        return frozenset(digest for row in self.rows for digest in row.derived) - self.manifests

    def __contains__(self, digest: str) -> bool:
        """Whether a manifest or another file of this digest was forgotten."""
        return digest in self.manifests or digest in self.blobs

    def with_rows(self, rows: Iterable[Row]) -> "Forgotten":
        """Return the list with more rows; whoever was allowed before and is forgotten again is forgotten."""
        added = Forgotten(rows)
        return Forgotten(_united((*self.rows, *added.rows)), self.allowed - added.manifests - added.blobs.keys() - added.derived)

    def with_rows_of(self, other: "Forgotten") -> "Forgotten":
        """Return the list with what a copy of it has more, but for what was allowed here."""
        kept = [_without(row, self.allowed) for row in other.rows if row.digest not in self.allowed]
        return Forgotten(_united((*self.rows, *kept)), self.allowed)

    def without(self, digest: str) -> "Forgotten":
        """Return the list without a manifest and the files that went with it, or without one file."""
        gone = {digest, *(blob for row in self.rows if row.digest == digest for blob in row.blobs)}
        kept = [_without(row, gone) for row in self.rows if row.digest != digest]
        return Forgotten(kept, self.allowed | gone)


def _without(row: Row, digests: Iterable[str]) -> Row:
    gone = set(digests)
    blobs = {digest: size for digest, size in row.blobs.items() if digest not in gone}
    return row.replace(blobs=blobs, derived=tuple(digest for digest in row.derived if digest not in gone))


def _united(rows: Iterable[Row]) -> list[Row]:
    """Make one row of those of the same version; the first day stays."""
    united: dict[str, Row] = {}
    for row in rows:
        there = united.get(row.digest, row)
        derived = tuple(dict.fromkeys((*there.derived, *row.derived)))
        united[row.digest] = there.replace(blobs={**there.blobs, **row.blobs}, derived=derived)
    return list(united.values())


def has_forgotten(registry: Registry) -> bool:
    """Whether anything was ever forgotten in a registry."""
    return os.path.lexists(registry.folder / FORGOTTEN)


def read_forgotten(registry: Registry) -> Forgotten:
    """Return the list of a registry; it is empty where nothing was forgotten.

    Raises
    ------
    ConfigError
        It is damaged.
    """
    path = registry.folder / FORGOTTEN
    if not os.path.lexists(path):
        return Forgotten()
    try:
        document = _Document.read(path)
    except ConfigError as error:
        raise ConfigError(
            f"{error}; copy {FORGOTTEN} of a mirror over it, or remove it, and then what was forgotten can come back"
        ) from error
    return Forgotten(document.forgotten, document.allowed)


def write_forgotten(registry: Registry, forgotten: Forgotten) -> None:
    """Write the list of a registry, to which nobody else may be writing; one that is like it stays.

    Raises
    ------
    OutputError
        It cannot be written; the one that was there stays.
    """
    for left in registry.folder.glob(f".{FORGOTTEN}.*.partial"):  # of a writing that was killed; whoever writes holds the lock
        left.unlink()
    document = _Document(forgotten=forgotten.rows, allowed=tuple(sorted(forgotten.allowed)))
    content = json.dumps(document.fields(), indent=1).encode() + b"\n"
    path = registry.folder / FORGOTTEN
    if not path.is_file() or path.read_bytes() != content:
        replace_file(path, content)


def share_forgotten(registry: Registry, mirror: Registry) -> Forgotten:
    """Let a mirror have the list of its registry, and the registry what only the mirror knew; nobody else may be writing.

    Raises
    ------
    ConfigError
        One of them is damaged.
    OutputError
        One of them cannot be written.
    """
    ours = read_forgotten(registry)
    both = ours.with_rows_of(read_forgotten(mirror))
    if both.rows != ours.rows:
        write_forgotten(registry, both)
    if has_forgotten(registry):
        write_forgotten(mirror, both)
    return both


def refuse_forgotten(registry: Registry, digests: Iterable[str], what: str) -> None:
    """Refuse to bring into a registry what was forgotten there.

    Parameters
    ----------
    registry : Registry
        Its list is read.
    digests : iterable of str
        SHA-256 of the manifest and of the other files that are about to come.
    what : str
        How messages call them.

    Raises
    ------
    RegistryError
        One of them was forgotten.
    ConfigError
        The list is damaged.
    """
    forgotten = read_forgotten(registry)
    found = next((digest for digest in digests if digest in forgotten), None)
    if found is not None:
        raise RegistryError(
            f"{what}: was forgotten here at the wish of a person whose voice it holds ({found[:SHOWN]}...);"
            f" if they agree again, tingshuo forget --allow {found[:SHOWN]} lets it in"
        )


def allow(registry: Registry, digest: str) -> str:
    """Take a manifest, with the files that went with it, or one file from the list of a registry.

    Parameters
    ----------
    registry : Registry
        Its mirrors follow when they are brought up to date.
    digest : str
        The SHA-256, or its first characters.

    Returns
    -------
    str
        The whole digest.

    Raises
    ------
    RequestError
        Fewer than `SHOWN` characters.
    NotFoundError
        Nothing, or more than one thing, of that digest is in the list.
    RegistryError
        Somebody else is writing.
    OutputError
        The list cannot be written.
    """
    if len(digest) < SHOWN:
        raise RequestError(f"{digest!r} is too short; give at least {SHOWN} characters of a digest of tingshuo forget --list")
    with registry.writing():
        there = read_forgotten(registry)
        found = [one for one in {*there.manifests, *there.blobs, *there.derived} if one.startswith(digest)]
        if len(found) != 1:
            raise NotFoundError(f"{len(found)} things that were forgotten begin with {digest}; tingshuo forget --list shows them")
        write_forgotten(registry, there.without(found[0]))
    return found[0]
