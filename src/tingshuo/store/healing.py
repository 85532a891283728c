"""Put a sound copy in the place of each damaged file of a registry and its mirrors.

What a file should hold is known by its SHA-256, and `tingshuo.store.survey` has found where that content lies. A sound copy takes
the place of a damaged file by a rename, after it was flushed and read again. A damaged blob may be one file with those of the
bundles that it is linked to, so each of these gets a new link.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec import UNSET

from tingshuo.errors import BundleError, RegistryError, TingshuoError
from tingshuo.store.atomic import flush, replace_file, write_file
from tingshuo.store.blobs import PRIVATE, READABLE
from tingshuo.store.copies import copy_checked
from tingshuo.store.forgotten import Forgotten
from tingshuo.store.manifest import Manifest
from tingshuo.store.mirrors import copy_version, record_bytes
from tingshuo.store.pointers import Pointers
from tingshuo.store.registry import BUNDLE, RECORD, Record, for_owner
from tingshuo.store.states import LISTING, STATE, contents_of_state
from tingshuo.store.survey import ALIASES, SIGNATURE, Label, Place, contents_of, links_of, pointed, read_aliases, reason_of
from tingshuo.store.verdict import Verdict, contents_of_all, judge

_OTHERS = 0o044


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is damaged: where, what, and how it was healed; ``healed`` is empty when it was not."""

    path: Path
    problem: str
    healed: str = ""


