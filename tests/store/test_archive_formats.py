"""What is inside a compressed file is read whole, or it is said what is wrong with it."""

import builtins
import gzip
import io
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import BundleError, EngineNotInstalledError, RequestError
from tingshuo.store import archive_formats
from tingshuo.store.archive_formats import (
    FORMATS,
    GZIP,
    TAR,
    ZIP,
    ZSTD,
    compressed,
    decompressed,
    format_of,
    is_archive,
    plain_name,
)

if sys.version_info < (3, 14):
    zstandard = pytest.importorskip("zstandard", reason="the zstd extra is missing")

TARS = [TAR, GZIP, ZSTD]


def written(path: Path, content: bytes) -> Path:
    with path.open("wb") as file, compressed(format_of(path), file) as out:
        out.write(content)
    return path


def read(path: Path) -> bytes:
    with decompressed(path) as source:
        return b"".join(iter(lambda: source.some(1000), b""))


def test_an_archive_is_known_by_the_end_of_its_name(tmp_path: Path) -> None:
    assert [format_of(Path(f"a/b.c{suffix.upper()}")) for suffix in FORMATS] == list(FORMATS)
    for name in ("a.tar.xz", "a", ".tar", "a.zip.txt"):
        with pytest.raises(RequestError, match=r"accepted: names that end with \.tar, \.tar\.gz, \.tar\.zst, \.zip"):
            format_of(Path(name))
    (tmp_path / "a.zip").mkdir()
    (tmp_path / "b.zip").touch()
    assert [is_archive(tmp_path / name) for name in ("a.zip", "b.zip", "c.zip")] == [False, True, False]


@pytest.mark.parametrize("suffix", TARS)
def test_what_was_compressed_is_read(tmp_path: Path, suffix: str) -> None:
    content = random.Random(0).randbytes(500_000)
    assert read(written(tmp_path / f"a{suffix}", content)) == content


@pytest.mark.parametrize("suffix", [GZIP, ZSTD])
def test_compressed_twice_is_the_same(tmp_path: Path, suffix: str) -> None:
    first, second = (written(tmp_path / f"{name}{suffix}", b"1" * 999).read_bytes() for name in "ab")
    assert first == second


@pytest.mark.parametrize("suffix", [GZIP, ZSTD])
def test_every_shorter_and_longer_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"a{suffix}", b"some words " * 9)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        if size or suffix == ZSTD:
            with pytest.raises(BundleError, match=r"is cut short|is damaged"):
                read(path)
    for more in (b"x", b"more than a header", whole[:5]):
        path.write_bytes(whole + more)
        with pytest.raises(BundleError, match=r"is cut short|is damaged"):
            read(path)


@pytest.mark.parametrize("suffix", [GZIP, ZSTD])
def test_archives_of_several_parts_are_read(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"a{suffix}", b"one")
    between = b"\x5a\x2a\x4d\x18\x02\0\0\0xx" if suffix == ZSTD else b""
    path.write_bytes(path.read_bytes() + between + path.read_bytes())
    assert read(path) == b"oneone"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="frames are made with the package")
@pytest.mark.parametrize("options", [{"write_content_size": True}, {"write_checksum": False}, {"level": 19}, {"threads": 2}])
def test_frames_of_every_kind_are_read(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "a.tar.zst"
    for content in (b"", b"a", b"ab" * 200, bytes(1 << 18) + bytes(range(256)) * 2, random.Random(0).randbytes(70_000)):
        path.write_bytes(zstandard.ZstdCompressor(**options).compress(content))
        assert read(path) == content


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="frames are made with the package")
def test_a_window_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28)
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    with (tmp_path / "a.tar.zst").open("wb") as file, compressor.stream_writer(file, closefd=False) as out:
        out.write(b"x" * 1000)
    with pytest.raises(BundleError, match=r"is damaged: .*memory"):
        read(tmp_path / "a.tar.zst")


def test_frames_that_are_none_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tar.zst", b"words")
    whole = bytearray(path.read_bytes())
    path.write_bytes(whole[:6] + b"\x07\0\0")
    with pytest.raises(BundleError, match="a block is of no known kind"):
        read(path)
    path.write_bytes(gzip.compress(b"words"))
    with pytest.raises(BundleError, match="it is not compressed by zstd"):
        read(path)
    path.write_bytes(whole + b"words")
    with pytest.raises(BundleError, match="there is something after its end"):
        read(path)


@pytest.mark.parametrize("suffix", [GZIP, ZSTD])
def test_no_file_becomes_more_than_may_be(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / f"a{suffix}", bytes(100_000))
    monkeypatch.setattr(archive_formats, "MAX_RATIO", 5)
    with pytest.raises(BundleError, match="becomes more than 5 times larger"):
        read(path)


def test_a_read_returns_what_was_asked_for_or_fails(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tar.gz", b"0123456789")
    with decompressed(path) as source:
        assert (source.read(0), source.read(4), source.read(6)) == (b"", b"0123", b"456789")
        with pytest.raises(BundleError, match="is cut short; copy it again"):
            source.read(1)


def test_the_size_of_a_tar_is_its_own(tmp_path: Path) -> None:
    source = archive_formats.Source(tmp_path, io.BytesIO(bytes(11)), 10, ())
    with pytest.raises(BundleError, match="times larger"):
        source.read(11)


def test_names_that_could_leave_the_folder_are_refused() -> None:
    assert plain_name(Path("a.tar"), "././b/c") == "b/c"
    for name in ("/b", "../b", "b/../c", "", "./", "b//c", "C:b", "b\\c", "b\0", "b."):
        with pytest.raises(BundleError, match="is not a plain relative path"):
            plain_name(Path("a.tar"), name)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="the standard library has it")
@pytest.mark.parametrize("how", ["read", "write"])
def test_without_the_package_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    path = written(tmp_path / "a.tar.zst", b"words")
    real = builtins.__import__

    def missing(name: str, *arguments: Any) -> Any:
        if name == "zstandard":
            raise ModuleNotFoundError("none", name=name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(EngineNotInstalledError, match=r"pip install 'tingshuo\[zstd\]' installs it; \.tar, \.tar\.gz and \.zip"):
        read(path) if how == "read" else written(path, b"words")
    assert read(written(tmp_path / "a.tar.gz", b"words")) == b"words"
    assert ZIP in FORMATS
