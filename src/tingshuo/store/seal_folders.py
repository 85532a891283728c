"""Folders for what is decrypted: for their owner alone, in memory where there is room, gone when the process is."""

import atexit
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tingshuo.errors import OutputError
from tingshuo.store.owned_folders import make_owned, sweep_owned

logger = logging.getLogger(__name__)

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (only ever a folder of our own in it, made and checked below)
_MEMORY = ("tmpfs", "ramfs")
_MOUNTS = Path("/proc/self/mountinfo")
"""Layout: https://www.kernel.org/doc/Documentation/filesystems/proc.txt, 3.5; the type follows a lone hyphen."""
_SPARE_BYTES = 1 << 20
_open: "set[PrivateFolder]" = set()


class PrivateFolder:
    """A folder that goes when it is closed, or with the process.

    Parameters
    ----------
    path : Path
        The folder, empty at first.
    descriptor : int
        Of the folder, with a lock on it.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._process = os.getpid()
        _open.add(self)

    def close(self) -> None:
        """Remove the folder and all that is in it; a second time does nothing."""
        if self not in _open:
            return
        _open.discard(self)
        if os.getpid() == self._process:  # a child that was forked leaves its parent's folder alone
            shutil.rmtree(self.path, ignore_errors=True)
            if os.path.lexists(self.path):
                logger.warning("%s: holds what was decrypted and cannot be removed; remove it yourself", self.path)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()


@atexit.register
def _close_all() -> None:
    for folder in list(_open):
        folder.close()


def private_folder(n_bytes: int) -> PrivateFolder:
    """Make an empty folder for what is to be secret: in ``$XDG_RUNTIME_DIR`` or shared memory, else among temporary files.

    Parameters
    ----------
    n_bytes : int
        Room that it has to have. Where no memory has it, it lies on the disk, and a warning is logged.

    Raises
    ------
    OutputError
        No place has room, or none can be written.
    """
    problem = ""
    chosen: PrivateFolder | None = None
    for place in _places():
        try:
            if chosen is None and shutil.disk_usage(place).free >= n_bytes + _SPARE_BYTES:
                chosen = PrivateFolder(*make_owned(_parent(place)))
                if not in_memory(place):
                    logger.warning("%s: what is decrypted lies on a disk until it is closed: no memory has room", chosen.path)
            else:
                sweep_owned(_parent(place))
        except OSError as error:
            problem = f" ({error})"
    if chosen is None:
        need = f"{n_bytes / 1e6:.1f} MB"
        raise OutputError(f"neither memory nor {tempfile.gettempdir()} has {need} for what is decrypted{problem}; set TMPDIR")
    return chosen


def in_memory(path: Path) -> bool:
    """Whether a folder lies on a file system that is kept in memory, and so is gone after a restart."""
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    best, kind = -1, ""
    path = path.resolve()
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), before.split(" ")[4]))
        if (point == path or point in path.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split(" ")[0]
    return kind in _MEMORY


def _places() -> Iterator[Path]:
    """Yield where such folders may lie, the best first."""
    for place in (os.environ.get("XDG_RUNTIME_DIR"), _SHARED_MEMORY):
        if place and Path(place).is_dir() and in_memory(Path(place)):
            yield Path(place)
    yield Path(tempfile.gettempdir())


def _parent(place: Path) -> Path:
    return place / f"tingshuo-{os.getuid()}"
