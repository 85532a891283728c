"""Downloads and uploads of single objects, checked to the byte, also when several programs want the same."""

import errno
import hashlib
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import HashMismatchError, NotFoundError, RegistryError
from tingshuo.store import remote_transfer
from tingshuo.store.backends.backends import LostError
from tingshuo.store.backends.folder import Folder
from tingshuo.store.remote_transfer import Places, again, blob_key, change, check_blob, fetch, paced, read_small, send

CONTENT = bytes(range(256)) * 10
DIGEST = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_transfer, "PAUSES_S", (0, 0, 0))


class Breaking(Folder):
    """A folder whose reading breaks after so many bytes, one number for each time; then it works."""

    def __init__(self, root: Path, *lengths: int) -> None:
        super().__init__(root)
        self.lengths, self.starts = list(lengths), list[int]()

    def chunks(self, key: str, start: int = 0) -> Iterator[bytes]:
        self.starts.append(start)
        content = b"".join(super().chunks(key, start))
        if self.lengths:
            yield content[: self.lengths.pop(0)]
            raise LostError("the connection broke")
        yield content


class Forgetful(Folder):
    """A folder that keeps other bytes than it was given, so many times."""

    def __init__(self, root: Path, times: int) -> None:
        super().__init__(root)
        self.times = times

    def put(self, key: str, content: bytes | Path) -> str:
        data = content if isinstance(content, bytes) else content.read_bytes()
        self.times -= 1
        super().put(key, data if self.times < 0 else bytes(len(data)))
        return "an id"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Folder(tmp_path / "store").put(blob_key(DIGEST), CONTENT)
    return tmp_path / "store"


def test_what_passes_is_tried_again() -> None:
    outcomes: list[Any] = [LostError("1"), LostError("2"), LostError("3"), "there"]

    def work() -> str:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return str(outcome)

    assert again(work) == "there"
    outcomes[:] = [LostError(str(number)) for number in range(9)]
    with pytest.raises(LostError, match="3"):
        again(work)
    outcomes[:] = [RegistryError("for good"), "never"]
    with pytest.raises(RegistryError, match="for good"):
        again(work)


def test_a_small_object_is_small(root: Path) -> None:
    assert read_small(Breaking(root, 5), blob_key(DIGEST), SIZE) == CONTENT
    with pytest.raises(RegistryError, match=f"larger than {SIZE - 1} bytes"):
        read_small(Folder(root), blob_key(DIGEST), SIZE - 1)


def test_a_download_goes_on_where_it_broke(root: Path, tmp_path: Path) -> None:
    backend, told = Breaking(root, 100, 0, 1000), list[int]()
    fetch(Places([backend]), DIGEST, SIZE, tmp_path / "part", told.append)
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert backend.starts == [0, 100, 100, 1100]
    assert sum(told) == SIZE


def test_a_download_that_brings_nothing_ends(root: Path, tmp_path: Path) -> None:
    backend = Breaking(root, 100, *[0] * 99)
    with pytest.raises(LostError, match="the connection broke"):
        fetch(Places([backend]), DIGEST, SIZE, tmp_path / "part", lambda _: None)
    assert backend.starts == [0, 100, 100, 100]
    backend = Breaking(root, *[1] * 999)
    with pytest.raises(RegistryError, match="the connection broke 50 times"):
        fetch(Places([backend]), DIGEST, SIZE, tmp_path / "part", lambda _: None)


@pytest.mark.parametrize("left", [CONTENT[:99], b"other bytes", CONTENT + b"more", CONTENT])
def test_what_an_earlier_download_left_is_used_when_it_fits(root: Path, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "part").write_bytes(left)
    backend, told = Breaking(root), list[int]()
    fetch(Places([backend]), DIGEST, SIZE, tmp_path / "part", told.append)
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert sum(told) == SIZE
    assert backend.starts == {CONTENT[:99]: [99], b"other bytes": [11, 0], CONTENT: []}.get(left, [0])


@pytest.mark.parametrize("there", [CONTENT[:-1] + b"x", CONTENT + b"x"])
def test_a_place_with_other_bytes_has_failed_and_is_asked_last_from_then_on(root: Path, tmp_path: Path, there: bytes) -> None:
    wrong, right = Breaking(tmp_path / "wrong"), Breaking(root)
    wrong.put(blob_key(DIGEST), there)
    with pytest.raises(HashMismatchError, match=f"blobs/../{DIGEST}: does not hold the {SIZE} bytes that its name promises"):
        fetch(Places([wrong]), DIGEST, SIZE, tmp_path / "part", lambda _: None)
    assert (tmp_path / "part").read_bytes() == b"", "nothing wrong is left"
    places = Places([wrong, right])
    fetch(places, DIGEST, SIZE, tmp_path / "part", lambda _: None)
    assert places.in_order() == (right, wrong)


