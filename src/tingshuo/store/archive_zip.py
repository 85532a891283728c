"""Zip files: written the same way every time, read without believing them.

Layout: PKWARE's APPNOTE 6.3.10 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), sections 4.3.7 (local header),
4.3.9 (data descriptor), 4.3.12 (central directory) and 4.3.16 (its end). Files have to lie one after the other, without gaps and
without overlaps, from the first byte to the directory: only so is a file nothing but what the directory says.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tingshuo.errors import BundleError
from tingshuo.store.archive_formats import CHUNK, Member, cut_short, damaged, plain_name

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_MAGIC, _ENTRY_MAGIC, _LOCAL_MAGIC, _DESCRIPTOR_MAGIC = b"PK\5\6", b"PK\1\2", b"PK\3\4", b"PK\7\x08"
_ENCRYPTED, _DESCRIBED, _PATCHED, _STRONG, _UTF8, _MASKED = 1, 1 << 3, 1 << 5, 1 << 6, 1 << 11, 1 << 13
_STORED, _DEFLATED = 0, 8
_ALL_ONES_16, _ALL_ONES_32 = 0xFFFF, 0xFFFFFFFF
"""What stands where a zip64 has the true value elsewhere."""
_ZIP64_EXTRA = 1
_UNIX, _DARWIN = 3, 19
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    raw_name: bytes
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    offset: int
    kind: int
    """What the permissions of Unix say it is, 0 when nothing."""


def write_zip(file: BinaryIO, members: Iterable[tuple[Member, int]]) -> None:
    """Write members with their permissions, not compressed; nothing of the machine or the time gets in.

    Raises
    ------
    zipfile.LargeZipFile
        It would have to be a zip64.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for member, mode in members:
            info = zipfile.ZipInfo(member.name, _FIRST_DAY)
            info.create_system, info.external_attr, info.file_size = _UNIX, (stat.S_IFREG | mode) << 16, member.size
            with archive.open(info, "w") as out:
                for chunk in member.chunks():
                    out.write(chunk)


def zip_members(path: Path) -> Iterator[Member]:
    """Yield the plain files of a zip in their order; of one that is not asked for its bytes nothing is read.

    Raises
    ------
    BundleError
        It is damaged or cut short, encrypted, a zip64, goes on after its end, or holds anything but plain files and folders.
    """
    try:
        with path.open("rb") as file:
            entries = _directory(path, file)
            for entry, end in zip(entries, [*(e.offset for e in entries[1:]), None], strict=True):
                begin = _check_local(path, file, entry, end)
                if not entry.name.endswith("/"):
                    name = plain_name(path, entry.name)
                    yield Member(name, entry.size, lambda b=begin, e=entry: _chunks(path, file, b, e))  # type: ignore[misc]
                elif entry.size or entry.packed > 2:  # deflated, nothing takes two bytes
                    raise damaged(path, f"the folder {entry.name!r} has bytes of its own")
                else:
                    plain_name(path, entry.name[:-1])
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror or error}") from error


def _directory(path: Path, file: BinaryIO) -> list[_Entry]:
    """Return the entries in the order in which they lie; the directory is followed by its end, and that by nothing."""
    length = file.seek(0, 2)
    if length < _END.size:
        raise cut_short(path)
    file.seek(length - _END.size)
    magic, disk, start_disk, here, count, size, offset, comment = _END.unpack(file.read(_END.size))
    if magic != _END_MAGIC or comment:
        raise damaged(path, "it has no end, or something after its end")
    if _ALL_ONES_16 in (disk, count) or _ALL_ONES_32 in (size, offset):
        raise _zip64(path)
    if disk or start_disk or here != count or offset + size + _END.size != length:
        raise damaged(path, "its directory is not where it should be")
    file.seek(offset)
    content, entries = file.read(size), []
    while content:
        entry, content = _entry(path, content)
        entries.append(entry)
    if len(entries) != count:
        raise damaged(path, f"its directory has {len(entries)} entries instead of {count}")
    entries.sort(key=lambda entry: entry.offset)
    if not entries or entries[0].offset:
        raise damaged(path, "there is something before its begin" if entries else "it is empty")
    _check_last(path, file, entries[-1], offset)
    return entries


def _entry(path: Path, content: bytes) -> tuple[_Entry, bytes]:
    """Return the first entry of a directory, and the rest."""
    if len(content) < _ENTRY.size:
        raise damaged(path, "an entry of its directory is cut short")
    fields = _ENTRY.unpack_from(content)
    magic, made_by, _, flags, method, _, _, checksum, packed, size, n_name, n_extra, n_comment, _, _, attributes, offset = fields
    end = _ENTRY.size + n_name + n_extra + n_comment
    if magic != _ENTRY_MAGIC or len(content) < end:
        raise damaged(path, "an entry of its directory is none")
    raw_name = content[_ENTRY.size : _ENTRY.size + n_name]
    name = _text(path, raw_name, flags)
    extra = content[_ENTRY.size + n_name : _ENTRY.size + n_name + n_extra]
    if _ALL_ONES_32 in (packed, size, offset) or _has_zip64(path, extra):
        raise _zip64(path)
    kind = stat.S_IFMT(attributes >> 16) if made_by >> 8 in (_UNIX, _DARWIN) else 0
    entry = _Entry(name, raw_name, flags, method, checksum, packed, size, offset, kind)
    _check_kind(path, entry)
    return entry, content[end:]


