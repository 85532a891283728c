"""Tars are read as they were written, and refused where two readers could see two things in them."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tingshuo.errors import BundleError
from tingshuo.store.archive_formats import Member
from tingshuo.store.archive_tar import tar_members, write_tar

NAME = "a/config.json"


def member(name: str, content: bytes) -> Member:
    return Member(name, len(content), lambda: iter([content]))


def read(path: Path) -> dict[str, bytes]:
    return {found.name: b"".join(found.chunks()) for found in tar_members(path)}


def header(name: str = NAME, size: int = 0, kind: bytes = b"0", **fields: object) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    for key, value in fields.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.USTAR_FORMAT)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def extended(kind: bytes, **fields: str) -> bytes:
    """An extended header; a double underscore in a key stands for a full stop."""
    content = b""
    for key, value in fields.items():
        rest = f" {key.replace('__', '.')}={value}\n".encode()
        length = len(rest) + 2
        content += str(length if length < 100 else length + 1).encode() + rest
    return header("PaxHeader", len(content), kind) + padded(content)


END = bytes(1024)


@pytest.fixture
def tar(tmp_path: Path) -> Callable[..., Path]:
    """Write blocks as they are."""

    def write(*blocks: bytes) -> Path:
        (tmp_path / "x.tar").write_bytes(b"".join(blocks))
        return tmp_path / "x.tar"

    return write


def test_what_is_written_is_read(tmp_path: Path) -> None:
    contents = {"a/b": b"1" * 513, "a/c": b"", f"{'long/' * 60}x": b"2", "听说/词典": b"3" * 512}
    with (tmp_path / "x.tar").open("wb") as file:
        write_tar(file, [(member(name, content), 0o600) for name, content in contents.items()])
    assert read(tmp_path / "x.tar") == contents
    with tarfile.open(tmp_path / "x.tar") as archive:
        assert {m.name: (m.size, m.mode) for m in archive} == {name: (len(c), 0o600) for name, c in contents.items()}


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_layout_of_names_is_read(tmp_path: Path, layout: int) -> None:
    names = ["a", f"{'folder/' * 20}x", *(["听说/词典", "词" * 60] if layout != tarfile.USTAR_FORMAT else [])]
    with tarfile.open(tmp_path / "x.tar", "w", format=layout) as archive:
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name in names:
            info = tarfile.TarInfo(f"./{name}")
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
    assert read(tmp_path / "x.tar") == dict.fromkeys(names, b"abc")


def test_what_is_not_read_is_passed_over(tar: Callable[..., Path]) -> None:
    path = tar(header("a", 700), padded(b"1" * 700), header("b", 3), padded(b"two"), END)
    found = [(one.name, b"".join(one.chunks()) if one.name == "b" else b"") for one in tar_members(path)]
    assert found == [("a", b""), ("b", b"two")]


def test_large_numbers_are_read_as_gnu_writes_them(tar: Callable[..., Path]) -> None:
    info = tarfile.TarInfo(NAME)
    info.size = 9 << 30
    path = tar(info.tobuf(tarfile.GNU_FORMAT))
    assert next(tar_members(path)).size == 9 << 30


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (b"1", "is a hard link"),
        (b"2", "is a symbolic link"),
        (b"3", "is a device"),
        (b"4", "is a device"),
        (b"6", "is a pipe"),
        (b"S", "is sparse"),
        (b"K", "is a link"),
        (b"Z", "is of the unknown kind b'Z'"),
    ],
)
def test_only_plain_files_are_accepted(tar: Callable[..., Path], kind: bytes, what: str) -> None:
    with pytest.raises(BundleError, match=rf"x\.tar: '{NAME}' {what}; the archive of a bundle holds plain files alone"):
        read(tar(header(kind=kind, linkname="elsewhere"), END))


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ((extended(b"x", path="b/other"), header()), "has two names for one file, 'a/config.json' and 'b/other'"),
        ((extended(b"x", path="a/config.json\0/"), header()), "has two names for one file"),
        ((extended(b"x", size="5"), header()), "has two sizes for 'a/config.json'"),
        ((extended(b"x", linkpath="b"), header()), "'a/config.json' is a link"),
        ((extended(b"x", GNU__sparse__major="1"), header()), "'a/config.json' is sparse"),
        ((extended(b"x", GNU__sparse__realsize="9"), header()), "'a/config.json' is sparse"),
        ((extended(b"g", path="b"), header()), "a header gives all its files another 'path'"),
        ((extended(b"g", size="1"), header()), "a header gives all its files another 'size'"),
        ((extended(b"g", GNU__sparse__size="1"), header()), "a header gives all its files another 'GNU.sparse.size'"),
        ((extended(b"x", path="../" + "词" * 40), header("x")), "is not a plain relative path"),
        ((header("x", 5, b"x"), padded(b"words")), "an extended header has no key and value"),
        ((header("x", 7, b"x"), padded(b"99 a=b\n")), "an extended header has no key and value"),
        ((header("x", 1 << 20, b"x"),), "a name or header of 1048576 bytes"),
        ((header("x", 4, b"L"), padded(b"b\0cd"), header()), "has two names for one file"),
        ((header("x", 2, b"L"), padded(b"\xff\xfe"), header()), "a name in it is not UTF-8"),
        ((header("../", kind=b"5"),), "'..' is not a plain relative path"),
        ((header("/", kind=b"5"),), "'/' is not a plain relative path"),
        ((header("a/", 3, b"5"), padded(b"abc")), "the folder 'a/' has 3 bytes of its own"),
        ((header("a/", kind=b"0"),), "'a/' is not a plain relative path"),
        ((b"\1" + header()[1:],), "the checksum of a header does not fit"),
        ((bytes([1]) * 512,), "it is not a tar file"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(tar: Callable[..., Path], blocks: tuple[bytes, ...], message: str) -> None:
    with pytest.raises(BundleError, match=message.replace("..'", r"\.\.'")):
        read(tar(*blocks, END))


def test_a_number_that_is_none_is_refused(tar: Callable[..., Path]) -> None:
    block = bytearray(header())
    block[124:136] = b"0o7_1+2     "
    block[148:156] = f"{sum(block[:148]) + sum(block[156:]) + 8 * 32:06o}\0 ".encode()
    with pytest.raises(BundleError, match="a header has a number that is none"):
        read(tar(bytes(block), END))


def test_harmless_headers_are_passed_over(tar: Callable[..., Path]) -> None:
    path = tar(
        extended(b"g", comment="made by somebody"),
        extended(b"x", mtime="1.5", path=NAME, size="3"),
        header(size=3),
        padded(b"abc"),
        END,
    )
    assert read(path) == {NAME: b"abc"}


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        (b"", "is cut short"),
        (bytes(512), "is cut short"),
        (bytes(1023), "is cut short"),
        (bytes(512) + header("b"), "there is something after its end"),
        (END + header("b"), "there is something after its end"),
        (END + bytes(5), "is cut short"),
        (END + bytes(2 << 20), "there is something after its end"),
    ],
)
def test_the_end_is_the_end(tar: Callable[..., Path], tail: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        read(tar(header(size=3), padded(b"abc"), tail))
    assert read(tar(header(size=3), padded(b"abc"), END, bytes(512 * 18))) == {NAME: b"abc"}
