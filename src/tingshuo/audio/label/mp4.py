"""The field in M4A: a key AIGC in ``moov.udta.meta`` (boxes ``keys`` and ``ilst``), as TC260-PG-202510A and 20257A ask.

A file whose ``meta`` is of the kind that iTunes writes (handler ``mdir``) keeps it: there the field is the free-form item
``----:com.apple.iTunes:AIGC``, since one ``meta`` cannot be of both kinds. Both are read, under ``moov.udta`` and ``moov``.

Sources: ISO/IEC 14496-12 (boxes; ``stco`` and ``co64`` hold places in the file), Apple, "QuickTime File Format: Metadata".
"""

import struct
from collections.abc import Iterator
from typing import IO

from tingshuo.audio.label.field import LONGEST_VALUE, NAME, AigcField
from tingshuo.audio.label.source import Source
from tingshuo.errors import AudioError

_KEY = NAME.encode()
_TRACKS = (b"trak", b"mdia", b"minf", b"stbl")
_DEEPEST = 8


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is of the MP4 family."""
    return head[4:8] == b"ftyp"


def find(source: Source) -> list[bytes]:
    """Return the values of all AIGC fields.

    Raises
    ------
    AudioError
        A box reaches beyond the one around it, or there are too many.
    """
    moov = _moov(source)[2]
    values = []
    for meta in _metas(moov, source):
        rows = list(_boxes(_body(meta), source))
        keys = _keys(_first(rows, b"keys"), source)
        values += [value for kind, body in rows if kind == b"ilst" for value in _items(body, keys, source)]
    if any(len(value) > LONGEST_VALUE for value in values):
        raise AudioError(f"{source.name}: its AIGC field has more than the {LONGEST_VALUE} bytes that are read")
    return values


def insert(source: Source, target: IO[bytes], field: AigcField) -> None:
    """Write the file with the field; places that point behind it move along.

    Raises
    ------
    AudioError
        As for `find`; the file is in fragments, or a place would no longer fit into 32 bits.
    """
    start, stop, moov = _moov(source)
    kinds = [kind for kind, _, _ in _top(source)]
    if b"moof" in kinds:
        raise AudioError(f"{source.name}: is in fragments; make one piece of it: ffmpeg -i IN -c copy OUT")
    new = _with_field(moov, field, source)
    new = _moved(new, stop, len(new) + 8 - (stop - start), source, 0)
    source.copy(target, 0, start)
    target.write(_box(b"moov", new))
    source.copy(target, stop)


def _top(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each outermost box."""
    at = 0
    while at + 8 <= source.size:
        size, kind = struct.unpack(">I4s", source.at(at, 8, "a box"))
        source.count("boxes")
        if size == 1:
            size = int.from_bytes(source.at(at + 8, 8, "a box"), "big")
        size = size or source.size - at
        if size < 8 or at + size > source.size:
            raise AudioError(f"{source.name}: its box {kind.decode('latin-1')!r} has a wrong length; it is cut off, or damaged")
        yield kind, at, at + size
        at += size


def _moov(source: Source) -> tuple[int, int, bytes]:
    """Return start, end and content of the box that describes the file."""
    for kind, start, stop in _top(source):
        if kind == b"moov":
            head = 16 if source.at(start, 4, "a box") == b"\0\0\0\1" else 8
            return start, stop, source.at(start + head, stop - start - head, "the box moov")
    raise AudioError(f"{source.name}: has no box moov; it is cut off, or not finished")


def _boxes(data: bytes, source: Source) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of the boxes inside a box."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        source.count("boxes")
        if not size and not int.from_bytes(data[at:], "big"):
            return  # QuickTime ends a list with zeros
        if size < 8 or at + size > len(data):
            raise AudioError(f"{source.name}: its box {kind.decode('latin-1')!r} has a wrong length; the file is damaged")
        yield kind, data[at + 8 : at + size]
        at += size


def _metas(moov: bytes, source: Source) -> list[bytes]:
    found = []
    for kind, body in _boxes(moov, source):
        if kind == b"meta":
            found.append(body)
        elif kind == b"udta":
            found += [inner for name, inner in _boxes(body, source) if name == b"meta"]
    return found


def _body(meta: bytes) -> bytes:
    """Return the boxes of a ``meta``: ISO puts four bytes of version before them, QuickTime nothing."""
    return meta if meta[4:8] == b"hdlr" else meta[4:]


