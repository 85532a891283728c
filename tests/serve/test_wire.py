"""Two ends of a pair of sockets, in one event loop."""

import asyncio
import socket

import pytest

from tingshuo.errors import BusyError, RegistryError
from tingshuo.serve.wire import Wire, WireError, line_of


async def nothing(what, fields):
    raise AssertionError(what)


def between(answer, scenario):
    """Run a scenario with one end, whose other end answers."""

    async def run():
        here, there = socket.socketpair()
        one, other = Wire(nothing), Wire(answer)
        listening = [asyncio.ensure_future(one.run(here)), asyncio.ensure_future(other.run(there))]
        while one._writer is None or other._writer is None:
            await asyncio.sleep(0)
        try:
            return await scenario(one, other)
        finally:
            one.close()
            await asyncio.gather(*listening)

    return asyncio.run(run())


def test_questions_are_answered_in_whatever_order():
    release = asyncio.Event()

    async def answer(what, fields):
        if what == "slow":
            await release.wait()
        else:
            release.set()
        return [what, fields]

    async def scenario(wire, _):
        return await asyncio.gather(wire.ask("slow", 30, n=1), wire.ask("quick", 30, text="听\ud800"))

    assert between(answer, scenario) == [["slow", {"n": 1}], ["quick", {"text": "听\ud800"}]]


def test_what_is_told_arrives_and_is_not_answered():
    async def scenario(wire, _):
        wire.tell("beat", n=1)
        assert await wire.ask("last", 30) is None
        return heard

    heard = []

    async def answer(what, fields):
        heard.append((what, fields))

    assert between(answer, scenario) == [("beat", {"n": 1}), ("last", {})]


def test_a_refusal_is_the_sentence_of_the_other_side():
    async def answer(what, fields):
        raise BusyError("not now; try later")

    async def scenario(wire, _):
        with pytest.raises(RegistryError, match=r"^not now; try later$"):
            await wire.ask("reload", 30)

    between(answer, scenario)


def test_a_bug_of_the_other_side_is_an_error_here(caplog):
    async def answer(what, fields):
        raise ZeroDivisionError

    async def scenario(wire, _):
        with pytest.raises(RegistryError, match=r"an error inside the server: ZeroDivisionError"):
            await wire.ask("reload", 30)

    between(answer, scenario)
    assert "could not answer: reload" in caplog.text


def test_who_waits_hears_of_the_end():
    async def answer(what, fields):
        other.close()
        await asyncio.Event().wait()

    async def scenario(wire, end):
        nonlocal other
        other = end
        with pytest.raises(WireError, match=r"has ended"):
            await wire.ask("numbers", 30)
        with pytest.raises(WireError, match=r"is not there"):
            await wire.ask("numbers", 30)
        wire.tell("beat")

    other = None
    between(answer, scenario)


def test_nobody_waits_for_ever():
    async def answer(what, fields):
        await asyncio.Event().wait()

    async def scenario(wire, _):
        with pytest.raises(WireError, match=r"did not answer within 0.01 s"):
            await wire.ask("numbers", 0.01)

    between(answer, scenario)


def test_half_a_line_is_the_end():
    async def run():
        here, there = socket.socketpair()
        wire = Wire(nothing)
        there.sendall(line_of({"id": 3, "reply": "nobody asked"}) + b'{"ask": "be')
        there.close()
        await wire.run(here)
        with pytest.raises(WireError):
            await wire.ask("numbers", 30)

    asyncio.run(run())
