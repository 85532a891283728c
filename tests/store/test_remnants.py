"""Measurements and hashes of a speaker go; those of others stay."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tingshuo.errors import OutputError
from tingshuo.store.holdings import Wanted
from tingshuo.store.remnants import find_hashes, find_measurements, remove_hashes, remove_measurements
from tingshuo.tasks.monitor.history import History, Origin, history_path

A, B = "a" * 64, "b" * 64


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    return tmp_path


def measure(voice: str, speaker: str) -> Path:
    path = history_path(voice)
    words = {name: name for name in ("series", "subject", "version", "digest", "style", "precision", "machine", "tingshuo")}
    with closing(History(path)) as history:
        history.record(Origin(voice=voice, speaker=speaker, n=1, **words), lambda _: ())
    return path


def test_rounds_of_the_speaker_go_and_those_of_others_stay(home: Path) -> None:
    path = measure("pair", "anna-the-first")
    measure("pair", "bob")
    other = measure("other", "bob")
    (hit,) = find_measurements(home, Wanted("anna-the-first"))
    assert (hit.path, hit.what, hit.label) == (path, "measurements", "1 rounds")
    assert list(find_measurements(home, Wanted("anna-the-first", "other"))) == []
    remove_measurements(path, "anna-the-first")
    assert list(find_measurements(home, Wanted("anna-the-first"))) == []
    assert b"anna-the-first" not in path.read_bytes(), "overwritten, not only unlinked"
    assert [hit.path for hit in find_measurements(home, Wanted("bob"))] == [other, path]
    remove_measurements(other, "bob")
    assert not other.exists(), "a file in which nothing is left goes"


def test_files_that_are_no_measurements_are_left_alone(home: Path) -> None:
    (home / "monitor").mkdir()
    (home / "monitor/x.sqlite3").write_bytes(b"something else, long enough to be one" * 40)
    assert list(find_measurements(home, Wanted("anna"))) == []
    with pytest.raises(OutputError, match="cannot be written"):
        remove_measurements(home / "monitor/x.sqlite3", "anna")


def test_hashes_of_their_files_go(home: Path) -> None:
    assert list(find_hashes(home, {A})) == []
    path = home / "cache/hashes.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"version": 1, "hashes": {"1:1": A, "1:2": B}}))
    (hit,) = find_hashes(home, {A})
    remove_hashes(hit.path, {A})
    assert json.loads(path.read_text()) == {"version": 1, "hashes": {"1:2": B}}
    assert list(find_hashes(home, {A})) == []
