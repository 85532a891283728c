"""The field of a file of any kind: read it, or put it where there is none.

A label that somebody else gave is kept as it is: to change or remove labels is forbidden (办法, article 10).
"""

import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tingshuo.audio.label import flac, id3, mp4, oggtags, riff
from tingshuo.audio.label.field import AigcField, read_value
from tingshuo.audio.label.source import Source
from tingshuo.errors import AudioError
from tingshuo.store.atomic import replace_file

HEAD_BYTES = 16


class Container(Protocol):
    """What each module of a container offers."""

    def is_mine(self, head: bytes, /) -> bool:
        """Whether a file that begins so is one."""

    def find(self, source: Source, /) -> list[bytes]:
        """Return the values of all its AIGC fields."""

    def insert(self, source: Source, target: IO[bytes], field: AigcField, /) -> None:
        """Write it with one more field."""


CONTAINERS: dict[str, Container] = {"wav": riff, "flac": flac, "ogg": oggtags, "m4a": mp4, "mp3": id3}
"""By name; the last knows its files by two bytes alone and is asked last."""


@dataclass(frozen=True, slots=True)
class ImplicitLabel:
    """What a file says of itself.

    Attributes
    ----------
    container : str
        A name of `CONTAINERS`; "mp3" also for AAC frames.
    count : int
        Fields named AIGC; one is right.
    elements : dict
        Of the first: those of the seven that are there, by their names in the standard.
    problems : tuple of str
        What is wrong; nothing is when there is one field that follows the standard, or none.
    """

    container: str
    count: int
    elements: dict[str, str]
    problems: tuple[str, ...]

    @property
    def field(self) -> AigcField | None:
        """The field, where it is right."""
        return None if self.problems or not self.count else AigcField(*self.elements.values())


def read_label(source: str | Path | bytes | IO[bytes]) -> ImplicitLabel:
    """Read the implicit label of a file, of its bytes, or of an open file.

    Memory stays below some 40 MB whatever the file says of itself.

    Raises
    ------
    AudioError
        It cannot be read, is none of wav, mp3, aac, flac, ogg (Opus, Vorbis) and m4a, or its structure is damaged.
    """
    if isinstance(source, bytes):
        return _read(Source(io.BytesIO(source), "the audio"))[1]
    if not isinstance(source, str | Path):
        return _read(Source(source, "the audio"))[1]
    with open_file(Path(source)) as file:
        return _read(Source(file, str(source)))[1]


def label_file(path: str | Path, field: AigcField) -> ImplicitLabel:
    """Put the field into a file, atomically; every other tag and the sound stay as they are.

    Parameters
    ----------
    path : str or Path
        A file of one of `CONTAINERS`; a link stays a link.
    field : AigcField
        What to write.

    Returns
    -------
    ImplicitLabel
        What the file has afterwards: a file that had a field before keeps it, right or wrong.

    Raises
    ------
    AudioError
        As for `read_label`, or the container has no room.
    OutputError
        It cannot be written.
    """
    with open_file(Path(path)) as file:
        place = Path(os.path.realpath(path))
        source = Source(file, str(path))
        container, found = _read(source)
        if found.count:
            return found
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)

        def make(temporary: Path) -> None:
            with temporary.open("wb") as target:
                container.insert(source, target, field)

        replace_file(place, make, mode)
    return read_label(path)


def _read(source: Source) -> tuple[Container, ImplicitLabel]:
    head = source.at(0, min(source.size, HEAD_BYTES), "its beginning")
    if head[:3] == b"ID3" and _behind_tag(source) == flac.MAGIC:
        raise AudioError(f"{source.name}: is FLAC behind an ID3 tag, which FLAC does not allow; make it anew without the tag")
    for name, container in CONTAINERS.items():
        if container.is_mine(head):
            return container, _label(name, container.find(source))
    raise AudioError(f"{source.name}: is no file whose label can be read; give wav, mp3, aac, flac, ogg (opus) or m4a")


def _behind_tag(source: Source) -> bytes:
    size = sum((byte & 0x7F) << shift for byte, shift in zip(source.at(6, 4, "its ID3 tag"), (21, 14, 7, 0), strict=True))
    start = id3.HEADER_BYTES + size
    return source.at(start, 4, "it") if start + 4 <= source.size else b""


def _label(container: str, values: list[bytes]) -> ImplicitLabel:
    if not values:
        return ImplicitLabel(container, 0, {}, ())
    try:
        elements, problems = read_value(values[0].decode("utf-8"))
    except UnicodeDecodeError:
        elements, problems = {}, ("its value is no UTF-8",)
    if len(values) > 1:
        twins = "which disagree" if len(set(values)) > 1 else "all the same"
        problems = (f"the file has {len(values)} fields named AIGC, {twins}; the standard wants exactly one", *problems)
    return ImplicitLabel(container, len(values), elements, problems)


def open_file(path: Path) -> IO[bytes]:
    """Open a file for reading.

    Raises
    ------
    AudioError
        There is none, or it may not be read.
    """
    try:
        if not path.is_file():
            raise AudioError(f"{path}: no such file")
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise AudioError(f"{str(path)!r}: cannot be read: {error}") from error
