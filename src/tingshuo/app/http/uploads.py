"""Recordings that clients send: each is a file on the disk while it is needed, and all together have a bound."""

import asyncio
import logging
import os
import tempfile
from pathlib import Path

from tingshuo.audio.mono import SOUNDS
from tingshuo.errors import AudioError, BusyError, OutputError, TooLargeError
from tingshuo.serve.cache.owned_folder import OwnedFolder

log = logging.getLogger("tingshuo.http")

MEGABYTE = 1_000_000
LARGEST_MB = 100
AT_ONCE = 10
"""Room there is for recordings, in files of the largest size."""
RETRY_S = 5.0
PIECE_BYTES = 1 << 18
"""Written at a time."""
_LONGEST_NAME = 100


class Uploads:
    """The recordings that are on the disk now, in a folder of this process that goes with it.

    Parameters
    ----------
    limit_bytes : int
        Of one recording; of all together there may be `AT_ONCE` times as much.

    Attributes
    ----------
    kept_bytes : int
        What they take now.
    """

    def __init__(self, limit_bytes: int = LARGEST_MB * MEGABYTE) -> None:
        self.limit_bytes = limit_bytes
        self.kept_bytes = 0
        self._folder: OwnedFolder | None = None

    def new(self, name: str) -> "Upload":
        """Return an empty recording; ``name`` is what its client calls it.

        Raises
        ------
        OutputError
            There is no folder to keep it in.
        """
        if self._folder is None:
            self._folder = OwnedFolder(Path(tempfile.gettempdir()) / f"tingshuo-uploads-{os.getuid()}")
        return Upload(self, self._folder.path, name)

    def check_size(self, n_bytes: int) -> None:
        """See that a recording is not too long.

        Raises
        ------
        TooLargeError
            It is.
        """
        if n_bytes > self.limit_bytes:
            most = f"{self.limit_bytes / MEGABYTE:g} MB"
            raise TooLargeError(f"the recording has more than {most}; send it in pieces, or as mp3, opus or flac", "file")

    def close(self) -> None:
        """Remove the folder, with what may be left in it."""
        if self._folder is not None:
            self._folder.close()


class Upload:
    """One recording; all but `write` is called on the event loop. Close it, always.

    Attributes
    ----------
    name : str
        What its client calls it, without a folder.
    path : Path
        Where it lies. It ends as the name does where that is a known kind of sound.
    size : int
        Bytes so far.
    """

    def __init__(self, uploads: Uploads, folder: Path, name: str) -> None:
        bare = "".join(one for one in name.replace("\\", "/").rpartition("/")[2] if one.isprintable())
        self.name = bare[-_LONGEST_NAME:] or "the recording"
        self.size = 0
        self._uploads, self._waiting = uploads, bytearray()
        ending = self.name.rpartition(".")[2].lower()
        try:
            number, path = tempfile.mkstemp(f".{ending}" if ending in SOUNDS else "", dir=folder)
        except OSError as error:
            raise _unkept(error) from error
        self.path = Path(path)
        self._file = open(number, "wb", buffering=0)  # noqa: SIM115 -- it is closed by `close`

    def add(self, data: bytes) -> None:
        """Take some of it; it is in memory until `flush`.

        Raises
        ------
        TooLargeError
            It has become too long.
        BusyError
            There is no room, as others are being worked on.
        """
        uploads = self._uploads
        uploads.check_size(self.size + len(data))
        if uploads.kept_bytes + len(data) > AT_ONCE * uploads.limit_bytes:
            raise BusyError(f"the server has no room for one more recording now; try again in {RETRY_S:g} s", RETRY_S)
        self.size += len(data)
        uploads.kept_bytes += len(data)
        self._waiting += data

    async def flush(self, *, all: bool = False) -> None:
        """Write what has come, once it is worth it, or all of it.

        Raises
        ------
        OutputError
            The disk is full, or broken.
        """
        if len(self._waiting) >= (1 if all else PIECE_BYTES):
            data, self._waiting = self._waiting, bytearray()
            await asyncio.to_thread(self._write, data)

    def check_content(self) -> None:
        """See that there is something in it.

        Raises
        ------
        AudioError
            It is empty.
        """
        if not self.size:
            error = AudioError(f"{self.name}: is empty; send a recording")
            error.param = "file"
            raise error

    async def close(self) -> None:
        """Remove it; a second time does nothing."""
        if not self._file.closed:
            self._file.close()
            self.path.unlink(missing_ok=True)
            self._uploads.kept_bytes -= self.size

    def _write(self, data: bytearray) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise _unkept(error) from error


def _unkept(error: OSError) -> OutputError:
    """Where the server keeps its files is no business of a client's."""
    log.error("a recording cannot be kept: %s", error)
    return OutputError("the recording cannot be kept on the server's disk; its log says why")
