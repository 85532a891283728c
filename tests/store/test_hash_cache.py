"""Hashes are remembered for as long as a file is the same, and not a moment longer."""

import os
import time
from pathlib import Path

import pytest

from tingshuo.store import hash_cache
from tingshuo.store.blobs import hash_file
from tingshuo.store.hash_cache import HashCache


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(b"first")
    return path


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were hashed; files count as settled at once."""
    names: list[str] = []
    monkeypatch.setattr(hash_cache, "SETTLED_S", -1.0)
    monkeypatch.setattr(hash_cache, "hash_file", lambda path: names.append(path.name) or hash_file(path))
    return names


def test_a_file_is_hashed_once_across_processes(tmp_path: Path, file: Path, computed: list[str]) -> None:
    for _ in range(2):
        cache = HashCache(tmp_path / "new/hashes.json")
        assert [cache(file), cache(file)] == [hash_file(file)] * 2
        cache.write()
    assert computed == ["weights"]
    assert (tmp_path / "new/hashes.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", ["content", "size", "another", "same time"])
def test_a_changed_file_is_hashed_again(tmp_path: Path, file: Path, computed: list[str], how: str) -> None:
    cache = HashCache(tmp_path / "hashes.json")
    before = cache(file)
    status = file.stat()
    if how == "another":
        (tmp_path / "other").write_bytes(b"third")
        (tmp_path / "other").replace(file)
    else:
        file.write_bytes(b"longer" if how == "size" else b"other")
    if how == "same time":
        time.sleep(0.02)  # a tick of the clock that ctime is taken from
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert cache(file) == hash_file(file) != before
    assert len(computed) == 2


def test_what_changed_just_now_is_not_remembered(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = HashCache(tmp_path / "hashes.json")
    assert cache(file) == hash_file(file)
    cache.write()
    assert not cache.path.exists()
    monkeypatch.setattr(hash_cache, "SETTLED_S", -1.0)
    cache(file)
    cache.write()
    assert cache.path.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 9, "hashes": {}}', '{"version": 1}', '{"version": 1, "hashes": 3}'])
def test_what_cannot_be_read_counts_as_empty(tmp_path: Path, file: Path, text: str) -> None:
    (tmp_path / "hashes.json").write_text(text)
    assert HashCache(tmp_path / "hashes.json")(file) == hash_file(file)


def test_a_place_that_cannot_be_written_does_no_harm(tmp_path: Path, file: Path, computed: list[str]) -> None:
    cache = HashCache(file / "hashes.json")
    assert cache(file) == hash_file(file)
    cache.write()


def test_it_lies_in_the_users_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    assert HashCache().path == tmp_path / "cache/hashes.json"
