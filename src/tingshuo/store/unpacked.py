"""Archives of bundles that were opened: each unpacked once, kept for the next time, and gone when others need the room.

::

    unpacked/<SHA-256 of the archive>/   a bundle; the time of the folder is that of its last use

Whoever uses a folder holds a shared lock on it until their process ends; only one that nobody holds is removed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tingshuo.errors import BundleError
from tingshuo.store.bundle import Hasher, open_bundle
from tingshuo.store.hash_cache import HashCache
from tingshuo.store.home import home
from tingshuo.store.locks import locked

LIMIT_BYTES = 2 << 30
"""What may be kept; the one that is used stays, however large it is."""
WAIT_S = 600.0
"""For somebody else who is unpacking."""
_FOLDER, _LOCK = "unpacked", ".lock"
_LEFTOVERS = ".*.partial", ".*.old", ".*.gone"
_held: dict[Path, int] = {}
"""Folders that this process uses, and the open descriptors that hold their locks."""


def open_archive(path: Path, *, hasher: Hasher | None = None) -> Path:
    """Return the folder of the bundle that an archive holds; it is unpacked where it is not yet.

    Parameters
    ----------
    path : Path
        The archive. The folder is that of its content: an archive that changes has another one.
    hasher : callable or None
        How the archive, and the folder that is there already, are hashed; None reads only what has changed since it was last
        hashed, `tingshuo.store.blobs.hash_file` every byte.

    Raises
    ------
    BundleError
        The archive cannot be read, or does not hold a sound bundle.
    OutputError
        There is no room, or the user's folder cannot be written.
    RegistryError
        Somebody else has been unpacking for longer than `WAIT_S`.
    EngineNotInstalledError
        The ``zstd`` extra is missing.
    """
    cache = HashCache()
    hash_of = hasher or cache
    try:
        digest = hash_of(path)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}") from error
    parent = home() / _FOLDER
    folder = parent / digest
    if not (_hold(folder) and _sound(folder, hash_of)):
        from tingshuo.store.archives import unpack  # what is there already needs none of it

        with locked(parent / _LOCK, wait_s=WAIT_S):
            _clean(parent)
            if not (_hold(folder) and _sound(folder, hash_of)):
                _release(folder)
                unpack(path, folder, replace=True)
                _hold(folder)
            _make_room(parent, folder)
    cache.write()
    return folder


def _sound(folder: Path, hasher: Hasher) -> bool:
    """Whether a folder that was unpacked before is as it was; then it has been used now."""
    try:
        open_bundle(folder, verify=True, hasher=hasher)
        with suppress(OSError):  # a home that cannot be written can be read
            os.utime(folder)
    except (BundleError, OSError):
        return False
    return True


def _hold(folder: Path) -> bool:
    """Lock a folder against removal, until this process ends; False when there is none, or it is just being removed."""
    if folder in _held and _same(folder, _held[folder]):
        return True
    _release(folder)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    if not _same(folder, descriptor):
        os.close(descriptor)
        return False
    _held[folder] = descriptor
    return True


def _release(folder: Path) -> None:
    if folder in _held:
        os.close(_held.pop(folder))


def _same(folder: Path, descriptor: int) -> bool:
    """Whether a folder is still the one that was opened."""
    try:
        return os.path.samestat(folder.lstat(), os.fstat(descriptor))
    except OSError:
        return False


def _clean(parent: Path) -> None:
    """Remove what was left by whoever was killed; the lock says that nobody else is at work."""
    for pattern in _LEFTOVERS:
        for left in parent.glob(pattern):
            shutil.rmtree(left, ignore_errors=True)


def _make_room(parent: Path, used: Path) -> None:
    """Remove the folders that were not used for longest, until the rest is no more than may be kept."""
    folders = {folder: _bytes(folder) for folder in _by_age(parent) if folder != used}
    total = sum(folders.values()) + _bytes(used)
    for folder, size in folders.items():
        if total <= LIMIT_BYTES:
            return
        if _remove(folder):
            total -= size


def _by_age(parent: Path) -> Iterator[Path]:
    folders = [path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(".")]
    yield from sorted(folders, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def _remove(folder: Path) -> bool:
    """Remove a folder that no process uses; whether it has gone."""
    if folder in _held:
        return False
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        gone = folder.with_name(f".{folder.name}.gone")
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
    except OSError:
        return False  # somebody uses it, or the disk cannot tell
    finally:
        os.close(descriptor)
    return True
