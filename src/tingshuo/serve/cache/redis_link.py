"""Redis as a place to look, never as something to depend on: gone, slow or wrong, it is as if nothing had been kept there.

One failure, and it is left alone for a while: what it costs then is a comparison. After that a single request tries it again.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, TypeVar

from tingshuo.serve.redis_pool import open_pool, shown

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger("tingshuo.cache")
T = TypeVar("T")

TIMEOUT_S = 0.05
"""How long a request waits for an answer without audio in it."""
BODY_TIMEOUT_S = 0.5
"""The same with audio, which would take longer to make anew."""
RETRY_S = 5.0
"""How long Redis is left alone after a failure."""
_CONNECTIONS = 16


class RedisLink:
    """A connection that fails softly; it belongs to the event loop that asks first, and `ask_from_thread` asks through that.

    Parameters
    ----------
    url : str
        ``redis://HOST:PORT/DB`` or ``rediss://``.
    clock : callable
        Seconds, never going back: for when to try again.

    Attributes
    ----------
    away : bool
        It did not answer the last time.

    Raises
    ------
    RequestError
        The address is none of Redis.
    EngineNotInstalledError
        The ``redis`` extra is missing.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.away = False
        self._clock = clock
        self._where = shown(url)
        self._redis = _open(url)
        self._retry_at = -math.inf
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_open(self) -> bool:
        """Whether it would be asked now."""
        return self._clock() >= self._retry_at

    async def ask(self, question: "Callable[[Redis], Awaitable[T]]", *, body: bool = False) -> T | None:
        """Return what Redis answers, None when it does not.

        Parameters
        ----------
        question : callable
            Asks the client that it is given.
        body : bool
            Whether audio is sent or comes: `BODY_TIMEOUT_S`, else `TIMEOUT_S`.
        """
        self._loop = asyncio.get_running_loop()
        if not self.is_open:
            return None
        if self.away:
            self._retry_at = self._clock() + RETRY_S  # this request tries; the others do not wait for it
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S if body else TIMEOUT_S):
                answer = await question(self._redis)
        except Exception as error:  # of the network, of Redis, of its client: whatever it is, requests go on
            self._lose(error)
            return None
        self._find()
        return answer

    def ask_from_thread(self, question: "Callable[[Redis], Awaitable[T]]", *, wait: bool = True) -> T | None:
        """Ask from another thread than the event loop's; None also as long as that has asked nothing yet.

        Parameters
        ----------
        question : callable
            As of `ask`, without audio.
        wait : bool
            Whether the answer is wanted.
        """
        if self._loop is None or not self._loop.is_running() or not self.is_open:
            return None
        answer = asyncio.run_coroutine_threadsafe(self.ask(question), self._loop)
        if not wait:
            return None
        try:
            return answer.result(2 * TIMEOUT_S)
        except (TimeoutError, CancelledError):  # the loop is busy, or ends
            answer.cancel()
            return None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    def _lose(self, error: Exception) -> None:
        if not self.away:
            log.error(
                "Redis at %s: %s; this server caches alone until it is back", self._where, str(error) or "no answer in time"
            )
        self.away = True
        self._retry_at = self._clock() + RETRY_S

    def _find(self) -> None:
        if self.away:
            log.warning("Redis at %s is back; caches are shared again", self._where)
        self.away, self._retry_at = False, -math.inf


def _open(url: str) -> "Redis":
    pool = open_pool(url, "caches", _CONNECTIONS, timeout=BODY_TIMEOUT_S)
    from redis.asyncio import Redis

    return Redis.from_pool(pool)
