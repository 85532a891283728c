"""Keep a bundle in the registry: as the next version of its name, whole and checked, or not at all.

Steps, in this order: the source is verified; its version is found; each content is copied to a blob, flushed and read again; a
hidden folder is filled with links to the blobs; one rename makes it a version; the aliases follow. The state of a training, where
it is to be kept, goes the same way and appears by the same rename. Killed anywhere before the rename, the registry is as it was,
but for blobs that `tingshuo.store.garbage` collects; killed after it, the version is there.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tingshuo.errors import BundleError, OutputError, RegistryError
from tingshuo.store import changelog
from tingshuo.store.atomic import new_folder, write_file
from tingshuo.store.blobs import Blobs, hash_file
from tingshuo.store.bundle import Bundle, entry_of, is_private, open_bundle, verify_bundle
from tingshuo.store.forgotten import refuse_forgotten
from tingshuo.store.manifest import MANIFEST, FileEntry, parse_manifest
from tingshuo.store.pointers import CURRENT, Pointers
from tingshuo.store.registry import BUNDLE, RECORD, Record, Registry
from tingshuo.store.states import LISTING, STATE, Listing, Source, check_room, list_files
from tingshuo.store.versions import STEPS, Step, Version, changes, least_step


@dataclass(frozen=True, slots=True)
class Saved:
    """A version that was saved: its record, the bundle's folder, what had changed, and the bytes that were new.

    ``state_bytes`` is the size of the training's state that was kept with it.
    """

    record: Record
    path: Path
    changes: tuple[str, ...]
    new_bytes: int
    state_bytes: int = 0


class _Kept(NamedTuple):
    """A state that goes along."""

    listing: Listing
    source: Source


def save(
    registry: Registry,
    bundle: Path,
    *,
    name: str | None = None,
    step: Step | None = None,
    note: str = "",
    aliases: Sequence[str] = (),
    state: Source | None = None,
    apart: bool = False,
    now: datetime | None = None,
) -> Saved:
    """Keep a bundle as the next version of a name.

    Parameters
    ----------
    registry : Registry
        Made if it is not there yet.
    bundle : Path
        Folder of the bundle; it is read, not changed.
    name : str or None
        None is the name in its manifest.
    step : Step or None
        How far the version is from the last one. None is the version that the manifest says, where that is far enough, else the
        least that SemVer asks for. The first version of a name is that of the manifest.
    note : str
        What is new, for the changelog.
    aliases : sequence of str
        Names such as ``prod`` that shall point to it; ``current`` always does.
    state : Source or None
        What the training that made it needs to go on; nobody may write to these files meanwhile. None keeps the bundle alone.
    apart : bool
        Write nothing of the versions before into it, as they may name people whom an anonymous bundle does not.
    now : datetime or None
        The time of the record.

    Raises
    ------
    BundleError
        The bundle is damaged, or a file of the state is missing, or a pickle.
    RegistryError
        The step is less than the changes ask for, nothing has changed, the name is not allowed, it was forgotten here
        (`tingshuo.store.forget`), or somebody else is writing.
    OutputError
        The registry cannot be written, or there is no room for the state.
    """
    for alias in aliases:
        Pointers.check(alias)
    moment = now or datetime.now(UTC)
    with registry.writing():
        source = _sound(bundle)
        refuse_forgotten(registry, (hash_file(bundle / MANIFEST), *_digests(source.manifest.files)), str(bundle))
        name = name or source.manifest.name
        registry.check_name(name)
        last = _last(registry, name)
        kept = None if state is None else _roomy(registry, state)
        if kept is not None:
            refuse_forgotten(registry, _digests(kept.listing.files), str(bundle))
        new_state = kept is not None and kept.listing != _last_state(registry, name)
        version, why = _next(source, last, step, new_state=new_state)
        blank = Record(name=name, version=str(version), digest="", saved=moment.isoformat(timespec="seconds"), note=note)
        try:
            record, n_bytes = _commit(registry, source, None if apart else last, blank, () if apart else why, kept)
        except OSError as error:
            raise OutputError(f"{registry.folder}: cannot be written: {error}") from error
        pointers = registry.pointers(name)
        for alias in dict.fromkeys((CURRENT, *aliases)):
            pointers.move(alias, record.version, moment)
    return Saved(record, registry.path(record.label), why, n_bytes, kept.listing.n_bytes if kept else 0)


def _digests(files: Mapping[str, FileEntry]) -> list[str]:
    return [entry.sha256 for entry in files.values()]


def _sound(folder: Path) -> Bundle:
    """Open a bundle of which every byte is as its manifest says."""
    report = verify_bundle(folder)
    if not report.ok:
        raise BundleError(report.problems[0])
    return open_bundle(folder)


def _last(registry: Registry, name: str) -> Bundle | None:
    if name not in registry.names():
        return None
    label = registry.history(name)[0].label
    try:
        return open_bundle(registry.path(label))
    except BundleError as error:
        raise RegistryError(f"{label} is damaged: {error}; let tingshuo scrub heal it, then save again") from error


def _last_state(registry: Registry, name: str) -> Listing | None:
    return registry.state(registry.history(name)[0]) if name in registry.names() else None


def _roomy(registry: Registry, state: Source) -> _Kept:
    """List the files of a state for which there is room."""
    listing = list_files(state)
    new = sum(entry.size for entry in listing.files.values() if entry.sha256 not in registry.blobs)
    check_room(registry.folder, new, "or save without --state")
    return _Kept(listing, state)


def _next(source: Bundle, last: Bundle | None, step: Step | None, *, new_state: bool) -> tuple[Version, tuple[str, ...]]:
    """Return the version that a bundle becomes, and what has changed."""
    own = Version.parse(source.manifest.version)
    if last is None:
        return own, ()
    label = f"{last.manifest.name}@{last.manifest.version}"
    if _content(source) == _content(last) and not new_state:
        raise RegistryError(f"nothing has changed since {label}; there is no new version to save")
    found = changes(last, source)
    why, least, before = tuple(change.what for change in found), least_step(found), Version.parse(last.manifest.version)
    if step is None:
        return max(own, before.next(least)), why
    if step < least:
        accepted = ", ".join(word for word, other in STEPS.items() if other >= least)
        raise RegistryError(f"this cannot be a {step.word} after {label}: {found[0].what}; accepted: {accepted}")
    return before.next(step), why


def _content(bundle: Bundle) -> tuple[object, ...]:
    """What makes a version another one: everything but what saving itself writes."""
    fields = bundle.manifest.fields()
    files = {name: entry for name, entry in fields.pop("files").items() if name != changelog.NAME}
    if bundle.manifest.sealed:  # what is encrypted differs every time; its digest before that is in the manifest
        files = {}
    kept = {key: value for key, value in fields.items() if key not in ("name", "version", "parent", "created_with")}
    return files, kept


def _commit(
    registry: Registry, source: Bundle, last: Bundle | None, blank: Record, why: Sequence[str], kept: _Kept | None
) -> tuple[Record, int]:
    """Write a version; returns its record and the bytes of new blobs."""
    destination = registry.folder_of(blank.name, blank.version)
    with new_folder(destination) as folder:
        bundle = folder / BUNDLE
        own = _write_own(bundle, source, last, blank, why)
        taken = {name: (source.path / name, entry.sha256) for name, entry in source.manifest.files.items() if name not in own}
        taken |= {name: (bundle / name, digest) for name, digest in own.items()}
        n_bytes = _link_all(registry.blobs, bundle, taken, is_private)
        record = blank.replace(digest=own[MANIFEST])
        if kept is not None:
            digest, more = _write_state(registry.blobs, folder / STATE, kept)
            record, n_bytes = record.replace(state=digest), n_bytes + more
        write_file(folder / RECORD, json.dumps(record.fields(), ensure_ascii=False, indent=1).encode() + b"\n")
        open_bundle(bundle)
    return record, n_bytes


def _write_state(blobs: Blobs, folder: Path, kept: _Kept) -> tuple[str, int]:
    """Write the state of a training; returns the digest of its list and the bytes of new blobs."""
    own = folder / LISTING
    write_file(own, kept.listing.encode(), 0o600)
    taken = {name: (kept.source.files[name], entry.sha256) for name, entry in kept.listing.files.items()}
    taken[LISTING] = own, (digest := hash_file(own))
    return digest, _link_all(blobs, folder, taken, lambda _: True)


def _link_all(blobs: Blobs, folder: Path, taken: Mapping[str, tuple[Path, str]], private: Callable[[str], bool]) -> int:
    """Put files among the blobs and fill a folder with links to them; returns the bytes of new blobs."""
    n_bytes = 0
    for name, (path, digest) in taken.items():
        n_bytes += _keep(blobs, path, digest, private=private(name))
        (folder / name).unlink(missing_ok=True)
        blobs.link(digest, folder / name)
    return n_bytes


def _write_own(bundle: Path, source: Bundle, last: Bundle | None, blank: Record, why: Sequence[str]) -> dict[str, str]:
    """Write the changelog and the manifest of a version; returns their digests by name."""
    manifest = source.manifest
    before = last.manifest if last else None
    day = datetime.fromisoformat(blank.saved).date()
    lines = [*why, *changelog.figures_of(manifest, before)]
    text = changelog.grown(_changelog(source), _changelog(last), blank.version, day, blank.note, lines)
    write_file(bundle / changelog.NAME, text.encode())
    files = {name: entry.fields() for name, entry in manifest.files.items()} | {
        changelog.NAME: entry_of(bundle / changelog.NAME).fields()
    }
    fields = manifest.fields() | {
        "name": blank.name,
        "version": blank.version,
        "parent": manifest.parent or (f"{before.name}@{before.version}" if before else None),
        "files": dict(sorted(files.items())),
    }
    checked = parse_manifest(fields, f"the manifest of {blank.label}")
    write_file(bundle / MANIFEST, json.dumps(checked.fields(), ensure_ascii=False, indent=1).encode() + b"\n")
    return {name: hash_file(bundle / name) for name in (changelog.NAME, MANIFEST)}


def _changelog(bundle: Bundle | None) -> str:
    there = bundle is not None and changelog.NAME in bundle.manifest.files
    return (bundle.path / changelog.NAME).read_text("utf-8") if bundle and there else ""


def _keep(blobs: Blobs, path: Path, digest: str, *, private: bool) -> int:
    """Put a file among the blobs, and read it again; returns its bytes when it was not there."""
    new = blobs.put(path, digest, private=private)
    if not blobs.sound(digest):
        # Either the disk returns other bytes than it was given, or a blob of that name was damaged long ago.
        blobs.remove(digest)
        new = blobs.put(path, digest, private=private)
        if not blobs.sound(digest):
            blobs.remove(digest)
            raise OSError(f"{blobs.path(digest)} does not hold what was written to it; the disk or the source is at fault")
    return path.stat().st_size if new else 0
