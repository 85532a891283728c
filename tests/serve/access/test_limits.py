"""Rates in memory and in Redis, with Redis away, and places for requests under way."""

import asyncio
import socket

import pytest

from tingshuo.errors import EngineNotInstalledError, RateLimitError, RequestError
from tingshuo.serve.access import limits as module
from tingshuo.serve.access.limits import RETRY_S, Limiter, Slots, Windows, parse_rates, tell_rate


def hits(limiter: Limiter, who: str, rates, times: int) -> list[bool]:
    async def run() -> list[bool]:
        found = [(await limiter.hit(who, rates)).allowed for _ in range(times)]
        await limiter.aclose()
        return found

    return asyncio.run(run())


def test_rates_are_read_the_shortest_first():
    assert [tell_rate(item) for item in parse_rates(["1000/day", "60/minute", "5/10second"])] == [
        "5 requests in 10 second",
        "60 requests in 1 minute",
        "1000 requests in 1 day",
    ]
    assert len(parse_rates(["1/second;10/minute"])) == 2


@pytest.mark.parametrize("text", ["", "often", "-1/minute", "0/minute", "100001/day", "1/0second", "1/fortnight", "１/minute ."])
def test_what_is_no_rate_is_one_sentence(text):
    with pytest.raises(RequestError, match="rate"):
        parse_rates([text])


def test_a_window_moves(clock):
    """Three in a minute, at any moment: not three at the end of one and three at the beginning of the next."""
    limiter, rates = Limiter(clock=clock), parse_rates(["3/minute"])
    assert hits(limiter, "a", rates, 1) == [True]
    clock.now += 50
    assert hits(limiter, "a", rates, 3) == [True, True, False]
    clock.now += 11
    assert hits(limiter, "a", rates, 2) == [True, False]
    assert hits(limiter, "b", rates, 1) == [True], "another client has its own"


def test_what_is_left_is_told(clock):
    limiter, rates = Limiter(clock=clock), parse_rates(["2/minute", "100/day"])

    async def run() -> None:
        first = await limiter.hit("a", rates)
        assert (first.allowed, first.remaining, first.reset_s, first.item.amount) == (True, 1, 60.0, 2)
        clock.now += 20
        assert (await limiter.hit("a", rates)).remaining == 0
        over = await limiter.hit("a", rates)
        assert (over.allowed, over.remaining, over.reset_s) == (False, 0, 40.0)
        error = over.error()
        assert isinstance(error, RateLimitError)
        assert error.retry_after_s == 40
        assert str(error) == "more than 2 requests in 1 minute; try again in 40 s"

    asyncio.run(run())


def test_what_a_short_window_refuses_is_not_counted_in_a_long_one(clock):
    limiter, rates = Limiter(clock=clock), parse_rates(["3/day", "1/second"])
    assert hits(limiter, "a", rates, 10) == [True] + [False] * 9
    for expected in (True, True, False):
        clock.now += 1.1
        assert hits(limiter, "a", rates, 1) == [expected]


def test_no_rates_count_nothing(clock):
    assert asyncio.run(Limiter(clock=clock).hit("a", ())) is None


def test_windows_that_are_over_are_forgotten(clock):
    windows = Windows(clock)

    async def run() -> None:
        for n in range(100):
            await windows.acquire_entry(f"client {n}", 5, 60)
        clock.now += 61
        for _ in range(60):
            await windows.acquire_entry("another", 100, 60)
        assert len(windows) == 1

    asyncio.run(run())


def test_clients_without_end_do_not_fill_the_memory(clock):
    windows = Windows(clock, most=50)

    async def run() -> None:
        for n in range(500):
            await windows.acquire_entry(f"client {n}", 5, 60)
        assert len(windows) == 50

    asyncio.run(run())


def test_places_are_given_back_whatever_happens():
    slots = Slots()
    with slots.hold("a", 2), slots.hold("a", 2):
        with pytest.raises(RateLimitError, match="2 requests of yours are under way already"), slots.hold("a", 2):
            pass
        with slots.hold("b", 1), slots.hold("a", None):
            assert slots["a"] == 3
    with pytest.raises(ZeroDivisionError), slots.hold("a", 1):
        raise ZeroDivisionError
    assert (slots["a"], slots["b"]) == (0, 0)


def test_servers_share_what_redis_counts(redis):
    rates = parse_rates(["5/hour"])
    first, second = Limiter(redis.url), Limiter(redis.url)
    assert hits(first, "a", rates, 3) == [True] * 3
    assert hits(second, "a", rates, 3) == [True, True, False]
    assert not first.away


def test_redis_tells_what_is_left(redis):
    async def run() -> None:
        limiter = Limiter(redis.url)
        usage = await limiter.hit("a", parse_rates(["2/hour"]))
        assert (usage.allowed, usage.remaining) == (True, 1)
        assert 3590 < usage.reset_s <= 3600
        await limiter.aclose()

    asyncio.run(run())


def test_redis_goes_and_comes_back(redis, clock, caplog):
    """Each request is answered; it is said once that Redis is away, once that it is back, and it is tried after a while only."""
    rates = parse_rates(["3/hour"])

    async def run() -> None:
        limiter = Limiter(redis.url, clock)
        assert (await limiter.hit("a", rates)).remaining == 2
        redis.stop()
        assert (await limiter.hit("a", rates)).remaining == 2, "counted anew, in this process"
        assert limiter.away
        assert [(await limiter.hit("a", rates)).allowed for _ in range(3)] == [True, True, False]
        redis.start()
        assert not (await limiter.hit("a", rates)).allowed, "not tried yet"
        clock.now += RETRY_S
        assert (await limiter.hit("a", rates)).allowed
        assert not limiter.away
        await limiter.aclose()

    asyncio.run(run())
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "counts requests alone until it is back" in caplog.messages[0]
    assert caplog.messages[1].endswith("is back")


def test_a_redis_that_says_nothing_is_waited_for_once(clock, monkeypatch):
    """It takes connections and never answers: one request waits, shortly, and the others at the same time and after it do not."""
    pytest.importorskip("redis")
    monkeypatch.setattr(module, "TIMEOUT_S", 0.02)
    rates = parse_rates(["100/hour"])

    async def run(port: int) -> None:
        limiter = Limiter(f"redis://127.0.0.1:{port}/0", clock)
        assert (await limiter.hit("a", rates)).allowed
        assert limiter.away
        tried = []
        monkeypatch.setattr(limiter._redis, "hit", lambda *_: tried.append(1))
        assert all(usage.allowed for usage in await asyncio.gather(*(limiter.hit("a", rates) for _ in range(20))))
        assert tried == []
        clock.now += RETRY_S
        assert all(usage.allowed for usage in await asyncio.gather(*(limiter.hit("a", rates) for _ in range(20))))
        assert len(tried) == 1, "when it is time to try again, one request does"
        await limiter.aclose()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(run(silent.getsockname()[1]))


def test_an_address_that_is_none_is_one_sentence_without_its_password():
    for wrong in ("localhost:6379", "http://localhost", "redis://:word@localhost:port/0"):
        with pytest.raises(RequestError, match="is no address of Redis") as caught:
            Limiter(wrong)
        assert "word" not in str(caught.value)


def test_without_the_extra_the_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "redis.asyncio", None)
    with pytest.raises(EngineNotInstalledError, match="pip install 'tingshuo\\[redis\\]'"):
        Limiter("redis://localhost:6379/0")
