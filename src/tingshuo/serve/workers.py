"""A few threads that make audio for many requests, one chunk at a time, or hear it, one segment at a time.

A request holds a thread only while its next chunk is computed: between chunks the threads serve the others, first of all those
whose listeners would run dry first. A request that nobody has heard anything of yet is due at once, so that streams begin quickly
whatever else is being made, and a client that reads slowly costs nothing. When a client leaves, work stops where it is, in the
middle of a graph too.
"""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar

from tingshuo.engine.interrupt import Interrupt, carried
from tingshuo.errors import BusyError
from tingshuo.serve.backlog import Backlog, Task
from tingshuo.serve.metrics import Metrics
from tingshuo.serve.pool import Pool
from tingshuo.types import Stages

T = TypeVar("T")

MAX_WAIT_S = 10.0
"""Longest that somebody should have to wait for audio that is due."""
_DONE = object()
_LONGEST_RETRY_S = 60
_AT_ONCE = -math.inf


class Work(Protocol):
    """What a job is for, as far as its place in the queue is concerned."""

    @property
    def expected_s(self) -> float:
        """Seconds of audio that will probably be made."""
        ...

    @property
    def made_s(self) -> float:
        """Seconds of audio made so far."""
        ...

    @property
    def stages(self) -> Stages | None:
        """Where the time went, once something was made."""
        ...


