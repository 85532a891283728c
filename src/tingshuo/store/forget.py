"""Remove everything on this machine that holds a person's voice, remember what it was, and search everything again as the proof.

Order: all places are looked at; the digests of what is to go are written to the list of what was forgotten, here and in the
mirrors, so that nothing brings it back; it is removed place by place; then every place is looked at from the beginning, as if
nothing had been known, and what is found then is outstanding. Killed anywhere, the next run goes on from what it finds.

Weights of a voice of several speakers were learnt from all of them, so a version goes as a whole. Weights that were there before
the person, in an older version or in the built-in voice, are not the person's.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import walk
from pathlib import Path
from typing import Any

from tingshuo.errors import NotFoundError, OutputError, RegistryError
from tingshuo.store.atomic import replace_file
from tingshuo.store.derivation import derive
from tingshuo.store.forgotten import Row, has_forgotten, read_forgotten, share_forgotten, write_forgotten
from tingshuo.store.holdings import (
    Hit,
    Holding,
    Version,
    Wanted,
    look_at_folder,
    look_at_links,
    look_at_registry,
    look_at_run,
)
from tingshuo.store.home import home
from tingshuo.store.locks import locked
from tingshuo.store.mirror_list import known_mirrors, open_mirror
from tingshuo.store.registry import BUNDLE, Registry
from tingshuo.store.remnants import find_hashes, find_measurements, remove_hashes, remove_measurements
from tingshuo.store.removal import CLOSE, Moved, doomed_hits, remedy_of, remove_from, remove_tree
from tingshuo.store.survey import reason_of

_LOCK = "lock"
"""Who trains in the folder of a run holds it, `tingshuo.train.run_folder`."""
NAMELESS = "download", "leftover"
"""What does not say whose it is, and goes with every forgetting."""
NOT_SEARCHED = (
    "copies that were pushed, sent or copied to other places: their addresses are not recorded here, delete them there",
    "recordings from which voices were made, and folders of trainings that were not named with --run",
    "archives of bundles, .tar or .zip, that lie outside of $TINGSHUO_HOME",
    "programs that speak at this moment: a voice stays in their memory until they are restarted",
    "backups, snapshots and unused blocks of the disks",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to forget, and where.

    Parameters
    ----------
    speaker : str
        The name as manifests have it, to the letter.
    voice : str or None
        Only versions and bundles of this name.
    runs : sequence of Path
        Folders of trainings to search too.
    built_in : Path or None
        Folder of voices that are part of the installation, which are searched and never changed.
    with_derived : bool
        Remove versions, too, that share weights with a removed one or may have learnt from it.
    """

    speaker: str
    voice: str | None = None
    runs: Sequence[Path] = ()
    built_in: Path | None = None
    with_derived: bool = False


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What is left, and what can be done about it."""

    what: str
    problem: str


@dataclass(slots=True)
class Findings:
    """What was found: versions that go, those that may have learnt from them and stay, all that goes, and what is outstanding.

    ``fixed`` are versions of the installation that hold the speaker, ``older`` digests of weights that were there before them,
    and ``known`` all speakers of all places.
    """

    holdings: list[Holding] = field(default_factory=list)
    doomed: list[Version] = field(default_factory=list)
    derived: list[Version] = field(default_factory=list)
    fixed: list[Version] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    outstanding: list[Outstanding] = field(default_factory=list)
    older: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()

    @property
    def n_bytes(self) -> int:
        """Bytes that come free; of a version they are those of its blobs."""
        return sum(hit.size for hit in self.hits if hit.what != "version")

    @property
    def named(self) -> list[Hit]:
        """Hits that are known to be the person's."""
        return [hit for hit in self.hits if hit.what not in NAMELESS]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was removed, where everything was searched again afterwards, and what is outstanding."""

    at: str
    speaker: str
    voice: str | None
    removed: tuple[Hit, ...]
    aliases: tuple[Moved, ...]
    searched: tuple[Holding, ...]
    outstanding: tuple[Outstanding, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing of the person is left in any place that was searched, and no place is missing."""
        return not self.outstanding

    def fields(self) -> dict[str, Any]:
        """Return what the file of the proof holds."""
        return {
            "format": 1,
            "at": self.at,
            "speaker": self.speaker,
            "voice": self.voice,
            "complete": self.complete,
            "removed": [hit_fields(hit) for hit in self.removed],
            "aliases": [{"place": str(m.place), "alias": m.alias, "before": m.before, "after": m.after} for m in self.aliases],
            "searched": [{"place": str(one.folder), "n_files": one.n_files, "n_bytes": one.n_bytes} for one in self.searched],
            "outstanding": [{"what": one.what, "problem": one.problem} for one in self.outstanding],
            "not_searched": list(NOT_SEARCHED),
        }

    def write(self, path: Path) -> None:
        """Write it as JSON; raises OutputError."""
        replace_file(path, json.dumps(self.fields(), ensure_ascii=False, indent=1).encode() + b"\n")


