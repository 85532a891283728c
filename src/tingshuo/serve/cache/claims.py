"""Who makes what, among the processes that share a folder: one makes it, the others wait for what it makes.

A claim is a lock on a file; it goes with its process, so that nobody waits for one that was killed.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

LONGEST_WAIT_S = 30.0
"""For a process that was stopped in the middle, or a long text; after that it is made twice."""
PAUSE_S = 0.02
"""Between two looks whether the other has finished."""


@contextlib.asynccontextmanager
async def claimed(folder: Path, key: str, look: Callable[[], Awaitable[T | None]]) -> AsyncIterator[T | None]:
    """Hold the claim on an order while the block runs, unless another process has meanwhile made what was wanted.

    Parameters
    ----------
    folder : Path
        Of the claims; it is there.
    key : str
        Names the order, and a file.
    look : callable
        Returns what was wanted, once it is there.

    Yields
    ------
    What was wanted, or None: then it is to be made in the block.
    """
    path, descriptor = folder / key, None
    end = asyncio.get_running_loop().time() + LONGEST_WAIT_S
    try:
        descriptor, found = _take(path), await look()
        while descriptor is None and found is None and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(PAUSE_S)
            descriptor, found = _take(path), await look()
        yield found
    finally:
        if descriptor is not None and descriptor >= 0:
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)


def _take(path: Path) -> int | None:
    """Return a file with a lock on it, None when another process has that; -1 where there are no locks, and so no claims."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(descriptor)
        return -1
    os.close(descriptor)
    return None
