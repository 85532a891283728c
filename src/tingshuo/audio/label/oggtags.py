"""The field in Ogg: a comment ``AIGC`` in the second packet of Opus or Vorbis (TC260-PG-202510A).

The packets before the sound are cut into pages anew. When they need another number of pages, the numbers of all later pages of
the stream move, and with them their checksums.

Sources: RFC 3533 (Ogg), RFC 7845, section 5 (Opus: head, then tags, each on pages of their own), Vorbis I, section 4.2 (identity,
comments, setup).
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from tingshuo.audio.label import comments
from tingshuo.audio.label.field import AigcField
from tingshuo.audio.label.source import LARGEST_PART, Source
from tingshuo.audio.ogg import CHECKSUM, HEADER_BYTES, SEGMENTS, page_checksum
from tingshuo.errors import AudioError

_KINDS = {b"OpusHead": (b"OpusTags", 2), b"\x01vorbis": (b"\x03vorbis", 3)}
"""How a stream begins: how its comments begin, and the packets before the sound."""
_FULL = 255
_LARGEST_PAGE = 255
"""Segments."""


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is Ogg."""
    return head[:4] == b"OggS"


def find(source: Source) -> list[bytes]:
    """Return the values of all AIGC fields of the first stream.

    Raises
    ------
    AudioError
        The stream is neither Opus nor Vorbis, or a page or a comment is damaged.
    """
    head = _Head.read(source)
    return comments.find(head.packets[1][len(head.mark) :], source)


def insert(source: Source, target: IO[bytes], field: AigcField) -> None:
    """Write the file with the field among its comments.

    Raises
    ------
    AudioError
        As for `find`, or several streams are woven into each other.
    """
    head = _Head.read(source)
    packets = [head.packets[0], head.mark + comments.add(head.packets[1][len(head.mark) :], field, source), *head.packets[2:]]
    pages = [source.at(0, head.first_bytes, "its first page"), *_pages_of(packets[1:], head.serial)]
    target.write(b"".join(pages))
    moved = len(pages) - head.pages
    if not moved:
        source.copy(target, head.stop)
        return
    for start, size in _pages(source, head.stop, most=None):
        page = bytearray(source.at(start, size, "a page"))
        if page[14:18] == head.serial:
            struct.pack_into("<I", page, 18, struct.unpack_from("<I", page, 18)[0] + moved & 0xFFFFFFFF)
            _seal(page)
        target.write(page)


def with_field(page: bytes, field: AigcField) -> bytes:
    """Return the page of an encoder's Opus stream that holds all its tags, with the field among them."""
    body = page[HEADER_BYTES + page[SEGMENTS] :]
    assert body.startswith(b"OpusTags"), "the encoder's second page does not hold the tags"
    packet = b"OpusTags" + comments.add(body[8:], field, Source(io.BytesIO(), "the tags"))
    (made,) = _pages_of([packet], page[14:18])
    return made


@dataclass(frozen=True, slots=True)
class _Head:
    """What is before the sound: its packets, pages and their end."""

    mark: bytes
    packets: tuple[bytes, ...]
    serial: bytes
    pages: int
    first_bytes: int
    stop: int

    @classmethod
    def read(cls, source: Source) -> "_Head":
        packets: list[bytes] = []
        rest = bytearray()
        serial, first, wanted, mark = b"", 0, 2, b""
        for count, (start, size) in enumerate(_pages(source, 0, most=LARGEST_PART), 1):
            page = source.at(start, size, "a page")
            serial, first = serial or page[14:18], first or size
            if page[14:18] != serial:
                raise AudioError(f"{source.name}: several streams are woven into each other; give a file of sound alone")
            packets += _packets(page, rest)
            if packets and not mark:
                mark, wanted = _kind(packets[0], source)
            if len(packets) >= wanted:
                if rest or len(packets) > wanted or not packets[1].startswith(mark):
                    raise AudioError(f"{source.name}: the packets before its sound are not as Ogg wants them; it is damaged")
                return cls(mark, tuple(packets), serial, count, first, start + size)
        raise AudioError(f"{source.name}: the file ends before its sound; it is cut off")


def _kind(packet: bytes, source: Source) -> tuple[bytes, int]:
    for begins, told in _KINDS.items():
        if packet.startswith(begins):
            return told
    raise AudioError(f"{source.name}: Ogg holds something else than Opus or Vorbis; such a file cannot be labelled")


def _pages(source: Source, at: int, most: int | None) -> Iterator[tuple[int, int]]:
    """Yield start and length of each page; ``most`` bytes where only the beginning is wanted."""
    begun = at
    while at < source.size:
        head = source.at(at, HEADER_BYTES, "a page's header")
        if head[:4] != b"OggS":
            raise AudioError(f"{source.name}: there is no Ogg page where one should be; the file is damaged")
        lengths = source.at(at + HEADER_BYTES, head[SEGMENTS], "a page's header")
        size = HEADER_BYTES + head[SEGMENTS] + sum(lengths)
        yield at, size
        at += size
        if most is not None and at - begun > most:
            raise AudioError(f"{source.name}: has more than {most} bytes before its sound; no real file has so many")


def _packets(page: bytes, rest: bytearray) -> list[bytes]:
    """Return the packets that end on a page; ``rest`` is the beginning of the next, before and afterwards."""
    lengths = page[HEADER_BYTES : HEADER_BYTES + page[SEGMENTS]]
    done, at = [], HEADER_BYTES + page[SEGMENTS]
    for length in lengths:
        rest += page[at : at + length]
        at += length
        if length < _FULL:
            done.append(bytes(rest))
            rest.clear()
    return done


def _pages_of(packets: list[bytes], serial: bytes) -> list[bytes]:
    """Cut packets into pages, numbered from 1, all at time 0."""
    lengths = [n for packet in packets for n in (*[_FULL] * (len(packet) // _FULL), len(packet) % _FULL)]
    body, at = b"".join(packets), 0
    pages: list[bytes] = []
    for start in range(0, len(lengths), _LARGEST_PAGE):
        row = lengths[start : start + _LARGEST_PAGE]
        goes_on = bool(start) and lengths[start - 1] == _FULL
        # A page on which no packet ends has no time, which -1 says.
        time = 0 if min(row) < _FULL else -1
        page = bytearray(struct.pack("<4sBBq4sIIB", b"OggS", 0, goes_on, time, serial, len(pages) + 1, 0, len(row)))
        page += bytes(row) + body[at : at + sum(row)]
        at += sum(row)
        _seal(page)
        pages.append(bytes(page))
    return pages


def _seal(page: bytearray) -> None:
    page[CHECKSUM] = bytes(4)
    page[CHECKSUM] = struct.pack("<I", page_checksum(bytes(page)))
