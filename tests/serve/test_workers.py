"""The pool: admission, fairness between steps, and what happens to jobs that are left."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from tingshuo.errors import BusyError
from tingshuo.serve.workers import Workers
from tingshuo.types import Stages


def run(coroutine):
    """Run in a new event loop, with a limit that only a deadlock reaches."""
    return asyncio.run(asyncio.wait_for(coroutine, 20))


@dataclass
class Work:
    """Of a request: how much audio it is to be, and is."""

    expected_s: float = 1.0
    made_s: float = 0.0
    stages: Stages | None = None


def value(workers: Workers, name: str) -> float:
    return workers.metrics.registry.get_sample_value(name) or 0.0


def count(n: int) -> Iterator[int]:
    yield from range(n)


def test_a_job_yields_what_its_generator_yields_and_gives_its_place_back():
    async def scenario():
        workers = Workers(1, 2)
        job = workers.start(lambda: count(4), Work())
        assert workers.active == 1
        assert [item async for item in job] == [0, 1, 2, 3]
        assert workers.active == 0
        assert job.work_s > 0
        workers.close()

    run(scenario())


def test_one_request_too_many_is_refused_and_told_when_to_come_back():
    async def scenario():
        workers = Workers(1, 2)
        jobs = [workers.start(lambda: count(1), Work()) for _ in range(2)]
        with pytest.raises(BusyError, match="2 requests") as refused:
            workers.start(lambda: count(1), Work())
        assert refused.value.retry_after_s >= 1
        await jobs[0].aclose()
        workers.start(lambda: count(1), Work())
        workers.close()

    run(scenario())


def test_an_error_in_the_generator_comes_out_and_the_place_is_free_after_closing():
    def fails() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    async def scenario():
        workers = Workers(1, 1)
        job = workers.start(fails, Work())
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
        a, b = workers.start(lambda: count(3), Work()), workers.start(lambda: count(3), Work())
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
        job = workers.start(slow, Work())
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


def test_leaving_stops_a_graph_that_is_running(voice):
    """Or this one would never end; and the thread is there for others."""
    mel = {"mel": np.zeros((1, 100, 500), np.float32), "f0": np.zeros((1, 500), np.float32)}
    begun = threading.Event()

    def endless() -> Iterator[int]:
        while True:
            begun.set()
            voice.graphs["vocoder"].run(mel)
        yield 0

    async def scenario():
        workers = Workers(1, 2)
        job = workers.start(endless, Work())
        waiting = asyncio.ensure_future(anext(job))
        await asyncio.to_thread(begun.wait)
        waiting.cancel()
        await job.aclose()
        assert workers.active == 0
        assert await workers.run(lambda: len(voice.graphs["vocoder"].run(mel)["gain"])) == 1
        workers.close()

    run(scenario())


def test_what_may_be_done_ahead_waits_for_a_thread_with_nothing_else_to_do():
    async def scenario():
        workers, order, entered, hold = Workers(1, 2), [], threading.Event(), threading.Event()
        first = asyncio.ensure_future(workers.run(lambda: (entered.set(), hold.wait(20))))
        await asyncio.to_thread(entered.wait, 20)
        ahead = workers.ahead(lambda: order.append("ahead"))
        later = asyncio.ensure_future(workers.run(lambda: order.append("due"), 5.0))
        await asyncio.sleep(0)
        hold.set()
        await asyncio.gather(first, later, asyncio.wrap_future(ahead))
        assert order == ["due", "ahead"]
        workers.close()
        assert workers.ahead(lambda: order.append("never")) is None

    run(scenario())


def test_a_job_that_never_began_can_be_closed():
    async def scenario():
        workers = Workers(1, 1)
        job = workers.start(lambda: count(1), Work())
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
        job = workers.start(endless, Work())
        await anext(job)
        workers.close()
        with pytest.raises(BusyError, match="stopping"):
            await anext(job)
        await job.aclose()
        assert workers.active == 0

    run(scenario())
    assert log == ["closed"]


class Hand:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_would_run_dry_first_is_served_first():
    """One thread, held by a first step; three listeners with different amounts in hand, and one that has heard nothing."""
    log, hold, entered = [], threading.Event(), threading.Event()

    def steps(name: str, work: Work) -> Iterator[str]:
        while True:
            log.append(name)
            yield name

    async def scenario():
        workers = Workers(1, 9, clock=Hand())
        made = {"much": 8.0, "little": 1.0, "some": 3.0}
        jobs = {}
        for name, seconds in made.items():
            work = Work(expected_s=20)
            jobs[name] = workers.start(lambda name=name, work=work: steps(name, work), work)
            await anext(jobs[name])
            work.made_s = seconds
        log.clear()
        held = asyncio.ensure_future(workers.run(lambda: (entered.set(), hold.wait(20))))
        await asyncio.to_thread(entered.wait, 20)
        jobs["new"] = workers.start(lambda: steps("new", Work()), Work())
        asked = [asyncio.ensure_future(anext(job)) for job in jobs.values()]
        while len(workers._pool) < len(jobs):
            await asyncio.sleep(0)
        hold.set()
        await asyncio.gather(held, *asked)
        assert log == ["new", "little", "some", "much"]
        for job in jobs.values():
            await job.aclose()
        workers.close()

    run(scenario())


def test_what_cannot_be_made_in_time_is_refused_with_the_time_that_it_takes():
    async def scenario():
        clock = Hand()
        workers = Workers(2, 9, max_wait_s=10, clock=clock)
        workers.backlog.paces["speak"].rtf = 1.0  # two threads make 20 s of audio in ten
        jobs = [workers.start(lambda: count(1), Work(expected_s=12)) for _ in range(3)]
        with pytest.raises(BusyError, match="30 s of audio are due to others; try again in 5 s") as refused:
            workers.start(lambda: count(1), Work(expected_s=1))
        assert refused.value.retry_after_s == 5
        assert value(workers, "tingshuo_refused_total") == 1
        await jobs.pop().aclose()
        jobs.append(workers.start(lambda: count(1), Work(expected_s=1)))
        for job in jobs:
            await job.aclose()
        workers.close()

    run(scenario())


def test_a_listener_who_runs_dry_is_counted_once_and_goes_on():
    async def scenario():
        clock, work = Hand(), Work()

        def slow() -> Iterator[int]:
            for late in (0.0, 3.0, 0.5, 0.0):
                clock.now += late
                work.made_s += 1.0
                yield 0

        workers = Workers(1, 1, clock=clock)
        job = workers.start(slow, work, live=True)
        await anext(job)
        await anext(job)  # three seconds later, when one was in hand
        assert value(workers, "tingshuo_underruns_total") == 1
        await anext(job)  # half a second later, with one in hand again
        clock.now += 30  # the listener has gone for a walk: that is not our fault
        await anext(job)
        assert value(workers, "tingshuo_underruns_total") == 1
        await job.aclose()
        workers.close()

    run(scenario())


def test_a_live_stream_is_not_made_further_ahead_than_its_lead(monkeypatch):
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def scenario():
        work = Work()

        def quick() -> Iterator[int]:
            for _ in range(3):
                work.made_s += 4.0
                yield 0

        workers = Workers(1, 2, lead_s=5.0, clock=Hand())
        monkeypatch.setattr("tingshuo.serve.workers.asyncio.sleep", sleep)
        assert len([item async for item in workers.start(quick, work, live=True)]) == 3
        assert slept == [3.0, 7.0]  # eight seconds in hand before the third, twelve before the end
        assert len([item async for item in workers.start(lambda: count(3), Work(made_s=100))]) == 3
        assert len(slept) == 2  # nobody listens to a file while it is made
        workers.close()

    run(scenario())


def test_what_was_made_for_somebody_who_left_is_counted():
    async def scenario():
        workers = Workers(1, 2)
        left, heard = Work(made_s=7.0, stages=Stages(vocoder_ms=500.0)), Work(made_s=2.0)
        job = workers.start(lambda: count(3), left)
        await anext(job)
        await job.aclose()
        assert len([item async for item in workers.start(lambda: count(2), heard)]) == 2
        assert value(workers, "tingshuo_audio_seconds_total") == 9
        assert value(workers, "tingshuo_cancelled_audio_seconds_total") == 7
        assert workers.metrics.registry.get_sample_value("tingshuo_stage_seconds_total", {"stage": "vocoder"}) == 0.5
        assert value(workers, "tingshuo_rtf_count") == 1
        workers.close()

    run(scenario())


def test_hearing_is_told_apart_and_room_is_known_before_anything_is_read():
    async def scenario():
        workers = Workers(1, 1)
        workers.check_room()
        job = workers.start(lambda: count(2), Work(made_s=2.0), task="hear")
        with pytest.raises(BusyError, match="1 requests are being served"):
            workers.check_room()
        assert [item async for item in job] == [0, 1]
        workers.check_room()
        assert (value(workers, "tingshuo_heard_seconds_total"), value(workers, "tingshuo_first_text_seconds_count")) == (2, 1)
        assert value(workers, "tingshuo_audio_seconds_total") == value(workers, "tingshuo_first_audio_seconds_count") == 0
        workers.close()

    run(scenario())
