"""Threads do first what is due first; nothing is lost, and what waits at the end is cancelled."""

import gc
import threading
import weakref
from concurrent.futures import CancelledError

import pytest

from tingshuo.serve.pool import Pool


def held(pool: Pool) -> threading.Event:
    """Keep the only thread busy until the event is set."""
    entered, release = threading.Event(), threading.Event()
    pool.submit(lambda: (entered.set(), release.wait(20)), 0.0)
    assert entered.wait(20)
    return release


def test_what_is_due_first_is_done_first_and_equals_as_they_came():
    pool, log = Pool(1, "t"), []
    release = held(pool)
    futures = [pool.submit(lambda n=n: log.append(n), due) for n, due in enumerate((5.0, 1.0, 3.0, 1.0))]
    assert len(pool) == 4
    release.set()
    for future in futures:
        future.result(20)
    assert log == [1, 3, 2, 0]
    pool.close()


def test_an_error_goes_to_who_asked_and_the_thread_lives_on():
    def fails() -> None:
        raise SystemExit(3)

    pool = Pool(1, "t")
    with pytest.raises(SystemExit):
        pool.submit(fails, 0.0).result(20)
    assert pool.submit(lambda: 7, 0.0).result(20) == 7
    pool.close()


def test_what_was_called_off_is_not_done():
    pool, log = Pool(1, "t"), []
    release = held(pool)
    futures = [pool.submit(lambda n=n: log.append(n), 1.0) for n in range(2)]
    futures[0].cancel()
    release.set()
    futures[1].result(20)
    assert log == [1]
    pool.close()


def test_closing_waits_for_what_is_done_and_cancels_the_rest():
    pool, done = Pool(1, "t"), []
    entered, release = threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        release.wait(20)
        done.append(1)

    pool.submit(work, 0.0)
    assert entered.wait(20)
    waiting = pool.submit(lambda: None, 0.0)
    closing = threading.Thread(target=pool.close)
    closing.start()
    with pytest.raises(CancelledError):
        waiting.result(20)
    release.set()
    closing.join(20)
    assert done == [1]
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(work, 0.0)


def test_what_is_offered_is_done_when_nothing_is_due():
    pool, log = Pool(1, "t"), []
    release = held(pool)
    offered = pool.offer(lambda: log.append("offered"))
    due = pool.submit(lambda: log.append("due"), 9.0)
    assert pool.offer(lambda: log.append("never")) is None, "others wait already"
    release.set()
    offered.result(20)
    assert due.done()
    assert log == ["due", "offered"]
    pool.close()
    assert pool.offer(lambda: log.append("never")) is None


def test_nothing_is_left_of_an_offer_that_was_called_off():
    """However long there is always something that is due."""
    pool = Pool(1, "t")
    release = held(pool)

    def work() -> None:
        raise AssertionError("called off")

    left = weakref.ref(work)
    assert pool.offer(work).cancel()
    del work
    gc.collect()
    assert left() is None
    release.set()
    pool.close()


def test_closing_cancels_what_was_offered():
    pool = Pool(1, "t")
    release = held(pool)
    offered = pool.offer(lambda: None)
    closing = threading.Thread(target=pool.close)
    closing.start()
    with pytest.raises(CancelledError):
        offered.result(20)
    release.set()
    closing.join(20)
