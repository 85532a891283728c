"""A folder as a place: what the others do not have."""

import errno
from pathlib import Path

import pytest

from tingshuo.errors import OutputError, RegistryError
from tingshuo.store import atomic
from tingshuo.store.backends.folder import Folder, open_folder


def test_a_key_that_would_leave_the_folder_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "store")
    for key in ("../secret", "/etc/passwd", "voices/../../x", "a\\b"):
        with pytest.raises(ValueError, match="not a plain relative path"):
            folder.put(key, b"x")
    assert not (tmp_path / "store").exists()


def test_what_is_being_written_is_not_listed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put("voices/a/1.0.0.json", b"x")
    (tmp_path / "voices/a/.2.0.0.json.7.partial").write_bytes(b"half")
    assert list(folder.list("voices/")) == ["voices/a/1.0.0.json"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="there is no such folder"):
        list(Folder(tmp_path / "none").list("voices/"))


def test_a_full_disk_leaves_no_half_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object, to: Path) -> None:
        Path(to).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "file").write_bytes(b"whole")
    monkeypatch.setattr(atomic.shutil, "copyfile", full)
    with pytest.raises(OutputError, match="No space left on device"):
        Folder(tmp_path / "store").put("blobs/ab", tmp_path / "file")
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_a_home_folder_may_be_abbreviated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_folder("~/store").root == tmp_path / "store"
