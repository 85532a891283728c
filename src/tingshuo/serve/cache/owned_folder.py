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
from typing import Self

from tingshuo.errors import OutputError

_TRIES = 10


class OwnedFolder:
    """An empty folder for this process alone, which is removed when it is closed.

    Parameters
    ----------
    place : Path
        Where folders of this kind lie, of all processes; it is made, for its owner alone, and goes with the last of them.

    Raises
    ------
    OutputError
        It cannot be made, belongs to somebody else, or lies on a disk that knows no locks.
    """

    def __init__(self, place: Path) -> None:
        try:
            self.path, self._descriptor = _make(place)
        except OSError as error:
            raise OutputError(f"{place}: cannot be used for what is kept: {error.strerror or error}") from error
        self._process = os.getpid()

    @classmethod
    def temporary(cls) -> Self:
        """Return one among the temporary files of this machine."""
        return cls(Path(tempfile.gettempdir()) / f"tingshuo-audio-{os.getuid()}")

    def close(self) -> None:
        """Remove it and all that is in it; a second time, and in a child that was forked, does nothing."""
        if self._descriptor >= 0 and os.getpid() == self._process:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._descriptor)
            self._descriptor = -1
            with suppress(OSError):  # others have folders there
                self.path.parent.rmdir()


def _make(place: Path) -> tuple[Path, int]:
    """Return a new folder and its lock."""
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
    raise FileNotFoundError(2, "it is removed again and again")


def _open_own(place: Path) -> int:
    """Open a folder that is ours alone; one that somebody else has put there is refused."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    status = os.fstat(descriptor)
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        os.close(descriptor)
        raise PermissionError(1, "it is not for its owner alone")
    return descriptor


def _sweep(place: Path) -> None:
    """Remove the folders whose processes are gone."""
    for folder in place.iterdir():
        with suppress(OSError):  # its process has just removed it, or lives
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
