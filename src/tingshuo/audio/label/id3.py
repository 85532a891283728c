"""The field in MP3, and before the frames of AAC: a frame ``TXXX`` described AIGC in an ID3v2 tag.

MP3 is as TC260-PG-202510A asks. For bare AAC frames (ADTS) no rule names a place; an ID3 tag before them is what HTTP Live
Streaming does (RFC 8216, section 3.4).

Sources: ID3 tag version 2.4.0, main structure and native frames (id3.org, 2000); ID3v2.3.0 (1999), ID3v2.2.0 (1998).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from tingshuo.audio.label.field import LONGEST_VALUE, NAME, AigcField
from tingshuo.audio.label.source import Source
from tingshuo.errors import AudioError

HEADER_BYTES = 10
_UNSYNC, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_SLACK = 4096
"""Bytes of a frame beyond its value: description, marks of the encoding, characters of two bytes."""


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is MPEG audio or AAC frames, with or without a tag."""
    return head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def tag(field: AigcField) -> bytes:
    """Return a tag of version 2.4 with the field alone."""
    body = _frame(field, 4)
    return b"ID3\x04\x00\x00" + _syncsafe(len(body)) + body


def find(source: Source) -> list[bytes]:
    """Return the values of all AIGC fields of the tag at the beginning.

    Raises
    ------
    AudioError
        The tag or a frame of it reaches beyond its end, or there are too many frames.
    """
    head = _Head.read(source)
    if head is None:
        return []
    if head.flags & _UNSYNC and head.version < 4:
        body = _resync(source.at(HEADER_BYTES, head.size, "its ID3 tag"))
        return _values(body, head.version, _extended_bytes(body, head), source)
    values = []
    for start, size, flags in _frames(source, head):
        if size <= 2 * LONGEST_VALUE + _SLACK:
            data = source.at(start, size, "a frame of its ID3 tag")
            values += _value_of(_plain(data, flags) if head.version == 4 else data)
        elif _named(source.at(start, 64, "a frame of its ID3 tag")):
            raise AudioError(f"{source.name}: its AIGC field has {size} bytes; at most {LONGEST_VALUE} are read")
    return values


def insert(source: Source, target: IO[bytes], field: AigcField) -> None:
    """Write the file with the field as the first frame of its tag, or with a tag of its own.

    Raises
    ------
    AudioError
        The tag has a checksum, which would no longer be right, or is full.
    """
    head = _Head.read(source)
    if head is None:
        target.write(tag(field))
        source.copy(target, 0)
        return
    start = source.at(HEADER_BYTES, min(head.size, 64), "its ID3 tag")
    extended = _extended_bytes(start, head)
    if extended and start[5 if head.version == 4 else 4] & (0x20 if head.version == 4 else 0x80):
        raise AudioError(f"{source.name}: its ID3 tag has a checksum; write the tag anew without one, then label the file")
    frame = _frame(field, head.version)
    size = head.size + len(frame)
    if size >= 1 << 28:
        raise AudioError(f"{source.name}: its ID3 tag is full; remove something from it, then label the file")
    end = HEADER_BYTES + head.size
    target.write(source.at(0, 6, "its ID3 tag") + _syncsafe(size))
    source.copy(target, HEADER_BYTES, HEADER_BYTES + extended)
    target.write(frame)
    source.copy(target, HEADER_BYTES + extended, end)
    if head.flags & _FOOTER and head.version == 4:
        target.write(source.at(end, 6, "the footer of its ID3 tag") + _syncsafe(size))
        end += HEADER_BYTES
    source.copy(target, end)


@dataclass(frozen=True, slots=True)
class _Head:
    """Version (2, 3 or 4), flags, and the bytes after the header."""

    version: int
    flags: int
    size: int

    @classmethod
    def read(cls, source: Source) -> "_Head | None":
        if source.size < HEADER_BYTES or (head := source.at(0, HEADER_BYTES, "its ID3 tag"))[:3] != b"ID3":
            return None
        if head[3] not in (2, 3, 4):
            raise AudioError(f"{source.name}: its ID3 tag is of version 2.{head[3]}; 2.2, 2.3 and 2.4 are known")
        if any(byte & 0x80 for byte in head[6:]):
            raise AudioError(f"{source.name}: the length of its ID3 tag is wrong; the file is damaged")
        size = _number(head[6:])
        if HEADER_BYTES + size > source.size:
            raise AudioError(f"{source.name}: its ID3 tag reaches beyond the file's end; it is cut off, or damaged")
        return cls(head[3], head[5], size)


