"""What several processes count together."""

import asyncio

import pytest

from tingshuo.errors import RegistryError
from tingshuo.serve.access.limits import parse_rates
from tingshuo.serve.access.totp import STEP_S, Codes, code, decode_secret, new_secret, step_at
from tingshuo.serve.desk import Desk, SharedCodes, SharedLimiter
from tingshuo.serve.wire import WireError


class Way:
    """The way of a process to a desk; it may be cut."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.cut = desk, False

    async def ask(self, what, timeout_s, **fields):
        if self.cut:
            raise WireError("gone")
        return await self.desk.answer(what, fields)


def test_two_processes_share_a_rate():
    desk = Desk()
    one, two = SharedLimiter(Way(desk)), SharedLimiter(Way(desk))
    rates = parse_rates(["3/hour", "100/day"])

    async def hits():
        return [await limiter.hit("key:a", rates) for limiter in (one, two, one, two, one)]

    found = asyncio.run(hits())
    assert [usage.allowed for usage in found] == [True, True, True, False, False]
    assert [usage.remaining for usage in found] == [2, 1, 0, 0, 0]
    assert {usage.item for usage in found} == {rates[0]}
    assert found[-1].reset_s > 3000
    assert asyncio.run(one.hit("key:a", ())) is None


def test_without_the_parent_each_counts_alone():
    way = Way(Desk())
    limiter, rates = SharedLimiter(way), parse_rates(["1/hour"])
    assert asyncio.run(limiter.hit("key:a", rates)).allowed
    way.cut = True
    assert asyncio.run(limiter.hit("key:a", rates)).allowed
    assert not asyncio.run(limiter.hit("key:a", rates)).allowed


def test_a_code_is_good_once_in_all_processes(monkeypatch):
    desk, secret, now_s = Desk(), new_secret(), [1_000_000_000.0]
    desk._codes = Codes(lambda: now_s[0])
    now_s[0] += STEP_S
    given = code(decode_secret(secret), step_at(now_s[0]))
    way = Way(desk)
    one, two = SharedCodes(way), SharedCodes(Way(desk))
    assert asyncio.run(one.use("k", secret, given)) is True
    assert asyncio.run(two.use("k", secret, given)) is False
    way.cut = True
    now_s[0] += STEP_S
    assert asyncio.run(one.use("k", secret, code(decode_secret(secret), step_at(now_s[0])))) is False  # nobody to ask: not good


def test_it_says_what_it_does_not_know():
    with pytest.raises(RegistryError, match="does not know 'tea'"):
        asyncio.run(Desk().answer("tea", {}))