class Workers:
    """A bounded pool; all methods but the jobs' own steps run on the event loop.

    Parameters
    ----------
    threads : int
        Chunks computed at the same time, at least 1.
    limit : int
        Requests admitted at the same time, running and waiting; one more is refused.
    max_wait_s : float
        A request is refused when the audio that is due within this time cannot be made in it.
    lead_s : float or None
        A stream is not made further ahead of its listener than this; None is as far as the client reads.
    chunk_s : float or None
        Streams go out in chunks of this length; None is as they are made.
    metrics : Metrics or None
        Is told how it goes.
    clock : callable
        Seconds, never going back.
    """

    def __init__(
        self,
        threads: int,
        limit: int,
        *,
        max_wait_s: float = MAX_WAIT_S,
        lead_s: float | None = None,
        chunk_s: float | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.threads = threads
        self.limit = limit
        self.lead_s = lead_s
        self.chunk_s = chunk_s
        self.active = 0
        self.closed = False
        self.clock = clock
        self.backlog = Backlog(threads, max_wait_s, clock)
        self.metrics = metrics or Metrics()
        self._pool = Pool(threads, "speak")

    def check_room(self) -> None:
        """See that one more request could be admitted, before anything is read of it.

        Raises
        ------
        BusyError
            As of `start`.
        """
        if self.active >= self.limit:
            self._refuse(f"{self.limit} requests are being served already", self.backlog.wait_s)
        if excess_s := self.backlog.excess_s:
            self._refuse(f"{self.backlog.due_s:.0f} s of audio are due to others", excess_s)

    def start(self, make: Callable[[], Iterator[T]], work: Work, *, live: bool = False, task: Task = "speak") -> "Job[T]":
        """Admit a request and return its job; ``make`` is called in a worker thread.

        Parameters
        ----------
        make : callable
            Returns a generator.
        work : Work
            Tells how much audio it is to be, and is.
        live : bool
            Somebody listens while it is made.
        task : str
            What is done with the audio: ``speak`` makes it, ``hear`` writes down what is said in it.

        Raises
        ------
        BusyError
            As many requests as the limit are being served, or what was promised takes too long already; it carries the time after
            which to try again.
        """
        self.check_room()
        self.active += 1
        return Job(self, make, work, live=live, task=task)

    async def run(self, function: Callable[[], T], due_s: float = _AT_ONCE) -> T:
        """Call a function in a worker thread, those first that are due first.

        Raises
        ------
        BusyError
            The server is stopping.
        """
        if self.closed:
            raise BusyError("the server is stopping; try again when it is back")
        return await asyncio.wrap_future(self._pool.submit(function, due_s))

    def begin(self, function: Callable[[], T]) -> "Future[T]":
        """Have a function called in a worker thread, before anything else; needs no event loop."""
        return self._pool.submit(function, _AT_ONCE)

    def ahead(self, function: Callable[[], T]) -> "Future[T] | None":
        """Have a function called in a worker thread that has nothing else to do, see `Pool.offer`; it stops with its job."""
        return self._pool.offer(carried(function))

    def close(self) -> None:
        """Wait for the chunks in work and end the threads; jobs that are still open make no more."""
        self.closed = True
        self._pool.close()

    def _refuse(self, why: str, wait_s: float) -> None:
        retry_s = max(1, min(_LONGEST_RETRY_S, math.ceil(wait_s)))
        self.metrics.refused.inc()
        raise BusyError(f"{why}; try again in {retry_s} s", retry_s)


class Job(Generic[T]):
    """One admitted request: an asynchronous iterator of what its generator yields. Close it, always.

    Attributes
    ----------
    task : str
        See `Workers.start`.
    work_s : float
        Seconds of thread time spent so far.
    queued_s : float
        Seconds from the request to its first step.
    """

    def __init__(self, workers: Workers, make: Callable[[], Iterator[T]], work: Work, *, live: bool, task: Task) -> None:
        self.task = task
        self.work_s = self.queued_s = 0.0
        self.begun_s: float | None = None
        self._came_s = workers.clock()
        self._workers = workers
        self._make = make
        self._work = work
        self._live = live
        self._items: Iterator[T] | None = None
        self._interrupt = Interrupt()
        self._step = threading.Lock()
        self._closed = self._complete = False
        workers.backlog.add(self)

    @property
    def expected_s(self) -> float:
        """Seconds of audio that will probably be made."""
        return self._work.expected_s

    @property
    def made_s(self) -> float:
        """Seconds of audio made so far."""
        return self._work.made_s

    @property
    def due_s(self) -> float:
        """When a listener who began at once has heard all that is made."""
        return self._came_s if self.begun_s is None else self.begun_s + self.made_s

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        if self._closed:
            raise StopAsyncIteration
        await self._keep_lead()
        asked_s, due_s = self._workers.clock(), self.due_s
        item = await self._workers.run(self._next, due_s)
        if item is _DONE:
            self._complete = True
            await self.aclose()
            raise StopAsyncIteration
        if item is not None:  # what is made of nothing is heard by nobody
            self._heard(asked_s, due_s)
        return item  # type: ignore[return-value]

    async def aclose(self) -> None:
        """Stop the generator, a chunk that it is computing too, and give the place in the queue back."""
        if self._closed:
            return
        self._closed = True
        if self._complete:  # nothing is left to be closed
            self._finished()
            return
        self._interrupt.stop()
        if self._workers.closed:  # no thread is left, so none is in a step
            self._close()
            self._finished()
            return
        closing = asyncio.ensure_future(self._workers.run(self._close))
        closing.add_done_callback(lambda _: self._finished())
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(closing)

    async def _keep_lead(self) -> None:
        """Wait until a live listener needs more."""
        if self._live and self._workers.lead_s is not None and self.begun_s is not None:
            ahead_s = self.due_s - self._workers.clock() - self._workers.lead_s
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)

    def _heard(self, asked_s: float, due_s: float) -> None:
        """Take note of what was made, and whether a listener ran dry before it came."""
        now, metrics = self._workers.clock(), self._workers.metrics
        if self.begun_s is None:
            self.begun_s = now
            metrics.tallies[self.task].first.observe(now - self._came_s)
        elif self._live and asked_s <= due_s < now:
            metrics.underruns.inc()
            self.begun_s += now - due_s  # the player has waited, and goes on from here

    def _finished(self) -> None:
        self._workers.active -= 1
        self._workers.backlog.remove(self, self.work_s, complete=self._complete)
        metrics = self._workers.metrics
        metrics.finished(self.work_s, self.made_s, self._work.stages, complete=self._complete, task=self.task)

    def _next(self) -> object:
        with self._step:
            started = time.perf_counter()
            try:
                if self._items is None:
                    self._items = self._make()
                    self.queued_s = self._workers.clock() - self._came_s
                    self._workers.metrics.queued.observe(self.queued_s)
                with self._interrupt.covering():
                    return next(self._items, _DONE)
            finally:
                self.work_s += time.perf_counter() - started

    def _close(self) -> None:
        with self._step:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()
