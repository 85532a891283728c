"""Equal requests at the same time are one piece of work: whoever comes later waits for what the first began."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Flight(Generic[T]):
    task: "asyncio.Task[T]"
    waiting: int = 0


class Flights(Generic[T]):
    """Work under way, by what it is for; used from the event loop only."""

    def __init__(self) -> None:
        self._flying: dict[Hashable, _Flight[T]] = {}

    def __contains__(self, key: Hashable) -> bool:
        """Whether somebody has begun it."""
        return key in self._flying

    async def join(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return what the work gives, beginning it unless it is under way; all who wait get the same, its error too.

        When one of those who wait is cancelled the others do not notice; when the last is, so is the work.
        """
        flight = self._flying.get(key)
        if flight is None:
            flight = self._flying[key] = _Flight(asyncio.ensure_future(_run(work)))
            flight.task.add_done_callback(lambda _: self._flying.pop(key))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                flight.task.cancel()
                await asyncio.wait({flight.task})


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
