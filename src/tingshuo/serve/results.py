"""Finished audio, kept for a while so that its address can be played, sought in and downloaded, and so that it is made once.

Looked for in three places, the nearest first: what this process knows of, the folder (which processes may share and which may
outlive them, `tingshuo.serve.cache.shelf`), and Redis. Without a folder of its own a server has a temporary one that goes with
it. An id is 128 random bits: who was not given the address cannot guess it.
"""

import asyncio
import contextlib
import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tingshuo.audio.formats import media_type
from tingshuo.errors import NotFoundError, OutputError, TooLargeError
from tingshuo.serve.cache.claims import claimed
from tingshuo.serve.cache.counts import Counts
from tingshuo.serve.cache.owned_folder import OwnedFolder
from tingshuo.serve.cache.redis_link import RedisLink
from tingshuo.serve.cache.shared_audio import Copy, SharedAudio
from tingshuo.serve.cache.shelf import GRACE_S, LAYOUT, MOST, Result, Shelf, encode

LIMIT_BYTES = 256 * 2**20
TTL_S = 3600.0
_ROOM = 1 / 16
"""Share of the limit that a sweep makes free, so that not every new file needs one."""
_FEW = 256
"""Results that are remembered before any of them is looked for."""
_SHARING = 8
"""Copies on their way to Redis; more are not sent, as they would only wait."""


@dataclass(frozen=True, slots=True)
class Found:
    """Finished audio and the JSON of the reply to its order.

    ``where`` it was found is ``memory`` (this process knew of it), ``folder`` or ``redis``.
    """

    result: Result
    body: bytes
    where: str

    @property
    def reply(self) -> dict[str, object]:
        """What the JSON says."""
        reply: dict[str, object] = json.loads(self.body)
        return reply

    def open(self) -> BinaryIO | None:
        """Open the audio; None when it has just gone."""
        try:
            return self.result.path.open("rb")
        except OSError:
            return None


class Added(NamedTuple):
    """What was kept, and the reply to its order."""

    result: Result
    reply: dict[str, object]


