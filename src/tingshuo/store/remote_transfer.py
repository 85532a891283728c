"""Move objects between this machine and places for versions: again after what passes, on from where it broke, checked.

A download lies in a file of its own until it is whole and has the right SHA-256. Killed, it goes on from what is there. Whoever
wants the same object meanwhile waits for it.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, TypeVar

from tingshuo.errors import HashMismatchError, NotFoundError, RegistryError, TingshuoError
from tingshuo.store.backends.backends import Backend, LostError

T = TypeVar("T")
Tell = Callable[[int], None]
"""Told how many bytes more are done; fewer when a download begins anew. It may raise, to end everything."""

PAUSES_S = (0.2, 1.0, 3.0)
"""Before the second, third and fourth try; bytes that came meanwhile make the next try a second one."""
MOST_TRIES = 50
"""However little each of them brought."""
WINDOW_S, WINDOW_BYTES = 60.0, 16 << 10
"""Fewer bytes than these in so many seconds count as a broken connection."""
_CHUNK_BYTES = 1 << 20


def blob_key(digest: str) -> str:
    """Return where the content of this SHA-256 lies: ``blobs/ab/abc0...``."""
    return f"blobs/{digest[:2]}/{digest}"


def again(work: Callable[[], T]) -> T:
    """Do something that may fail for a moment; raises LostError when it fails every time."""
    for pause in PAUSES_S:
        try:
            return work()
        except LostError:
            time.sleep(pause)
    return work()


def read_small(backend: Backend, key: str, limit: int) -> bytes:
    """Return the content of an object of at most ``limit`` bytes.

    Raises
    ------
    NotFoundError
        It is not there.
    RegistryError
        It is larger, or cannot be read.
    """

    def read() -> bytes:
        content = bytearray()
        for chunk in backend.chunks(key):
            content += chunk
            if len(content) > limit:
                raise RegistryError(f"{backend.where}/{key}: larger than {limit} bytes, so it is not what it should be")
        return bytes(content)

    return again(read)


class Places:
    """Where the same objects may lie: a store and its mirrors. One that has failed is asked last from then on.

    Parameters
    ----------
    backends : sequence of Backend
        In the order in which they are asked.
    """

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = list(backends)
        self._lock = Lock()

    def in_order(self) -> tuple[Backend, ...]:
        """Return them, the best first."""
        with self._lock:
            return tuple(self._backends)

    def first(self, work: Callable[[Backend], T]) -> T:
        """Return what the first place gives that can.

        Raises
        ------
        TingshuoError
            None can: the error of the first that was asked, with what the others said.
        """
        errors: list[TingshuoError] = []
        for backend in self.in_order():
            try:
                return work(backend)
            except (RegistryError, NotFoundError, HashMismatchError) as error:
                errors.append(error)
                self._demote(backend)
        others = "".join(f"; and {error}" for error in errors[1:])
        raise type(errors[0])(f"{errors[0]}{others}") from errors[0]

    def _demote(self, backend: Backend) -> None:
        with self._lock:
            self._backends.sort(key=lambda other: other is backend)


def fetch(places: Places, digest: str, size: int, path: Path, tell: Tell) -> None:
    """Have a blob in a file: whole, with the right SHA-256, and flushed to the disk.

    Parameters
    ----------
    places : Places
        Asked in their order.
    digest, size : str, int
        What it must be; a place that gives other bytes has failed.
    path : Path
        The file; what is in it of an earlier download is used.
    tell : callable
        Told of bytes that are done, those of an earlier download among them.

    Raises
    ------
    HashMismatchError, RegistryError, NotFoundError
        No place has it; the message is that of the first, with those of its mirrors.
    OSError
        The file cannot be written.
    """
    with _claimed(path) as file:
        part = _Part(file, digest, size, tell)
        if not part.whole():
            places.first(lambda backend: _fill(backend, part))
        part.flush()


def keep(content: bytes, digest: str, path: Path) -> None:
    """Have a blob in a file as `fetch` would, of which the content is known.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with _claimed(path) as file:
        part = _Part(file, digest, len(content), lambda _: None)
        if not part.whole():
            part.restart()
            part.add(content)
        part.flush()


