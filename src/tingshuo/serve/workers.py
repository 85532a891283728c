"""A few threads that make audio for many requests, one chunk at a time.

A request holds a thread only while its next chunk is computed: between chunks the thread serves the others, so that streams
share the machine fairly and a client that reads slowly costs nothing. Work stops at the chunk after a client left.
"""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from tingshuo.errors import BusyError

T = TypeVar("T")

_DONE = object()
_LONGEST_RETRY_S = 60


class Workers:
    """A bounded pool; all methods but the jobs' own steps run on the event loop.

    Parameters
    ----------
    threads : int
        Chunks computed at the same time, at least 1.
    limit : int
        Requests admitted at the same time, running and waiting; one more is refused.
    """

    def __init__(self, threads: int, limit: int) -> None:
        self.threads = threads
        self.limit = limit
        self.active = 0
        self.closed = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="speak")
        self._typical_s = 0.5

    def start(self, make: Callable[[], Iterator[T]]) -> "Job[T]":
        """Admit a request and return its job; ``make`` is called in a worker thread.

        Raises
        ------
        BusyError
            As many requests as the limit are being served; it carries the time after which to try again.
        """
        if self.active >= self.limit:
            wait_s = min(_LONGEST_RETRY_S, math.ceil(self.active * self._typical_s / self.threads))
            raise BusyError(f"{self.limit} requests are being served already; try again in {wait_s} s", wait_s)
        self.active += 1
        return Job(self, make)

    async def run(self, function: Callable[[], T]) -> T:
        """Call a function in a worker thread.

        Raises
        ------
        BusyError
            The server is stopping.
        """
        if self.closed:
            raise BusyError("the server is stopping; try again when it is back")
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    def finished(self, work_s: float) -> None:
        """Take note of a finished job; a moving average of their times tells how long a queue takes."""
        self.active -= 1
        self._typical_s += 0.1 * (work_s - self._typical_s)

    def close(self) -> None:
        """Wait for the chunks in work and end the threads; jobs that are still open make no more."""
        self.closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)


class Job(Generic[T]):
    """One admitted request: an asynchronous iterator of what its generator yields. Close it, always.

    Attributes
    ----------
    work_s : float
        Seconds of thread time spent so far.
    """

    def __init__(self, workers: Workers, make: Callable[[], Iterator[T]]) -> None:
        self.work_s = 0.0
        self._workers = workers
        self._make = make
        self._items: Iterator[T] | None = None
        self._step = threading.Lock()
        self._closed = False

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        if self._closed:
            raise StopAsyncIteration
        item = await self._workers.run(self._next)
        if item is _DONE:
            await self.aclose()
            raise StopAsyncIteration
        return item  # type: ignore[return-value]

    async def aclose(self) -> None:
        """Stop the generator (after the chunk it is computing) and give the place in the queue back."""
        if self._closed:
            return
        self._closed = True
        if self._workers.closed:  # no thread is left, so none is in a step
            self._close()
            self._workers.finished(self.work_s)
            return
        closing = asyncio.ensure_future(self._workers.run(self._close))
        closing.add_done_callback(lambda _: self._workers.finished(self.work_s))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(closing)

    def _next(self) -> object:
        with self._step:
            started = time.perf_counter()
            try:
                if self._items is None:
                    self._items = self._make()
                return next(self._items, _DONE)
            finally:
                self.work_s += time.perf_counter() - started

    def _close(self) -> None:
        with self._step:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()