class Results:
    """The store. Its methods run on the event loop, but for those that are for threads; what may take long is done in threads.

    Parameters
    ----------
    limit_bytes : int
        Of all files together. Processes that share a folder may have up to a sixteenth more each, for a moment.
    ttl_s : float
        How long a result is valid after it was made.
    clock : callable
        Seconds since 1970.
    folder : Path or None
        Where results are kept when the server ends, and shared with others; None is a temporary folder.
    link : RedisLink or None
        To share them with other machines.

    Raises
    ------
    OutputError
        The folder cannot be used.
    """

    def __init__(
        self,
        limit_bytes: int = LIMIT_BYTES,
        ttl_s: float = TTL_S,
        clock: Callable[[], float] = time.time,
        *,
        folder: Path | None = None,
        link: RedisLink | None = None,
    ) -> None:
        self.limit_bytes, self.ttl_s = limit_bytes, ttl_s
        self.counts, self.shared_counts = Counts(), Counts(n_bytes=None)
        self._own = None if folder else OwnedFolder.temporary()
        self._shelf = Shelf(folder / LAYOUT if folder else self._own_path / LAYOUT, ttl_s, clock)
        self._making = OwnedFolder(self._shelf.folder / "making")
        self._shared = None if link is None else SharedAudio(link, ttl_s, clock)
        self._sharing: set[asyncio.Task[None]] = set()
        self._known: OrderedDict[str, Result] = OrderedDict()
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()
        self._entries = self._n_bytes = self._fresh_bytes = 0
        self._tidying: asyncio.TimerHandle | None = None
        self._closed, self._look_through_at = False, _FEW
        self._sweep()

    @property
    def _own_path(self) -> Path:
        assert self._own is not None
        return self._own.path

    @property
    def link(self) -> RedisLink | None:
        """To Redis, when results are shared there."""
        return None if self._shared is None else self._shared.link

    def new_id(self) -> str:
        """Return an id that nobody can guess."""
        return secrets.token_urlsafe(16)

    def path(self, result_id: str, format: str) -> Path:
        """Return where the file of a result made here is to be written; what is never added goes with this process."""
        if not self._closed and not self._making.path.is_dir():
            self._shelf.make()
            self._making.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._making.path / f"{result_id}.{format}"

    def check_size(self, size: int) -> None:
        """Refuse a file of so many bytes, finished or still growing.

        Raises
        ------
        TooLargeError
            It alone is larger than the store.
        """
        if size > self.limit_bytes:
            raise TooLargeError(
                f"the audio has more than the {self.limit_bytes} bytes that the server keeps; "
                "ask for mp3 or ogg, split the text, or stream it from /v1/audio/speech",
                "text",
            )

    def put(self, result_id: str, format: str, reply: dict[str, object], key: str) -> Added:
        """Keep a file that was written to `path`, and the reply to its order; for the thread that has written it.

        Nobody finds it here before `remember` is told of it.

        Parameters
        ----------
        result_id, format : str
            From `new_id`, and of the file.
        reply : dict
            The JSON object that answers the request.
        key : str
            Fingerprint of the order.

        Raises
        ------
        TooLargeError
            They alone are larger than the store; they are deleted.
        OutputError
            They cannot be kept, as on a full disk; they are deleted.
        """
        fields: dict[str, object] = {"format": format, "media_type": media_type(format), "key": key, "reply": reply}
        return Added(self._take_in(self.path(result_id, format), result_id, fields), reply)

    def remember(self, added: Added) -> None:
        """Have what was kept be found, here and by those who share it."""
        self._remember(added.result)
        self._share(*added)

    def find(self, key: str) -> Found | None:
        """Return the result of an equal order if this process knows of it and it is still there; at once."""
        result = self._known_by(self._ids.get(key, ""))
        found = None if result is None else self._found(result, "memory")
        self.counts.hits += found is not None
        return found

    async def look(self, key: str) -> Found | None:
        """Return the result of an equal order, wherever it is kept."""
        if (found := self.find(key) or await self._look_into_folder(key)) is not None:
            return found
        self.counts.misses += 1
        copy = None if self._shared is None else await self._shared.find(key)
        result = await self._fetch(copy)
        return None if result is None else self._found(result, "redis")

    def claimed(self, key: str) -> AbstractAsyncContextManager[Found | None]:
        """Hold the right to make the result of an order, among the processes that share the folder; see `claims.claimed`."""
        if self._own is not None:
            return contextlib.nullcontext()
        return claimed(self._shelf.claims, key, lambda: self._look_into_folder(key))

    async def get(self, result_id: str) -> Result:
        """Return a result by its id and mark it as used.

        Raises
        ------
        NotFoundError
            It never was, or is gone.
        """
        result = self._known_by(result_id) or await asyncio.to_thread(self._shelf.get, result_id)
        if result is None and self._shared is not None:
            result = await self._fetch(await self._shared.get(result_id))
        if result is None:
            raise NotFoundError(f"no audio of that id; finished audio is kept for {self.ttl_s / 60:g} minutes, ask for it again")
        self._remember(result)
        self._shelf.used(result)
        return result

    def close(self) -> None:
        """Delete what is temporary: half-written files, and everything where no folder was given."""
        self._closed = True
        if self._tidying is not None:
            self._tidying.cancel()
        self._known.clear()
        self._ids.clear()
        for folder in (self._making, self._own):
            if folder is not None:
                folder.close()

    async def aclose(self) -> None:
        """As `close`, when what is on its way to Redis has arrived."""
        await asyncio.gather(*self._sharing, return_exceptions=True)
        if self._shared is not None:
            await self._shared.link.aclose()
        self.close()

    async def _look_into_folder(self, key: str) -> Found | None:
        if self._own is not None or not self._shelf.leads(key):  # of a folder of its own this process knows everything
            return None
        result = await asyncio.to_thread(self._shelf.find, key)
        found = None if result is None else self._found(result, "folder")
        self.counts.hits += found is not None
        return found

    async def _fetch(self, copy: Copy | None) -> Result | None:
        """Take a copy from Redis into the folder."""
        self.shared_counts.hits += copy is not None
        self.shared_counts.misses += copy is None and self._shared is not None
        if copy is None:
            return None
        try:
            result = await asyncio.to_thread(self._take_in_copy, copy)
        except (OutputError, TooLargeError):
            return None
        self._remember(result)
        return result

    def _found(self, result: Result, where: str) -> Found | None:
        body = result.read_reply()
        if body is None:
            self._forget(result)
            return None
        self._remember(result)
        self._shelf.used(result)
        return Found(result, body, where)

    def _known_by(self, result_id: str) -> Result | None:
        result = self._known.get(result_id)
        if result is None or (self._shelf.is_valid(result) and result.is_there()):
            return result
        self._forget(result)
        return None

    def _remember(self, result: Result) -> None:
        self._known[result.id] = result
        self._known.move_to_end(result.id)
        self._ids[result.key] = result.id
        if len(self._known) >= self._look_through_at:
            self._look_through()
        if len(self._known) > MOST:
            self._forget(next(iter(self._known.values())))
        if self._tidying is None:
            wait_s = self.ttl_s + GRACE_S + 1
            self._tidying = asyncio.get_running_loop().call_later(wait_s, self._tidy)

    def _forget(self, result: Result) -> None:
        self._known.pop(result.id, None)
        if self._ids.get(result.key) == result.id:
            del self._ids[result.key]

    def _look_through(self) -> None:
        """Forget what has made room for others; seldom enough to cost nothing."""
        for result in [one for one in self._known.values() if not one.is_there()]:
            self._forget(result)
        self._look_through_at = max(_FEW, len(self._known) * 5 // 4)

    def _tidy(self) -> None:
        """Remove what is too old, though nobody asks for anything."""
        self._tidying = None
        asyncio.get_running_loop().run_in_executor(None, self._sweep)
        for result in [one for one in self._known.values() if not self._shelf.is_valid(one)]:
            self._forget(result)
        if self._known:
            self._remember(next(reversed(self._known.values())))

    def _take_in(self, written: Path, result_id: str, fields: dict[str, object], made_s: float | None = None) -> Result:
        """Put a file on the shelf, and make room."""
        try:
            self.check_size(written.stat().st_size + len(encode(fields["reply"])))
        except (OSError, TooLargeError) as error:
            written.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise OutputError(f"the finished audio cannot be kept: {error.strerror or error}") from error
            raise
        result = self._shelf.put(written, result_id, fields, made_s)
        with self._lock:
            self._n_bytes += result.size
            self.counts.n_bytes = self._n_bytes
            self._fresh_bytes += result.size
            self._entries += 1
            others = self._own is None and self._fresh_bytes > self.limit_bytes * _ROOM
            due = others or self._n_bytes > self.limit_bytes or self._entries > MOST
        if due:
            self._sweep()
        return result

    def _take_in_copy(self, copy: Copy) -> Result:
        written = self.path(self.new_id(), copy.fields["format"])
        try:
            written.write_bytes(copy.audio)
        except OSError as error:
            written.unlink(missing_ok=True)
            raise OutputError(str(error)) from error
        return self._take_in(written, copy.id, copy.fields, copy.made_s)

    def _sweep(self) -> None:
        swept = self._shelf.sweep(self.limit_bytes, int(self.limit_bytes * (1 - _ROOM)))
        if swept is not None:
            with self._lock:
                self.counts.n_bytes = self._n_bytes = swept.left_bytes
                self._entries, self._fresh_bytes = swept.left, 0
                self.counts.evictions += swept.evicted

    def _share(self, result: Result, reply: dict[str, object]) -> None:
        if self._shared is None or not self._shared.link.is_open or len(self._sharing) >= _SHARING:
            return
        task = asyncio.ensure_future(self._send(self._shared, result, reply))
        self._sharing.add(task)
        task.add_done_callback(self._sharing.discard)

    async def _send(self, shared: SharedAudio, result: Result, reply: dict[str, object]) -> None:
        fields = {"format": result.format, "media_type": result.media_type, "key": result.key, "reply": reply}
        with contextlib.suppress(OSError):  # swept away meanwhile
            audio = await asyncio.to_thread(result.path.read_bytes)
            await shared.put(Copy(result.id, audio, fields, result.made_s))
