"""Bring a version from the registry to a place outside this machine: its blobs first, what makes it visible last."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import BundleError, NotFoundError, RegistryError
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import is_private, verify_bundle
from tingshuo.store.manifest import MANIFEST, Manifest, read_manifest
from tingshuo.store.pointers import Pointers
from tingshuo.store.registry import Record, Registry
from tingshuo.store.remote import MAX_MANIFEST_BYTES, RemoteRecord, Store, signature_key
from tingshuo.store.remote_threads import at_once
from tingshuo.store.remote_transfer import Tell, change, send

_SIGNATURE = "signature.json"


@dataclass(frozen=True, slots=True)
class Pushed:
    """A version that is at the place now.

    Parameters
    ----------
    record : RemoteRecord
        As it lies there.
    where : str
        The place.
    already : bool
        It was there before.
    new_bytes : int
        That were sent.
    signed : bool
        Whether its signature is there too.
    """

    record: RemoteRecord
    where: str
    already: bool
    new_bytes: int
    signed: bool


def push(
    registry: Registry,
    reference: str,
    store: Store,
    *,
    with_private: bool = False,
    aliases: Sequence[str] = (),
    tell: Tell = lambda _: None,
) -> Pushed:
    """Bring a version to a place; done again after an interruption it goes on.

    Parameters
    ----------
    registry : Registry
        Where it was saved.
    reference : str
        ``name``, ``name@1.2.0`` or ``name@alias`` of the registry. At the place it has the name of its manifest.
    store : Store
        The place.
    with_private : bool
        Send timbres of people too.
    aliases : sequence of str
        Aliases that shall point to it at the place.
    tell : callable
        Told of bytes that are done, all together those of `RemoteRecord.n_bytes`.

    Raises
    ------
    BundleError
        The version is damaged.
    RegistryError
        It was not saved, holds timbres of people (without ``with_private``), another version is there under its name, an alias
        is not allowed, or the place cannot be written.
    OutputError
        The place is a folder that cannot be written.
    """
    for alias in aliases:
        Pointers.check(alias)
    saved, folder = registry.find(reference), registry.path(reference)
    manifest = _sound(saved, folder)
    private = sorted(name for name in manifest.files if is_private(name))
    if private and not with_private:
        raise RegistryError(f"{saved.label}: {private[0]} is the timbre of a person; push it with --with-private if they agree")
    files = {entry.sha256: folder / name for name, entry in manifest.files.items()} | {saved.digest: folder / MANIFEST}
    record = RemoteRecord(
        name=manifest.name,
        version=saved.version,
        digest=saved.digest,
        saved=saved.saved,
        note="".join(letter for letter in saved.note if letter in "\n\t" or letter.isprintable())[:10_000],
        n_files=len(manifest.files),
        n_bytes=sum(path.stat().st_size for path in files.values()),
        private=bool(private),
    )
    there = _there(store, record)
    new_bytes, ids = (0, {}) if there is not None else _send_all(store, files, tell)
    signed = _send_signature(store, record, folder / _SIGNATURE)
    if there is None:
        _same(store, record, store.publish(record.replace(version_ids=ids)))
    store.write_index()
    store.point(record.name, dict.fromkeys(aliases, record.version))
    return Pushed(there or record.replace(version_ids=ids), store.where, there is not None, new_bytes, signed)


def _sound(saved: Record, folder: Path) -> Manifest:
    """Return the manifest of a version of which every byte is as it was saved."""
    report = verify_bundle(folder)
    if not report.ok:
        raise BundleError(f"{report.problems[0]}; nothing was pushed, tingshuo scrub heals what it can")
    if hash_file(folder / MANIFEST) != saved.digest:
        raise BundleError(f"{folder / MANIFEST}: was changed after {saved.label} was saved; nothing was pushed")
    return read_manifest(folder)


def _there(store: Store, record: RemoteRecord) -> RemoteRecord | None:
    """Return the record of the version when it is at the place already."""
    try:
        found = store.record(record.name, record.version)
    except NotFoundError:
        return None
    _same(store, record, found)
    return found


def _same(store: Store, record: RemoteRecord, found: RemoteRecord) -> None:
    if found.digest != record.digest:
        raise RegistryError(
            f"{store.where}: has another {record.label}, and no version is ever overwritten; save yours as a later version"
        )


def _send_all(store: Store, files: dict[str, Path], tell: Tell) -> tuple[int, dict[str, str]]:
    """Send blobs, several at once; returns the bytes that were new and the version ids."""
    sizes = {digest: path.stat().st_size for digest, path in files.items()}

    def work(digest: str, tell: Tell) -> tuple[str, str | None]:
        return digest, send(store.backend, digest, files[digest], tell)

    sent = dict(at_once(work, sizes, tell))
    ids = {digest: version_id for digest, version_id in sent.items() if version_id}
    return sum(sizes[digest] for digest, version_id in sent.items() if version_id is not None), ids


def _send_signature(store: Store, record: RemoteRecord, path: Path) -> bool:
    """Bring the signature to the place, in the stead of an older one; returns whether there is one."""
    if not path.is_file():
        return store.signature(record) is not None
    content = path.read_bytes()
    change(store.backend, signature_key(record.name, record.version), MAX_MANIFEST_BYTES, lambda _: content)
    return True
