"""Redis gone, slow or wrong is an answer without anything in it, and costs one request little and the others nothing."""

import asyncio
import socket
import sys

import pytest

from tingshuo.errors import EngineNotInstalledError, RequestError
from tingshuo.serve.cache import redis_link as module
from tingshuo.serve.cache.redis_link import RETRY_S, RedisLink


async def ping(redis):
    return await redis.ping()


def test_it_goes_and_comes_back(redis, clock, caplog):
    async def run():
        link, asked = RedisLink(redis.url, clock), []

        async def counted(client):
            asked.append(1)
            return await client.ping()

        assert await link.ask(counted) is True
        redis.stop()
        assert await link.ask(counted) is None
        assert (link.away, link.is_open) == (True, False)
        assert [await link.ask(counted) for _ in range(20)] == [None] * 20
        assert len(asked) == 2, "it is left alone"
        redis.start()
        clock.now += RETRY_S
        assert link.is_open
        assert sorted(map(bool, await asyncio.gather(*(link.ask(counted) for _ in range(20))))) == [False] * 19 + [True]
        assert len(asked) == 3, "one request tries"
        assert (await link.ask(counted), link.away) == (True, False)
        await link.aclose()

    asyncio.run(run())
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "caches alone until it is back" in caplog.messages[0]
    assert caplog.messages[1].endswith("is back; caches are shared again")


def test_one_that_says_nothing_is_waited_for_once(clock, monkeypatch):
    pytest.importorskip("redis")
    monkeypatch.setattr(module, "TIMEOUT_S", 0.02)

    async def run(port):
        link = RedisLink(f"redis://127.0.0.1:{port}/0", clock)
        assert await link.ask(ping) is None
        assert (link.away, link.is_open) == (True, False)
        await link.aclose()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(run(silent.getsockname()[1]))


def test_an_answer_of_another_kind_is_none(redis, clock):
    async def run():
        link = RedisLink(redis.url, clock)
        await link.ask(lambda client: client.rpush("list", "1"))
        assert await link.ask(lambda client: client.get("list")) is None
        await link.aclose()

    asyncio.run(run())


def test_an_address_that_is_none_is_one_sentence_without_its_password():
    pytest.importorskip("redis")
    for wrong in ("localhost:6379", "http://:word@localhost", "redis://:word@localhost:port/0"):
        with pytest.raises(RequestError, match="is no address of Redis") as caught:
            RedisLink(wrong)
        assert "word" not in str(caught.value)


def test_without_the_extra_the_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(EngineNotInstalledError, match="pip install 'tingshuo\\[redis\\]'"):
        RedisLink("redis://localhost:6379/0")
