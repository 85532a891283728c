"""Zips are read as they were written, and refused where two readers could see two things in them."""

import io
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tingshuo.errors import BundleError
from tingshuo.store import archive_zip
from tingshuo.store.archive_formats import CHUNK, Member
from tingshuo.store.archive_zip import write_zip, zip_members

CONTENTS = {"a/one": b"1" * 1000, "a/two": bytes(range(256)), "a/empty": b""}
Edit = Callable[[bytearray], object]


def read(path: Path) -> dict[str, bytes]:
    return {found.name: b"".join(found.chunks()) for found in zip_members(path)}


def made(contents: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return bytearray(file.getvalue())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.zip"


def entry(data: bytearray, place: int = 0) -> int:
    """Where an entry of the directory begins."""
    at = struct.unpack_from("<L", data, len(data) - 6)[0]
    for _ in range(place):
        at += 46 + sum(struct.unpack_from("<3H", data, at + 28))
    return at


def put(data: bytearray, at: int, layout: str, *values: int) -> None:
    struct.pack_into(f"<{layout}", data, at, *values)


def test_what_is_written_is_read(path: Path) -> None:
    contents = CONTENTS | {"听说/词典": b"3"}
    with path.open("w+b") as file:
        write_zip(file, [(Member(n, len(c), lambda c=c: iter([c])), 0o600) for n, c in contents.items()])  # type: ignore[misc]
    assert read(path) == contents
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {(i.date_time[0], i.external_attr >> 16, i.compress_type) for i in archive.infolist()} == {(1980, 0o100600, 0)}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated_files_are_read(path: Path, method: int) -> None:
    contents = CONTENTS | {"large": bytes(3 * CHUNK + 1)}
    path.write_bytes(made(contents, method))
    assert read(path) == contents


def test_what_was_written_to_a_pipe_is_read(path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    file = Pipe()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in CONTENTS.items():
            archive.writestr(name, content)
    path.write_bytes(file.getvalue())
    assert read(path) == CONTENTS


def test_folders_are_passed_over_and_names_are_utf_8_or_of_code_page_437(path: Path) -> None:
    data = made({"a/": b"", "a/b": b"1"}, zipfile.ZIP_STORED)
    path.write_bytes(data)
    assert read(path) == {"a/b": b"1"}
    path.write_bytes(data.replace(b"a/b", b"\x81/b"))
    assert read(path) == {"ü/b": b"1"}


def encrypt(data: bytearray) -> None:
    for at in (6, entry(data) + 8):
        data[at] |= 1


def link(data: bytearray) -> None:
    data[entry(data) + 5] = 3
    put(data, entry(data) + 38, "L", (stat.S_IFLNK | 0o777) << 16)


def pipe(data: bytearray) -> None:
    link(data)
    put(data, entry(data) + 38, "L", (stat.S_IFIFO | 0o777) << 16)


def overlap(data: bytearray) -> None:
    """Two entries for the same bytes, which is how small bombs become large."""
    put(data, entry(data, 1) + 42, "L", 0)


def gap(data: bytearray) -> None:
    at = 30 + 5 + struct.unpack_from("<L", data, 18)[0]
    data[at:at] = b"hidden"
    for place in (1, 2):
        shift = entry_after(data, place)
        put(data, shift + 42, "L", struct.unpack_from("<L", data, shift + 42)[0] + 6)


def entry_after(data: bytearray, place: int) -> int:
    """Where an entry begins, when the directory has moved by 6 and is not yet found."""
    begin = struct.unpack_from("<L", data, len(data) - 6)[0]
    if data[begin : begin + 4] != b"PK\1\2":
        put(data, len(data) - 6, "L", begin + 6)
    return entry(data, place)


EDITS: dict[str, tuple[Edit, str]] = {
    "encrypted": (encrypt, "is encrypted; unpack it yourself"),
    "link": (link, "'a/one' is a symbolic link"),
    "pipe": (pipe, "'a/one' is a device, a pipe or a folder in disguise"),
    "overlap": (overlap, "the header of 'a/two' is not what|files overlap"),
    "gap": (gap, "after 'a/one' there is something that its directory does not list"),
    "method": (lambda d: (put(d, 8, "H", 12), put(d, entry(d) + 10, "H", 12)), "'a/one' is packed by method 12"),
    "another method": (lambda d: put(d, 8, "H", 0), "the header of 'a/one' is not what its directory says"),
    "another name": (lambda d: put(d, 30, "B", ord("b")), "the header of 'a/one' is not what its directory says"),
    "zero byte": (lambda d: put(d, entry(d) + 47, "B", 0), "has a zero byte"),
    "no UTF-8": (lambda d: (put(d, entry(d) + 46, "B", 255), put(d, entry(d) + 8, "H", 1 << 11)), "is not the UTF-8"),
    "another size": (lambda d: put(d, 22, "L", 999), "the header of 'a/one' is not what its directory says"),
    "smaller": (lambda d: (put(d, 22, "L", 999), put(d, entry(d) + 24, "L", 999)), "'a/one' has more bytes than promised"),
    "larger": (lambda d: (put(d, 22, "L", 1001), put(d, entry(d) + 24, "L", 1001)), "'a/one' has another size or checksum"),
    "checksum": (lambda d: (put(d, 14, "L", 1), put(d, entry(d) + 16, "L", 1)), "'a/one' has another size or checksum"),
    "broken stream": (lambda d: put(d, 36, "B", 255), "'a/one'"),
    "zip64 size": (lambda d: put(d, entry(d) + 24, "L", 0xFFFFFFFF), "is a zip64"),
    "zip64 count": (lambda d: put(d, len(d) - 14, "2H", 0xFFFF, 0xFFFF), "is a zip64"),
    "zip64 place": (lambda d: put(d, len(d) - 6, "L", 0xFFFFFFFF), "is a zip64"),
    "count": (lambda d: put(d, len(d) - 14, "2H", 2, 2), "its directory has 3 entries instead of 2"),
    "disks": (lambda d: put(d, len(d) - 18, "2H", 1, 1), "its directory is not where it should be"),
    "directory": (lambda d: put(d, len(d) - 6, "L", 1), "its directory is not where it should be"),
    "no entry": (lambda d: put(d, entry(d), "B", 0), "an entry of its directory is none"),
    "long name": (lambda d: put(d, entry(d, 2) + 28, "H", 999), "an entry of its directory is none"),
    "comment": (lambda d: put(d, len(d) - 2, "H", 1), "it has no end, or something after its end"),
    "after": (lambda d: d.extend(b"more"), "it has no end, or something after its end"),
    "cut": (lambda d: d.__delitem__(slice(-1, None)), "it has no end, or something after its end"),
    "short": (lambda d: d.__delitem__(slice(20, None)), "is cut short"),
}


@pytest.mark.parametrize("what", EDITS)
def test_what_could_be_read_in_two_ways_is_refused(path: Path, what: str) -> None:
    data = made(CONTENTS)
    EDITS[what][0](data)
    path.write_bytes(data)
    with pytest.raises(BundleError, match=EDITS[what][1]):
        read(path)


def rebuilt(name: bytes, packed: bytes, size: int, checksum: int, extra: bytes = b"") -> bytes:
    """A zip of one deflated file, with whatever it is said to hold."""
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, checksum, len(packed), size, len(name), 0) + name + packed
    fields = (20, 20, 0, 8, 0, 0, checksum, len(packed), size, len(name), len(extra), 0, 0, 0, 0, 0)
    row = struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields) + name + extra
    return local + row + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(row), len(local), 0)


