"""How often and how many at a time: moving windows by the library `limits`, and a count of what is under way.

The windows are in memory, or in Redis for several servers together. When Redis does not answer, each server counts in its own
memory and tries Redis again after a while: no request fails for it, and none waits for it twice. In memory the windows are ours
rather than the library's: those stop a client for as long as the clock is set back, and look at every client at each request.
"""

import asyncio
import logging
import math
import re
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from tingshuo.errors import RateLimitError, RequestError
from tingshuo.serve.redis_pool import open_pool, shown

if TYPE_CHECKING:
    from limits.aio.storage import RedisStorage
    from redis.asyncio import ConnectionPool

log = logging.getLogger("tingshuo.access")

MAX_AMOUNT = 100_000
"""Of one rate: each request of a window is remembered."""
MAX_WINDOWS = 100_000
"""Clients that are remembered at the same time; beyond them the one that asked the longest ago is forgotten."""
TIMEOUT_S = 0.25
"""How long a request may wait for Redis, the first time that it does not answer."""
RETRY_S = 5.0
"""How long Redis is left alone then."""
_CONNECTIONS = 32
_RATE = r"[0-9]{1,9}/([1-9][0-9]{0,4})?(second|minute|hour|day|month|year)s?"
_RATES = re.compile(rf"{_RATE}(;{_RATE})*")
"""Stricter than the library, which reads ``1/0second`` as ``1/second``."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What is left of the rate that is nearest to its end.

    ``remaining`` is requests, ``reset_s`` seconds until the oldest request of the window no longer counts.
    """

    item: RateLimitItem
    allowed: bool
    remaining: int
    reset_s: float

    def error(self) -> RateLimitError:
        """Return the error for a request that was one too many."""
        wait_s = max(1, math.ceil(self.reset_s))
        return RateLimitError(f"more than {tell_rate(self.item)}; try again in {wait_s} s", wait_s)


def parse_rates(texts: Iterable[str]) -> tuple[RateLimitItem, ...]:
    """Return rates, the shortest window first, so that what a short one refuses is not counted in a long one.

    Parameters
    ----------
    texts : iterable of str
        ``60/minute``, ``1000/day``, ``5/10second``.

    Raises
    ------
    RequestError
        One is no rate, or its amount is not 1 to `MAX_AMOUNT`.
    """
    items = []
    for text in texts:
        if not _RATES.fullmatch(text):
            raise RequestError(f"{text!r} is no rate; give one such as 60/minute, 5/second or 1000/day", "rate")
        for item in parse_many(text):
            if not 1 <= item.amount <= MAX_AMOUNT:
                raise RequestError(f"{text!r}: a rate allows 1 to {MAX_AMOUNT} requests in its time", "rate")
            items.append(item)
    return tuple(sorted(items, key=lambda item: item.get_expiry()))


def tell_rate(item: RateLimitItem) -> str:
    """Return a rate in words: ``60 requests in 1 minute``."""
    return f"{item.amount} requests in {item.multiples} {item.GRANULARITY.name}"


