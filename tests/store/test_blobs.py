"""Each content once, read-only, under its hash."""

import errno
import os
from pathlib import Path

import pytest

from tingshuo.store.blobs import Blobs, hash_file


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"weights")
    return path


def test_a_content_is_kept_once(blobs: Blobs, source: Path) -> None:
    digest = hash_file(source)
    assert list(blobs) == []
    assert digest not in blobs
    assert blobs.put(source, digest)
    assert not blobs.put(source, digest)
    assert list(blobs) == [digest]
    assert digest in blobs
    assert blobs.sound(digest)
    assert blobs.path(digest).read_bytes() == b"weights"


@pytest.mark.parametrize(("private", "mode"), [(False, 0o444), (True, 0o400)])
def test_blobs_are_read_only(blobs: Blobs, source: Path, private: bool, mode: int) -> None:
    blobs.put(source, hash_file(source), private=private)
    assert blobs.path(hash_file(source)).stat().st_mode & 0o777 == mode


def test_a_link_has_no_bytes_of_its_own(blobs: Blobs, source: Path, tmp_path: Path) -> None:
    digest = hash_file(source)
    blobs.put(source, digest)
    blobs.link(digest, tmp_path / "a/b")
    assert (tmp_path / "a/b").samefile(blobs.path(digest))
    with pytest.raises(FileExistsError):
        blobs.link(digest, tmp_path / "a/b")
    with pytest.raises(FileNotFoundError):
        blobs.link("0" * 64, tmp_path / "c")


def test_without_hard_links_it_is_a_copy(blobs: Blobs, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    digest = hash_file(source)
    blobs.put(source, digest)
    monkeypatch.setattr(os, "link", refuse)
    blobs.link(digest, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"weights"
    assert not (tmp_path / "copy").samefile(blobs.path(digest))


def test_a_flipped_bit_and_a_truncated_blob_are_not_sound(blobs: Blobs, source: Path) -> None:
    digest = hash_file(source)
    blobs.put(source, digest)
    path = blobs.path(digest)
    path.chmod(0o644)
    path.write_bytes(b"weighty")
    assert not blobs.sound(digest)
    path.write_bytes(b"weig")
    assert not blobs.sound(digest)
    assert blobs.put(source, digest), "one of another size is written anew"
    assert blobs.sound(digest)


def test_removing_tells_the_bytes(blobs: Blobs, source: Path) -> None:
    digest = hash_file(source)
    blobs.put(source, digest)
    assert blobs.remove(digest) == 7
    assert blobs.remove(digest) == 0
    assert not blobs.sound(digest)


def test_a_full_disk_leaves_nothing_behind(blobs: Blobs, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("tingshuo.store.blobs.flush", full)
    with pytest.raises(OSError, match="no space left"):
        blobs.put(source, hash_file(source))
    assert [path for path in blobs.folder.rglob("*") if path.is_file()] == []


def test_a_file_on_the_same_disk_is_taken_without_a_copy(blobs: Blobs, source: Path) -> None:
    digest, inode = hash_file(source), source.stat().st_ino
    blobs.take(source, digest, private=True)
    assert not source.exists()
    assert blobs.sound(digest)
    assert (blobs.path(digest).stat().st_ino, blobs.path(digest).stat().st_mode & 0o777) == (inode, 0o400)
