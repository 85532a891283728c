"""One writer at a time, among processes; a lock goes with the process that holds it, however that ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tingshuo.errors import OutputError, RegistryError

_PAUSE_S = 0.02


@contextmanager
def locked(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a lock while the block runs.

    Parameters
    ----------
    path : Path
        The lock's file; it is made, with its folder, and stays.
    wait_s : float
        Seconds to wait for somebody else.

    Raises
    ------
    RegistryError
        Somebody else holds it, and went on holding it.
    OutputError
        The file cannot be made, or the disk knows no locks.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutputError(f"{path.parent}: cannot be written: {error.strerror}") from error
    try:
        _take(descriptor, wait_s, path.parent)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, wait_s: float, folder: Path) -> None:
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise RegistryError(f"{folder}: somebody else is writing to it; try again when they have finished") from None
            time.sleep(_PAUSE_S)
        except OSError as error:
            raise OutputError(f"{folder}: its disk knows no locks ({error.strerror}); choose another place") from error
        else:
            return