def _check_kind(path: Path, entry: _Entry) -> None:
    if entry.flags & (_ENCRYPTED | _STRONG | _MASKED):
        raise BundleError(f"{path}: is encrypted; unpack it yourself, and use the folder")
    if entry.flags & _PATCHED or entry.method not in (_STORED, _DEFLATED):
        raise BundleError(f"{path}: {entry.name!r} is packed by method {entry.method}; accepted: stored and deflated files")
    if entry.method == _STORED and entry.packed != entry.size:
        raise damaged(path, f"{entry.name!r} has two sizes")
    expected = stat.S_IFDIR if entry.name.endswith("/") else stat.S_IFREG
    if entry.kind not in (0, expected):
        what = "is a symbolic link" if entry.kind == stat.S_IFLNK else "is a device, a pipe or a folder in disguise"
        raise BundleError(f"{path}: {entry.name!r} {what}; the archive of a bundle holds plain files alone")


def _text(path: Path, name: bytes, flags: int) -> str:
    """Return a name; without the mark of UTF-8 it is that all the same, or of code page 437."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError as error:
        if flags & _UTF8:
            raise damaged(path, "a name is not the UTF-8 that it says") from error
        text = name.decode("cp437")
    if "\0" in text:
        raise damaged(path, f"the name {text!r} has a zero byte")
    return text


def _has_zip64(path: Path, extra: bytes) -> bool:
    while extra:
        if len(extra) < 4:
            raise damaged(path, "an extra field is cut short")
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _ZIP64_EXTRA:
            return True
        if len(extra) < 4 + length:
            raise damaged(path, "an extra field is cut short")
        extra = extra[4 + length :]
    return False


def _zip64(path: Path) -> BundleError:
    return BundleError(f"{path}: is a zip64, which is not read here; pack the bundle as .tar")


def _check_local(path: Path, file: BinaryIO, entry: _Entry, end: int | None) -> int:
    """Check that the header before a file's bytes says what the directory says; returns where the bytes begin."""
    file.seek(entry.offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size:
        raise cut_short(path)
    magic, _, flags, method, _, _, checksum, packed, size, n_name, n_extra = _LOCAL.unpack(header)
    name, begin = file.read(n_name), entry.offset + _LOCAL.size + n_name + n_extra
    if magic != _LOCAL_MAGIC or (name, flags, method) != (entry.raw_name, entry.flags, entry.method):
        raise damaged(path, f"the header of {entry.name!r} is not what its directory says")
    described = bool(flags & _DESCRIBED)
    if (checksum, packed, size) != (entry.checksum, entry.packed, entry.size) and not (described and packed in (0, entry.packed)):
        raise damaged(path, f"the header of {entry.name!r} is not what its directory says")
    if end is not None:
        _check_gap(path, file, entry, begin + entry.packed, end)
    return int(begin)


def _check_last(path: Path, file: BinaryIO, entry: _Entry, end: int) -> None:
    begin = _check_local(path, file, entry, None)
    _check_gap(path, file, entry, begin + entry.packed, end)


def _check_gap(path: Path, file: BinaryIO, entry: _Entry, begin: int, end: int) -> None:
    """Check that between a file's bytes and whatever comes next there is nothing, or what describes it."""
    if begin == end and not entry.flags & _DESCRIBED:
        return
    values = struct.pack("<3L", entry.checksum, entry.packed, entry.size)
    file.seek(begin)
    if entry.flags & _DESCRIBED and 0 < end - begin <= 16 and file.read(end - begin) in (values, _DESCRIPTOR_MAGIC + values):
        return
    raise damaged(path, f"after {entry.name!r} there is something that its directory does not list, or files overlap")


def _chunks(path: Path, file: BinaryIO, begin: int, entry: _Entry) -> Iterator[bytes]:
    """Yield what a file holds: just as many bytes as promised, from just as many, with the right checksum."""
    file.seek(begin)
    checksum, size = 0, 0
    for chunk in _stored(path, file, entry.packed) if entry.method == _STORED else _inflated(path, file, entry):
        checksum, size = zlib.crc32(chunk, checksum), size + len(chunk)
        if size > entry.size:
            raise damaged(path, f"{entry.name!r} has more bytes than promised")
        yield chunk
    if (size, checksum) != (entry.size, entry.checksum):
        raise damaged(path, f"{entry.name!r} has another size or checksum than promised")


def _stored(path: Path, file: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        chunk = file.read(min(size, CHUNK))
        if not chunk:
            raise cut_short(path)
        size -= len(chunk)
        yield chunk


def _inflated(path: Path, file: BinaryIO, entry: _Entry) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _stored(path, file, entry.packed):
            if inflater.eof:
                raise damaged(path, f"{entry.name!r} goes on after its end")
            while packed and not inflater.eof:
                yield inflater.decompress(packed, CHUNK)
                packed = inflater.unconsumed_tail
        while not inflater.eof and (rest := inflater.decompress(b"", CHUNK)):
            yield rest
    except zlib.error as error:
        raise damaged(path, f"{entry.name!r}: {error}") from error
    if not inflater.eof or inflater.unused_data:
        raise damaged(path, f"{entry.name!r} does not end where it should")
