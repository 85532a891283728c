"""Vectors in Redis, asked for from worker threads."""

import asyncio
import threading

import numpy as np
import pytest

from tingshuo.serve.cache.redis_link import RedisLink
from tingshuo.serve.cache.shared_vectors import SharedVectors, pack, unpack
from tingshuo.tasks.embeddings import Embeddings

VECTOR = np.arange(6, dtype=np.float32).reshape(1, 6)


async def until(holds):
    while not await holds():
        await asyncio.sleep(0)


def test_what_one_server_has_read_another_need_not(redis, clock):
    made = []

    def ask(link, bundle):
        embeddings = Embeddings()
        embeddings.further = SharedVectors(link).of(bundle)
        return embeddings.get(b"\1", lambda: made.append(bundle) or VECTOR)

    async def run():
        link = RedisLink(redis.url, clock)
        assert np.array_equal(await asyncio.to_thread(ask, link, "one"), VECTOR), "nobody has asked Redis yet, so nobody can"
        assert await link.ask(lambda client: client.keys()) == []
        assert np.array_equal(await asyncio.to_thread(ask, link, "one"), VECTOR)
        await until(lambda: link.ask(lambda client: client.keys()))
        again = await asyncio.to_thread(ask, link, "one")
        assert np.array_equal(again, VECTOR)
        assert not again.flags.writeable
        assert made == ["one", "one"]
        await asyncio.to_thread(ask, link, "another bundle")
        assert made == ["one", "one", "another bundle"]
        (name, *_) = await link.ask(lambda client: client.keys())
        assert 0 < await link.ask(lambda client: client.ttl(name)) <= 86_400
        redis.stop()
        assert np.array_equal(await asyncio.to_thread(ask, link, "one"), VECTOR)
        assert (link.away, made[3:]) == (True, ["one"])
        await link.aclose()

    asyncio.run(run())


def test_a_loop_that_does_not_come_to_it_is_not_waited_for(clock, monkeypatch):
    pytest.importorskip("redis")
    monkeypatch.setattr("tingshuo.serve.cache.redis_link.TIMEOUT_S", 0.01)

    async def run():
        link = RedisLink("redis://127.0.0.1:1/0", clock)
        link._loop = asyncio.get_running_loop()
        found = []
        thread = threading.Thread(target=lambda: found.append(SharedVectors(link).of("one").get("key")))
        thread.start()
        thread.join()  # which holds up the loop
        assert found == [None]
        await link.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["f4", "f2", "f8"])
def test_packing(kind):
    found = unpack(pack(VECTOR.astype(kind)))
    assert (found.dtype, found.shape, found.flags.writeable) == (np.dtype(kind), (1, 6), True)
    assert np.array_equal(found, VECTOR)


@pytest.mark.parametrize(
    "value",
    [b"", b"\n", pack(VECTOR)[:-1], pack(VECTOR)[1:], pack(np.array([None])), pack(np.array(["a"]))],
    ids=["nothing", "a line", "cut off", "no hash", "objects", "texts"],
)
def test_what_was_not_packed_here_is_none(value):
    assert unpack(value) is None