class Healer:
    """Compares places with what they should hold, and heals them from each other.

    Parameters
    ----------
    places : sequence of Place
        The registry, then its mirrors, just read; healed from the first that has what is needed.
    closed : Mapping of Path to str
        Folders of places that are only looked at, and why.
    forgotten : Forgotten or None
        What is never brought back.
    """

    def __init__(self, places: Sequence[Place], closed: Mapping[Path, str], forgotten: Forgotten | None = None) -> None:
        self.findings: list[Finding] = []
        self._places, self._closed, self._forgotten = places, closed, forgotten or Forgotten()
        self._contents = contents_of_all(places)
        self._verdicts: dict[Place, dict[Label, Verdict]] = {
            place: {label: judge(place, label, places, self._contents) for label in place.records} for place in places
        }
        self._needed = {place: self._needed_by(verdicts, place) for place, verdicts in self._verdicts.items()}

    def run(self) -> list[Finding]:
        """Look at everything, heal what can be healed, and return what was found."""
        for place in self._places:
            if place.folder in place.flaws:
                self.findings.append(Finding(place.folder, place.flaws[place.folder]))
                continue
            self.findings += [
                Finding(path, "is a link; a registry holds its folders itself") for path in links_of(place.registry)
            ]
            self._heal_contents(place)
            self._heal_records(place)
        for heal in (self._heal_aliases, self._heal_pointers):
            for place in self._places:
                for name in place.names() if place.folder not in place.flaws else ():
                    heal(place, name)
        return self.findings

    def _mend(self, place: Place, path: Path, problem: str, action: Callable[[], str]) -> None:
        """Do what heals a path; ``action`` returns how it was healed."""
        healed = ""
        if place.folder in self._closed:
            problem = "; ".join(filter(None, (problem, self._closed[place.folder])))
        else:
            try:
                healed = action()
            except OSError as error:
                problem = f"{problem}; it cannot be written: {error.strerror or error}"
            except TingshuoError as error:
                problem = f"{problem}; {error}"
        self.findings.append(Finding(path, problem, healed))

    def _needed_by(self, verdicts: Mapping[Label, Verdict], place: Place) -> dict[Path, tuple[str, bool]]:
        """Return what the files of all versions should hold, and which of them are for their owner alone."""
        return {
            place.registry.folder_of(*label) / path: (digest, for_owner(path))
            for label, verdict in verdicts.items()
            if verdict.manifest is not None
            for path, digest in self._contents_of(verdict, verdict.manifest).items()
        }

    def _contents_of(self, verdict: Verdict, manifest: Manifest) -> dict[str, str]:
        """Return the SHA-256 of each file of a version by its path in the version's folder."""
        found = {f"{BUNDLE}/{name}": digest for name, digest in contents_of(manifest, verdict.digest).items()}
        state = UNSET if verdict.record is None else verdict.record.state
        if state is not UNSET:
            found[f"{STATE}/{LISTING}"] = state
            for copy in self._contents.get(state, ()):
                with suppress(BundleError):
                    return found | contents_of_state(copy, state)
        return found

    def _heal_contents(self, place: Place) -> None:
        """Heal blobs, then the files of bundles, which are links to them."""
        blobs, needed = place.registry.blobs, self._needed[place]
        private = {digest: False for digest in blobs if os.path.lexists(blobs.path(digest))}
        for digest, own in needed.values():
            private[digest] = private.get(digest, False) or own
        wanted = {blobs.path(digest): digest for digest in private} | {path: digest for path, (digest, _) in needed.items()}
        for path, digest in wanted.items():
            if flaw := self._flaw(place, path, digest):
                self._mend(place, path, flaw, partial(self._put, place, path, digest, private=private[digest]))
        looked_at: set[tuple[int, int]] = set()  # a file that is linked to several places is named once
        for path, digest in wanted.items():
            if place.digests.get(path) == digest:
                self._heal_mode(place, path, private[digest], looked_at)
        self.findings += self._extra(place)

    def _flaw(self, place: Place, path: Path, digest: str) -> str:
        """Say what is wrong with a file that should hold a content; nothing when it does."""
        if path in place.digests:
            return "" if place.digests[path] == digest else "is damaged: its SHA-256 differs"
        return "lies in a linked folder" if _is_linked(place, path) else place.flaws.get(path, "is missing")

    def _put(self, place: Place, path: Path, digest: str, *, private: bool) -> str:
        """Put a content at a path, as a link to a sound file of the same place where there is one; returns where it comes from.

        Raises
        ------
        BundleError
            There is no sound copy, or the path leads through a link.
        OSError
            The place cannot be written.
        """
        if _is_linked(place, path):
            raise BundleError("remove the link, and scrub again")
        if digest in self._forgotten:
            raise BundleError("it was forgotten at the wish of a person, and is not brought back")
        parent = place.registry.blobs.path(digest).parent
        for folder in (parent.parent, parent):
            folder.mkdir(exist_ok=True)  # not their parents: where a disk has gone, its place is not to be filled
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            path.rmdir()  # only an empty folder goes
        temporary, mode = parent / f".{digest}.{os.getpid()}.partial", PRIVATE if private else READABLE
        for source in sorted(self._contents.get(digest, ()), key=lambda source: place.folder not in source.parents):
            beside = place.folder in source.parents
            if not (beside and _link(source, path, mode, temporary)):
                try:
                    copy_checked(source, path, digest, mode, temporary)
                except BundleError:
                    continue  # it was sound a moment ago; there may be another
            self._note(place, path, digest)
            return "from a sound copy beside it" if beside else f"from {self._folder_of(source)}"
        known = all(verdict.manifest is not None for verdict in self._verdicts[place].values())
        if known and digest not in {wanted for wanted, _ in self._needed[place].values()}:
            raise BundleError("no version needs it, so tingshuo gc removes it")
        raise BundleError("no sound copy is known")

    def _note(self, place: Place, path: Path, digest: str) -> None:
        """Remember that a path holds a content now."""
        before = place.digests.get(path)
        if before is not None:
            self._contents[before].remove(path)
        place.flaws.pop(path, None)
        place.digests[path] = digest
        self._contents.setdefault(digest, []).append(path)

    def _folder_of(self, source: Path) -> Path:
        return next(place.folder for place in self._places if place.folder in source.parents)

    def _heal_mode(self, place: Place, path: Path, private: bool, looked_at: set[tuple[int, int]]) -> None:
        """Make a file read-only again, and one that is for its owner alone no more than that."""
        status = path.stat()
        mode, inode = status.st_mode & 0o777, (status.st_dev, status.st_ino)
        wanted = READABLE if mode & _OTHERS and not private else PRIVATE
        if mode == wanted or inode in looked_at:
            return
        looked_at.add(inode)

        def change() -> str:
            path.chmod(wanted)
            if path.stat().st_mode & 0o777 != wanted:
                raise BundleError("its disk keeps no permissions")
            return f"now {wanted:o}"

        self._mend(place, path, f"has the permissions {mode:o}", change)

    def _extra(self, place: Place) -> Iterator[Finding]:
        """Yield what lies in bundles and should not."""
        for label, verdict in self._verdicts[place].items():
            bundle, folder = place.bundle(label), place.registry.folder_of(*label)
            found = [path for path in (*place.digests, *place.flaws) if folder in path.parents]
            for path in sorted(set(found) - set(self._needed[place])) if verdict.manifest is not None else ():
                if path != bundle / SIGNATURE:
                    yield Finding(path, "is not listed in the manifest; look at it, and remove it")
                elif path in place.flaws:
                    yield Finding(path, f"{place.flaws[path]}; remove it, and sign the bundle again")

    def _heal_records(self, place: Place) -> None:
        for label, verdict in self._verdicts[place].items():
            path, record = place.registry.folder_of(*label) / RECORD, verdict.record
            if record is None or (verdict.problem and not verdict.healed):
                self.findings.append(Finding(path, verdict.problem))
            elif verdict.problem:
                self._mend(place, path, verdict.problem, partial(_write_record, place, record, verdict.healed))

    def _heal_aliases(self, place: Place, name: str) -> None:
        """Heal a list of aliases that is damaged, or gone while a mirror has it."""
        path = place.folder / "voices" / name / ALIASES
        try:
            if read_aliases(path) is not None:
                return
            problem = "is missing"
        except RegistryError as error:
            problem = reason_of(error, path)
        sources = [other for other in self._places if other is not place and _aliases(other, name)]
        if problem == "is missing":
            there = {version for other, version in place.records if other == name}
            sources = [other for other in sources if set(pointed(_aliases(other, name)).values()) <= there]
            if not sources:
                return  # nobody has pointed anything anywhere

        def copy() -> str:
            for source in sources:
                replace_file(path, (source.folder / "voices" / name / ALIASES).read_bytes())
                return f"from {source.folder}, as they are there"
            raise RegistryError("no mirror has a sound one: remove it, and point the aliases anew with tingshuo alias")

        self._mend(place, path, problem, copy)

    def _heal_pointers(self, place: Place, name: str) -> None:
        """Have a version that an alias points to again."""
        aliases = pointed(_aliases(place, name))
        for version in dict.fromkeys(version for version in aliases.values() if (name, version) not in place.records):
            label = name, version
            which = ", ".join(f"{name}@{alias}" for alias, pointed_to in aliases.items() if pointed_to == version)

            def fetch(label: Label = label) -> str:
                for other in self._places:
                    verdict = self._verdicts[other].get(label)
                    if verdict is not None and verdict.record is not None:
                        copy_version(other.registry, place.registry, verdict.record)
                        place.records[label] = verdict.record
                        return f"from {other.folder}"
                raise RegistryError(f"no mirror has it: point to another with tingshuo alias {name}@VERSION ALIAS")

            self._mend(place, place.registry.folder_of(*label), f"is missing, and {which} points to it", fetch)


def _is_linked(place: Place, path: Path) -> bool:
    """Whether one of the folders that lead to a path is a link, so that writing there would write elsewhere."""
    return any(parent.is_symlink() for parent in path.parents if place.folder in parent.parents)


def _link(source: Path, destination: Path, mode: int, temporary: Path) -> bool:
    """Let a file appear at a path too, in place of what is there; returns False where there are no hard links."""
    try:
        temporary.unlink(missing_ok=True)
        os.link(source, temporary)
    except OSError:
        return False
    try:
        temporary.chmod(mode)
        temporary.replace(destination)
        flush(destination.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return True


def _write_record(place: Place, record: Record, healed: str) -> str:
    folder = place.registry.folder_of(record.name, record.version)
    temporary = folder.with_name(f".{record.version}.{os.getpid()}.partial")
    try:
        write_file(temporary, record_bytes(record))
        temporary.replace(folder / RECORD)
        flush(folder)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return healed


def _aliases(place: Place, name: str) -> Pointers | None:
    """Return the aliases of a name; None where they are damaged or missing."""
    try:
        return read_aliases(place.folder / "voices" / name / ALIASES)
    except RegistryError:
        return None
