"""Vorbis comments, which FLAC, Ogg Vorbis and Opus share: a vendor's name, then texts ``NAME=value``.

Source: Xiph.Org, "Ogg Vorbis I format specification: comment field and header specification"; RFC 9639, section 8.6.
"""

import struct
from collections.abc import Iterator

from tingshuo.audio.label.field import LONGEST_VALUE, NAME, AigcField
from tingshuo.audio.label.source import Source
from tingshuo.errors import AudioError

_KEY = NAME.encode() + b"="


def comment(field: AigcField) -> bytes:
    """Return the comment with the field, with its length."""
    text = _KEY + field.to_json().encode()
    return struct.pack("<I", len(text)) + text


def block(field: AigcField, vendor: bytes) -> bytes:
    """Return comments that hold the field alone."""
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 1) + comment(field)


def find(data: bytes, source: Source) -> list[bytes]:
    """Return the values of all comments named AIGC, in any case.

    Raises
    ------
    AudioError
        A length is wrong, or there are too many comments.
    """
    texts = [data[start : start + size] for start, size in _comments(data, source)]
    values = [text[len(_KEY) :] for text in texts if text[: len(_KEY)].upper() == _KEY]
    if any(len(value) > LONGEST_VALUE for value in values):
        raise AudioError(f"{source.name}: its AIGC field has more than the {LONGEST_VALUE} bytes that are read")
    return values


def add(data: bytes, field: AigcField, source: Source) -> bytes:
    """Return the comments with one more at the end; what follows them stays.

    Raises
    ------
    AudioError
        As for `find`.
    """
    rows = list(_comments(data, source))
    at = 4 + struct.unpack_from("<I", data)[0]
    end = rows[-1][0] + rows[-1][1] if rows else at + 4
    return data[:at] + struct.pack("<I", len(rows) + 1) + data[at + 4 : end] + comment(field) + data[end:]


def _comments(data: bytes, source: Source) -> Iterator[tuple[int, int]]:
    """Yield start and length of each comment."""
    at = 4 + _length(data, 0, source)
    count = _length(data, at, source, most=1 << 32)
    at += 4
    for _ in range(count):
        source.count("comments")
        size = _length(data, at, source)
        yield at + 4, size
        at += 4 + size


def _length(data: bytes, at: int, source: Source, most: int | None = None) -> int:
    if at + 4 > len(data):
        raise AudioError(f"{source.name}: its comments end too early; the file is cut off, or damaged")
    (size,) = struct.unpack_from("<I", data, at)
    if size > (len(data) - at - 4 if most is None else most):
        raise AudioError(f"{source.name}: a comment reaches beyond the end of the comments; the file is damaged")
    return int(size)