def hit_fields(hit: Hit) -> dict[str, Any]:
    """Return what is told of a hit to machines."""
    optional = {"label": hit.label, "sha256": hit.digest}
    return {"what": hit.what, "path": str(hit.path), "n_bytes": hit.size} | {k: v for k, v in optional.items() if v}


def find(registry: Registry, asked: Asked) -> Findings:
    """Return what `forget` would remove; nothing is changed.

    Raises
    ------
    NotFoundError
        Nobody has that speaker, and nothing was ever forgotten; the message lists the speakers that there are.
    RequestError
        A folder is none of a training.
    ConfigError
        The list of mirrors, or of what was forgotten, is damaged.
    """
    with ExitStack() as stack:
        return _check(registry, asked, _look(registry, asked, _mirrors(registry, stack, lock=False)))


def forget(registry: Registry, asked: Asked, now: datetime | None = None) -> Certificate:
    """Remove what there is of a speaker, and search everything again.

    Parameters
    ----------
    registry : Registry
        With its mirrors.
    asked : Asked
        Whom, and where.
    now : datetime or None
        The time of the certificate.

    Raises
    ------
    NotFoundError, RequestError, ConfigError
        As `find`.
    RegistryError
        Somebody else is writing to the registry.
    OutputError
        The registry cannot be written. What cannot be removed elsewhere is outstanding instead.
    """
    find(registry, asked)  # whoever is not there leaves nothing behind, not even a lock
    moment = now or datetime.now(UTC)
    with ExitStack() as stack:
        stack.enter_context(registry.writing())
        mirrors = _mirrors(registry, stack, lock=True)
        first = _look(registry, asked, mirrors)
        _remember(registry, first, moment)
        elsewhere = _other_names(first)
        failed, aliases = _remove(registry, asked, first, moment)
        last = _look(registry, asked, mirrors)
    outstanding = [*last.outstanding, *elsewhere]
    for hit in last.hits:
        why = next((reason for place, reason in failed.items() if place == hit.path or place in hit.path.parents), "")
        busy = "is being downloaded at this moment; forget again when that has ended" if hit.what == "download" else ""
        outstanding.append(Outstanding(str(hit.path), why or busy or "is still there; forget again"))
    still = {hit.path for hit in last.hits}
    removed = tuple(hit for hit in first.hits if hit.path not in still)
    searched = tuple(last.holdings)
    at = moment.isoformat(timespec="seconds")
    return Certificate(at, asked.speaker, asked.voice, removed, tuple(aliases), searched, tuple(outstanding))


def _check(registry: Registry, asked: Asked, found: Findings) -> Findings:
    """Refuse a name that is nobody's; where something was forgotten before, it may have been they."""
    alike = [name for name in found.known - {asked.speaker} if name.casefold().strip() == asked.speaker.casefold().strip()]
    if not (found.named or found.fixed) and (alike or not has_forgotten(registry)):
        where = f" in the voice {asked.voice!r}" if asked.voice is not None else ""
        there = ", ".join(sorted(found.known)) or "none"
        raise NotFoundError(f"there is nobody of the name {asked.speaker!r}{where}; speakers that there are: {there}")
    return found


def _mirrors(registry: Registry, stack: ExitStack, *, lock: bool) -> dict[Path, Registry | str]:
    """Return the known mirrors, or why they cannot be used."""
    found: dict[Path, Registry | str] = {}
    for folder in known_mirrors(registry):
        try:
            mirror = open_mirror(registry, folder)
            if lock:
                stack.enter_context(mirror.writing())
            found[folder] = mirror
        except (OutputError, RegistryError, OSError) as error:
            found[folder] = reason_of(error, folder)
    return found


def _look(registry: Registry, asked: Asked, mirrors: dict[Path, Registry | str]) -> Findings:
    """Look at every place."""
    found, own = Findings(), home()
    wanted = Wanted(asked.speaker, asked.voice, read_forgotten(registry))
    for place in (registry, *(mirror for mirror in mirrors.values() if isinstance(mirror, Registry))):
        try:
            found.holdings.append(look_at_registry(place, wanted))
        except OSError as error:
            found.outstanding.append(Outstanding(str(place.folder), f"cannot be read: {error.strerror or error}"))
    apart = (registry.folder, *mirrors, *asked.runs)
    found.holdings.append(look_at_folder(own, wanted, but=apart))
    found.holdings += [look_at_run(run.resolve(), wanted) for run in asked.runs]
    fixed = look_at_folder(asked.built_in, wanted) if asked.built_in is not None else None
    _judge(found, wanted, fixed, asked)
    found.hits += find_measurements(own, wanted)
    theirs = {digest for version in found.doomed for digest in (version.digest, *version.own())}
    found.hits += find_hashes(own, theirs | wanted.forgotten.manifests | wanted.forgotten.blobs.keys())
    for path, problem in look_at_links(own / "voices", wanted).items():
        found.outstanding.append(Outstanding(str(path), problem))
    for folder, reason in mirrors.items():
        if isinstance(reason, str):
            problem = f"{reason}; attach its disk, and forget again" if "attach" not in reason else f"{reason}; then forget again"
            found.outstanding.append(Outstanding(str(folder), problem))
    return found


