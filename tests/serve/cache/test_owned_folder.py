"""A folder goes with its process, however that ends."""

import os
import subprocess
import sys
import tempfile

import pytest

from tingshuo.errors import OutputError
from tingshuo.serve.cache.owned_folder import OwnedFolder

HOLD = """
import sys
from pathlib import Path
from tingshuo.serve.cache.owned_folder import OwnedFolder
own = OwnedFolder(Path(sys.argv[1]))
(own.path / "audio").write_bytes(b"1")
print(own.path, flush=True)
input()
"""


def test_it_is_empty_private_and_goes_when_it_is_closed(tmp_path):
    one, other = OwnedFolder(tmp_path / "place"), OwnedFolder(tmp_path / "place")
    assert one.path != other.path
    assert one.path.stat().st_mode & 0o077 == 0
    (one.path / "file").write_bytes(b"1")
    one.close()
    one.close()
    assert not one.path.exists()
    assert other.path.is_dir()
    other.close()
    assert not (tmp_path / "place").exists(), "the last one takes the place with it"


def test_a_place_that_others_take_with_them_is_made_again(tmp_path, monkeypatch):
    make, taken = tempfile.mkdtemp, []

    def after_others(**options):
        if not taken:
            taken.append(1)
            os.rmdir(options["dir"])
        return make(**options)

    monkeypatch.setattr(tempfile, "mkdtemp", after_others)
    OwnedFolder(tmp_path / "place").close()
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **options: os.rmdir(options["dir"]) or make(**options))
    with pytest.raises(OutputError, match="removed again and again"):
        OwnedFolder(tmp_path / "place")


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    place = tmp_path / "place"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as killed:
        path = killed.stdout.readline().strip()
        OwnedFolder(place).close()
        assert os.listdir(path) == ["audio"], "its process lives"
        killed.kill()
    assert os.listdir(path) == ["audio"]
    OwnedFolder(place).close()
    assert not os.path.exists(path)


def test_a_place_that_others_can_read_is_refused(tmp_path):
    tmp_path.chmod(0o755)
    with pytest.raises(OutputError, match="it is not for its owner alone"):
        OwnedFolder(tmp_path)


def test_a_place_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be used for what is kept"):
        OwnedFolder(tmp_path / "file" / "place")
