"""An archive is unpacked once, its folder is as it should be whenever it is used, and old ones go."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tingshuo.errors import BundleError, OutputError
from tingshuo.store import archives, hash_cache, unpacked
from tingshuo.store.archives import pack
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import open_bundle, verify_bundle
from tingshuo.store.unpacked import open_archive


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where archives are unpacked; what the process holds is let go afterwards."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(unpacked, "_held", {})
    yield tmp_path / "home/unpacked"
    leave()


@pytest.fixture
def archive(make: Callable[..., Path], tmp_path: Path) -> Callable[[int], Path]:
    """Pack a bundle whose weights depend on a number."""

    def build(number: int) -> Path:
        return pack(make(number), tmp_path / f"{number}.tar", replace=True).path

    return build


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Archives that were unpacked."""
    done: list[Path] = []
    real = archives.unpack
    monkeypatch.setattr(archives, "unpack", lambda path, *a, **k: done.append(path) or real(path, *a, **k))
    return done


def leave() -> None:
    """Let go of all folders, as the end of the process does."""
    for folder in list(unpacked._held):
        unpacked._release(folder)


def kept(place: Path) -> set[str]:
    return {path.name for path in place.iterdir() if path.name != ".lock"}


def test_an_archive_is_unpacked_once(archive: Callable[[int], Path], place: Path, times: list[Path]) -> None:
    path = archive(1)
    folder = open_archive(path)
    assert folder == place / hash_file(path)
    assert verify_bundle(folder).ok
    assert open_archive(path) == folder
    leave()
    assert open_archive(path.rename(path.with_name("other.tar"))) == folder
    assert len(times) == 1
    assert kept(place) == {folder.name}


def test_an_archive_that_changes_has_another_folder(archive: Callable[[int], Path], place: Path) -> None:
    first, path = open_archive(archive(1)), archive(2)
    path.replace(path.with_name("1.tar"))
    second = open_archive(path.with_name("1.tar"))
    assert first != second
    assert kept(place) == {first.name, second.name}


@pytest.mark.parametrize("how", ["changed", "gone", "more", "empty"])
def test_a_folder_that_is_not_as_it_was_is_made_again(archive: Callable[[int], Path], times: list[Path], how: str) -> None:
    folder = open_archive(archive(1))
    if how == "changed":
        (folder / "graphs/onnx/fp32/encoder.onnx").write_bytes(b"GRAPH")
    elif how == "gone":
        (folder / "manifest.json").unlink()
    elif how == "empty":
        leave()
        folder.rename(folder.with_name(".x.old"))
        folder.mkdir()
    else:
        (folder / "config.json").write_bytes(b"{}")
    assert verify_bundle(open_archive(archive(1))).ok
    assert len(times) == 2


def test_unchanged_files_are_not_hashed_again(
    archive: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch, times: list[Path]
) -> None:
    monkeypatch.setattr(hash_cache, "SETTLED_S", -1.0)
    path = archive(1)
    open_archive(path)
    open_archive(path)
    monkeypatch.setattr(hash_cache, "hash_file", lambda path: pytest.fail(f"{path} was hashed"))
    open_archive(path)
    read: list[str] = []
    open_archive(path, hasher=lambda path: read.append(path.name) or hash_file(path))
    assert set(read) > {"1.tar", "encoder.onnx"}
    assert len(times) == 1


def test_those_not_used_for_longest_go(archive: Callable[[int], Path], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [open_archive(archive(number)) for number in (1, 2, 3)]
    leave()
    for age, folder in enumerate(folders):
        os.utime(folder, (1e9 - age, 1e9 - age))
    open_archive(archive(3))  # now it is the last one that was used
    leave()
    size = sum(path.stat().st_size for path in folders[0].rglob("*") if path.is_file())
    monkeypatch.setattr(unpacked, "LIMIT_BYTES", int(2.5 * size))
    fourth = open_archive(archive(4))
    assert kept(place) == {folders[2].name, fourth.name}
    monkeypatch.setattr(unpacked, "LIMIT_BYTES", 1)
    leave()
    fifth = open_archive(archive(5))
    assert kept(place) == {fifth.name}
    assert open_bundle(fifth)


def test_what_somebody_uses_stays(archive: Callable[[int], Path], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "LIMIT_BYTES", 1)
    mine = open_archive(archive(1))
    theirs = open_archive(archive(2))
    unpacked._release(theirs)
    descriptor = os.open(theirs, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        last = open_archive(archive(3))
        assert kept(place) == {mine.name, theirs.name, last.name}
    finally:
        os.close(descriptor)
    fourth = open_archive(archive(4))
    assert kept(place) == {mine.name, last.name, fourth.name}


def test_a_folder_that_is_just_being_removed_is_not_used(archive: Callable[[int], Path], times: list[Path]) -> None:
    folder = open_archive(archive(1))
    leave()
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert not unpacked._hold(folder)
    finally:
        os.close(descriptor)
    assert unpacked._hold(folder)
    folder.rename(folder.with_name(".gone"))
    assert open_archive(archive(1)) == folder
    assert len(times) == 2


def test_what_was_killed_leaves_nothing_for_long(archive: Callable[[int], Path], place: Path) -> None:
    for name in (".1.x.partial", ".2.gone", ".3.old"):
        (place / name).mkdir(parents=True)
        (place / name / "half").touch()
    folder = open_archive(archive(1))
    assert kept(place) == {folder.name}


def test_a_bad_archive_leaves_nothing(tmp_path: Path, place: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"no tar")
    with pytest.raises(BundleError, match=r"x\.tar: is cut short"):
        open_archive(tmp_path / "x.tar")
    assert kept(place) == set()
    with pytest.raises(BundleError, match=r"y\.tar: cannot be read: No such file"):
        open_archive(tmp_path / "y.tar")


def test_a_home_that_cannot_be_written_is_one_line(
    archive: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot be written"):
        open_archive(archive(1))


def test_two_processes_may_do_it_at_once(archive: Callable[[int], Path], place: Path) -> None:
    path = archive(1)
    program = (
        "import sys, pathlib; from tingshuo.store.unpacked import open_archive; print(open_archive(pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {process.communicate()[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert told == {str(place / hash_file(path))}
    assert verify_bundle(place / hash_file(path)).ok
    assert kept(place) == {hash_file(path)}
