"""Read and copy contents so that damage is noticed: the source's, and that of the disk that is written to.

A copy is compared with its hash twice: while it is read, and again after it was flushed, before it gets its name.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tingshuo.errors import BundleError
from tingshuo.store.atomic import flush

_CHUNK = 1 << 20


def check_plain(path: Path) -> os.stat_result:
    """Return the status of a plain file.

    Raises
    ------
    OSError
        It is missing, cannot be reached, or is a link, a folder or a device.
    """
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is a link or not a plain file")
    return status


def read_chunks(path: Path) -> Iterator[bytes]:
    """Yield what a plain file holds, from the disk and not from what the system remembers of it.

    Raises
    ------
    OSError
        As `check_plain`, or the disk cannot read it.
    """
    check_plain(path)
    with path.open("rb", buffering=0) as file:
        if hasattr(os, "posix_fadvise"):  # not on every system; what it does is advice, so nothing depends on it
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := file.read(_CHUNK):
            yield chunk


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a plain file as it lies on the disk, lower-case hexadecimal; raises as `read_chunks`."""
    running = hashlib.sha256()
    for chunk in read_chunks(path):
        running.update(chunk)
    return running.hexdigest()


def copy_checked(source: Path, destination: Path, digest: str, mode: int, temporary: Path) -> int:
    """Copy a file; at no moment is anything else than its whole content at the destination.

    Parameters
    ----------
    source, destination : Path
        What is at the destination is replaced. Its folder has to be there.
    digest : str
        SHA-256 that the source must have.
    mode : int
        Permissions of the copy.
    temporary : Path
        Where it is written first, on the disk of the destination; nothing stays there.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    BundleError
        The source cannot be read or is damaged.
    OSError
        The destination cannot be written, or its disk returns other bytes than it was given.
    """
    running, size = hashlib.sha256(), 0
    try:
        temporary.unlink(missing_ok=True)  # it may be a link to something sound, which must not be written to
        with temporary.open("xb") as file:
            for chunk in _source_chunks(source):
                running.update(chunk)
                size += file.write(chunk)
        if running.hexdigest() != digest:
            raise BundleError(f"{source}: is damaged, its SHA-256 is not {digest[:12]}...; tingshuo scrub heals what it can")
        temporary.chmod(mode)
        flush(temporary)
        if digest_of(temporary) != digest:
            raise OSError(errno.EIO, "the disk returns other bytes than were written to it")
        temporary.replace(destination)
        flush(destination.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return size


def _source_chunks(path: Path) -> Iterator[bytes]:
    """Yield what the source of a copy holds; what is wrong with it is never taken for an error of the destination."""
    try:
        yield from read_chunks(path)
    except OSError as error:
        problem = "is missing" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise BundleError(f"{path}: {problem}; tingshuo scrub heals what it can") from error
