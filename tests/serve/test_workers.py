"""The pool: admission, fairness between steps, and what happens to jobs that are left."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tingshuo.errors import BusyError
from tingshuo.serve.workers import Workers


def run(coroutine):
    """Run in a new event loop, with a limit that only a deadlock reaches."""
    return asyncio.run(asyncio.wait_for(coroutine, 20))


def count(n: int) -> Iterator[int]:
    yield from range(n)


def test_a_job_yields_what_its_generator_yields_and_gives_its_place_back():
    async def scenario():
        workers = Workers(1, 2)
        job = workers.start(lambda: count(4))
        assert workers.active == 1
        assert [item async for item in job] == [0, 1, 2, 3]
        assert workers.active == 0
        assert job.work_s > 0
        workers.close()

    run(scenario())


def test_one_request_too_many_is_refused_and_told_when_to_come_back():
    async def scenario():
        workers = Workers(1, 2)
        jobs = [workers.start(lambda: count(1)) for _ in range(2)]
        with pytest.raises(BusyError, match="2 requests") as refused:
            workers.start(lambda: count(1))
        assert refused.value.retry_after_s >= 1
        await jobs[0].aclose()
        workers.start(lambda: count(1))
        workers.close()

    run(scenario())


def test_an_error_in_the_generator_comes_out_and_the_place_is_free_after_closing():
    def fails() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    async def scenario():
        workers = Workers(1, 1)
        job = workers.start(fails)
        assert await anext(job) == 1
        with pytest.raises(ValueError, match="broken"):
            await anext(job)
        await job.aclose()
        await job.aclose()
        assert workers.active == 0
        workers.close()

    run(scenario())


def test_a_waiting_consumer_holds_no_thread():
    """With one thread, two jobs advance in turns."""

    async def scenario():
        workers = Workers(1, 2)
        a, b = workers.start(lambda: count(3)), workers.start(lambda: count(3))
        assert [await anext(job) for job in (a, b, a, b, a, b)] == [0, 0, 1, 1, 2, 2]
        await a.aclose()
        await b.aclose()
        workers.close()

    run(scenario())


def test_leaving_in_the_middle_of_a_step_closes_the_generator_after_it():
    entered, release = threading.Event(), threading.Event()
    log = []

    def slow() -> Iterator[int]:
        try:
            yield 0
            entered.set()
            release.wait(20)
            log.append("step")
            yield 1
            log.append("never")
        finally:
            log.append("closed")

    async def scenario():
        workers = Workers(2, 1)
        job = workers.start(slow)
        await anext(job)
        step = asyncio.ensure_future(anext(job))
        await asyncio.to_thread(entered.wait, 20)
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
        closing = asyncio.ensure_future(job.aclose())
        await asyncio.sleep(0)
        assert workers.active == 1, "a place is taken as long as a thread works for it"
        release.set()
        await closing
        assert workers.active == 0
        workers.close()

    run(scenario())
    assert log == ["step", "closed"]


def test_a_job_that_never_began_can_be_closed():
    async def scenario():
        workers = Workers(1, 1)
        job = workers.start(lambda: count(1))
        await job.aclose()
        assert workers.active == 0
        assert [item async for item in job] == []
        workers.close()

    run(scenario())


def test_a_job_that_outlives_the_pool_ends_in_order():
    log = []

    def endless() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            log.append("closed")

    async def scenario():
        workers = Workers(1, 1)
        job = workers.start(endless)
        await anext(job)
        workers.close()
        with pytest.raises(BusyError, match="stopping"):
            await anext(job)
        await job.aclose()
        assert workers.active == 0

    run(scenario())
    assert log == ["closed"]
