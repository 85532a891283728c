"""Mirrors: folders that hold a whole registry of their own, of which each version can be had when this one loses it.

Bringing one up to date adds and never overwrites: blobs are copied, flushed and read again; a version made of links to them
appears by one rename; the aliases follow. What is damaged here is not spread. Only what was forgotten at the wish of a person is
removed, and does not come again. Killed anywhere, both can be opened, and the next
run completes the mirror. `Registry(folder)` opens one.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import UNSET

from tingshuo.errors import BundleError, ConfigError, OutputError, RegistryError
from tingshuo.store.atomic import new_folder, replace_file, write_file
from tingshuo.store.blobs import PRIVATE, READABLE
from tingshuo.store.bundle import open_bundle
from tingshuo.store.copies import copy_checked, digest_of
from tingshuo.store.forgotten import refuse_forgotten, share_forgotten
from tingshuo.store.garbage import leftovers
from tingshuo.store.mirror_list import MARKS, absolute, known_mirrors, open_mirror, remember_mirror
from tingshuo.store.pointers import Pointers
from tingshuo.store.registry import BUNDLE, RECORD, Record, Registry, for_owner
from tingshuo.store.removal import clean, sharing
from tingshuo.store.states import contents_of_state
from tingshuo.store.survey import (
    ALIASES,
    SIGNATURE,
    Label,
    contents_of,
    manifest_at,
    pointed,
    read_aliases,
    read_record,
    versions_of,
)


@dataclass(slots=True)
class Mirrored:
    """How a mirror was brought up to date: versions that are new to it, bytes that were copied, one sentence for each problem.

    ``forgotten`` are paths of what was removed, as it had been forgotten.
    """

    folder: Path
    versions: list[str] = field(default_factory=list)
    n_bytes: int = 0
    problems: list[str] = field(default_factory=list)
    forgotten: list[Path] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether it holds all that the registry holds."""
        return not self.problems


def mirror(
    registry: Registry, folders: Sequence[Path] = (), tell: Callable[[float], None] = lambda _: None
) -> tuple[Mirrored, ...]:
    """Bring the known mirrors and new ones up to date; one that fails does not keep the others from it.

    Parameters
    ----------
    registry : Registry
        Nothing of it is changed but the list of its mirrors.
    folders : sequence of Path
        Mirrors to make, or that are known and may be made anew; they are remembered.
    tell : callable
        Hears the share that is done, 0 to 1.

    Raises
    ------
    RegistryError
        No mirror is known or given, or somebody else is writing to the registry.
    ConfigError
        The list of mirrors is damaged.
    OutputError
        The registry cannot be written.
    """
    given = [absolute(folder) for folder in folders]
    if not given and not known_mirrors(registry):
        raise RegistryError("no mirror is known; tingshuo mirror --to DIR makes one")
    done: list[Mirrored] = []
    with registry.writing():
        targets = list(dict.fromkeys((*known_mirrors(registry), *given)))
        for target in targets:
            part = _part(tell, len(done), len(targets))
            done.append(_bring(registry, target, part, new=target in given))
    return tuple(done)


def copy_version(source: Registry, target: Registry, record: Record) -> int:
    """Let a version appear in another registry too, whole or not at all; its blobs are read again there.

    Returns
    -------
    int
        Bytes of blobs that were copied.

    Raises
    ------
    BundleError
        It is damaged in the source.
    OutputError
        The target cannot be written, or the version is there already.
    RegistryError
        It was forgotten in the target.
    """
    label = record.name, record.version
    manifest = manifest_at(source.blobs.path(record.digest), record.digest, label)
    files = {f"{BUNDLE}/{name}": digest for name, digest in contents_of(manifest, record.digest).items()}
    if record.state is not UNSET:
        files |= contents_of_state(source.blobs.path(record.state), record.state)
    refuse_forgotten(target, files.values(), record.label)
    copied = sum(_copy_blob(source, target, digest, private=for_owner(name)) for name, digest in files.items())
    with new_folder(target.folder_of(*label)) as folder:
        for name, digest in files.items():
            target.blobs.link(digest, folder / name)
            if not (folder / name).samefile(target.blobs.path(digest)) and digest_of(folder / name) != digest:
                raise OSError(errno.EIO, "the disk returns other bytes than were written to it")
        write_file(folder / RECORD, record_bytes(record))
        open_bundle(folder / BUNDLE)
    return copied


def record_bytes(record: Record) -> bytes:
    """Return what record.json holds, as `tingshuo.store.saving` writes it."""
    return json.dumps(record.fields(), ensure_ascii=False, indent=1).encode() + b"\n"


def conflicting_moves(ours: Pointers, theirs: Pointers) -> list[str]:
    """Return the aliases that were moved in a mirror itself: their moves are not those with which ours began."""
    return [a for a in theirs.now() if theirs.moves(a) != ours.moves(a)[: len(theirs.moves(a))]]


