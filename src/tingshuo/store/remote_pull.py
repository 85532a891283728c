"""Bring a version from a place outside this machine into the registry, or check it where it lies.

Order: the record; the signature, where one is asked for; the manifest, by its SHA-256; the blobs, each by its SHA-256, in
``incoming`` beside the registry's own; then, while nobody else writes, they become blobs, a hidden folder is filled with links to
them, and one rename makes it a version. Killed at any moment, the registry is as it was, and the next pull goes on from there.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tingshuo.errors import BundleError, NotFoundError, OutputError, RegistryError
from tingshuo.store.atomic import new_folder, write_file
from tingshuo.store.bundle import is_private, open_bundle
from tingshuo.store.forgotten import refuse_forgotten
from tingshuo.store.manifest import MANIFEST
from tingshuo.store.pointers import CURRENT
from tingshuo.store.registry import BUNDLE, INCOMING, RECORD, Record, Registry
from tingshuo.store.remote import RemoteRecord, Store, is_version, version_key
from tingshuo.store.remote_manifest import Contents, Trust, read_contents
from tingshuo.store.remote_threads import at_once
from tingshuo.store.remote_transfer import Places, Tell, blob_key, check_blob, fetch, keep

if TYPE_CHECKING:
    from tingshuo.store.sign_keys import PublicKey

_SIGNATURE = "signature.json"
_PATIENCE_S = 60.0
"""So long it waits for somebody else who is writing to the registry."""
_ROUNDS = 3
"""Blobs that were there may be collected as garbage before they are used; then they are fetched."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A version that is in the registry now.

    Parameters
    ----------
    record : Record
        As it lies in the registry.
    path : Path
        The bundle's folder.
    already : bool
        It was there before.
    new_bytes : int
        Of files that were not there.
    signer : PublicKey or None
        Who signed it, where that was asked for.
    """

    record: Record
    path: Path
    already: bool
    new_bytes: int
    signer: "PublicKey | None"


def pull(
    registry: Registry,
    stores: Sequence[Store],
    name: str,
    wanted: str = "",
    *,
    trust: Trust | None = None,
    local_name: str | None = None,
    begin: Callable[[int], Tell] = lambda _: lambda _: None,
    now: datetime | None = None,
) -> Pulled:
    """Bring a version into the registry.

    Parameters
    ----------
    registry : Registry
        Made if it is not there yet.
    stores : sequence of Store
        The place and its mirrors; one is asked when those before it fail or have other bytes.
    name, wanted : str
        The voice, and its version or alias at the place. An alias that is asked for points to the version here too; without one
        it is ``current``. A version leaves the aliases where they are.
    trust : Trust or None
        Whose signature is asked for.
    local_name : str or None
        Another name for it here; the manifest keeps its own.
    begin : callable
        Called with the bytes to be had before the first comes; returns what is told of bytes that are done.
    now : datetime or None
        When the alias was moved.

    Raises
    ------
    NotFoundError
        There is no such version.
    SignatureError, HashMismatchError, BundleError
        What is there is not what was signed, pushed, or is no bundle.
    RegistryError
        Another version is in the registry under its name, the name is not allowed, it was forgotten, or no place can be read.
    OutputError
        The registry cannot be written, for example because the disk is full.
    """
    places = Places([store.backend for store in stores])
    record = places.first(lambda backend: Store(backend).find(name, wanted))
    local = local_name or record.name
    registry.check_name(local)
    already = _is_there(registry, local, record)
    contents = read_contents(places, record, trust)
    refuse_forgotten(registry, (record.digest, *contents.sizes), record.label)
    new_bytes = 0
    try:
        if not already:
            new_bytes = _bring(registry, places, local, record, contents, begin)
        _tidy(registry.folder / INCOMING, (*contents.sizes, record.digest))
        if not is_version(wanted):
            with registry.writing(wait_s=_PATIENCE_S):
                registry.pointers(local).move(wanted or CURRENT, record.version, now or datetime.now(UTC))
    except OSError as error:
        raise OutputError(f"{registry.folder}: cannot be written: {error.strerror or error}; pull again to go on") from error
    label = f"{local}@{record.version}"
    return Pulled(registry.find(label), registry.path(label), already, new_bytes, contents.signer)


@dataclass(frozen=True, slots=True)
class RemoteReport:
    """What `check_version` found: ``problems`` holds a sentence for each file at fault and is empty for a sound version."""

    record: RemoteRecord
    n_bytes: int
    problems: tuple[str, ...]
    signer: "PublicKey | None"

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def check_version(
    store: Store,
    name: str,
    wanted: str = "",
    *,
    trust: Trust | None = None,
    begin: Callable[[int], Tell] = lambda _: lambda _: None,
) -> RemoteReport:
    """Read every byte of a version where it lies, and keep none.

    Parameters are those of `pull`.

    Raises
    ------
    NotFoundError, SignatureError, HashMismatchError, BundleError
        As `pull`, as far as the record, the signature and the manifest go.
    RegistryError
        The place cannot be read.
    """
    record = store.find(name, wanted)
    contents = read_contents(Places([store.backend]), record, trust)
    tell = begin(sum(contents.sizes.values()))
    remedy = f"; remove it and {version_key(record.name, record.version)} there, and push {record.label} again"
    names = {entry.sha256: file for file, entry in contents.manifest.files.items()}

    def look(digest: str, tell: Tell) -> str | None:
        try:
            if check_blob(store.backend, digest, contents.sizes[digest], tell):
                return None
        except NotFoundError:
            return f"{names[digest]}: {store.where}/{blob_key(digest)} is missing{remedy}"
        return f"{names[digest]}: {store.where}/{blob_key(digest)} does not hold what the manifest says{remedy}"

    problems = tuple(problem for problem in at_once(look, contents.sizes, tell) if problem)
    return RemoteReport(record, sum(contents.sizes.values()), problems, contents.signer)


def _is_there(registry: Registry, local: str, record: RemoteRecord) -> bool:
    """Whether the registry has the version; raises RegistryError when it has another one under its name."""
    if not registry.has(local):
        return False
    found = next((own for own in registry.history(local) if own.version == record.version), None)
    if found is not None and found.digest != record.digest:
        raise RegistryError(
            f"another {local}@{record.version} is in the registry, and no version is ever overwritten; "
            "pull this one under another name with --as"
        )
    return found is not None


def _bring(
    registry: Registry, places: Places, local: str, record: RemoteRecord, contents: Contents, begin: Callable[[int], Tell]
) -> int:
    """Fetch what is missing and let the version appear; returns the bytes that were fetched."""
    incoming = registry.folder / INCOMING
    sizes, fetched = contents.sizes, dict[str, int]()
    sound = {digest for digest in sizes if registry.blobs.sound(digest)}
    tell: Tell | None = None
    for _ in range(_ROUNDS):
        missing = {digest: size for digest, size in sizes.items() if digest not in sound}
        _check_space(registry, missing)
        tell = tell or begin(sum(missing.values()))
        list(at_once(lambda digest, tell: fetch(places, digest, sizes[digest], incoming / digest, tell), missing, tell))
        fetched |= missing
        keep(contents.content, record.digest, incoming / record.digest)
        with registry.writing(wait_s=_PATIENCE_S):
            refuse_forgotten(registry, (record.digest, *sizes), record.label)  # it may have been forgotten meanwhile
            if _is_there(registry, local, record):  # somebody else has pulled it meanwhile
                break
            sound = _take(registry, incoming, contents, record)
            if sound >= sizes.keys():
                _install(registry, local, record, contents)
                break
    else:
        raise RegistryError(f"{registry.folder}: files went while {record.label} was pulled; pull again")
    return sum(fetched.values())


def _tidy(incoming: Path, digests: Iterable[str]) -> None:
    """Remove what is left of downloads of a version that is there."""
    for digest in digests:
        (incoming / digest).unlink(missing_ok=True)
    with suppress(OSError):  # it is not there, or another pull has something in it
        incoming.rmdir()


def _check_space(registry: Registry, missing: dict[str, int]) -> None:
    registry.folder.mkdir(parents=True, exist_ok=True)
    parts = sum(path.stat().st_size for path in map((registry.folder / INCOMING).joinpath, missing) if path.is_file())
    wanted, free = sum(missing.values()) - parts, shutil.disk_usage(registry.folder).free
    if wanted > free:
        raise OutputError(f"{registry.folder}: {wanted / 1e6:.1f} MB are needed, {free / 1e6:.1f} MB are free on its disk")


def _take(registry: Registry, incoming: Path, contents: Contents, record: RemoteRecord) -> set[str]:
    """Make blobs of what was fetched; returns those of the version that are there."""
    private = {entry.sha256 for name, entry in contents.manifest.files.items() if is_private(name)}
    for digest in (*contents.sizes, record.digest):
        with suppress(FileNotFoundError):  # it was there, or somebody else has taken it
            registry.blobs.take(incoming / digest, digest, private=digest in private)
    return {digest for digest in contents.sizes if digest in registry.blobs}


def _install(registry: Registry, local: str, record: RemoteRecord, contents: Contents) -> None:
    own = Record(name=local, version=record.version, digest=record.digest, saved=record.saved, note=record.note)
    with new_folder(registry.folder_of(local, record.version)) as folder:
        bundle = folder / BUNDLE
        for name, entry in contents.manifest.files.items():
            registry.blobs.link(entry.sha256, bundle / name)
        registry.blobs.link(record.digest, bundle / MANIFEST)
        if contents.signature is not None:
            write_file(bundle / _SIGNATURE, contents.signature)
        write_file(folder / RECORD, json.dumps(own.fields(), ensure_ascii=False, indent=1).encode() + b"\n")
        try:
            open_bundle(bundle)
        except BundleError as error:
            raise type(error)(str(error).replace(str(bundle), f"{record.label}, as it was pushed")) from error
