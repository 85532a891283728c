"""Who is asking, for what is not told."""

import asyncio

import pytest

from tingshuo.serve.access.calling import CALLER, calling
from tingshuo.serve.access.gate import Caller


def test_somebody_asks_while_the_block_runs():
    anna, ben = Caller(None, "1", "speak"), Caller(None, "2", "speak")
    assert CALLER.get() is None
    with calling(anna):
        with calling(ben):
            assert CALLER.get() is ben
        with calling(None):
            assert CALLER.get() is None
        assert CALLER.get() is anna
    assert CALLER.get() is None


def test_nobody_is_left_when_the_block_fails():
    with pytest.raises(ZeroDivisionError), calling(Caller(None, "1", "speak")):
        raise ZeroDivisionError
    assert CALLER.get() is None


def test_requests_at_the_same_time_do_not_take_each_other_s_place():
    async def one(name: str) -> str:
        with calling(Caller(None, name, "speak")):
            await asyncio.sleep(0)
            return CALLER.get().request_id

    async def run() -> None:
        assert await asyncio.gather(*(one(str(n)) for n in range(5))) == list("01234")

    asyncio.run(run())
