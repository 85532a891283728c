"""Folders for what is decrypted: private, in memory where there is room, and gone with their process."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tingshuo.errors import OutputError
from tingshuo.store import seal_folders
from tingshuo.store.seal_folders import in_memory, private_folder


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where the folders may lie: "memory" first, then "disk"."""
    found = [tmp_path / "memory", tmp_path / "disk"]
    for place in found:
        place.mkdir()
    monkeypatch.setattr(seal_folders, "_places", lambda: iter(found))
    monkeypatch.setattr(seal_folders, "in_memory", lambda place: place.name == "memory")
    return found


def test_a_folder_is_for_its_owner_alone_and_goes_when_it_is_closed(places: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    with private_folder(1000) as folder:
        path = folder.path
        assert path.parent.parent == places[0]
        assert {entry.stat().st_mode & 0o777 for entry in (path, path.parent)} == {0o700}
        (path / "secret").write_text("x")
    assert not path.exists()
    folder.close()
    assert caplog.messages == []


def test_where_no_memory_has_room_the_disk_has_to_do_and_that_is_said(
    places: list[Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    free = {"memory": 1 << 20, "disk": 1 << 30}
    monkeypatch.setattr(seal_folders.shutil, "disk_usage", lambda place: Usage(free[place.name]))
    with caplog.at_level(logging.WARNING), private_folder(1000) as folder:
        assert folder.path.parent.parent == places[1]
    assert "lies on a disk until it is closed: no memory has room" in caplog.text
    free["disk"] = 0
    with pytest.raises(OutputError, match=r"neither memory nor .* has 2\.0 MB for what is decrypted; set TMPDIR"):
        private_folder(2_000_000)


class Usage:
    """What `shutil.disk_usage` returns, as far as it is used."""

    def __init__(self, free: int) -> None:
        self.free = free


def test_a_place_that_somebody_else_prepared_is_not_used(places: list[Path]) -> None:
    for place in places:
        (place / f"tingshuo-{os.getuid()}").mkdir(mode=0o755)
        (place / f"tingshuo-{os.getuid()}").chmod(0o755)
    with pytest.raises(OutputError, match=r"is not for its owner alone.*set TMPDIR"):
        private_folder(1)
    for place in places:
        (place / f"tingshuo-{os.getuid()}").rmdir()
    (places[0] / "elsewhere").mkdir(mode=0o700)
    (places[0] / f"tingshuo-{os.getuid()}").symlink_to(places[0] / "elsewhere")
    with private_folder(1) as folder:
        assert folder.path.parent.parent == places[1]
    assert list((places[0] / "elsewhere").iterdir()) == []


SCRIPT = """
import os, signal, sys
from pathlib import Path
from tingshuo.store import seal_folders
seal_folders._places = lambda: iter([Path(sys.argv[1])])
folder = seal_folders.private_folder(1)
(folder.path / "inner").mkdir()
(folder.path / "inner" / "secret").write_text("x")
{end}
"""


def left_behind(place: Path, end: str) -> tuple[int, list[Path]]:
    """Run a process that makes a folder and ends in some way; returns its exit code and what it left."""
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(end=end), str(place)], check=False, capture_output=True)
    return done.returncode, list((place / f"tingshuo-{os.getuid()}").iterdir())


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("", id="ends"),
        pytest.param("raise SystemExit(3)", id="fails"),
        pytest.param("if os.fork() == 0: sys.exit()\nos.wait(); assert folder.path.exists()", id="has a child that ends first"),
    ],
)
def test_a_folder_goes_with_its_process(places: list[Path], end: str) -> None:
    code, left = left_behind(places[0], end)
    assert (code, left) == (3 if "raise" in end else 0, [])


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_lives_stays(places: list[Path]) -> None:
    with private_folder(1) as living:
        for place in places:
            code, left = left_behind(place, "os.kill(os.getpid(), signal.SIGKILL)")
            assert code == -signal.SIGKILL
            assert len(set(left) - {living.path}) == 1
        with private_folder(1) as folder:
            assert set(living.path.parent.iterdir()) == {living.path, folder.path}
            assert list((places[1] / living.path.parent.name).iterdir()) == []


def test_what_cannot_be_removed_is_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    folder = private_folder(1)
    with monkeypatch.context() as patch:
        patch.setattr(seal_folders.shutil, "rmtree", lambda *_, **__: None)
        folder.close()
    assert "holds what was decrypted and cannot be removed" in caplog.text


def test_the_file_system_of_the_longest_mount_point_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "a b" / "inner"
    inner.mkdir(parents=True)
    lines = [f"1 0 0:1 / {point} rw - {kind} none rw" for point, kind in (("/", "ext4"), (tmp_path, "tmpfs"))]
    octal = str(tmp_path / "a b").replace(" ", "\\040")
    (tmp_path / "mounts").write_text("\n".join([*lines, f"1 0 0:1 / {octal} rw shared:1 - ext4 none rw"]))
    monkeypatch.setattr(seal_folders, "_MOUNTS", tmp_path / "mounts")
    assert [in_memory(path) for path in (Path("/"), tmp_path, tmp_path / "other", inner)] == [False, True, True, False]
    monkeypatch.setattr(seal_folders, "_MOUNTS", tmp_path / "none")
    assert not in_memory(tmp_path)
