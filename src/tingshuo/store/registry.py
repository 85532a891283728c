"""Every version of every voice on this machine, kept so that none is lost and any can be had again.

::

    registry/
      blobs/ab/abc0...                 each content once (`tingshuo.store.blobs`)
      voices/NAME/1.2.0/bundle/        a bundle, made of links to blobs
      voices/NAME/1.2.0/state/         what a training needs to go on, where that was asked for (`tingshuo.store.states`)
      voices/NAME/1.2.0/record.json    when and why it was saved, and the digest of its manifest
      forgotten.json                   what was forgotten, as digests (`tingshuo.store.forgotten`)
      voices/NAME/aliases.json         what ``current`` and ``@prod`` point to now, and pointed to before

A version appears by one rename, after every byte of it has been written, flushed and read again; what is there is never changed.
So the registry can be opened at any moment, whatever was killed, and two who save the same version at once cannot both succeed.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from msgspec import UNSET, UnsetType

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, RegistryError
from tingshuo.store.blobs import Blobs, hash_file
from tingshuo.store.bundle import is_private
from tingshuo.store.home import home
from tingshuo.store.locks import locked
from tingshuo.store.manifest import MANIFEST, read_manifest
from tingshuo.store.pointers import CURRENT, Pointers
from tingshuo.store.states import LISTING, STATE, Listing, contents_of_state, read_listing
from tingshuo.store.versions import Version

RECORD, BUNDLE = "record.json", "bundle"
INCOMING = "incoming"
"""Folder of downloads that have not become blobs yet."""
_NAME = re.compile(r"\w[\w.-]{0,63}(?<!\.)")
"""As a manifest allows them, and without a point at the end, which some systems drop."""


class Record(StrictModel, frozen=True, kw_only=True):
    """What is known of a saved version beside its bundle."""

    format: Literal[1] = 1
    name: str
    version: str
    digest: str
    """SHA-256 of the manifest, and so of everything that the bundle holds."""
    saved: str
    """When, UTC, ISO 8601."""
    note: str = ""
    state: str | UnsetType = UNSET
    """SHA-256 of the list of its state's files, and so of the whole state; absent where none was kept."""

    @property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"


