"""Audio in Redis: what one server puts there another gets, whole, for as long as it is valid."""

import asyncio
import dataclasses
import json

import pytest

from tingshuo.serve.cache import shared_audio as module
from tingshuo.serve.cache.redis_link import RedisLink
from tingshuo.serve.cache.shared_audio import Copy, SharedAudio

KEY = "0123456789abcdef" * 4
FIELDS = {"format": "wav", "media_type": "audio/wav", "key": KEY, "reply": {"text": "你好"}}
COPY = Copy("A" * 22, bytes(range(256)) * 9, FIELDS, 1_000_000_000.0)


def with_redis(redis, clock, scenario):
    async def run():
        links = [RedisLink(redis.url) for _ in range(2)]
        await scenario(*(SharedAudio(link, 600.0, clock) for link in links))
        for link in links:
            await link.aclose()

    asyncio.run(run())


def test_what_one_puts_there_another_gets(redis, clock):
    async def scenario(one, other):
        assert await other.find(KEY) is None
        await one.put(COPY)
        assert (await other.find(KEY), await other.get(COPY.id)) == (COPY, COPY)
        assert (await other.find("0" * 64), await other.get("B" * 22), await other.get("*")) == (None, None, None)

    with_redis(redis, clock, scenario)


def test_it_goes_when_its_time_is_up(redis, clock):
    async def scenario(one, other):
        clock.now += 200
        await one.put(COPY)
        left_ms = [
            await one.link.ask(lambda client, name=name: client.pttl(name)) for name in await one.link.ask(lambda c: c.keys())
        ]
        assert len(left_ms) == 2
        assert all(300_000 < left <= 400_000 for left in left_ms)
        clock.now += 400
        await one.link.ask(lambda client: client.flushall())
        await one.put(COPY)
        assert await one.find(KEY) is None

    with_redis(redis, clock, scenario)


def test_what_is_large_stays_where_it_is(redis, clock, monkeypatch):
    monkeypatch.setattr(module, "LIMIT_BYTES", 100)

    async def scenario(one, other):
        await one.put(COPY)
        assert await other.find(KEY) is None

    with_redis(redis, clock, scenario)


def test_what_was_changed_there_is_none(redis, clock):
    async def scenario(one, other):
        await one.put(COPY)
        await one.link.ask(lambda client: client.setrange(f"tingshuo:audio-1:id:{COPY.id}", 300, b"x"))
        assert await other.find(KEY) is None
        assert not other.link.away

    with_redis(redis, clock, scenario)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../" + "A" * 19}, {"fields": FIELDS | {"key": "../../x"}}, {"fields": FIELDS | {"format": "../x"}},
        {"fields": FIELDS | {"reply": 1}}, {"fields": {}}, {"made_s": "soon"}, {"id": 7},
    ],
)  # fmt: skip
def test_names_that_would_leave_the_folder_are_refused(change):
    assert Copy.unpack(COPY.pack()) == COPY
    assert Copy.unpack(dataclasses.replace(COPY, **change).pack()) is None


@pytest.mark.parametrize("value", [b"", b"\n", b"x" * 100, COPY.pack()[:-1], COPY.pack()[1:]])
def test_what_was_not_packed_here_is_none(value):
    assert Copy.unpack(value) is None


def test_a_head_that_is_no_object_is_none():
    import hashlib

    for head in (b"[]", b"1", b"{", json.dumps({"id": 1}).encode()):
        body = head + b"\n"
        assert Copy.unpack(hashlib.sha256(body).hexdigest().encode() + b"\n" + body) is None
