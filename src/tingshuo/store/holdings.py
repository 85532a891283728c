"""What each place on this machine holds of a person's voice: versions, bundles, blobs, downloads, files, trainings.

Nothing is changed here, and nothing is taken on trust: every manifest is read, every file's name is looked at, and every file of
the size of one that was forgotten is hashed.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tingshuo.errors import BundleError, RegistryError, RequestError
from tingshuo.store.blobs import hash_file
from tingshuo.store.forgotten import Forgotten
from tingshuo.store.garbage import leftovers
from tingshuo.store.manifest import MANIFEST, Manifest, parse_manifest, read_manifest
from tingshuo.store.registry import BUNDLE, INCOMING, Registry
from tingshuo.store.states import STATE
from tingshuo.store.survey import Label, manifest_at, read_record, versions_of

_MAX_MANIFEST_BYTES = 4 << 20
"""As `tingshuo.store.manifest` reads them."""
_LARGE_STATE = 64 << 10
"""Files of a training's state over this size, in bytes, are tensors that learnt from the person; smaller ones are settings."""
_ROWS = "data.jsonl"
_RUN = ("config.yaml", _ROWS)
"""What the folder of a training has, `tingshuo.train.run_folder`."""
_ARCHIVES = (".tar", ".tar.gz", ".tar.zst", ".zip")
_DEFAULT_SPEAKER = "speaker"
"""Whose a row of data.jsonl is that names nobody, `tingshuo.data.utterance`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something of the person: where it lies, what it is, its bytes; label and digest where it has them.

    ``what`` is one of version, bundle, blob, file, run, measurements, hashes, and of download and leftover, which do not say
    whose they are.
    """

    path: Path
    what: str
    size: int
    label: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version in a registry, or a bundle in a folder: its place, the folder that it is, and the files that it is made of.

    ``blobs`` is SHA-256 to bytes, the manifest among them; ``people`` are those whom the manifest names, or the state of the
    training, which knows of people whom the manifest does not offer. ``saved`` is empty where nobody knows when.
    """

    place: Path
    folder: Path
    label: Label
    digest: str
    manifest: Manifest
    blobs: Mapping[str, int]
    people: frozenset[str]
    saved: str = ""

    @property
    def name(self) -> str:
        """``name@version``."""
        return "@".join(self.label)

    @property
    def labels(self) -> set[str]:
        """Names under which another manifest may call it its parent."""
        return {self.name, f"{self.manifest.name}@{self.manifest.version}"}

    def own(self) -> dict[str, int]:
        """Return what of its files was learnt from its speakers, SHA-256 to bytes.

        Weights, timbres, and graphs that hold weights themselves. A graph that only names the tensors of a weights' file is the
        plan of a net, the same for everybody's; so are expected outputs of inputs that hold no voice.
        """
        plans = {v.path for graph in self.manifest.graphs.values() for v in graph.variants if v.weights}
        listed = {entry.sha256 for entry in self.manifest.files.values()}
        own = {
            entry.sha256: entry.size
            for path, entry in self.manifest.files.items()
            if path.startswith(("weights/", "graphs/", "speakers/")) and path not in plans
        }
        state = {digest: size for digest, size in self.blobs.items() if digest not in listed and digest != self.digest}
        return own | {digest: size for digest, size in state.items() if size > _LARGE_STATE}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to look for; without a speaker, only for what was forgotten before."""

    speaker: str | None
    voice: str | None = None
    forgotten: Forgotten = field(default_factory=Forgotten)

    def asks_for(self, version: Version) -> bool:
        """Whether a version is to go."""
        meant = self.voice in (None, version.label[0], version.manifest.name)
        return version.digest in self.forgotten.manifests or (meant and self.speaker in version.people)

    def is_timbre(self, path: Path) -> bool:
        """Whether a file has the name of a timbre of the speaker."""
        return path.parent.name == "speakers" and path.name in (f"{self.speaker}.npy", f"{self.speaker}.npy.age")


@dataclass(slots=True)
class Holding:
    """A place that was looked at: its versions, what else there is of the person, what cannot be judged and why."""

    folder: Path
    registry: Registry | None = None
    versions: list[Version] = field(default_factory=list)
    strays: list[Hit] = field(default_factory=list)
    unclear: dict[Path, str] = field(default_factory=dict)
    n_files: int = 0
    n_bytes: int = 0


