"""Equal work is done once for all who wait for it, and stops when nobody does."""

import asyncio

import pytest

from tingshuo.serve.flights import Flights


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 20))


class Slow:
    """Work that ends when it is let go, and remembers how often it was begun and called off."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = self.called_off = 0

    async def __call__(self) -> int:
        self.begun += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.called_off += 1
            raise
        return 7


def test_a_hundred_equal_requests_are_one_piece_of_work():
    async def scenario() -> None:
        flights, work, other = Flights(), Slow(), Slow()
        waiting = [asyncio.ensure_future(flights.join("a", work)) for _ in range(100)]
        different = asyncio.ensure_future(flights.join("b", other))
        await asyncio.sleep(0)
        assert "a" in flights
        work.go.set()
        other.go.set()
        assert await asyncio.gather(*waiting) == [7] * 100
        assert await different == 7
        await asyncio.sleep(0)
        assert (work.begun, other.begun, "a" in flights) == (1, 1, False)
        assert await flights.join("a", work) == 7
        assert work.begun == 2  # what is done is not kept here

    run(scenario())


def test_who_leaves_does_not_disturb_the_others_and_the_last_one_stops_the_work():
    async def scenario() -> None:
        flights, work = Flights(), Slow()
        first, second = (asyncio.ensure_future(flights.join("a", work)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert work.called_off == 0
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert (work.called_off, "a" in flights) == (1, False)

    run(scenario())


def test_an_error_is_everybodys_and_the_next_begins_anew():
    async def scenario() -> None:
        flights, begun = Flights(), []

        async def fails() -> int:
            begun.append(1)
            await asyncio.sleep(0)
            raise ValueError("broken")

        waiting = [asyncio.ensure_future(flights.join("a", fails)) for _ in range(3)]
        for one in waiting:
            with pytest.raises(ValueError, match="broken"):
                await one
        with pytest.raises(ValueError, match="broken"):
            await flights.join("a", fails)
        assert len(begun) == 2

    run(scenario())