def test_when_no_place_has_it_all_are_named(tmp_path: Path) -> None:
    places = Places([Folder(tmp_path / "a"), Folder(tmp_path / "b")])
    with pytest.raises(NotFoundError, match=r"/a/blobs/.*: is not there; and .*/b/blobs/.*: is not there"):
        fetch(places, DIGEST, SIZE, tmp_path / "part", lambda _: None)


def test_two_who_want_the_same_read_it_once(root: Path, tmp_path: Path) -> None:
    class Slow(Breaking):
        def chunks(self, key: str, start: int = 0) -> Iterator[bytes]:
            for chunk in super().chunks(key, start):
                begun.set()
                yield chunk

    begun, backend = threading.Event(), Slow(root)
    threads = [
        threading.Thread(target=fetch, args=(Places([backend]), DIGEST, SIZE, tmp_path / "part", lambda _: None))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert begun.is_set()
    assert backend.starts == [0]


def test_a_file_that_became_a_blob_meanwhile_is_not_written_to(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, moved = remote_transfer.fcntl.flock, tmp_path / "blob"
    (tmp_path / "part").write_bytes(b"a blob")

    def other_is_faster(file: Any, how: int) -> None:
        lock(file, how)
        if not moved.exists():
            (tmp_path / "part").rename(moved)

    monkeypatch.setattr(remote_transfer.fcntl, "flock", other_is_faster)
    fetch(Places([Folder(root)]), DIGEST, SIZE, tmp_path / "part", lambda _: None)
    assert (moved.read_bytes(), (tmp_path / "part").read_bytes()) == (b"a blob", CONTENT)


def test_a_full_disk_is_no_fault_of_the_place(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BufferedRandom):
        def write(self, *_: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(remote_transfer, "open", lambda path, mode: Full(io.FileIO(path, "r+")), raising=False)
    backend = Breaking(root)
    with pytest.raises(OSError, match="No space left"):
        fetch(Places([backend, backend]), DIGEST, SIZE, tmp_path / "part", lambda _: None)
    assert backend.starts == [0]


def test_a_trickle_counts_as_a_broken_connection() -> None:
    clock = iter(range(0, 10_000, 7)).__next__
    with pytest.raises(LostError, match=r"only \d+ bytes came in 60 seconds"):
        list(paced(iter([b"x"] * 99), "it", clock))
    assert len(list(paced(iter([b"x" * 9000] * 99), "it", clock))) == 99


def test_a_blob_is_checked_where_it_lies(root: Path) -> None:
    told: list[int] = []
    assert check_blob(Breaking(root, 7), DIGEST, SIZE, told.append)
    folder = Folder(root)
    for content in (CONTENT[:-1] + b"x", CONTENT + b"x"):
        folder.put(blob_key(DIGEST), content)
        assert not check_blob(folder, DIGEST, SIZE, told.append)
    folder.put(blob_key(DIGEST), CONTENT[:-1])
    with pytest.raises(LostError, match=f"ended after {SIZE - 1} of {SIZE} bytes"):
        check_blob(folder, DIGEST, SIZE, told.append)


def test_what_is_there_is_not_sent_again(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    told: list[int] = []
    assert send(Forgetful(root, 0), DIGEST, tmp_path / "file", told.append) is None
    assert send(Forgetful(tmp_path / "new", 0), DIGEST, tmp_path / "file", told.append) == "an id"
    Folder(root).put(blob_key(DIGEST), CONTENT[:-1])
    assert send(Forgetful(root, 0), DIGEST, tmp_path / "file", told.append) == "an id", "half of it does not count"
    assert b"".join(Folder(root).chunks(blob_key(DIGEST))) == CONTENT
    assert sum(told) == 3 * SIZE


def test_what_was_sent_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    once, always = Forgetful(tmp_path / "once", 1), Forgetful(tmp_path / "always", 99)
    assert send(once, DIGEST, tmp_path / "file", lambda _: None) == "an id"
    with pytest.raises(RegistryError, match="returns other bytes than it was given; nothing was published"):
        send(always, DIGEST, tmp_path / "file", lambda _: None)
    always.times = 0
    assert send(always, DIGEST, tmp_path / "file", lambda _: None) == "an id", "what was wrong is not taken for sound"


def test_changes_of_two_are_both_kept(tmp_path: Path) -> None:
    folder, other = Folder(tmp_path), [b"b"]

    def edit(old: bytes) -> bytes:
        if other:  # somebody else writes between our reading and writing
            folder.put("notes", old + other.pop())
        return old + b"a"

    folder.put("notes", b"")
    change(folder, "notes", 100, edit)
    assert b"".join(folder.chunks("notes")) == b"ba"


def test_changes_that_never_fit_end(tmp_path: Path) -> None:
    class Busy(Folder):
        def put_if(self, key: str, content: bytes, tag: str | None) -> bool:
            return False

    Folder(tmp_path).put("notes", b"")
    with pytest.raises(RegistryError, match="others write to it all the time"):
        change(Busy(tmp_path), "notes", 100, lambda old: old + b"a")
