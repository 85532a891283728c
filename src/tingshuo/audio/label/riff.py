"""The field in WAV: a chunk ``AIGC`` of its own before the samples.

That is what TC260-PG-202510A asks for (a subchunk whose id is AIGC and whose data is the JSON), and what Qwen and GLM write.
``LIST/INFO/AIGC``, which PG-20257A asks for in AVI, and an ID3 tag in a chunk, as taggers write it, are read as well.

Sources: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0", 1991; EBU Tech 3306 (RF64).
"""

import io
import struct
from collections.abc import Iterator
from typing import IO

from tingshuo.audio.label import id3
from tingshuo.audio.label.field import LONGEST_VALUE, AigcField
from tingshuo.audio.label.source import Source
from tingshuo.errors import AudioError

UNKNOWN = 0xFFFFFFFF
CHUNK = b"AIGC"


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is WAV."""
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE"


def chunk(field: AigcField) -> bytes:
    """Return the chunk with the field, padded to an even length."""
    value = field.to_json().encode()
    return CHUNK + struct.pack("<I", len(value)) + value + b"\0" * (len(value) % 2)


def find(source: Source) -> list[bytes]:
    """Return the values of all AIGC fields.

    Raises
    ------
    AudioError
        A chunk reaches beyond the file's end, there are too many, or none has samples.
    """
    values, sounds = [], False
    for kind, start, size in _chunks(source):
        sounds = sounds or kind == b"data"
        if kind == CHUNK:
            values.append(_value(source, start, size))
        elif kind.lower() == b"id3 ":
            values += id3.find(Source(io.BytesIO(source.at(start, size, "its ID3 tag")), source.name))
        elif kind == b"LIST" and source.at(start, min(size, 4), "a LIST chunk") == b"INFO":
            inner = _inside(source, start + 4, start + size)
            values += [_value(source, at, length) for name, at, length in inner if name == CHUNK]
    if not sounds:
        raise AudioError(f"{source.name}: has no chunk with samples; it is cut off")
    return values


def insert(source: Source, target: IO[bytes], field: AigcField) -> None:
    """Write the file with the field before its samples.

    Raises
    ------
    AudioError
        It has no samples, or no room for lengths above 4 GB.
    """
    new = chunk(field)
    place = next((start - 8 for kind, start, _ in _chunks(source) if kind == b"data"), None)
    if place is None:
        raise AudioError(f"{source.name}: has no chunk with samples")
    head = bytearray(source.at(0, place, "its header"))
    (total,) = struct.unpack_from("<I", head, 4)
    if total != UNKNOWN:
        if total + len(new) >= UNKNOWN:
            raise AudioError(f"{source.name}: a WAV file holds at most 4 GB, and the field no longer fits")
        struct.pack_into("<I", head, 4, total + len(new))
    elif head[:4] != b"RIFF" and head[12:16] == b"ds64":
        (total,) = struct.unpack_from("<Q", head, 20)
        struct.pack_into("<Q", head, 20, total + len(new))
    target.write(bytes(head) + new)
    source.copy(target, place)


def _chunks(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Yield id, start and length of each chunk; of samples whose length a stream did not know, what is there."""
    at = 12
    while at + 8 <= source.size:
        kind, size = struct.unpack("<4sI", source.at(at, 8, "a chunk's header"))
        source.count("chunks")
        at += 8
        if kind == b"data" and size > source.size - at:
            # Streams say so many samples that they may never end; RF64 has the number elsewhere.
            yield kind, at, source.size - at
            return
        if at + size > source.size:
            raise AudioError(f"{source.name}: its chunk {_shown(kind)} reaches beyond the file's end; it is cut off, or damaged")
        yield kind, at, size
        at += size + size % 2


def _inside(source: Source, at: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= stop:
        kind, size = struct.unpack("<4sI", source.at(at, 8, "a LIST chunk"))
        source.count("chunks")
        at += 8
        if at + size > stop:
            raise AudioError(f"{source.name}: {_shown(kind)} reaches beyond the end of its LIST; the file is damaged")
        yield kind, at, size
        at += size + size % 2


def _value(source: Source, start: int, size: int) -> bytes:
    if size > LONGEST_VALUE:
        raise AudioError(f"{source.name}: its AIGC field has {size} bytes; at most {LONGEST_VALUE} are read")
    return source.at(start, size, "the AIGC field").rstrip(b"\0")


def _shown(kind: bytes) -> str:
    return repr(kind.decode("latin-1"))
