"""The parent of a server's processes: starts them, replaces those that die or hang, and knows what they have to know together.

It opens no voice and answers no request. The workers share its listening socket, so that connections which wait when one of them
dies are taken by the others; of the ways that there are, a queue for each (``SO_REUSEPORT``) would lose them.

A worker tells ``opened`` when it listens and can speak, ``failed`` when it never will, and ``beat``, with its numbers, every
second. It may ask for `Supervisor.numbers`, `Supervisor.status`, a `Supervisor.reload`, and what `Desk` counts.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tingshuo import errors
from tingshuo.errors import BusyError, RegistryError, TingshuoError
from tingshuo.serve.desk import Desk
from tingshuo.serve.numbers import Families, gauge, growing, merge
from tingshuo.serve.wire import Wire, WireError, line_of

log = logging.getLogger("tingshuo.http")

TICK_S = 1.0
HUNG_TICKS, OPENING_TICKS = 10, 300
"""Ticks without a beat after which a worker is killed: one that serves, and one that opens its voice."""
STEADY_TICKS = 10
"""A worker that was ready for so long is replaced at once when it dies; one that was not, later and later."""
BACK_OFF_S = (0.5, 30.0)
ANSWER_S = 2.0
"""How long the numbers of a worker are waited for; then the last that it told count."""
RELOAD_S = 300.0

Spawn = Callable[[int, socket.socket], Awaitable[Process]]
"""Starts the worker of a number, which gets an end of a pair of sockets."""


@dataclass(eq=False, slots=True)
class Worker:
    """A process."""

    number: int
    process: Process
    wire: Wire
    ready: bool = False
    failure: TingshuoError | None = None
    silent: int = 0
    ticks: int = 0
    told: dict[str, Any] = field(default_factory=dict)


class Supervisor:
    """Keeps workers.

    Parameters
    ----------
    spawn : callable
        See `Spawn`.
    count : int
        Workers, at least 1.
    hello : dict
        What each is told first, with its ``number``.
    on_opened, on_stop : callable
        Called once: when the first can speak, and before they are asked to end. The second has to close the listening socket
        here, for what nobody listens on refuses who comes.
    grace_s : float
        How long they have to end in order.
    tick_s : float
        See `TICK_S`.
    """

    def __init__(
        self,
        spawn: Spawn,
        count: int,
        hello: dict[str, Any],
        *,
        on_opened: Callable[[], None],
        on_stop: Callable[[], None],
        grace_s: float,
        tick_s: float = TICK_S,
    ) -> None:
        self._spawn, self._count, self._hello = spawn, count, hello
        self._on_opened, self._on_stop = on_opened, on_stop
        self._grace_s, self._tick_s = grace_s, tick_s
        self.workers: dict[int, Worker] = {}
        self.restarts = 0
        self._retired: Families = []
        self._desk = Desk()
        self._began = time.monotonic()
        self._reloading = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._opened = asyncio.Event()
        self._failure: TingshuoError | None = None
        self._killed = 0

    async def run(self) -> None:
        """Keep the workers until asked to stop.

        Raises
        ------
        TingshuoError
            The first worker could not open what it needs, so none could; or one had to be killed at the end.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        ticking = asyncio.ensure_future(self._tick())
        keeping = [asyncio.ensure_future(self._keep(1))]
        try:
            # The others wait for the first: what it finds out about the files need not be found out again, and when it cannot
            # open them nobody can.
            await _first(self._opened.wait(), self._stopping.wait())
            keeping += [asyncio.ensure_future(self._keep(number)) for number in range(2, self._count + 1)]
            await self._stopping.wait()
            await self._end(keeping)
        finally:
            ticking.cancel()
        if self._failure is not None:
            raise self._failure
        if self._killed:
            raise BusyError(f"{self._killed} processes of the server did not end within {self._grace_s:g} s and were killed")

    def stop(self) -> None:
        """Have all end in order."""
        self._stopping.set()

    async def numbers(self) -> Families:
        """Return the sums over all processes, those that have ended among them."""
        await self._look()
        return merge([*self._parts("families"), self._retired, self._own()])

    async def status(self) -> dict[str, Any]:
        """Return the state of each worker, and the numbers of now and of a minute before."""
        numbers = await self.numbers()
        workers = [
            {"worker": one.number, "pid": one.process.pid, "ready": one.ready} | dict(one.told.get("state", {}))
            for one in self._known()
        ]
        before = merge([*self._parts("before"), self._retired])
        seconds = max((one.told.get("before_s", 0.0) for one in self._known()), default=0.0)
        return {
            "workers": workers,
            "restarts": self.restarts,
            "uptime_s": time.monotonic() - self._began,
            "families": numbers,
            "before": before,
            "before_s": seconds,
        }

    async def reload(self) -> list[dict[str, Any]]:
        """Have all workers read the voices again: all of them switch, or none.

        Raises
        ------
        RegistryError
            One could not open what there is now; nothing was changed.
        BusyError
            A worker is being started, or another reload is under way.
        """
        workers = self._known()
        if self._reloading.locked():
            raise BusyError("the voices are being read again already; wait for that to end")
        if len(workers) < self._count or not all(one.ready for one in workers):
            raise BusyError("a process of the server is being started; try again in a few seconds")
        async with self._reloading:
            said = await asyncio.gather(*(one.wire.ask("prepare", RELOAD_S) for one in workers), return_exceptions=True)
            bad = [error for error in said if isinstance(error, BaseException)]
            for one in workers:
                one.wire.tell("forget" if bad else "switch")
            if bad:
                raise RegistryError(str(bad[0]))
            await asyncio.gather(*(one.wire.ask("look", ANSWER_S) for one in workers), return_exceptions=True)
        return [
            {"worker": one.number, "pid": one.process.pid, "voices": voices} for one, voices in zip(workers, said, strict=True)
        ]

    async def _keep(self, number: int) -> None:
        """Have a worker of a number, as long as the server runs."""
        delay_s = 0.0
        while not self._stopping.is_set():
            try:
                worker = await self._live(number)
            except OSError as error:  # no memory, or too many processes
                end, ticks, failure = error.strerror, 0, None
            else:
                end, ticks, failure = str(worker.process.returncode), worker.ticks, worker.failure
            if self._stopping.is_set():
                return
            if not self._opened.is_set():
                self._failure = failure or TingshuoError(f"the first process ended with {end} before it could speak")
                self.stop()
                return
            self.restarts += 1
            delay_s = back_off(delay_s, ticks)
            log.error("process %d of the server ended (%s)%s; a new one starts", number, end, f": {failure}" if failure else "")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)

    async def _live(self, number: int) -> Worker:
        """Start a worker and wait for its end."""
        ours, theirs = socket.socketpair()
        ours.sendall(line_of(self._hello | {"number": number}))
        with theirs:
            try:
                process = await self._spawn(number, theirs)
            except OSError:
                ours.close()
                raise
        worker: Worker

        async def answer(what: str, fields: dict[str, Any]) -> Any:
            return await self._answer(worker, what, fields)

        worker = self.workers[number] = Worker(number, process, Wire(answer))
        if self._stopping.is_set():  # while it was being started
            process.terminate()
        listening = asyncio.ensure_future(worker.wire.run(ours))
        await process.wait()
        await listening
        self._retired = merge([self._retired, growing(worker.told.get("families", []))])
        del self.workers[number]
        return worker

    async def _answer(self, worker: Worker, what: str, fields: dict[str, Any]) -> Any:
        match what:
            case "beat":
                worker.silent, worker.told = 0, worker.told | fields
            case "opened":
                worker.ready = True
                if not self._opened.is_set():
                    self._opened.set()
                    self._on_opened()
            case "failed":
                kind = getattr(errors, fields["kind"], TingshuoError)
                worker.failure = kind(fields["message"])
            case "numbers":
                return await self.numbers()
            case "status":
                return await self.status()
            case "reload":
                return await self.reload()
            case _:
                return await self._desk.answer(what, fields)
        return None

    async def _tick(self) -> None:
        """Kill workers that have said nothing for many ticks; ticks are counted, so that a pause of ours is none of theirs."""
        while True:
            await asyncio.sleep(self._tick_s)
            for worker in self._known():
                worker.silent += 1
                worker.ticks += worker.ready
                if worker.silent > (HUNG_TICKS if worker.ready else OPENING_TICKS):
                    log.error("process %d of the server does not answer and is killed", worker.number)
                    _kill(worker)

    async def _look(self) -> None:
        """Have every worker that can tell its numbers."""

        async def look(worker: Worker) -> None:
            with contextlib.suppress(WireError, RegistryError):
                worker.told = await worker.wire.ask("look", ANSWER_S)

        await asyncio.gather(*(look(worker) for worker in self._known() if worker.ready))

    async def _end(self, keeping: Iterable["asyncio.Future[None]"]) -> None:
        """Ask all to end, and kill those that do not."""
        self._on_stop()
        for worker in self._known():
            with contextlib.suppress(ProcessLookupError):
                worker.process.terminate()
        _, late = await asyncio.wait(set(keeping), timeout=self._grace_s)
        for worker in self._known() if late else ():
            self._killed += 1
            _kill(worker)
        await asyncio.gather(*keeping)

    def _hang_up(self) -> None:
        async def reload() -> None:
            try:
                done = await self.reload()
            except TingshuoError as error:
                log.error("%s", error)
            else:
                log.warning("the voices were read again: %s", done[0]["voices"] or "nothing has changed")

        self._hanging = asyncio.ensure_future(reload())

    def _known(self) -> list[Worker]:
        return [self.workers[number] for number in sorted(self.workers)]

    def _parts(self, name: str) -> Iterable[Families]:
        return [worker.told[name] for worker in self._known() if name in worker.told]

    def _own(self) -> Families:
        return [
            gauge("tingshuo_workers", "Processes that serve.", sum(one.ready for one in self._known())),
            gauge("tingshuo_worker_restarts", "Processes that were replaced.", self.restarts, "counter"),
        ]


def back_off(before_s: float, ticks: int) -> float:
    """Return how long to wait before a worker is replaced that was ready for some ticks, after the wait before it was made."""
    return 0.0 if ticks >= STEADY_TICKS else min(BACK_OFF_S[1], max(BACK_OFF_S[0], 2 * before_s))


async def _first(*waits: Awaitable[Any]) -> None:
    tasks = {asyncio.ensure_future(wait) for wait in waits}
    _, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()


def _kill(worker: Worker) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.process.pid, signal.SIGKILL)
