"""The files that a bundle may come in, and what is inside a compressed one, read from begin to end.

Nothing here believes a file: whatever is read is counted, and a file that is cut short, or goes on after its end, is refused.
Sources of the layouts: RFC 1952 (gzip), RFC 8878 (Zstandard).
"""

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from tingshuo.errors import BundleError, EngineNotInstalledError, RequestError
from tingshuo.store.manifest import check_relative_path

TAR, GZIP, ZSTD, ZIP = ".tar", ".tar.gz", ".tar.zst", ".zip"
FORMATS = (TAR, GZIP, ZSTD, ZIP)
"""How names of archives end."""
GZIP_LEVEL, ZSTD_LEVEL = 6, 3
"""Chosen by ``benchmarks/compression.py``: higher levels take many times as long for a few tenths of a percent."""
MAX_RATIO = 1032
"""An archive may become so many times larger, which is what deflate can reach (https://zlib.net/zlib_tech.html: two bits make 258
bytes). Zstandard could reach 32768 (RFC 8878, 3.1.1.2: four bytes make a block of 128 KB); weights become 1.1 times larger, so
what deflate can reach is enough for it too."""
CHUNK = 1 << 18
_MAX_WINDOW_LOG = 27
"""Of Zstandard: 128 MB of memory, the default limit of its own command (``zstd --long`` raises it)."""
_FRAME, _SKIPPABLE, _SKIPPABLE_MASK = 0xFD2FB528, 0x184D2A50, 0xFFFFFFF0
_RESERVED_BLOCK, _REPEATED_BLOCK = 3, 1


