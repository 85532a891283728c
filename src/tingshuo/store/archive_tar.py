"""Tar files: written the same way every time, read without believing them.

Layout: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"
(https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html), and for long names and large files that of GNU
(https://www.gnu.org/software/tar/manual/html_node/Standard.html). What ``tar``, ``bsdtar`` and Python write can be read.
"""

import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tingshuo.errors import BundleError
from tingshuo.store.archive_formats import CHUNK, Member, Source, cut_short, damaged, decompressed, plain_name

_BLOCK = 512
_ZEROS = bytes(_BLOCK)
_MAGICS = (b"ustar\x0000", b"ustar  \x00")
"""Of POSIX, and of GNU."""
_MAX_EXTENSION_BYTES = 1 << 16
"""Of a long name or an extended header."""
_MAX_PADDING_BYTES = 1 << 20
"""Zeros after the end: tapes had large records."""
_FIELD_BYTES = 100
_FILES = (b"0", b"\0", b"7")
"""Of today, of old, and of those that wished to lie in one piece."""
_FOLDER, _LONG_NAME, _EXTENDED, _GLOBAL = b"5", b"L", b"x", b"g"
_REFUSED = {
    b"1": "is a hard link",
    b"2": "is a symbolic link",
    b"3": "is a device",
    b"4": "is a device",
    b"6": "is a pipe",
    b"K": "is a link",
    b"S": "is sparse",
}
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*")


@dataclass(frozen=True, slots=True)
class _Header:
    kind: bytes
    name: bytes
    size: int


def write_tar(file: BinaryIO, members: Iterable[tuple[Member, int]]) -> None:
    """Write members with their permissions; nothing of the machine or the time gets in."""
    for member, mode in members:
        header = tarfile.TarInfo(member.name)
        header.size, header.mode = member.size, mode
        file.write(header.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict"))
        for chunk in member.chunks():
            file.write(chunk)
        file.write(bytes(-member.size % _BLOCK))
    file.write(2 * _ZEROS)


def tar_members(path: Path) -> Iterator[Member]:
    """Yield the plain files of a tar in their order; what is not read of one is passed over.

    Raises
    ------
    BundleError
        It is damaged or cut short, goes on after its end, or holds anything but plain files and folders.
    """
    with decompressed(path) as source:
        long_name, fields = "", dict[str, str]()
        while (block := source.read(_BLOCK)) != _ZEROS:
            header = _header(path, block)
            if header.kind in (_LONG_NAME, _EXTENDED, _GLOBAL):
                content = _extension(source, header)
                if header.kind == _LONG_NAME:
                    long_name = _text(path, content.partition(b"\0")[0])
                elif header.kind == _EXTENDED:
                    fields = _pax_fields(path, content)
                else:
                    _check_global(path, _pax_fields(path, content))
                continue
            name = _name(path, header, long_name, fields)
            _check_fields(path, name, header, fields)
            long_name, fields = "", {}
            if header.kind == _FOLDER:
                _check_folder(path, name, header)
                continue
            yield from _file(source, plain_name(path, name), header)
        _check_end(source)


def _file(source: Source, name: str, header: _Header) -> Iterator[Member]:
    if header.kind not in _FILES:
        what = _REFUSED.get(header.kind, f"is of the unknown kind {header.kind!r}")
        raise BundleError(f"{source.path}: {name!r} {what}; the archive of a bundle holds plain files alone")
    chunks = _chunks(source, header.size)
    yield Member(name, header.size, lambda: chunks)
    for _ in chunks:
        pass
    source.read(-header.size % _BLOCK)


def _chunks(source: Source, size: int) -> Iterator[bytes]:
    while size:
        chunk = source.read(min(size, CHUNK))
        size -= len(chunk)
        yield chunk


def _header(path: Path, block: bytes) -> _Header:
    if block[257:265] not in _MAGICS:
        raise damaged(path, "it is not a tar file, or not here")
    if sum(block[:148]) + sum(block[156:]) + 8 * ord(" ") != _number(path, block[148:156]):
        raise damaged(path, "the checksum of a header does not fit")
    name = block[:_FIELD_BYTES].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:265] == _MAGICS[0] else b""
    if prefix:
        name = prefix + b"/" + name
    return _Header(block[156:157], name, _number(path, block[124:136]))


