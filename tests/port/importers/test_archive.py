"""Archives are unpacked by what they are, and none writes anywhere but into its own folder."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tingshuo.errors import OutputError, PortError
from tingshuo.port.importers import archive
from tingshuo.port.importers.archive import is_packed, unpacked

Write = Callable[[Path, dict[str, bytes]], None]


def as_zip(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)


def tar_bytes(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def as_tar(compress: Callable[[bytes], bytes]) -> Write:
    return lambda path, files: path.write_bytes(compress(tar_bytes(files))) and None


KINDS: dict[str, Write] = {
    "zip": as_zip,
    "tar": as_tar(bytes),
    "gzip": as_tar(gzip.compress),
    "bzip2": as_tar(bz2.compress),
    "xz": as_tar(lzma.compress),
}
FILES = {"model/a.txt": b"one", "model/deep/b.txt": b"two"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_unpacked_whatever_it_is_called(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "download"
    KINDS[kind](path, FILES | {"__MACOSX/model/._a.txt": b"junk", "model/.DS_Store": b"junk"})
    assert is_packed(path)
    with unpacked(path) as folder:
        assert folder.name == "model"  # the only folder in it is what it is of
        assert {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()} == {
            "a.txt": b"one",
            "deep/b.txt": b"two",
        }
    assert not folder.exists()
    assert path.exists()


def test_zstd(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    (tmp_path / "x").write_bytes(zstandard.ZstdCompressor().compress(tar_bytes(FILES)))
    with unpacked(tmp_path / "x") as folder:
        assert (folder / "a.txt").read_bytes() == b"one"


@pytest.mark.parametrize(("name", "compress"), [("net.onnx.gz", gzip.compress), ("net.onnx.bz2", bz2.compress)])
def test_a_file_that_was_compressed_by_itself(name: str, compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(compress(b"graph" * 500))
    with unpacked(tmp_path / name) as file:
        assert (file.name, file.read_bytes()) == ("net.onnx", b"graph" * 500)


def test_files_without_a_folder_are_called_as_the_archive(tmp_path: Path) -> None:
    as_zip(tmp_path / "zhitian.tar.zip", {"a": b"1", "b": b"2"})
    with unpacked(tmp_path / "zhitian.tar.zip") as folder:
        assert folder.name == "zhitian"


def test_what_is_no_archive_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"text")
    for path in (tmp_path, tmp_path / "x", tmp_path / "none"):
        assert not is_packed(path)
        with unpacked(path) as same:
            assert same == path


def test_voices_that_are_still_packed_in_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "speech_sambert"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: mit\n---")
    as_zip(folder / "other.zip", {"x": b""})
    as_zip(folder / "voices.zip", {"voices/voices.json": json.dumps({"voices": []}).encode(), "voices/F7/am/x": b"1"})
    with unpacked(folder) as inside:
        assert inside.name == "speech_sambert"
        assert (inside / "voices/F7/am/x").read_bytes() == b"1"
        assert (inside / "README.md").read_text().startswith("---")  # where its licence is looked for
    (folder / "voices").mkdir()
    (folder / "voices/voices.json").touch()
    assert not is_packed(folder)


def test_errors_name_the_archive_and_not_the_folder_that_goes(tmp_path: Path) -> None:
    as_zip(tmp_path / "x.zip", FILES)
    with pytest.raises(PortError) as raised, unpacked(tmp_path / "x.zip") as folder:
        raise PortError(f"{folder.parent}/model/a.txt: is wrong")
    assert str(raised.value) == f"{tmp_path}/x.zip/model/a.txt: is wrong"
    with pytest.raises(PortError, match=r"^of something else$"), unpacked(tmp_path / "x.zip"):
        raise PortError("of something else")


def linked(path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        info = tarfile.TarInfo("model/link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(info)
    path.write_bytes(buffer.getvalue())


def lying(path: Path) -> None:
    """A zip whose directory says that it holds less than it does."""
    as_zip(path, {"a": b"0" * 100_000})
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = (7).to_bytes(4, "little")
    path.write_bytes(content)


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "it climbs out": (lambda path: as_tar(bytes)(path, {"../evil": b"x"}), "evil' is not a plain relative path inside the model"),
    "it climbs out, zipped": (lambda path: as_zip(path, {"a/../../evil": b"x"}), "is not a plain relative path"),
    "an absolute name": (lambda path: as_tar(gzip.compress)(path, {"/tmp/evil": b"x"}), "is not a plain relative path"),
    "a link": (linked, "is a symbolic link; the archive of a model"),
    "a bomb of zeros": (lambda path: path.write_bytes(bz2.compress(bytes(3 << 23))) and None, "more than 1032 times larger"),
    "a bomb in a tar": (lambda path: as_tar(bz2.compress)(path, {"a": bytes(30_000_000)}), "becomes more than 1032 times larger"),
    "a lie": (lying, "is damaged"),
    "cut": (lambda path: path.write_bytes(bz2.compress(tar_bytes(FILES))[:-20]) and None, "is cut short"),
    "broken": (lambda path: path.write_bytes(bz2.compress(bytes(5000))[:-30] + bytes(30)) and None, "is damaged"),
    "one name twice": (lambda path: as_tar(bytes)(path, {"a": b"1", "./a": b"2"}), "'a' is in it twice"),
    "a file in a file": (lambda path: as_tar(bytes)(path, {"a": b"1", "a/b": b"2"}), "'a/b' is in it twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ones_are_refused_and_leave_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, message = HOSTILE[name]
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    make(tmp_path / "x")
    with pytest.raises(PortError, match=message) as raised, unpacked(tmp_path / "x"):
        pass
    assert str(raised.value).startswith(f"{tmp_path}/x: ")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["temporary", "x"]
    assert "bundle" not in str(raised.value)


def test_too_many_files_and_too_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_zip(tmp_path / "x", {str(n): b"" for n in range(5)})
    monkeypatch.setattr(archive, "MAX_FILES", 4)
    with pytest.raises(PortError, match="holds more than 4 files"), unpacked(tmp_path / "x"):
        pass
    monkeypatch.setattr(archive, "ROOM_BYTES", 1 << 60)
    as_zip(tmp_path / "y", {"a": b"1"})
    with pytest.raises(OutputError, match="needs more than the 0 MB that are free; set TMPDIR"), unpacked(tmp_path / "y"):
        pass
