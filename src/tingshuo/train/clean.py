"""What of a run can go: everything that a training makes again when it needs it, or never needs again.

Kept are the settings, the rows, the logs, the report, the finished bundle, and the last and best checkpoints, from which
``--resume`` goes on to the same last bit. Links are not followed, so nothing outside the run's folder is touched.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from tingshuo.errors import OutputError, TrainError
from tingshuo.train.checkpoint import BEST, LAST
from tingshuo.train.config import STAGES
from tingshuo.train.loop import CHECKPOINTS
from tingshuo.train.report import EVENTS, SAMPLES
from tingshuo.train.run_folder import MANIFEST, SKIPPED

CACHE = "cache"
_PARTIAL = ".*.partial", ".*.old"
"""As `tingshuo.store.atomic` names what is half written, and what it moves aside."""


@dataclass(frozen=True, slots=True)
class Temporary:
    """Something that can go: a file or folder, what it is, and its bytes."""

    path: Path
    kind: str
    n_bytes: int


def check_is_run(run: Path) -> None:
    """Refuse a folder that no training has made.

    Raises
    ------
    TrainError
        It has not the lists that every training begins with.
    """
    if not all((run / name).is_file() for name in (MANIFEST, SKIPPED)):
        raise TrainError(f"{run}: is no folder of a training; name the one that tingshuo train -o made")


def find_temporary(run: Path, *, everything: bool = False) -> tuple[Temporary, ...]:
    """Return what of a run can go.

    Parameters
    ----------
    run : Path
        Folder of the training; only read.
    everything : bool
        TensorBoard's files too, which hold what the logs hold.

    Raises
    ------
    TrainError
        The folder is not that of a training.
    OutputError
        It cannot be read.
    """
    check_is_run(run)
    try:
        found = [Temporary(path, kind, _size(path)) for path, kind in _find(run, everything)]
    except OSError as error:
        raise OutputError(f"{run}: cannot be read: {error}") from error
    return tuple({one.path: one for one in found}.values())


def remove(found: Iterable[Temporary]) -> None:
    """Remove what `find_temporary` has found.

    Raises
    ------
    OutputError
        It cannot be removed; what went before is gone.
    """
    for one in found:
        try:
            # rmtree itself refuses a link and follows none.
            shutil.rmtree(one.path) if one.path.is_dir() and not one.path.is_symlink() else one.path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{one.path}: cannot be removed: {error.strerror or error}") from error


def _find(run: Path, everything: bool) -> Iterator[tuple[Path, str]]:
    yield from ((path, "half written") for path in _entries(run) if _is_partial(path))
    for stage in STAGES:
        if not (run / stage).is_symlink():
            folders = run / stage, run / stage / CHECKPOINTS
            yield from ((path, "half written") for folder in folders for path in _entries(folder) if _is_partial(path))
            yield from ((path, "older checkpoint") for path in _older(run / stage / CHECKPOINTS))
            yield from ((path, "preview") for path in _entries(run / stage / SAMPLES))
    yield from ((path, "features, computed again when needed") for path in _entries(run / CACHE))
    if everything:
        yield from ((path, "TensorBoard") for path in _entries(run / EVENTS))


def _entries(folder: Path) -> list[Path]:
    """Return what a folder holds; nothing of one that is a link."""
    return [] if folder.is_symlink() or not folder.is_dir() else sorted(folder.iterdir())


def _is_partial(path: Path) -> bool:
    return any(fnmatch(path.name, pattern) for pattern in _PARTIAL)


def _older(checkpoints: Path) -> list[Path]:
    """Return checkpoints that neither link leads to; none where the last one is not whole, for they may be all there is."""
    if not (checkpoints / LAST).is_dir():
        return []
    kept = {os.path.realpath(checkpoints / link) for link in (LAST, BEST)}
    steps = [path for path in _entries(checkpoints) if path.name.startswith("step-") and not path.is_symlink()]
    return [path for path in steps if os.path.realpath(path) not in kept]


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder; a link counts itself alone."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(Path(parent, name).lstat().st_size for parent, _, names in os.walk(path) for name in names)
