"""Write a folder or a file so that it is there whole or not at all, also when the power fails.

What is written goes to a hidden place beside the destination; each file and each folder is flushed to the disk; then one
rename makes it visible.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tingshuo.errors import OutputError

Content = bytes | Path | Callable[[Path], None]
"""What a file is to hold: bytes, a file to copy, or a function that writes to the path that it is given."""


@contextmanager
def new_folder(destination: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder that becomes ``destination`` when the block ends without an error.

    Parameters
    ----------
    destination : Path
        Where the folder is to be; missing parents are made.
    replace : bool
        Take the place of a folder that is there. The old one is moved aside first and comes back when the rename fails.

    Raises
    ------
    OutputError
        The destination exists and ``replace`` is False, or it cannot be written.
    """
    _refuse_taken(destination, replace=replace)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", suffix=".partial", dir=destination.parent))
    except OSError as error:
        raise OutputError(f"{destination}: cannot be written: {error}") from error
    try:
        yield temporary
        for folder, _, _ in os.walk(temporary, topdown=False):
            Path(folder).chmod(0o755)  # mkdtemp makes 0700, but every user may read a built-in voice
            flush(Path(folder))
        _rename(temporary, destination)
    except OSError as error:
        raise OutputError(f"{destination}: cannot be written: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def place_folder(folder: Path, destination: Path, *, replace: bool = False) -> None:
    """Have a finished folder, whose files are flushed and which lies on the same disk, become ``destination``.

    Parameters
    ----------
    folder : Path
        Is gone from where it was afterwards.
    destination : Path
        Where it is to be; missing parents are made.
    replace : bool
        Take the place of a folder that is there, as for `new_folder`.

    Raises
    ------
    OutputError
        The destination exists and ``replace`` is False, or it cannot be written.
    """
    _refuse_taken(destination, replace=replace)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        _rename(folder, destination)
    except OSError as error:
        raise OutputError(f"{destination}: cannot be written: {error}") from error


def _refuse_taken(destination: Path, *, replace: bool) -> None:
    if not replace and os.path.lexists(destination):
        raise OutputError(f"{destination}: already exists; remove it or choose another path")


def replace_file(path: Path, content: Content, mode: int = 0o644) -> None:
    """Write one file that is there whole or not at all; one of that name stays until the new one takes its place.

    Raises
    ------
    OutputError
        The path cannot be written, for example because the disk is full; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write_file(temporary, content, mode)
        temporary.replace(path)
        flush(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # the parent may not even be a folder
            temporary.unlink()


def write_file(path: Path, content: Content, mode: int = 0o644) -> None:
    """Write one file and flush it to the disk; ``mode`` holds whatever the umask or the writing function chose."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if callable(content):
        content(path)
    elif isinstance(content, Path):
        shutil.copyfile(content, path)
    else:
        path.write_bytes(content)
    path.chmod(mode)
    flush(path)


def write_files(folder: Path, files: Mapping[str, Content], mode: Callable[[str], int]) -> None:
    """Write files given by their paths relative to ``folder``; ``mode`` maps such a path to its permissions."""
    for name, content in files.items():
        write_file(folder / name, content, mode(name))


def _rename(temporary: Path, destination: Path) -> None:
    aside = temporary.with_suffix(".old")
    existed = os.path.lexists(destination)
    if existed:
        destination.rename(aside)
    try:
        temporary.rename(destination)
    except BaseException:
        if existed:
            aside.rename(destination)
        raise
    try:
        flush(destination.parent)
    finally:
        if existed:
            shutil.rmtree(aside, ignore_errors=True)


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, written to the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
