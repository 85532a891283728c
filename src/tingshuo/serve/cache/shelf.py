"""Finished audio in a folder that several processes may share, and that outlives them where it is to.

An entry is two files: the audio, whose time of change is when it was made, and beside it what was said about it, whose time of
change is when it was last asked for. A third, small file leads from an order to its entry. Each appears whole, by a rename, the
audio first; whatever is read is compared with its hash, so that half a file, or a changed one, counts as none. Nobody has to
hold a lock to read or to add.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tingshuo.errors import OutputError, RegistryError
from tingshuo.store.locks import locked

LAYOUT = "audio-1"
"""Name of a folder of this layout; another layout would be another folder."""
MOST = 20_000
"""Entries, whatever their size."""
GRACE_S = 60.0
"""Entries stay so long after their time is up, for who has just been given one."""
ID = re.compile(r"[A-Za-z0-9_-]{22}")
"""128 random bits in base64."""
_FORMAT = re.compile(r"[a-z0-9]{1,8}")
_LOCK_WAIT_S = 1.0

Stamp = tuple[int, int, int, int]
"""By which a file is known to be the one that was compared with its hash: inode, size, time of change, of its entry."""


@dataclass(frozen=True, slots=True)
class Result:
    """A finished file and where what was said about it lies.

    ``size`` is that of the audio and the reply in bytes; ``made_s`` is on the shelf's clock.
    """

    id: str
    path: Path
    media_type: str
    format: str
    key: str
    size: int
    made_s: float
    stamp: Stamp

    def read_reply(self) -> bytes | None:
        """Return the JSON object that answered the request, without its field ``cached``; None when it is gone or damaged."""
        said = _read_said(_beside(self.path))
        return None if said is None else said[1]

    def is_there(self) -> bool:
        """Whether the audio is still the file that was compared with its hash."""
        try:
            return _stamp(self.path) == self.stamp
        except OSError:
            return False


class Swept(NamedTuple):
    """What a sweep left, in bytes and entries, and how many entries it removed to make room."""

    left_bytes: int
    left: int
    evicted: int


class Shelf:
    """The entries of a folder. All methods touch the disk; call them in a thread.

    Parameters
    ----------
    folder : Path
        Holds nothing else; made with all that is needed, for its owner alone.
    ttl_s : float
        How long an entry is valid after it was made.
    clock : callable
        Seconds since 1970.

    Attributes
    ----------
    claims : Path
        Folder for `tingshuo.serve.cache.claims`.

    Raises
    ------
    OutputError
        The folder cannot be made.
    """

    def __init__(self, folder: Path, ttl_s: float, clock: Callable[[], float]) -> None:
        self.folder, self.ttl_s, self._clock = folder, ttl_s, clock
        self._files, self._orders, self.claims = folder / "files", folder / "orders", folder / "claims"
        self.make()

    def make(self) -> None:
        """Make the folder; again, when somebody has tidied it away from under a server.

        Raises
        ------
        OutputError
            It cannot be made.
        """
        try:
            for part in (self.folder, self._files, self._orders, self.claims):
                part.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be used for what is kept: {error.strerror or error}") from error

    def put(self, written: Path, result_id: str, fields: dict[str, Any], made_s: float | None = None) -> Result:
        """Take in a file.

        Parameters
        ----------
        written : Path
            On the same disk; it is moved, or deleted when that fails.
        result_id : str
            See `ID`.
        fields : dict
            ``format``, ``media_type``, ``key`` and ``reply``.
        made_s : float or None
            When it was made, if not now.

        Raises
        ------
        OutputError
            The disk is full, or cannot be written; nothing is left of it.
        """
        made_s = self._clock() if made_s is None else made_s
        path = self._files / f"{result_id}.{fields['format']}"
        try:
            said = fields | {"sha256": _hash(written), "size": written.stat().st_size}
            written.with_suffix(".json").write_bytes(_sealed(said, said.pop("reply")))
            written.with_suffix(".order").write_bytes(result_id.encode())
            for one in (written, written.with_suffix(".order")):
                os.utime(one, (made_s, made_s))
            written.replace(path)
            written.with_suffix(".json").replace(_beside(path))
            written.with_suffix(".order").replace(self._orders / fields["key"])
            self._touch(path)
            return self._result(path, said)
        except OSError as error:
            for leftover in (written, written.with_suffix(".json"), written.with_suffix(".order"), path, _beside(path)):
                with suppress(OSError):
                    leftover.unlink(missing_ok=True)
            raise OutputError(f"the finished audio cannot be kept: {error.strerror or error}") from error

    def leads(self, key: str) -> bool:
        """Whether there may be an entry of an order; quick."""
        return (self._orders / key).is_file()

    def find(self, key: str) -> Result | None:
        """Return the entry of an order, compared with its hash; None when there is none that is whole and valid."""
        with suppress(OSError, UnicodeDecodeError):
            result_id = (self._orders / key).read_text("ascii")
            result = self.get(result_id)
            return result if result is not None and result.key == key else None
        return None

    def get(self, result_id: str) -> Result | None:
        """Return an entry by its id, as `find` does."""
        if not ID.fullmatch(result_id):
            return None
        found = _read_said(self._files / f"{result_id}.json")
        if found is None:
            return None
        said, _ = found
        path = self._files / f"{result_id}.{said['format']}"
        try:
            result = self._result(path, said)
            whole = result.stamp[1] == said["size"] and _hash(path) == said["sha256"]
        except OSError:
            return None
        if not whole:
            self._drop(path)
            return None
        return result if self.is_valid(result) else None

    def is_valid(self, result: Result) -> bool:
        """Whether its time is not up; a clock that was set back makes nothing valid for longer than twice its time."""
        return abs(self._clock() - result.made_s) < self.ttl_s

    def used(self, result: Result) -> None:
        """Note that an entry was asked for."""
        with suppress(OSError):
            self._touch(result.path)

    def sweep(self, limit_bytes: int, goal_bytes: int) -> Swept | None:
        """Remove what is too old, and what has not been asked for the longest where there is too much.

        Parameters
        ----------
        limit_bytes, goal_bytes : int
            When there is more than the first, the second is left; but the entry that was asked for last stays.

        Returns
        -------
        Swept or None
            None when another process is at it, or the folder is gone or cannot be read.
        """
        if not self.folder.is_dir():  # it has just been closed, and a lock would make it again
            return None
        try:
            with locked(self.folder / ".lock", wait_s=_LOCK_WAIT_S):
                return self._make_room(self._remove_old(), limit_bytes, goal_bytes)
        except (RegistryError, OutputError, OSError):
            return None

    def _remove_old(self) -> list[tuple[float, int, Path]]:
        """Remove what is too old; return when each other entry was last asked for, its bytes and its audio, in order."""
        now, kept = self._clock(), []
        for path, made_s, used_s, size in self._entries():
            if abs(now - made_s) >= self.ttl_s + GRACE_S:
                self._drop(path)
            elif used_s is not None:
                kept.append((used_s, size, path))
        for small in (*self._orders.iterdir(), *self.claims.iterdir()):
            changed_s = _changed_s(small)
            if changed_s is not None and abs(now - changed_s) >= self.ttl_s + GRACE_S:
                small.unlink(missing_ok=True)
        return sorted(kept)

    def _make_room(self, entries: list[tuple[float, int, Path]], limit_bytes: int, goal_bytes: int) -> Swept:
        left_bytes, left = sum(size for _, size, _ in entries), len(entries)
        most = MOST
        if left_bytes > limit_bytes or left > most:
            limit_bytes, most = goal_bytes, MOST * 15 // 16
        for used_s, size, path in entries[:-1]:
            if left_bytes <= limit_bytes and left <= most:
                break
            if _changed_s(_beside(path)) == used_s:  # nobody has asked for it meanwhile
                self._drop(path)
                left_bytes, left = left_bytes - size, left - 1
        return Swept(left_bytes, left, len(entries) - left)

    def _entries(self) -> Iterator[tuple[Path, float, float | None, int]]:
        """Yield audio, when it was made and last asked for (None without a reply), and the bytes of both."""
        found: dict[str, os.stat_result] = {}
        for entry in os.scandir(self._files):
            with suppress(FileNotFoundError):
                found[entry.name] = entry.stat()
        audio = {name.partition(".")[0] for name in found if not name.endswith(".json")}
        for name, status in found.items():
            if name.partition(".")[0] not in audio:  # it comes before what was said about it, so it went before it too
                (self._files / name).unlink(missing_ok=True)
            said = found.get(f"{name.partition('.')[0]}.json")
            if not name.endswith(".json"):
                yield self._files / name, status.st_mtime, said and said.st_mtime, status.st_size + (said.st_size if said else 0)

    def _drop(self, path: Path) -> None:
        said = _read_said(_beside(path))
        with suppress(OSError):
            for one in (_beside(path), path):
                one.unlink(missing_ok=True)
            order = self._orders / said[0]["key"] if said else None
            if order is not None and order.read_bytes() == path.stem.encode():
                order.unlink(missing_ok=True)

    def _touch(self, path: Path) -> None:
        now = self._clock()
        os.utime(_beside(path), (now, now))

    def _result(self, path: Path, said: dict[str, Any]) -> Result:
        stamp = _stamp(path)
        size = stamp[1] + _beside(path).stat().st_size
        return Result(path.stem, path, said["media_type"], said["format"], said["key"], size, stamp[2] / 1e9, stamp)


def _beside(audio: Path) -> Path:
    """Where what was said about a file lies."""
    return audio.with_suffix(".json")


def _sealed(said: dict[str, Any], reply: object) -> bytes:
    """Return what is said of a file and the reply to its order, a line each, below their hash."""
    text = encode(said) + b"\n" + encode(reply)
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def _read_said(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """Return what is said of a file, and the reply; None when it is not what was written."""
    try:
        digest, _, text = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if hashlib.sha256(text).hexdigest().encode() != digest:
        return None
    head, _, reply = text.partition(b"\n")
    said: dict[str, Any] = json.loads(head)
    return (said, reply) if _FORMAT.fullmatch(said["format"]) else None


def encode(content: object) -> bytes:
    """Encode as JSON in one line; half a character becomes its escape."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _changed_s(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