@contextmanager
def _claimed(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to which nobody else writes meanwhile; waits for whoever does."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:  # another pull has just removed the empty folder
            continue
        with open(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                same = os.path.samestat(os.fstat(file.fileno()), path.stat())
            except FileNotFoundError:
                same = False
            if same:  # otherwise it became a blob while we waited, and is not ours to write to
                yield file
                return


class _Part:
    """A download in its file: what is there, and its hash so far."""

    def __init__(self, file: IO[bytes], digest: str, size: int, tell: Tell) -> None:
        self.digest, self.size, self.done = digest, size, 0
        self._file, self._tell, self._hash = file, tell, hashlib.sha256()
        if os.fstat(file.fileno()).st_size > size:
            file.truncate(0)
        while chunk := file.read(_CHUNK_BYTES):
            self._count(chunk)

    def whole(self) -> bool:
        return self.done == self.size and self._hash.hexdigest() == self.digest

    def add(self, chunk: bytes) -> None:
        if self.done + len(chunk) > self.size:
            raise HashMismatchError(f"more than {self.size} bytes came")
        self._file.write(chunk)
        self._count(chunk)

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._tell(-self.done)
        self.done, self._hash = 0, hashlib.sha256()

    def flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def _count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.done += len(chunk)
        self._tell(len(chunk))


def _fill(backend: Backend, part: _Part) -> None:
    """Complete a download from one place; what an earlier one left is thrown away when it does not fit."""
    older = part.done > 0
    while True:
        with suppress(HashMismatchError):  # more bytes than there should be are as wrong as others
            _read_on(backend, part)
        if part.whole():
            return
        part.restart()
        if not older:
            raise HashMismatchError(
                f"{backend.where}/{blob_key(part.digest)}: does not hold the {part.size} bytes that its name promises; "
                "it was damaged or changed there, remove it and push again"
            )
        older = False


def _read_on(backend: Backend, part: _Part) -> None:
    key, fruitless = blob_key(part.digest), 0
    for _ in range(MOST_TRIES):
        before = part.done
        try:
            for chunk in paced(backend.chunks(key, part.done), f"{backend.where}/{key}"):
                part.add(chunk)
            if part.done == part.size:
                return
            raise LostError(f"{backend.where}/{key}: ended after {part.done} of {part.size} bytes; try again")
        except LostError:
            fruitless = 1 if part.done > before else fruitless + 1
            if fruitless > len(PAUSES_S):
                raise
            time.sleep(PAUSES_S[fruitless - 1])
    raise RegistryError(f"{backend.where}/{key}: the connection broke {MOST_TRIES} times; try again")


def paced(chunks: Iterator[bytes], what: str, clock: Callable[[], float] = time.monotonic) -> Iterator[bytes]:
    """Yield chunks, and raise LostError when hardly anything comes for a while, though the connection holds."""
    began, came = clock(), 0
    for chunk in chunks:
        yield chunk
        came += len(chunk)
        if clock() - began > WINDOW_S:
            if came < WINDOW_BYTES:
                raise LostError(f"{what}: only {came} bytes came in {WINDOW_S:g} seconds; try again later")
            began, came = clock(), 0


def check_blob(backend: Backend, digest: str, size: int, tell: Tell) -> bool:
    """Whether a blob at a place holds what its name says; every byte of it is read, none is kept.

    Raises
    ------
    NotFoundError
        It is not there.
    RegistryError
        It cannot be read.
    """

    def read() -> bool:
        found, came = hashlib.sha256(), 0
        for chunk in paced(backend.chunks(blob_key(digest)), f"{backend.where}/{blob_key(digest)}"):
            found.update(chunk)
            came += len(chunk)
            tell(len(chunk))
            if came > size:
                break
        if came < size:
            tell(-came)
            raise LostError(f"{backend.where}/{blob_key(digest)}: ended after {came} of {size} bytes; try again")
        return came == size and found.hexdigest() == digest

    return again(read)


def send(backend: Backend, digest: str, path: Path, tell: Tell) -> str | None:
    """Have a blob at a place; one of its size that is there is taken to be it. What was sent is read again.

    Returns
    -------
    str or None
        Its version id where the place has them, else empty; None when it was there already.

    Raises
    ------
    RegistryError
        It cannot be written, or the place returns other bytes than it was given.
    """
    key, size = blob_key(digest), path.stat().st_size
    found = again(lambda: backend.stat(key))
    if found is not None and found.size == size:
        tell(size)
        return None
    for _ in range(2):
        version_id = again(lambda: backend.put(key, path))
        if check_blob(backend, digest, size, lambda _: tell(0)):
            tell(size)
            return version_id
    again(lambda: backend.put(key, b""))  # of another size, so that the next push does not take it for sound
    raise RegistryError(f"{backend.where}/{key}: the store returns other bytes than it was given; nothing was published")


def change(backend: Backend, key: str, limit: int, edit: Callable[[bytes], bytes]) -> None:
    """Rewrite a small object that others may be rewriting too: none of the changes is lost.

    Parameters
    ----------
    edit : callable
        Returns the new content from the old, which is empty when there is none.

    Raises
    ------
    RegistryError
        It cannot be written, or others write to it all the time.
    """
    for _ in range(MOST_TRIES):
        found = again(lambda: backend.stat(key))
        old = read_small(backend, key, limit) if found is not None else b""
        new = edit(old)
        tag = found.tag if found is not None else None
        if new == old or again(lambda: backend.put_if(key, new, tag)):  # noqa: B023
            return
    raise RegistryError(f"{backend.where}/{key}: others write to it all the time; try again later")
