"""Reading the structure of a file that may be hostile: nothing is taken beyond its end, and no part without a limit."""

from typing import IO

from tingshuo.errors import AudioError

MOST_PARTS = 20_000
"""Chunks, frames, comments or boxes that are looked at; real files have some dozens."""
LARGEST_PART = 1 << 24
"""Bytes of the largest part that is held in memory: FLAC's own limit of a block, 16 MB."""


class Source:
    """A seekable file with a name for messages.

    Parameters
    ----------
    file : binary file
        Seekable; stays open.
    name : str
        What messages call it.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file, self.name = file, name
        self.size = file.seek(0, 2)
        self._parts = 0
        file.seek(0)

    def at(self, offset: int, count: int, what: str) -> bytes:
        """Return bytes from a place.

        Raises
        ------
        AudioError
            The file ends before, or it is more than any real part has.
        """
        if count > LARGEST_PART:
            raise AudioError(f"{self.name}: {what} says that it has {count} bytes; at most {LARGEST_PART} are read")
        if offset + count > self.size:
            raise AudioError(f"{self.name}: the file ends inside {what}; it is cut off, or a length in it is wrong")
        self.file.seek(offset)
        return self.file.read(count)

    def count(self, what: str) -> None:
        """Count one more part.

        Raises
        ------
        AudioError
            There are more than any real file has.
        """
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise AudioError(f"{self.name}: has more than {MOST_PARTS} {what}; no real file has so many")

    def copy(self, target: IO[bytes], start: int, stop: int | None = None) -> None:
        """Write a stretch of the file to another one, piece by piece."""
        self.file.seek(start)
        left = (self.size if stop is None else stop) - start
        while left > 0 and (piece := self.file.read(min(left, 1 << 20))):
            target.write(piece)
            left -= len(piece)