class Windows(MemoryStorage):
    """Moving windows in memory, on a clock that never goes back; each request costs the same, however many clients there are.

    Parameters
    ----------
    clock : callable
        Seconds, never going back.
    most : int
        Clients and rates that are remembered at the same time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MAX_WINDOWS) -> None:
        super().__init__()
        self._clock, self._most = clock, most
        self._windows: OrderedDict[str, tuple[int, deque[float]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count ``amount`` requests unless the window has no room for them."""
        _, times = self._windows.setdefault(key, (expiry, deque()))
        self._windows.move_to_end(key)
        now = self._clock()
        _forget(times, now - expiry)
        fits = len(times) + amount <= limit
        if fits:
            times.extend([now] * amount)
        self._sweep(now)
        return fits

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return the time of the oldest request that counts, and how many do."""
        now = self._clock()
        _, times = self._windows.get(key, (expiry, deque[float]()))
        _forget(times, now - expiry)
        return (times[0] if times else now), len(times)

    def _sweep(self, now: float) -> None:
        """Forget windows that are empty, a few at a time from the side of those not asked for, and what is too much."""
        for key in [key for key, _ in zip(self._windows, range(2), strict=False)]:
            expiry, times = self._windows[key]
            if not times or times[-1] < now - expiry:
                del self._windows[key]
        while len(self._windows) > self._most:
            self._windows.popitem(last=False)


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] < before:
        times.popleft()


class Limiter:
    """Counts requests by client.

    Parameters
    ----------
    redis_url : str or None
        ``redis://HOST:PORT/DB`` or ``rediss://``; None counts in this process.
    clock : callable
        Seconds, never going back: for windows in memory, and for when to try Redis again.

    Attributes
    ----------
    away : bool
        Redis does not answer, and this process counts alone.

    Raises
    ------
    RequestError
        The address is none of Redis.
    EngineNotInstalledError
        The ``redis`` extra is missing.
    """

    def __init__(self, redis_url: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.away = False
        self._clock = clock
        self._memory = MovingWindowRateLimiter(Windows(clock))
        self._redis: MovingWindowRateLimiter | None = None
        self._pool: ConnectionPool | None = None
        if redis_url is not None:
            storage, self._pool = _open_redis(redis_url)
            self._redis = MovingWindowRateLimiter(storage)
        self._where = "" if redis_url is None else shown(redis_url)
        self._retry_at = -math.inf

    async def hit(self, who: str, rates: Sequence[RateLimitItem]) -> Usage | None:
        """Count a request of a client by all its rates; None when there are none.

        Parameters
        ----------
        who : str
            Id of a key or an address.
        rates : sequence of RateLimitItem
            As `parse_rates` returns them. The first that refuses ends it.
        """
        if not rates:
            return None
        if self._redis is not None and self._clock() >= self._retry_at:
            if self.away:
                self._retry_at = self._clock() + RETRY_S  # this request tries; the others do not wait for it
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    usage = await _hit(self._redis, time.time, who, rates)
            except Exception as error:  # of the network, of Redis, of its client: whatever it is, requests go on
                self._lose(error)
            else:
                self._find()
                return usage
        return await _hit(self._memory, self._clock, who, rates)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.disconnect()

    def _lose(self, error: Exception) -> None:
        if not self.away:
            what = str(error).rstrip(".") or "no answer in time"
            log.error("Redis at %s: %s; this server counts requests alone until it is back", self._where, what)
        self.away = True
        self._retry_at = self._clock() + RETRY_S

    def _find(self) -> None:
        if self.away:
            log.warning("Redis at %s is back", self._where)
        self.away, self._retry_at = False, -math.inf


async def _hit(limiter: MovingWindowRateLimiter, clock: Callable[[], float], who: str, rates: Sequence[RateLimitItem]) -> Usage:
    found: list[Usage] = []
    for item in rates:
        allowed = await limiter.hit(item, who)
        stats = await limiter.get_window_stats(item, who)
        reset_s = min(max(0.0, stats.reset_time - clock()), item.get_expiry())
        found.append(Usage(item, allowed, max(0, stats.remaining), reset_s))
        if not allowed:
            return found[-1]
    return min(found, key=lambda usage: usage.remaining)


class Slots:
    """Requests under way, by client; of this process alone."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def __getitem__(self, who: str) -> int:
        return self._taken[who]

    @contextmanager
    def hold(self, who: str, most: int | None) -> Iterator[None]:
        """Take a place while the block runs, however it ends.

        Raises
        ------
        RateLimitError
            As many as ``most`` are taken; None is no limit.
        """
        if most is not None and self._taken[who] >= most:
            raise RateLimitError(f"{most} requests of yours are under way already; wait for one of them to end")
        self._taken[who] += 1
        try:
            yield
        finally:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]


def _open_redis(url: str) -> "tuple[RedisStorage, ConnectionPool]":
    times_s = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "timeout": TIMEOUT_S}
    pool = open_pool(url, "limits", _CONNECTIONS, **times_s)
    from limits.aio.storage import RedisStorage

    options: dict[str, Any] = {"implementation": "redispy", "key_prefix": "tingshuo", "connection_pool": pool}
    try:
        return RedisStorage(f"async+{url}", **options), pool
    except ValueError as error:
        raise RequestError(f"{shown(url)!r} is no address of Redis: {error}", "redis") from error
