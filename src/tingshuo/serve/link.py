"""What a process of a server says about itself and about the whole server, whether it is alone or one of several."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from tingshuo.errors import TingshuoError
from tingshuo.serve.access.calling import calling
from tingshuo.serve.editions import Change, Editions
from tingshuo.serve.numbers import Families, gauge, merge
from tingshuo.serve.service import Service
from tingshuo.serve.wire import Wire

BEAT_S = 1.0
NUMBERS_S = 10.0
RELOAD_S = 330.0
"""Longer than the parent waits for each process."""


class Processes(Protocol):
    """The processes of a server, as its routes see them."""

    async def numbers(self) -> Families:
        """Return the metrics of all together."""
        ...

    async def status(self) -> dict[str, Any]:
        """Return ``workers`` (the state of each), ``restarts``, ``uptime_s``, ``families``, ``before`` and ``before_s``."""
        ...

    async def reload(self) -> list[dict[str, Any]]:
        """Read the voices again; return for each process its number, id, and the voices that changed."""
        ...


def state(service: Service) -> dict[str, Any]:
    """Return what a process is doing now."""
    workers, backlog = service.workers, service.workers.backlog
    with calling(None):
        voices = {name: bundle.manifest.version for name, bundle in service.voices.catalogue.items()}
    return {
        "stopping": service.stopping,
        "threads": workers.threads,
        "active": workers.active,
        "limit": workers.limit,
        "promised_audio_s": round(backlog.audio_s, 2),
        "due_audio_s": round(backlog.due_s, 2),
        "wait_s": round(backlog.wait_s, 3),
        "voices": voices,
        "open_voices": service.voices.resident_bytes,
    }


def look(service: Service) -> dict[str, Any]:
    """Return the numbers and the state of this process."""
    before_s, before = service.metrics.window.before
    return {"families": service.metrics.families(), "before": before, "before_s": before_s, "state": state(service)}


class Alone:
    """A server of one process."""

    def __init__(self, service: Service, editions: Editions | None = None) -> None:
        self._service = service
        self._editions = editions or Editions(service, lambda: service.voices.catalogue)
        self._began = time.monotonic()

    async def numbers(self) -> Families:
        """Return the metrics."""
        return merge([self._service.metrics.families(), _one()])

    async def status(self) -> dict[str, Any]:
        """Return the state."""
        told = look(self._service)
        row = {"worker": 1, "pid": os.getpid(), "ready": self._service.ready} | told.pop("state")
        return told | {"workers": [row], "restarts": 0, "uptime_s": time.monotonic() - self._began}

    async def reload(self) -> list[dict[str, Any]]:
        """Read the voices again."""
        voices = await _prepare(self._editions)
        self._editions.switch()
        return [{"worker": 1, "pid": os.getpid(), "voices": voices}]


class Link:
    """One of several processes, on its way to the parent.

    Parameters
    ----------
    end : socket
        Connected to the parent.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._wire = Wire(self._answer)
        self._service: Service | None = None
        self._editions: Editions | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, service: Service, editions: Editions, on_lost: Callable[[], None]) -> None:
        """Begin to tell the parent how it goes; ``on_lost`` is called when that has ended."""
        self._service, self._editions = service, editions

        async def listen() -> None:
            await self._wire.run(self._end)
            on_lost()

        self._tasks = [asyncio.create_task(listen()), asyncio.create_task(self._beat(service))]

    async def ask(self, what: str, timeout_s: float, **fields: Any) -> Any:
        """Ask the parent."""
        return await self._wire.ask(what, timeout_s, **fields)

    async def numbers(self) -> Families:
        """Return the metrics of all processes; of this one alone when the parent does not answer."""
        with contextlib.suppress(TingshuoError):
            found: Families = await self.ask("numbers", NUMBERS_S)
            return found
        assert self._service is not None
        return self._service.metrics.families()

    async def status(self) -> dict[str, Any]:
        """Return the state of all processes."""
        found: dict[str, Any] = await self.ask("status", NUMBERS_S)
        return found

    async def reload(self) -> list[dict[str, Any]]:
        """Have all processes read the voices again."""
        rows: list[dict[str, Any]] = await self.ask("reload", RELOAD_S)
        return rows

    async def _beat(self, service: Service) -> None:
        told_ready = False
        while True:
            self._wire.tell("beat", families=service.metrics.families())
            if service.ready and not told_ready:
                told_ready = True
                self._wire.tell("opened")
            await asyncio.sleep(BEAT_S if told_ready else BEAT_S / 50)

    async def _answer(self, what: str, fields: dict[str, Any]) -> Any:
        assert self._service is not None
        assert self._editions is not None
        match what:
            case "look":
                return look(self._service)
            case "prepare":
                return await _prepare(self._editions)
            case "switch":
                self._editions.switch()
            case "forget":
                self._editions.forget()
        return None


async def _prepare(editions: Editions) -> list[Change]:
    with calling(None):  # all voices, not those of the key that asks
        return await asyncio.to_thread(editions.prepare)


def _one() -> Families:
    return [
        gauge("tingshuo_workers", "Processes that serve.", 1),
        gauge("tingshuo_worker_restarts", "Processes that were replaced.", 0, "counter"),
    ]