def look_at_registry(registry: Registry, wanted: Wanted) -> Holding:
    """Look at a registry or a mirror; raises OSError when it cannot be listed."""
    found = Holding(registry.folder, registry)
    for label in versions_of(registry):
        try:
            found.versions.append(_saved_version(registry, label, found))
        except (BundleError, OSError) as error:
            found.unclear[registry.folder_of(*label)] = f"cannot be judged: {error}"
    for path in _files(found, registry.folder):
        if wanted.is_timbre(path) and _unlisted(path, found.versions):
            found.strays.append(Hit(path, "file", path.lstat().st_size))
    found.strays += _orphans(found, registry, wanted)
    if wanted.speaker is not None:
        incoming = registry.folder / INCOMING
        left = [path for path in leftovers(registry.folder) if path.parent != incoming]
        found.strays += [Hit(path, "leftover", size_of(path)) for path in left]
        found.strays += [Hit(path, "download", path.lstat().st_size, digest=path.name) for path in _entries(incoming)]
    return found


def look_at_folder(folder: Path, wanted: Wanted, *, but: Iterable[Path] = ()) -> Holding:
    """Look at every file in a folder, for bundles of any depth; raises OSError when it cannot be listed.

    Parameters
    ----------
    folder : Path
        It need not be there.
    wanted : Wanted
        Whom to look for.
    but : iterable of Path
        Folders in it that are looked at otherwise.
    """
    found = Holding(folder)
    files = list(_files(found, folder, {path.resolve() for path in but}))
    for path in files:
        if path.name == MANIFEST:
            try:
                found.versions.append(_bundle(folder, path.parent))
            except (BundleError, OSError) as error:
                found.unclear[path.parent] = f"cannot be judged: {error}"
        elif path.name.lower().endswith(_ARCHIVES) and wanted.speaker is not None:
            found.unclear[path] = "cannot be judged: is an archive, which is not looked into; unpack it to look, or remove it"
    bundles = {version.folder for version in found.versions}
    sizes = set(wanted.forgotten.blobs.values())
    for path in files:
        if not bundles.isdisjoint(path.parents) and not wanted.is_timbre(path):
            continue
        size = path.lstat().st_size
        hashed = size in sizes and path.is_file() and not path.is_symlink() and hash_file(path) in wanted.forgotten.blobs
        if hashed or (wanted.is_timbre(path) and _unlisted(path, found.versions)):
            found.strays.append(Hit(path, "file", size))
    gone = {parent for path in files for parent in path.parents if parent.match(".*.gone") and folder in parent.parents}
    found.strays += [Hit(path, "leftover", size_of(path)) for path in sorted(gone) if wanted.speaker is not None]
    return found


def look_at_links(folder: Path, wanted: Wanted) -> dict[Path, str]:
    """Return links in a folder of voices that lead to bundles of the person elsewhere."""
    found = {}
    for path in _entries(folder):
        with suppress(BundleError):
            if path.is_symlink() and wanted.speaker in people_of(read_manifest(path)):
                found[path] = f"is a link to {path.resolve()}, where a bundle of theirs lies; remove both"
    return found


def look_at_run(run: Path, wanted: Wanted) -> Holding:
    """Look at the folder of a training, which learnt from whoever is in it as a whole.

    Raises
    ------
    RequestError
        There is something else at that path.
    """
    found = Holding(run)
    for folder in (run, gone_name(run)):
        if not folder.is_dir():
            continue
        if folder == run and not all((run / name).is_file() for name in _RUN):
            raise RequestError(f"{run}: is no folder of a training, which has {' and '.join(_RUN)}", "run")
        taught = _people_in(_files(found, folder), found.unclear)
        if folder != run or wanted.speaker in taught:
            found.strays.append(Hit(folder, "run", size_of(folder)))
    return found


def people_of(manifest: Manifest) -> frozenset[str]:
    """Return the people whom a manifest names, and those of whom it has a timbre."""
    timbres = [name.removeprefix("speakers/") for name in manifest.files if name.startswith("speakers/")]
    named = {name.removesuffix(".age").removesuffix(".npy") for name in timbres}
    return frozenset({*manifest.speakers, *manifest.cloned, *(record.speaker for record in manifest.consents), *named})


def gone_name(folder: Path) -> Path:
    """Return the hidden name that a folder has while it is being removed."""
    return folder.with_name(f".{folder.name}.gone")


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(Path(parent, name).lstat().st_size for parent, _, names in os.walk(path) for name in names)


