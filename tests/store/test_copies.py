"""A copy is whole and sound or it is not made, and the one at fault is named."""

import os
from pathlib import Path

import pytest

from tingshuo.errors import BundleError
from tingshuo.store import copies
from tingshuo.store.blobs import hash_file
from tingshuo.store.copies import check_plain, copy_checked, digest_of


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"weights" * 400_000)
    return path


def copy(source: Path, digest: str) -> int:
    return copy_checked(source, source.with_name("copy"), digest, 0o444, source.with_name(".temporary"))


def test_a_copy_has_every_byte_and_its_mode(source: Path) -> None:
    destination = source.with_name("copy")
    destination.write_bytes(b"damaged")
    assert copy(source, hash_file(source)) == 2_800_000
    assert destination.read_bytes() == source.read_bytes()
    assert destination.stat().st_mode & 0o777 == 0o444
    assert digest_of(destination) == hash_file(source)
    assert sorted(path.name for path in source.parent.iterdir()) == ["copy", "source"]


def test_a_damaged_source_replaces_nothing(source: Path) -> None:
    source.with_name("copy").write_bytes(b"before")
    with pytest.raises(BundleError, match=r"source: is damaged, its SHA-256 is not 000000000000.*tingshuo scrub"):
        copy(source, "0" * 64)
    assert source.with_name("copy").read_bytes() == b"before"
    assert not source.with_name(".temporary").exists()


@pytest.mark.parametrize("kind", ["missing", "link", "folder"])
def test_what_is_no_file_is_the_fault_of_the_source(source: Path, kind: str) -> None:
    other = source.with_name("other")
    if kind == "link":
        other.symlink_to(source)
    elif kind == "folder":
        other.mkdir()
    with pytest.raises(OSError, match=r"No such file|is a link or not a plain file"):
        check_plain(other)
    with pytest.raises(BundleError, match=r"other: is (missing|a link or not a plain file); tingshuo scrub"):
        copy(other, hash_file(source))


def test_a_disk_that_returns_other_bytes_is_at_fault_itself(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(path: Path) -> None:
        path.chmod(0o644)
        path.write_bytes(b"other")

    monkeypatch.setattr(copies, "flush", spoil)
    with pytest.raises(OSError, match="the disk returns other bytes than were written to it"):
        copy(source, hash_file(source))
    assert [path.name for path in source.parent.iterdir()] == ["source"]


def test_a_leftover_that_is_a_link_to_something_sound_is_not_written_to(source: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound"
    sound.write_bytes(b"sound")
    os.link(sound, tmp_path / ".temporary")
    copy(source, hash_file(source))
    assert sound.read_bytes() == b"sound"
