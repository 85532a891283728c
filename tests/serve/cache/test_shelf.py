"""Entries of a folder: whole or not there, whatever happens to the files; the oldest make room."""

import json
import shutil

import pytest

from tingshuo.errors import OutputError
from tingshuo.serve.cache.shelf import GRACE_S, Shelf

TTL_S = 600.0


class Maker:
    """Puts entries on a shelf whose ids and orders count upwards."""

    def __init__(self, shelf, making) -> None:
        self.shelf, self.making, self.n = shelf, making, 0

    def __call__(self, key="order", size=10, reply=None, **more):
        self.n += 1
        written = self.making / "written.wav"
        written.write_bytes(bytes([self.n]) * size)
        fields = {"format": "wav", "media_type": "audio/wav", "key": key, "reply": reply or {"n": self.n}}
        return self.shelf.put(written, f"{self.n:022}", fields, **more)


@pytest.fixture
def shelf(tmp_path, clock):
    return Shelf(tmp_path / "shelf", TTL_S, clock)


@pytest.fixture
def put(shelf, tmp_path):
    (tmp_path / "making").mkdir()
    return Maker(shelf, tmp_path / "making")


def files(shelf):
    return sorted(path.name for path in shelf.folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_an_entry_is_found_by_order_and_id_also_by_another_process(shelf, put, clock):
    result = put(reply={"text": "你好", "half": "\ud800"})
    again = Shelf(shelf.folder, TTL_S, clock)
    assert (again.find("order"), again.get(result.id)) == (result, result)
    assert result.path.read_bytes() == b"\1" * 10
    assert json.loads(result.read_reply()) == {"text": "你好", "half": "\ud800"}
    assert (result.is_there(), result.made_s, again.leads("order"), again.leads("other")) == (True, clock.now, True, False)
    assert (again.find("other"), again.get("1" * 22), again.get("../../etc/passwd")) == (None, None, None)


def test_the_later_of_two_entries_of_an_order_is_found_and_both_have_their_ids(shelf, put):
    first, second = put(), put()
    assert shelf.find("order") == second
    assert shelf.get(first.id) == first


def test_time_is_up(shelf, put, clock):
    result = put()
    clock.now += TTL_S - 1
    assert shelf.find("order") == result
    clock.now += 1
    assert shelf.find("order") is None
    shelf.sweep(1000, 900)
    assert result.path.exists(), "somebody may have been given it just now"
    clock.now += GRACE_S
    shelf.sweep(1000, 900)
    assert files(shelf) == []


def test_a_clock_that_was_set_back_keeps_nothing_for_ever(shelf, put, clock):
    put()
    clock.now -= 10 * TTL_S
    assert shelf.find("order") is None
    shelf.sweep(1000, 900)
    assert files(shelf) == []


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def alter(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [cut, alter, lambda path: path.write_bytes(b""), lambda path: path.unlink()])
@pytest.mark.parametrize("suffix", [".wav", ".json"])
def test_a_damaged_entry_is_none(shelf, put, harm, suffix):
    result = put()
    harm(result.path.with_suffix(suffix))
    assert (shelf.find("order"), shelf.get(result.id)) == (None, None)
    assert not (result.is_there() and result.read_reply())
    assert shelf.find("order") is None
    fresh = put()
    assert shelf.find("order") == fresh


@pytest.mark.parametrize("content", [b"", b"\xff", b"../../x", b"0" * 22])
def test_a_damaged_way_from_an_order_to_its_entry_leads_nowhere(shelf, put, content):
    put()
    (shelf.folder / "orders/order").write_bytes(content)
    assert shelf.find("order") is None


def test_an_entry_of_another_order_is_not_given(shelf, put):
    put("one")
    (shelf.folder / "orders/one").replace(shelf.folder / "orders/other")
    assert shelf.find("other") is None


def test_what_was_not_asked_for_the_longest_makes_room(shelf, put, clock):
    results = []
    for key in "abcd":
        clock.now += 1
        results.append(put(key, 100))
    size = results[0].size
    clock.now += 1
    shelf.used(results[0])
    assert shelf.sweep(4 * size, 2 * size) == (4 * size, 4, 0), "no more than the limit"
    assert shelf.sweep(3 * size, 2 * size) == (2 * size, 2, 2)
    assert [shelf.find(key) is not None for key in "abcd"] == [True, False, False, True]
    assert len(files(shelf)) == 2 * 3
    assert shelf.sweep(1, 0) == (size, 1, 1), "the last one stays"


def test_a_sweep_leaves_what_is_asked_for_meanwhile(shelf, put, clock, monkeypatch):
    old, new = put("old"), put("new")
    clock.now += 1
    shelf.used(new)
    entries = shelf._remove_old()
    clock.now += 1
    shelf.used(old)
    assert shelf._make_room(entries, 1, 0).evicted == 0
    assert shelf.find("old") == old


def test_half_an_entry_of_a_crash_is_removed_in_time(shelf, put, clock):
    without_reply, without_audio = put("a"), put("b")
    without_reply.path.with_suffix(".json").unlink()
    without_audio.path.unlink()
    assert shelf.sweep(1000, 900).left == 0
    clock.now += TTL_S + GRACE_S
    shelf.sweep(1000, 900)
    assert files(shelf) == []


def test_two_do_not_sweep_at_the_same_time(shelf, put, monkeypatch):
    from tingshuo.serve.cache import shelf as module
    from tingshuo.store.locks import locked

    monkeypatch.setattr(module, "_LOCK_WAIT_S", 0.0)
    put()
    with locked(shelf.folder / ".lock"):
        assert shelf.sweep(1, 0) is None
    assert shelf.sweep(1, 0) is not None


@pytest.mark.parametrize("failing", ["replace", "write_bytes"])
def test_a_disk_without_room_leaves_nothing(shelf, put, monkeypatch, failing):
    from pathlib import Path

    done = getattr(Path, failing)

    def full(path, *arguments):
        if path.suffix == ".order":
            raise OSError(28, "No space left on device")
        return done(path, *arguments)

    monkeypatch.setattr(Path, failing, full)
    with pytest.raises(OutputError, match="cannot be kept: No space left on device"):
        put()
    assert files(shelf) == []
    assert list(put.making.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, clock):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be used for what is kept"):
        Shelf(tmp_path / "file" / "shelf", TTL_S, clock)


def test_a_folder_that_is_gone_is_not_made_again(shelf):
    shutil.rmtree(shelf.folder)
    assert shelf.sweep(1, 0) is None
    assert not shelf.folder.exists()