class Registry:
    """The versions on this machine.

    Parameters
    ----------
    folder : Path or None
        None is ``registry`` in `tingshuo.store.home.home`; it is made when the first version is saved.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home() / "registry"
        self.blobs = Blobs(self.folder / "blobs")
        self._voices = self.folder / "voices"

    def folders(self) -> tuple[str, ...]:
        """Return the names that have a folder, in order; no record is read."""
        if not self._voices.is_dir():
            return ()
        return tuple(sorted(path.name for path in self._voices.iterdir() if self.has(path.name)))

    def has(self, name: str) -> bool:
        """Whether there is a folder of this name with a version in it."""
        folder = self._voices / name
        return bool(_NAME.fullmatch(name)) and folder.is_dir() and any(_is_version(path) for path in folder.iterdir())

    def names(self) -> tuple[str, ...]:
        """Return the names that have a version, in order; raises RegistryError for a damaged record."""
        return tuple(name for name in self.folders() if any(self._versions(name)))

    def history(self, name: str) -> tuple[Record, ...]:
        """Return the records of a name, the newest version first.

        Raises
        ------
        RegistryError
            There is none of that name; the message lists those that there are.
        """
        records = sorted(self._versions(name), key=lambda record: Version.parse(record.version), reverse=True)
        if not records:
            raise RegistryError(f"no version of {name!r} has been saved; there are: {', '.join(self.names()) or 'none'}")
        return tuple(records)

    def pointers(self, name: str) -> Pointers:
        """Return the aliases of a name; ``current`` is always among them."""
        return Pointers(self._voices / name, str(self.history(name)[0].version))

    def find(self, reference: str) -> Record:
        """Return the record that ``name``, ``name@1.2.0`` or ``name@alias`` names; a name alone is its current version.

        Raises
        ------
        RegistryError
            No such name, version or alias; the message lists those that there are.
        """
        name, _, wanted = reference.partition("@")
        records = {record.version: record for record in self.history(name)}
        aliases = self.pointers(name).now()
        version = aliases.get(wanted or CURRENT, wanted)
        if version not in records:
            known = ", ".join([*records, *(alias for alias in aliases if alias != CURRENT)])
            raise RegistryError(f"{name} has no version or alias {wanted!r}; it has: {known}")
        return records[version]

    def path(self, reference: str) -> Path:
        """Return the folder of the bundle that a reference names; raises as `find`."""
        record = self.find(reference)
        return self._voices / record.name / record.version / BUNDLE

    def folder_of(self, name: str, version: str) -> Path:
        """Return where a version lies, or would."""
        return self._voices / name / version

    def writing(self, *, wait_s: float = 0.0) -> AbstractContextManager[None]:
        """Return a block in which nobody else writes; raises RegistryError when somebody is, OutputError as `locked`."""
        return locked(self.folder / "lock", wait_s=wait_s)

    def check_name(self, name: str) -> None:
        """Refuse a name for a new voice.

        Raises
        ------
        RegistryError
            It has other characters than letters, digits, ``_``, ``-`` and points, or differs from another name in case alone.
        """
        if not _NAME.fullmatch(name):
            raise RegistryError(f"{name!r} is no name for a voice; accepted: up to 64 letters, digits, '_', '-' and points")
        same = [other for other in self.names() if other != name and other.casefold() == name.casefold()]
        if same:
            raise RegistryError(f"{name!r} differs from {same[0]!r} in case alone, which some disks do not tell apart")

    def point(self, name: str, alias: str, version: str, *, now: datetime | None = None) -> Record:
        """Let an alias point to a version; raises as `find`, `Pointers.check` and `writing`."""
        Pointers.check(alias)
        with self.writing():
            record = self.find(f"{name}@{version}")
            self.pointers(name).move(alias, record.version, now or datetime.now(UTC))
        return record

    def rollback(self, name: str, alias: str = CURRENT, *, now: datetime | None = None) -> Record:
        """Let an alias point to where it pointed before.

        Raises
        ------
        RegistryError
            It has pointed to no other version, there is no such name or alias, or somebody else is writing.
        OutputError
            The registry cannot be written.
        """
        with self.writing():
            pointers = self.pointers(name)
            if alias not in pointers.now():
                raise RegistryError(f"{name} has no alias {alias!r}; it has: {', '.join(pointers.now())}")
            before = pointers.before(alias, {record.version for record in self.history(name)})
            if before is None:
                raise RegistryError(
                    f"{name}@{alias} has pointed to no other version that is still there; choose one of tingshuo history {name}"
                )
            pointers.move(alias, before, now or datetime.now(UTC), back=True)
        return self.find(f"{name}@{before}")

    def state(self, record: Record) -> Listing | None:
        """Return the list of the files that a training needs to go on from a version; None where they were not kept.

        Raises
        ------
        BundleError
            It is missing, or damaged.
        """
        folder = self.folder_of(record.name, record.version) / STATE
        if record.state is UNSET:
            # A record that was made anew from its manifest knows nothing of a state, which is not lost with it.
            return read_listing(folder) if (folder / LISTING).is_file() else None
        return read_listing(folder, record.state)

    def files(self, record: Record) -> dict[str, str]:
        """Return every file of a version that is a blob: its SHA-256 by its path in the version's folder.

        Raises
        ------
        BundleError
            The manifest, or the list of the state's files, cannot be read.
        """
        folder = self.folder_of(record.name, record.version)
        found = {f"{BUNDLE}/{name}": entry.sha256 for name, entry in read_manifest(folder / BUNDLE).files.items()}
        found[f"{BUNDLE}/{MANIFEST}"] = record.digest
        own = folder / STATE / LISTING
        if record.state is not UNSET or own.is_file():
            found |= contents_of_state(own, hash_file(own) if record.state is UNSET else record.state)
        return found

    def digests(self, record: Record) -> set[str]:
        """Return the blobs that a version is made of, those of its state among them; raises as `files`."""
        return set(self.files(record).values())

    def remove(self, record: Record) -> None:
        """Remove a version, not its blobs; at no moment is half of it there.

        Raises
        ------
        OSError
            The registry cannot be written.
        """
        folder = self.folder_of(record.name, record.version)
        gone = folder.with_name(f".{record.version}.gone")
        folder.rename(gone)
        shutil.rmtree(gone)

    def _versions(self, name: str) -> Iterator[Record]:
        folder = self._voices / name
        if not _NAME.fullmatch(name) or not folder.is_dir():
            return
        for path in filter(_is_version, folder.iterdir()):
            try:
                record = Record.read(path / RECORD)
            except ConfigError as error:
                raise RegistryError(f"{error}; tingshuo scrub heals what it can") from error
            if (record.name, record.version) != (name, path.name):
                raise RegistryError(f"{path / RECORD}: is of {record.label}; tingshuo scrub heals what it can")
            yield record


def for_owner(path: str) -> bool:
    """Whether a file of a version, by its path in the version's folder, is for its owner alone: timbres and states are."""
    folder, _, name = path.partition("/")
    return folder == STATE or (folder == BUNDLE and is_private(name))


def _is_version(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_dir()