def test_a_stream_ends_where_its_file_does(path: Path) -> None:
    content = b"words " * 50
    packed = zlib.compress(content, wbits=-15)
    path.write_bytes(rebuilt(b"a", packed, 300, zlib.crc32(content)))
    assert read(path) == {"a": content}
    for wrong in (packed[:-1], packed + b"x", packed + bytes(2 * CHUNK)):
        path.write_bytes(rebuilt(b"a", wrong, 300, zlib.crc32(content)))
        with pytest.raises(BundleError, match=r"'a' does not end where it should|'a' goes on after its end"):
            read(path)


def test_a_stream_that_ends_with_a_piece_that_is_read_ends_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = random.Random(0).randbytes(90)
    packed = zlib.compress(content, wbits=-15)
    monkeypatch.setattr(archive_zip, "CHUNK", len(packed))
    path.write_bytes(rebuilt(b"a", packed, 90, zlib.crc32(content)))
    assert read(path) == {"a": content}
    path.write_bytes(rebuilt(b"a", packed + b"x", 90, zlib.crc32(content)))
    with pytest.raises(BundleError, match="'a' goes on after its end"):
        read(path)


def test_a_bomb_stops_at_what_it_promised(path: Path) -> None:
    path.write_bytes(rebuilt(b"a", zlib.compress(bytes(50 << 20), wbits=-15), 1000, 0))
    member = next(members := zip_members(path))
    assert member.size == 1000
    with pytest.raises(BundleError, match="'a' has more bytes than promised"):
        next(member.chunks())
    members.close()


@pytest.mark.parametrize(
    ("extra", "message"),
    [(b"\1\0\0\0", "is a zip64"), (b"\1", "an extra field is cut short"), (b"\2\0\5\0abc", "an extra field is cut short")],
)
def test_extra_fields_are_looked_at(path: Path, extra: bytes, message: str) -> None:
    path.write_bytes(rebuilt(b"a", b"\3\0", 0, 0, extra))
    with pytest.raises(BundleError, match=message):
        read(path)
    path.write_bytes(rebuilt(b"a", b"\3\0", 0, 0, b"\2\0\3\0abc"))
    assert read(path) == {"a": b""}


def test_an_archive_of_nothing_is_refused(path: Path) -> None:
    path.write_bytes(b"PK\5\6" + bytes(18))
    with pytest.raises(BundleError, match="it is empty"):
        read(path)
    data = made(CONTENTS)
    at = entry(data)
    for place in range(3):
        begin = entry(data, place)
        put(data, begin + 42, "L", struct.unpack_from("<L", data, begin + 42)[0] + 4)
    put(data, len(data) - 6, "L", at + 4)
    path.write_bytes(b"#!sh" + data)
    with pytest.raises(BundleError, match="there is something before its begin"):
        read(path)


def test_a_folder_with_bytes_is_refused(path: Path) -> None:
    path.write_bytes(made({"a/": b"bytes"}, zipfile.ZIP_STORED))
    with pytest.raises(BundleError, match="the folder 'a/' has bytes of its own"):
        read(path)
