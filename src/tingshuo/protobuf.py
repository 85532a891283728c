"""Walk the fields of a protobuf message, without its schema and without a library: enough for the names in a graph file.

Source: the protobuf encoding, https://protobuf.dev/programming-guides/encoding.
"""

import mmap
from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types; groups, which nobody writes any more, are refused."""
_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}
Buffer = bytes | mmap.mmap


class Field(NamedTuple):
    """Where a field lies in its buffer: its key begins at ``start``, what it holds reaches from ``body`` to ``end``.

    Of a varint these are the bytes that it was written in.
    """

    number: int
    wire: int
    start: int
    body: int
    end: int


def fields(data: Buffer, at: int = 0, end: int | None = None) -> Iterator[Field]:
    """Yield the fields of the message between two bytes of a buffer; nothing is copied.

    Raises
    ------
    ValueError
        It is no protobuf message, or was cut short.
    """
    end = len(data) if end is None else end
    while at < end:
        start = at
        key, at = varint(data, at, end)
        wire, body = key & 7, at
        if wire == VARINT:
            _, at = varint(data, at, end)
        elif wire == BYTES:
            length, body = varint(data, at, end)
            at = body + length
        elif wire in _FIXED_BYTES:
            at += _FIXED_BYTES[wire]
        else:
            raise ValueError(f"no protobuf message: wire type {wire} at byte {start}")
        if at > end or key >> 3 == 0:
            raise ValueError("no protobuf message, or cut short: a field reaches past the end or has no number")
        yield Field(key >> 3, wire, start, body, at)


def varint(data: Buffer, at: int, end: int) -> tuple[int, int]:
    """Return the number that is written from a byte on, and where it ends.

    Raises
    ------
    ValueError
        It reaches past the end, or has more than 64 bits.
    """
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("no protobuf message, or cut short: a number reaches past the end")