@dataclass(frozen=True, slots=True)
class Member:
    """A plain file of an archive: its path, checked, its size, and what yields its bytes, just so many or an error."""

    name: str
    size: int
    chunks: Callable[[], Iterator[bytes]]


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a file whose name ends as that of an archive; it is not looked into."""
    return str(path).lower().endswith(FORMATS) and Path(path).is_file()


def format_of(path: Path) -> str:
    """Return which of `FORMATS` the name of a file says.

    Raises
    ------
    RequestError
        None of them.
    """
    for suffix in FORMATS:
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return suffix
    raise RequestError(f"{path}: is not the name of an archive; accepted: names that end with {', '.join(FORMATS)}")


def plain_name(archive: Path, name: str) -> str:
    """Return the path of a member, without a leading ``./``.

    Raises
    ------
    BundleError
        It could leave the folder: it is absolute, has a drive, a backslash, ``..``, or what some system cannot store.
    """
    while name.startswith("./"):
        name = name[2:]
    try:
        return check_relative_path(name)
    except ValueError as error:
        raise BundleError(f"{archive}: {error}; ask for another archive") from error


def cut_short(archive: Path) -> BundleError:
    """Return the error for an archive that ends too early."""
    return BundleError(f"{archive}: is cut short; copy it again")


def damaged(archive: Path, what: object) -> BundleError:
    """Return the error for an archive that cannot be read."""
    return BundleError(f"{archive}: is damaged: {what}; copy it again")


class Source:
    """The decompressed bytes of an archive, read in order.

    Parameters
    ----------
    path : Path
        Names the archive in messages.
    file : BinaryIO
        What is read.
    limit : int
        Bytes that there may be.
    broken : exception classes
        What reading raises when something is wrong.
    """

    def __init__(self, path: Path, file: BinaryIO, limit: int, broken: tuple[type[Exception], ...]) -> None:
        self.path = path
        self._file, self._left = file, limit
        self._broken: tuple[type[Exception], ...] = (OSError, zlib.error, *broken)

    def some(self, most: int) -> bytes:
        """Return at most so many bytes, none at the end.

        Raises
        ------
        BundleError
            The archive is damaged, cut short, or larger than it may be.
        """
        try:
            data = self._file.read(most)
        except EOFError as error:
            raise cut_short(self.path) from error
        except self._broken as error:
            raise damaged(self.path, error) from error
        self._left -= len(data)
        if self._left < 0:
            raise BundleError(f"{self.path}: becomes more than {MAX_RATIO} times larger, so it is not the archive of a bundle")
        return data

    def read(self, size: int) -> bytes:
        """Return just so many bytes; raises as `some`, and when there are fewer."""
        parts = []
        while size:
            part = self.some(size)
            if not part:
                raise cut_short(self.path)
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


@contextmanager
def decompressed(path: Path) -> Iterator[Source]:
    """Open a tar, compressed or not.

    Raises
    ------
    BundleError
        It cannot be read, or is not what its name says.
    EngineNotInstalledError
        The ``zstd`` extra is missing.
    """
    suffix = format_of(path)
    try:
        opened = path.open("rb")
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}") from error
    with opened as file:
        size = path.stat().st_size
        if suffix == ZSTD:
            check_frames(path, file, size)
            file.seek(0)
            reader, broken = _zstd_reader(file)
            yield Source(path, reader, size * MAX_RATIO, (broken,))
        elif suffix == GZIP:
            with gzip.GzipFile(fileobj=file, mode="rb") as unzipped:
                yield Source(path, cast(BinaryIO, unzipped), size * MAX_RATIO, ())
        else:
            yield Source(path, file, size, ())


@contextmanager
def compressed(suffix: str, file: BinaryIO) -> Iterator[BinaryIO]:
    """Yield what compresses into a file whatever is written to it; the same bytes become the same bytes.

    Raises
    ------
    EngineNotInstalledError
        The ``zstd`` extra is missing.
    """
    if suffix == ZSTD:
        with _zstd_writer(file) as writer:
            yield writer
    elif suffix == GZIP:
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=GZIP_LEVEL, mtime=0) as zipped:
            yield cast(BinaryIO, zipped)
    else:
        yield file


def check_frames(path: Path, file: BinaryIO, size: int) -> None:
    """Check that a file is made of whole Zstandard frames and nothing else, which decoders do not tell.

    Layout: RFC 8878, 3.1.1 (frames), 3.1.1.2 (blocks) and 3.1.2 (frames to skip).

    Raises
    ------
    BundleError
        It is not, or is cut short.
    """
    position = 0

    def take(count: int) -> int:
        nonlocal position
        data = file.read(count)
        position += count
        if len(data) < count:
            raise cut_short(path)
        return int.from_bytes(data, "little")

    def skip(count: int) -> None:
        nonlocal position
        position += count
        if position > size:
            raise cut_short(path)
        file.seek(position)

    while position < size or not size:
        magic = take(4)
        if magic & _SKIPPABLE_MASK == _SKIPPABLE:
            skip(take(4))
        elif magic != _FRAME:
            raise damaged(path, "there is something after its end" if position > 4 else "it is not compressed by zstd")
        else:
            _check_frame(path, take, skip)


def _check_frame(path: Path, take: Callable[[int], int], skip: Callable[[int], None]) -> None:
    descriptor = take(1)
    kind_of_size, single, has_checksum, dictionary = descriptor >> 6, descriptor >> 5 & 1, descriptor >> 2 & 1, descriptor & 3
    skip((not single) + (0, 1, 2, 4)[dictionary] + (single, 2, 4, 8)[kind_of_size])
    last = 0
    while not last:
        block = take(3)
        last, kind, length = block & 1, block >> 1 & 3, block >> 3
        if kind == _RESERVED_BLOCK:
            raise damaged(path, "a block is of no known kind")
        skip(1 if kind == _REPEATED_BLOCK else length)
    skip(4 * has_checksum)


def _zstd_reader(file: BinaryIO) -> tuple[BinaryIO, type[Exception]]:
    if sys.version_info >= (3, 14):
        from compression import zstd

        options = {zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG}
        return cast(BinaryIO, zstd.ZstdFile(file, options=options)), zstd.ZstdError
    try:
        import zstandard
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    decoder = zstandard.ZstdDecompressor(max_window_size=1 << _MAX_WINDOW_LOG)
    return decoder.stream_reader(file, read_across_frames=True), zstandard.ZstdError


def _zstd_writer(file: BinaryIO) -> BinaryIO:
    if sys.version_info >= (3, 14):
        from compression import zstd

        options = {zstd.CompressionParameter.compression_level: ZSTD_LEVEL, zstd.CompressionParameter.checksum_flag: 1}
        return cast(BinaryIO, zstd.ZstdFile(file, "wb", options=options))
    try:
        import zstandard
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True).stream_writer(file, closefd=False)


def _not_installed(error: ModuleNotFoundError) -> EngineNotInstalledError:
    return EngineNotInstalledError(
        f"{ZSTD} needs the package {error.name!r}: pip install 'tingshuo[zstd]' installs it; {TAR}, {GZIP} and {ZIP} need nothing"
    )