def _extended_bytes(start: bytes, head: _Head) -> int:
    """Return the length of the extended header, with its own length field."""
    if not head.flags & _EXTENDED or head.version == 2 or len(start) < 6:
        return 0
    size = _number(start[:4]) if head.version == 4 else int.from_bytes(start[:4], "big") + 4
    return min(size, head.size)


def _frames(source: Source, head: _Head) -> Iterator[tuple[int, int, int]]:
    """Yield start, length and format flags of each frame with a text of the user's."""
    names, width = (b"TXX", 6) if head.version == 2 else (b"TXXX", 10)
    end = HEADER_BYTES + head.size
    at = HEADER_BYTES + _extended_bytes(source.at(HEADER_BYTES, min(head.size, 64), "its ID3 tag"), head)
    while at + width <= end:
        row = source.at(at, width, "a frame of its ID3 tag")
        if not row[0]:
            return  # padding
        source.count("ID3 frames")
        size = _frame_bytes(row, head.version)
        at += width
        if at + size > end:
            raise AudioError(f"{source.name}: a frame of its ID3 tag reaches beyond the tag's end; the file is damaged")
        if row.startswith(names):
            yield at, size, row[9] if width == 10 else 0
        at += size


def _values(body: bytes, version: int, at: int, source: Source) -> list[bytes]:
    """Return the values of a tag that had to be decoded as a whole."""
    names, width, found = (b"TXX" if version == 2 else b"TXXX"), (6 if version == 2 else 10), []
    while at + width <= len(body) and body[at]:
        source.count("ID3 frames")
        row, size = body[at : at + width], _frame_bytes(body[at : at + width], version)
        at += width
        if at + size > len(body):
            raise AudioError(f"{source.name}: a frame of its ID3 tag reaches beyond the tag's end; the file is damaged")
        if row.startswith(names):
            found += _value_of(body[at : at + size])
        at += size
    return found


def _frame_bytes(row: bytes, version: int) -> int:
    if version == 2:
        return int.from_bytes(row[3:6], "big")
    return _number(row[4:8]) if version == 4 else int.from_bytes(row[4:8], "big")


def _plain(data: bytes, flags: int) -> bytes:
    """Undo what a frame of version 2.4 says was done to it; what is packed or encrypted is left out."""
    if flags & 0x0C:
        return b""
    data = data[1:] if flags & 0x40 else data
    data = data[4:] if flags & 0x01 else data
    return _resync(data) if flags & 0x02 else data


def _named(data: bytes) -> bool:
    return bool(data) and data[0] < len(_ENCODINGS) and _split(data)[0].strip().upper() == NAME


def _value_of(data: bytes) -> list[bytes]:
    """Return the value of a frame described AIGC, in any case, as UTF-8; else nothing."""
    if not _named(data):
        return []
    return [_split(data)[1].rstrip("\0").encode("utf-8", "replace")]


def _split(data: bytes) -> tuple[str, str]:
    """Return description and text of a frame."""
    encoding, step = _ENCODINGS[data[0]], 2 if data[0] in (1, 2) else 1
    body = data[1:]
    cut = next((k for k in range(0, len(body), step) if not any(body[k : k + step])), len(body))
    return body[:cut].decode(encoding, "replace"), body[cut + step :].decode(encoding, "replace")


def _frame(field: AigcField, version: int) -> bytes:
    # Latin-1 is known to all versions, and the value is ASCII; it has no 0xFF either, so that unsynchronising changes nothing.
    data = b"\0" + NAME.encode() + b"\0" + field.to_json().encode("ascii")
    if version == 2:
        return b"TXX" + len(data).to_bytes(3, "big") + data
    return b"TXXX" + (_syncsafe(len(data)) if version == 4 else struct.pack(">I", len(data))) + b"\0\0" + data


def _syncsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def _number(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))


def _resync(data: bytes) -> bytes:
    return data.replace(b"\xff\x00", b"\xff")
