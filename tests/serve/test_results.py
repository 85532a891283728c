"""Finished audio: bounded by bytes and time, unguessable, gone with the store."""

from pathlib import Path

import pytest

from tingshuo.errors import NotFoundError, OutputError, TooLargeError
from tingshuo.serve.results import Results


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def results(clock):
    store = Results(limit_bytes=100, ttl_s=60, clock=clock)
    yield store
    store.close()


def add(results: Results, size: int, key: object) -> str:
    result_id = results.new_id()
    results.path(result_id, "wav").write_bytes(bytes(size))
    return results.add(result_id, "wav", "audio/wav", {"n": size}, key).id


def test_a_result_is_found_by_id_and_by_its_order(results):
    result_id = add(results, 10, "order")
    assert results.get(result_id).path.read_bytes() == bytes(10)
    found = results.find("order")
    assert found is not None
    assert found.id == result_id
    assert found.read_reply() == {"n": 10}
    assert results.find("another order") is None


def test_ids_are_long_and_differ(results):
    ids = {results.new_id() for _ in range(100)}
    assert len(ids) == 100
    assert min(map(len, ids)) >= 22, "128 bits in base64"


def test_the_least_recently_used_leaves_first(results):
    first, second = add(results, 40, 1), add(results, 40, 2)
    path = results.get(second).path
    results.get(first)
    third = add(results, 40, 3)
    assert results.get(first)
    assert results.get(third)
    assert not path.exists()
    assert results.find(2) is None
    with pytest.raises(NotFoundError, match="no audio of that id"):
        results.get(second)


def test_time_is_up(results, clock):
    result_id = add(results, 10, 1)
    path = results.get(result_id).path
    clock.now = 59.9
    assert results.get(result_id)
    clock.now = 60.0
    assert results.find(1) is None
    assert not path.exists()


def test_a_file_larger_than_the_store_is_refused_and_deleted(results):
    kept = add(results, 10, "kept")
    with pytest.raises(TooLargeError, match="more than the 100 bytes"):
        add(results, 101, "large")
    assert results.get(kept), "it did not push out the others"
    assert len(list(results.path("x", "wav").parent.iterdir())) == 2, "the file and its reply"


def test_an_older_result_of_the_same_order_does_not_take_the_newer_with_it(results, clock):
    add(results, 10, "order")
    clock.now = 30.0
    newer = add(results, 10, "order")
    clock.now = 70.0
    found = results.find("order")
    assert found is not None
    assert found.id == newer


def test_closing_deletes_the_folder(results):
    add(results, 10, 1)
    folder = results.path("x", "wav").parent
    assert folder.stat().st_mode & 0o077 == 0, "for the owner alone"
    results.close()
    assert not folder.exists()


def test_replies_are_not_kept_in_memory_and_go_with_their_files(results, clock):
    found = results.get(add(results, 10, "order"))
    assert not any(isinstance(getattr(found, name), dict) for name in found.__slots__)
    folder = found.path.parent
    assert len(list(folder.iterdir())) == 2
    clock.now = 61
    assert results.find("order") is None
    assert not list(folder.iterdir())


def test_a_reply_that_cannot_be_written_leaves_nothing(results, monkeypatch):
    result_id = results.new_id()
    path = results.path(result_id, "wav")
    path.write_bytes(bytes(10))

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="cannot be kept: No space left on device"):
        results.add(result_id, "wav", "audio/wav", {}, "order")
    assert not list(path.parent.iterdir())