def _judge(found: Findings, wanted: Wanted, fixed: Holding | None, asked: Asked) -> None:
    """Decide which versions go, and say what of the others is outstanding."""
    everything = [version for holding in found.holdings for version in holding.versions]
    before = fixed.versions if fixed is not None else []
    found.doomed = [version for version in everything if wanted.asks_for(version)]
    related = derive(found.doomed, everything, before, wanted)
    found.derived = [] if asked.with_derived else related.versions
    found.doomed += related.versions if asked.with_derived else []
    for holding in found.holdings:
        found.hits += doomed_hits(holding, [version for version in holding.versions if version in found.doomed])
        found.hits += holding.strays
        found.outstanding += [Outstanding(str(path), problem) for path, problem in holding.unclear.items()]
    found.outstanding += [Outstanding(f"{v.name} in {v.place}", f"{CLOSE}; {remedy_of(v)}") for v in found.derived]
    found.fixed = [version for version in before if wanted.asks_for(version)]
    theirs = [*(version.folder for version in found.fixed), *(hit.path for hit in (fixed.strays if fixed is not None else ()))]
    found.outstanding += [Outstanding(str(path), "is part of the installation; remove it there") for path in theirs]
    found.known = frozenset(person for version in (*everything, *before) for person in version.people)
    found.older = related.older
    if fixed is not None:
        fixed.strays.clear()  # nothing of the installation is removed
        found.holdings.append(fixed)


def _remember(registry: Registry, found: Findings, now: datetime) -> None:
    """Write the list of what is forgotten, here and in the mirrors, before anything is removed."""
    day = now.astimezone(UTC).date().isoformat()
    staying = [version for holding in found.holdings for version in holding.versions if version not in found.doomed]
    kept = found.older.union(*(version.blobs for version in staying))
    left = tuple(sorted({version.digest for version in found.derived}))
    rows = [
        Row(digest=v.digest, on=day, blobs={d: n for d, n in v.own().items() if d not in kept}, derived=left)
        for v in found.doomed
    ]
    write_forgotten(registry, read_forgotten(registry).with_rows(rows))
    for holding in found.holdings:
        if holding.registry is not None and holding.registry is not registry:
            with suppress(OutputError):  # a mirror that cannot be written is outstanding in any case
                share_forgotten(registry, holding.registry)


def _remove(registry: Registry, asked: Asked, found: Findings, now: datetime) -> tuple[dict[Path, str], list[Moved]]:
    """Remove what was found; returns places that failed and why, and the aliases that were moved."""
    failed: dict[Path, str] = {}
    moved: list[Moved] = []
    hashes = {digest for version in found.doomed for digest in (version.digest, *version.own())}
    forgotten = read_forgotten(registry)
    for holding in found.holdings:
        doomed = [version for version in holding.versions if version in found.doomed]
        try:
            if holding.registry is not None:
                like = registry if holding.registry is not registry else None
                moved += remove_from(holding, doomed, now, like)
            else:
                _remove_all([*(Hit(v.folder, "bundle", 0) for v in doomed), *holding.strays])
        except (OSError, OutputError, RegistryError) as error:
            failed[holding.folder] = f"cannot be removed: {reason_of(error, holding.folder)}"
    for hit in found.hits:
        try:
            if hit.what == "measurements":
                remove_measurements(hit.path, asked.speaker)
            elif hit.what == "hashes":
                remove_hashes(hit.path, hashes | forgotten.manifests | forgotten.blobs.keys())
        except (OSError, OutputError) as error:
            failed[hit.path] = reason_of(error, hit.path)
    return failed, moved


def _remove_all(hits: Iterable[Hit]) -> None:
    """Remove files and folders; a training that is under way is not disturbed."""
    for hit in hits:
        with locked(hit.path / _LOCK) if hit.what == "run" else nullcontext():
            remove_tree(hit.path)


def _other_names(found: Findings) -> list[Outstanding]:
    """Return files of the person that have names on their disk outside of all places that are searched."""
    names = {Path(parent, name) for one in found.holdings for parent, _, files in walk(one.folder) for name in files}
    seen = Counter((status.st_dev, status.st_ino) for status in (path.lstat() for path in names))
    others = {}
    for version in found.doomed:
        own = {name for name, entry in version.manifest.files.items() if entry.sha256 in version.own()}
        for path in (folder / name for folder in (version.folder, version.folder / BUNDLE) for name in own):
            status = path.lstat() if path.is_file() else None
            if status is not None and status.st_nlink > seen[status.st_dev, status.st_ino]:
                others[status.st_dev, status.st_ino] = path
    return [
        Outstanding(str(path), f"has other names elsewhere on its disk; find them with: find MOUNT -xdev -inum {inode}")
        for (_, inode), path in others.items()
    ]
