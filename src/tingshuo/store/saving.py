"""Keep a bundle in the registry: as the next version of its name, whole and checked, or not at all.

Steps, in this order: the source is verified; its version is found; each content is copied to a blob, flushed and read again; a
hidden folder is filled with links to the blobs; one rename makes it a version; the aliases follow. Killed anywhere before the
rename, the registry is as it was, but for blobs that `tingshuo.store.garbage` collects; killed after it, the version is there.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tingshuo.errors import BundleError, OutputError, RegistryError
from tingshuo.store import changelog
from tingshuo.store.atomic import new_folder, write_file
from tingshuo.store.blobs import Blobs, hash_file
from tingshuo.store.bundle import Bundle, entry_of, is_private, open_bundle, verify_bundle
from tingshuo.store.manifest import MANIFEST, parse_manifest
from tingshuo.store.pointers import CURRENT, Pointers
from tingshuo.store.registry import BUNDLE, RECORD, Record, Registry
from tingshuo.store.versions import STEPS, Step, Version, changes, least_step


@dataclass(frozen=True, slots=True)
class Saved:
    """A version that was saved: its record, the bundle's folder, what had changed, and the bytes that were new."""

    record: Record
    path: Path
    changes: tuple[str, ...]
    new_bytes: int


def save(
    registry: Registry,
    bundle: Path,
    *,
    name: str | None = None,
    step: Step | None = None,
    note: str = "",
    aliases: Sequence[str] = (),
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
    now : datetime or None
        The time of the record.

    Raises
    ------
    BundleError
        The bundle is damaged.
    RegistryError
        The step is less than the changes ask for, nothing has changed, the name is not allowed, or somebody else is writing.
    OutputError
        The registry cannot be written.
    """
    for alias in aliases:
        Pointers.check(alias)
    moment = now or datetime.now(UTC)
    with registry.writing():
        source = _sound(bundle)
        name = name or source.manifest.name
        registry.check_name(name)
        last = _last(registry, name)
        version, why = _next(source, last, step)
        blank = Record(name=name, version=str(version), digest="", saved=moment.isoformat(timespec="seconds"), note=note)
        try:
            record, n_bytes = _commit(registry, source, last, blank, why)
        except OSError as error:
            raise OutputError(f"{registry.folder}: cannot be written: {error}") from error
        pointers = registry.pointers(name)
        for alias in dict.fromkeys((CURRENT, *aliases)):
            pointers.move(alias, record.version, moment)
    return Saved(record, registry.path(record.label), why, n_bytes)


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


def _next(source: Bundle, last: Bundle | None, step: Step | None) -> tuple[Version, tuple[str, ...]]:
    """Return the version that a bundle becomes, and what has changed."""
    own = Version.parse(source.manifest.version)
    if last is None:
        return own, ()
    label = f"{last.manifest.name}@{last.manifest.version}"
    if _content(source) == _content(last):
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
    kept = {key: value for key, value in fields.items() if key not in ("name", "version", "parent", "created_with")}
    return files, kept


def _commit(registry: Registry, source: Bundle, last: Bundle | None, blank: Record, why: Sequence[str]) -> tuple[Record, int]:
    """Write a version; returns its record and the bytes of new blobs."""
    destination = registry.folder_of(blank.name, blank.version)
    with new_folder(destination) as folder:
        bundle = folder / BUNDLE
        own = _write_own(bundle, source, last, blank, why)
        taken = {name: (source.path / name, entry.sha256) for name, entry in source.manifest.files.items() if name not in own}
        taken |= {name: (bundle / name, digest) for name, digest in own.items()}
        n_bytes = 0
        for name, (path, digest) in taken.items():
            n_bytes += _keep(registry.blobs, path, digest, private=is_private(name))
            (bundle / name).unlink(missing_ok=True)
            registry.blobs.link(digest, bundle / name)
        record = blank.replace(digest=own[MANIFEST])
        write_file(folder / RECORD, json.dumps(record.fields(), ensure_ascii=False, indent=1).encode() + b"\n")
        open_bundle(bundle)
    return record, n_bytes


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
