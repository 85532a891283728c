"""The field in FLAC: a comment ``AIGC`` in the block of Vorbis comments (TC260-PG-202510A).

Source: RFC 9639, section 8: blocks of one byte (last block, kind), three bytes of length, and the data.
"""

import io
from collections.abc import Iterator
from typing import IO

from tingshuo.audio.label import comments
from tingshuo.audio.label.field import AigcField
from tingshuo.audio.label.source import Source
from tingshuo.errors import AudioError

MAGIC = b"fLaC"
_LAST, _COMMENTS = 0x80, 4
_VENDOR = b"Tingshuo"


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is FLAC."""
    return head[:4] == MAGIC


def find(source: Source) -> list[bytes]:
    """Return the values of all AIGC fields.

    Raises
    ------
    AudioError
        A block reaches beyond the file's end, or comments beyond their block.
    """
    blocks = _blocks(source)
    found = [source.at(start, size, "its comments") for kind, start, size in blocks if kind == _COMMENTS]
    return [value for data in found for value in comments.find(data, source)]


def insert(source: Source, target: IO[bytes], field: AigcField) -> None:
    """Write the file with the field among its comments.

    Raises
    ------
    AudioError
        As for `find`, or the comments are full.
    """
    rows = list(_blocks(source))
    bodies = [(kind, source.at(start, size, "a block")) for kind, start, size in rows]
    at = next((k for k, (kind, _) in enumerate(bodies) if kind == _COMMENTS), None)
    if at is None:
        bodies.insert(1, (_COMMENTS, comments.block(field, _VENDOR)))
    else:
        bodies[at] = (_COMMENTS, comments.add(bodies[at][1], field, source))
        if len(bodies[at][1]) >= 1 << 24:
            raise AudioError(f"{source.name}: its comments are full; remove a picture from them, then label the file")
    target.write(MAGIC)
    for k, (kind, body) in enumerate(bodies):
        last = _LAST if k == len(bodies) - 1 else 0
        target.write(bytes([kind | last]) + len(body).to_bytes(3, "big") + body)
    source.copy(target, rows[-1][1] + rows[-1][2])


def header_bytes(data: bytes) -> int:
    """Return how many bytes the blocks before the sound have, or 0 while some are still to come."""
    at = len(MAGIC)
    while at + 4 <= len(data):
        last, at = data[at] & _LAST, at + 4 + int.from_bytes(data[at + 1 : at + 4], "big")
        if last:
            return at if at <= len(data) else 0
    return 0


def with_field(header: bytes, field: AigcField) -> bytes:
    """Return the blocks before the sound with the field among them; the first block keeps its place."""
    out = io.BytesIO()
    insert(Source(io.BytesIO(header), "the header"), out, field)
    return out.getvalue()


def _blocks(source: Source) -> Iterator[tuple[int, int, int]]:
    at = len(MAGIC)
    while True:
        head = source.at(at, 4, "a block's header")
        source.count("blocks")
        kind, size = head[0] & ~_LAST, int.from_bytes(head[1:], "big")
        at += 4
        if at + size > source.size:
            raise AudioError(f"{source.name}: a block reaches beyond the file's end; it is cut off, or damaged")
        yield kind, at, size
        at += size
        if head[0] & _LAST:
            return