def _keys(data: bytes, source: Source) -> dict[int, bytes]:
    return dict(enumerate((name for _, name in _boxes(data[8:], source)), 1))


def _items(ilst: bytes, keys: dict[int, bytes], source: Source) -> list[bytes]:
    values = []
    for kind, body in _boxes(ilst, source):
        parts = list(_boxes(body, source))
        named = keys.get(int.from_bytes(kind, "big"), b"")
        if kind == b"----":
            named = next((part[4:] for name, part in parts if name == b"name"), b"")
        if named.upper() == _KEY:
            values += [part[8:] for name, part in parts if name == b"data"]
    return values


def _with_field(moov: bytes, field: AigcField, source: Source) -> bytes:
    """Return the content of ``moov`` with the field in ``udta.meta``."""
    out, done = b"", False
    for kind, content in _boxes(moov, source):
        body = content
        if kind == b"udta" and not done:
            rows = list(_boxes(body, source))
            at = next((k for k, (name, _) in enumerate(rows) if name == b"meta"), None)
            if at is None:
                rows.append((b"meta", _new_meta(field)))
            else:
                rows[at] = (b"meta", _with_item(rows[at][1], field, source))
            body, done = _joined(rows), True
        out += _box(kind, body)
    return out if done else out + _box(b"udta", _box(b"meta", _new_meta(field)))


def _with_item(meta: bytes, field: AigcField, source: Source) -> bytes:
    """Return a ``meta`` with the field as one more item, in the way of its kind."""
    body = _body(meta)
    rows = list(_boxes(body, source))
    if keys := _first(rows, b"keys"):
        count = len(_keys(keys, source)) + 1
        rows = _put(rows, b"keys", keys[:4] + struct.pack(">I", count) + keys[8:] + _box(b"mdta", _KEY))
        item = _box(struct.pack(">I", count), _data(field))
    else:
        names = _box(b"mean", b"\0\0\0\0com.apple.iTunes") + _box(b"name", b"\0\0\0\0" + _KEY)
        item = _box(b"----", names + _data(field))
    return meta[: len(meta) - len(body)] + _joined(_put(rows, b"ilst", _first(rows, b"ilst") + item))


def _first(rows: list[tuple[bytes, bytes]], kind: bytes) -> bytes:
    return next((body for name, body in rows if name == kind), b"")


def _put(rows: list[tuple[bytes, bytes]], kind: bytes, body: bytes) -> list[tuple[bytes, bytes]]:
    """Return boxes with the first of a kind exchanged, or one more."""
    at = next((k for k, (name, _) in enumerate(rows) if name == kind), len(rows))
    return [*rows[:at], (kind, body), *rows[at + 1 :]]


def _joined(rows: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(_box(*row) for row in rows)


def _new_meta(field: AigcField) -> bytes:
    handler = _box(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    keys = _box(b"keys", struct.pack(">II", 0, 1) + _box(b"mdta", _KEY))
    return bytes(4) + handler + keys + _box(b"ilst", _box(struct.pack(">I", 1), _data(field)))


def _data(field: AigcField) -> bytes:
    """Return the box of a value: kind 1 is UTF-8."""
    return _box(b"data", struct.pack(">II", 1, 0) + field.to_json().encode())


def _moved(data: bytes, behind: int, by: int, source: Source, depth: int) -> bytes:
    """Return boxes with the places in the file that are behind a point moved."""
    if depth > _DEEPEST:
        raise AudioError(f"{source.name}: its boxes are nested too deeply; the file is damaged")
    out = []
    for kind, content in _boxes(data, source):
        body = content
        if kind in _TRACKS:
            body = _moved(body, behind, by, source, depth + 1)
        elif kind in (b"stco", b"co64"):
            body = body[:8] + _places(body[4:], "I" if kind == b"stco" else "Q", behind, by, source)
        out.append(_box(kind, body))
    return b"".join(out)


def _places(data: bytes, letter: str, behind: int, by: int, source: Source) -> bytes:
    count = int.from_bytes(data[:4], "big")
    layout = f">{count}{letter}"
    if struct.calcsize(layout) > len(data) - 4:
        raise AudioError(f"{source.name}: its table of places has a wrong length; the file is damaged")
    places = [place + by if place >= behind else place for place in struct.unpack_from(layout, data, 4)]
    try:
        return struct.pack(layout, *places)
    except struct.error:
        raise AudioError(f"{source.name}: is too large for its 32-bit places; make it anew with ffmpeg") from None


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body
