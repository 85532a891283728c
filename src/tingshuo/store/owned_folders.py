"""Folders that go with their process, however it ends.

A process holds a lock on each of its folders; the lock goes with the process. What one that was killed left behind has no lock
any more, and the next that makes a folder in the same place removes it.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_TRIES = 10


def make_owned(place: Path) -> tuple[Path, int]:
    """Make an empty folder, and remove what processes that were killed left beside it.

    Parameters
    ----------
    place : Path
        Where folders of this kind lie, of all processes; it is made, for its owner alone.

    Returns
    -------
    tuple of Path and int
        The folder, and the descriptor that holds its lock: closing it gives the folder up.

    Raises
    ------
    OSError
        It cannot be made, belongs to somebody else, or lies on a disk that knows no locks.
    """
    for _ in range(_TRIES):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        shared = _open_own(place)
        try:
            fcntl.flock(shared, fcntl.LOCK_EX)  # nobody sweeps between the making of a folder and its lock
            _sweep(place)
            path = Path(tempfile.mkdtemp(dir=place))
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return path, descriptor
        except FileNotFoundError:  # the last of the others has just taken the place with it
            continue
        finally:
            os.close(shared)
    raise FileNotFoundError(2, "it is removed again and again", str(place))


def sweep_owned(place: Path) -> None:
    """Remove what processes that were killed left in a place, if there is one.

    Raises
    ------
    OSError
        It belongs to somebody else, or cannot be read.
    """
    if not os.path.lexists(place):
        return
    shared = _open_own(place)
    try:
        fcntl.flock(shared, fcntl.LOCK_EX)
        _sweep(place)
    finally:
        os.close(shared)


def _open_own(place: Path) -> int:
    """Open a folder that is ours alone; one that somebody else has put there is refused."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    status = os.fstat(descriptor)
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        os.close(descriptor)
        raise PermissionError(1, "it is not for its owner alone", str(place))
    return descriptor


def _sweep(place: Path) -> None:
    for folder in place.iterdir():
        with suppress(OSError):  # its process has just removed it, or lives
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