def _number(path: Path, field: bytes) -> int:
    """Return the number in a field: octal digits, or for large ones 0x80 and the number itself, as GNU does."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    found = _OCTAL.fullmatch(field)
    if not found:
        raise damaged(path, "a header has a number that is none")
    return int(found[1] or b"0", 8)


def _text(path: Path, name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BundleError(f"{path}: a name in it is not UTF-8: {name[:60]!r}; pack the bundle again") from error


def _extension(source: Source, header: _Header) -> bytes:
    if header.size > _MAX_EXTENSION_BYTES:
        raise damaged(source.path, f"a name or header of {header.size} bytes")
    content = source.read(header.size)
    source.read(-header.size % _BLOCK)
    return content


def _pax_fields(path: Path, content: bytes) -> dict[str, str]:
    """Return the records of an extended header: each is its length in digits, a space, key=value and a newline."""
    fields = {}
    while content:
        digits, _, _ = content.partition(b" ")
        length = int(digits) if re.fullmatch(rb"[0-9]{1,6}", digits) else 0
        key, equals, value = content[len(digits) + 1 : length - 1].partition(b"=")
        if not equals or content[length - 1 : length] != b"\n":
            raise damaged(path, "an extended header has no key and value")
        fields[_text(path, key)] = "" if key.startswith((b"SCHILY.", b"LIBARCHIVE.")) else _text(path, value)
        content = content[length:]
    return fields


def _check_global(path: Path, fields: dict[str, str]) -> None:
    changed = sorted(key for key in fields if key in ("path", "linkpath", "size") or key.startswith("GNU.sparse"))
    if changed:
        raise BundleError(f"{path}: a header gives all its files another {changed[0]!r}; pack the bundle again")


def _name(path: Path, header: _Header, long_name: str, fields: dict[str, str]) -> str:
    """Return the whole name of a file: an extended one takes the place only of one that does not fit into the header."""
    name = fields.get("path") or long_name
    if not name or name.encode() == header.name:
        return _text(path, header.name)  # not before: a name that does not fit may be cut within a letter
    if "\0" in name or (name.isascii() and len(name) < _FIELD_BYTES):
        one = header.name.decode("utf-8", "replace")
        raise BundleError(f"{path}: has two names for one file, {one!r} and {name!r}; pack the bundle again")
    return name


def _check_fields(path: Path, name: str, header: _Header, fields: dict[str, str]) -> None:
    if any(key.startswith("GNU.sparse") for key in fields):
        raise BundleError(f"{path}: {name!r} is sparse; the archive of a bundle holds plain files alone")
    if "linkpath" in fields:
        raise BundleError(f"{path}: {name!r} is a link; the archive of a bundle holds plain files alone")
    if fields.get("size", str(header.size)) != str(header.size):
        raise BundleError(f"{path}: has two sizes for {name!r}; pack the bundle again")


def _check_folder(path: Path, name: str, header: _Header) -> None:
    """Check an entry for a folder; none is made from it."""
    if header.size:
        raise damaged(path, f"the folder {name!r} has {header.size} bytes of its own")
    if name.rstrip("/") not in ("", "."):
        plain_name(path, name.rstrip("/"))
    elif name.startswith("/"):
        plain_name(path, name)


def _check_end(source: Source) -> None:
    """Check that nothing but zeros follows the end, also after that of what was compressed."""
    if source.read(_BLOCK) != _ZEROS:
        raise damaged(source.path, "there is something after its end")
    count = 0
    while data := source.some(CHUNK):
        count += len(data)
        if count > _MAX_PADDING_BYTES or data.count(0) != len(data):
            raise damaged(source.path, "there is something after its end")
    if count % _BLOCK:
        raise cut_short(source.path)