def is_busy(path: Path) -> bool:
    """Whether somebody is downloading into a file at this moment."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _saved_version(registry: Registry, label: Label, found: Holding) -> Version:
    """Read a version; its manifest is had from its blob when that of the bundle is damaged."""
    folder, record = registry.folder_of(*label), None
    with suppress(RegistryError):
        record = read_record(registry, label)
    try:
        manifest, digest = read_manifest(folder / BUNDLE), hash_file(folder / BUNDLE / MANIFEST)
    except BundleError:
        if record is None:
            raise
        manifest, digest = manifest_at(registry.blobs.path(record.digest), record.digest, label), record.digest
    sizes = {entry.sha256: entry.size for entry in manifest.files.values()}
    made_of = {digest, *sizes}
    if record is not None:
        with suppress(BundleError):
            made_of |= registry.digests(record)
    blobs = {one: sizes[one] if one in sizes else _bytes(registry.blobs.path(one)) for one in made_of}
    state = folder / STATE
    taught = _people_in((Path(parent, name) for parent, _, names in os.walk(state) for name in names), found.unclear)
    saved = record.saved if record is not None else ""
    return Version(registry.folder, folder, label, digest, manifest, blobs, people_of(manifest) | taught, saved)


def _bundle(place: Path, folder: Path) -> Version:
    manifest, path = read_manifest(folder), folder / MANIFEST
    digest = hash_file(path)
    blobs = {entry.sha256: entry.size for entry in manifest.files.values()} | {digest: path.stat().st_size}
    return Version(place, folder, (manifest.name, manifest.version), digest, manifest, blobs, people_of(manifest))


def _orphans(found: Holding, registry: Registry, wanted: Wanted) -> Iterator[Hit]:
    """Yield blobs that no version is made of, and that were the person's."""
    used = {digest for version in found.versions for digest in version.blobs}
    orphans = [digest for digest in registry.blobs if digest not in used]
    theirs, manifests = {digest: "" for digest in orphans if digest in wanted.forgotten}, set[str]()
    for digest in orphans:
        manifest = _as_manifest(registry.blobs.path(digest))
        if manifest is None:
            continue
        meant = wanted.speaker in people_of(manifest) and wanted.voice in (None, manifest.name)
        if meant or digest in wanted.forgotten:
            manifests.add(digest)
            label = f"{manifest.name}@{manifest.version}"
            theirs |= dict.fromkeys((digest, *(entry.sha256 for entry in manifest.files.values())), label)
    # A manifest is the last to go: while it is there, what was the version's is known.
    for digest in sorted(theirs.keys() & set(orphans), key=lambda digest: digest in manifests):
        path = registry.blobs.path(digest)
        yield Hit(path, "blob", _bytes(path), theirs[digest], digest)


def _as_manifest(path: Path) -> Manifest | None:
    """Return the manifest that a file is, if it is one."""
    try:
        if path.lstat().st_size > _MAX_MANIFEST_BYTES:
            return None
        with path.open("rb") as file:
            if file.read(1) != b"{":
                return None
        fields = json.loads(path.read_bytes())
        return parse_manifest(fields, str(path))
    except (OSError, ValueError, RecursionError, BundleError):
        return None


def _unlisted(path: Path, versions: list[Version]) -> bool:
    """Whether a timbre's file lies in no bundle whose manifest lists it."""
    names = [(v, path.relative_to(root).as_posix()) for v in versions for root in _roots(v) if root in path.parents]
    return not any(name in version.manifest.files for version, name in names)


def _roots(version: Version) -> tuple[Path, ...]:
    return version.folder / BUNDLE, version.folder


def _people_in(paths: Iterable[Path], unclear: dict[Path, str]) -> frozenset[str]:
    """Return the people whom the files of a training name; a file that cannot be read is said to be unclear."""
    people: set[str] = set()
    for path in paths:
        if path.suffix not in (".json", ".jsonl"):
            continue
        try:
            text = path.read_text("utf-8")
            whole = (
                json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines() if line.strip()]
            )
        except (OSError, ValueError, RecursionError) as error:
            unclear[path] = f"cannot be judged: {error}"
            continue
        people |= set(_people(whole))
        if path.name == _ROWS and any(isinstance(row, dict) and "speaker" not in row for row in whole):
            people.add(_DEFAULT_SPEAKER)
    return frozenset(people)


def _people(value: Any) -> Iterator[str]:
    """Yield what stands under ``speaker`` and ``speakers`` at any depth of a document."""
    if isinstance(value, list):
        for one in value:
            yield from _people(one)
    elif isinstance(value, dict):
        many = value.get("speakers")
        found = [value.get("speaker"), *(many if isinstance(many, list | dict) else ())]
        yield from (one for one in (*found, *(row.get("name") for row in found if isinstance(row, dict))) if isinstance(one, str))
        for one in value.values():
            yield from _people(one)


def _files(found: Holding, folder: Path, but: Collection[Path] = ()) -> Iterator[Path]:
    """Yield every file in a folder, and count it."""

    def fail(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            found.unclear[Path(error.filename or folder)] = f"cannot be judged: {error.strerror}"

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not but or Path(parent, name).resolve() not in but)
        for name in sorted(names):
            path = Path(parent, name)
            with suppress(FileNotFoundError):
                found.n_bytes += path.lstat().st_size
                found.n_files += 1
                yield path


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