def _copy_blob(source: Registry, target: Registry, digest: str, *, private: bool) -> int:
    """Copy a blob unless it is there and sound; returns its bytes when it was copied."""
    destination = target.blobs.path(digest)
    try:
        with_same_name = os.path.lexists(destination) and digest_of(destination) == digest
    except OSError:
        with_same_name = False  # unreadable, or a link: written anew
    if with_same_name:
        return 0
    try:
        for folder in (target.blobs.folder, destination.parent):
            folder.mkdir(exist_ok=True)  # not their parents: where a disk has gone, its place is not to be filled
        temporary = destination.with_name(f".{digest}.{os.getpid()}.partial")
        return copy_checked(source.blobs.path(digest), destination, digest, PRIVATE if private else READABLE, temporary)
    except OSError as error:
        raise OutputError(f"{target.folder}: cannot be written: {error.strerror or error}") from error


def _part(tell: Callable[[float], None], done: int, n_parts: int) -> Callable[[float], None]:
    """Return what one of several parts tells its share to."""
    return lambda share: tell((done + share) / n_parts)


def _bring(registry: Registry, folder: Path, tell: Callable[[float], None], *, new: bool) -> Mirrored:
    """Bring one mirror up to date; whatever is wrong with it is said in what is returned."""
    result = Mirrored(folder)
    try:
        target = open_mirror(registry, folder, new=new)
        with target.writing():
            remember_mirror(registry, folder)
            for left in list(leftovers(folder)):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            forgotten = share_forgotten(registry, target)
            result.forgotten = [hit.path for hit in clean(target, forgotten, like=registry)]
            result.problems += sharing(target, forgotten)
            _fill(registry, target, result, tell)
    except (ConfigError, OutputError, RegistryError) as error:
        result.problems.append(str(error))
    except OSError as error:
        result.problems.append(f"{folder}: cannot be written: {error.strerror or error}")
    return result


def _fill(registry: Registry, target: Registry, result: Mirrored, tell: Callable[[float], None]) -> None:
    """Add the versions that a mirror lacks, then the aliases.

    Raises
    ------
    OutputError
        The mirror cannot be written; what was added stays.
    """
    labels, unlike = list(versions_of(registry)), set()
    for place, label in enumerate(labels):
        if not (target.folder / MARKS[0]).exists():
            raise OutputError(f"{target.folder}: is gone; attach its disk, and run tingshuo mirror again")
        try:
            record = read_record(registry, label)
            if os.path.lexists(target.folder_of(*label)):
                _compare(registry, target, record)
            else:
                result.n_bytes += copy_version(registry, target, record)
                result.versions.append(record.label)
            _copy_signature(registry, target, label)
        except (BundleError, RegistryError) as error:
            result.problems.append(str(error))
            unlike.add(label)
        tell((place + 1) / len(labels))
    for name in dict.fromkeys(name for name, _ in labels):
        try:
            _copy_aliases(registry, target, name, unlike)
        except RegistryError as error:
            result.problems.append(str(error))


def _compare(registry: Registry, target: Registry, record: Record) -> None:
    """Refuse a version of a mirror that is not ours."""
    theirs = read_record(target, (record.name, record.version))
    if theirs.digest != record.digest:
        raise RegistryError(
            f"{record.label} is another version in {target.folder} ({theirs.digest[:12]}...) than in {registry.folder}"
            f" ({record.digest[:12]}...); neither is overwritten: save one of them under another name or version"
        )


def _copy_signature(registry: Registry, target: Registry, label: Label) -> None:
    """Let a signature that was made of a version follow it; one that is there stays.

    Raises
    ------
    BundleError
        It cannot be read.
    OutputError
        The mirror cannot be written.
    """
    source, destination = (place.folder_of(*label) / BUNDLE / SIGNATURE for place in (registry, target))
    if os.path.lexists(destination) or not os.path.lexists(source):
        return
    try:
        digest = digest_of(source)
    except OSError as error:
        raise BundleError(f"{source}: {error.strerror}; sign the bundle again") from error
    temporary = target.folder / "voices" / label[0] / f".{label[1]}.{os.getpid()}.partial"
    try:
        copy_checked(source, destination, digest, 0o644, temporary)
    except OSError as error:
        raise OutputError(f"{destination}: cannot be written: {error.strerror or error}") from error


def _copy_aliases(registry: Registry, target: Registry, name: str, unlike: set[Label]) -> None:
    """Let the aliases of a name point in a mirror where they point here.

    Raises
    ------
    RegistryError
        They are damaged, were moved in the mirror itself, or point to what the mirror does not have.
    OutputError
        The mirror cannot be written.
    """
    source, destination = (place.folder / "voices" / name / ALIASES for place in (registry, target))
    if not os.path.lexists(source):
        return
    ours, theirs = read_aliases(source), read_aliases(destination)
    content = source.read_bytes()
    if theirs is not None and content == destination.read_bytes():
        return
    for alias, version in pointed(ours).items():
        if (name, version) in unlike or not target.folder_of(name, version).is_dir():
            raise RegistryError(
                f"{target.folder}: the aliases of {name} stay as they were, as it lacks {version}, which {alias} is"
            )
    moved = conflicting_moves(ours, theirs) if ours and theirs else []
    if moved:
        raise RegistryError(
            f"{destination}: {', '.join(moved)} was moved in another way than in {registry.folder};"
            " remove the file to have it as it is there"
        )
    replace_file(destination, content)
