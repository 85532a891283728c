"""Finished audio: found in memory, in a folder that several share, in Redis; bounded by bytes and time, unguessable."""

import asyncio
import os
import shutil
import subprocess
import sys

import pytest
from tests.serve.access.conftest import Clock, clock
from tests.serve.access.conftest import redis as rates_redis

from tingshuo.errors import NotFoundError, OutputError, TooLargeError
from tingshuo.serve import results as module
from tingshuo.serve.cache import redis_link
from tingshuo.serve.cache.redis_link import RETRY_S, RedisLink
from tingshuo.serve.cache.shelf import GRACE_S
from tingshuo.serve.results import Results

__all__ = ["Clock", "clock", "rates_redis"]
ENTRY = 1000
"""About the bytes of an entry whose audio has so many; what was said about it has some 250 more."""
KEYS = [f"{n:064x}" for n in range(16)]


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario, 60))


@pytest.fixture
def redis(rates_redis, monkeypatch):
    for name in ("TIMEOUT_S", "BODY_TIMEOUT_S"):
        monkeypatch.setattr(redis_link, name, 60.0)
    return rates_redis


@pytest.fixture
def make(clock):
    """Make stores, which are closed at the end."""
    made = []

    def make(limit_bytes=100_000, ttl_s=600.0, **more):
        made.append(Results(limit_bytes, ttl_s, clock, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def results(make):
    return make()


async def add(results, key, size=ENTRY):
    result_id = results.new_id()
    results.path(result_id, "wav").write_bytes(key[-1:].encode() * size)
    added = await asyncio.to_thread(results.put, result_id, "wav", {"key": key}, key)
    results.remember(added)
    return added.result


async def add_later(results, key, clock):
    clock.now += 1
    return await add(results, key)


def left_in(results):
    return [path for path in results._shelf.folder.rglob("*") if path.is_file() and path.name != ".lock"]


def test_a_result_is_found_by_id_and_by_its_order(results):
    async def scenario():
        added = await add(results, KEYS[1])
        assert await results.get(added.id) == added
        found = results.find(KEYS[1])
        assert (found.result, found.reply, found.where) == (added, {"key": KEYS[1]}, "memory")
        with found.open() as file:
            assert file.read() == b"1" * ENTRY
        assert (results.find(KEYS[2]), await results.look(KEYS[2])) == (None, None)
        assert (results.counts.hits, results.counts.misses, results.counts.n_bytes) == (1, 1, added.size)

    run(scenario())


def test_ids_are_long_and_differ(results):
    ids = {results.new_id() for _ in range(100)}
    assert len(ids) == 100
    assert {len(one) for one in ids} == {22}, "128 bits in base64"


def test_the_least_recently_used_leaves_first(make, clock):
    results = make(3 * (ENTRY + 600))

    async def scenario():
        first, second, _ = [await add_later(results, key, clock) for key in KEYS[:3]]
        clock.now += 1
        await results.get(first.id)
        clock.now += 1
        await add(results, KEYS[3])
        assert [results.find(key) is not None for key in KEYS[:4]] == [True, False, True, True]
        assert not second.path.exists()
        with pytest.raises(NotFoundError, match="no audio of that id; finished audio is kept for 10 minutes"):
            await results.get(second.id)
        assert results.counts.evictions == 1

    run(scenario())


def test_time_is_up(results, clock):
    async def scenario():
        added = await add(results, KEYS[0])
        clock.now += 599
        assert results.find(KEYS[0])
        clock.now += 1
        assert await results.look(KEYS[0]) is None
        with pytest.raises(NotFoundError):
            await results.get(added.id)

    run(scenario())


def test_what_is_too_old_goes_though_nobody_asks(results, clock):
    async def scenario():
        await add(results, KEYS[0])
        assert results._tidying is not None
        clock.now += 600 + GRACE_S
        results._tidy()
        while left_in(results):
            await asyncio.sleep(0)
        assert results._tidying is None, "nothing is left to wait for"

    run(scenario())


def test_a_file_larger_than_the_store_is_refused_and_deleted(results):
    async def scenario():
        kept = await add(results, KEYS[0])
        with pytest.raises(TooLargeError, match="more than the 100000 bytes"):
            await add(results, KEYS[1], 100_001)
        assert await results.get(kept.id), "it did not push out the others"
        assert len(left_in(results)) == 3, "audio, reply, and the way to them"

    run(scenario())


def test_what_made_room_is_forgotten(make, monkeypatch):
    monkeypatch.setattr(module, "_FEW", 4)
    results = make(limit_bytes=5 * ENTRY)

    async def scenario():
        for key in KEYS:
            await add(results, key)

    run(scenario())
    assert len(results._known) <= 8
    assert len(results._ids) == len(results._known)


@pytest.mark.parametrize("shared", [True, False])
def test_a_folder_that_was_tidied_away_is_made_again(make, tmp_path, shared):
    results = make(folder=tmp_path / "cache" if shared else None)

    async def scenario():
        await add(results, KEYS[0])
        shutil.rmtree(tmp_path / "cache" if shared else results._own_path)
        assert results.find(KEYS[0]) is None
        await add(results, KEYS[1])
        assert results.find(KEYS[1]) is not None

    run(scenario())


def test_closing_deletes_the_folder(make):
    results = make()
    run(add(results, KEYS[0]))
    folder = results.path("x", "wav").parent
    assert folder.stat().st_mode & 0o077 == 0, "for the owner alone"
    results.close()
    assert not results._shelf.folder.exists()


def test_a_reply_that_cannot_be_written_leaves_nothing(results, monkeypatch):
    async def scenario():
        def full(*_arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "utime", full)
        with pytest.raises(OutputError, match="cannot be kept: No space left on device"):
            await add(results, KEYS[0])
        assert left_in(results) == []
        with pytest.raises(OutputError, match="cannot be kept"):
            results.put("never-written", "wav", {}, KEYS[0])

    run(scenario())


@pytest.mark.parametrize("harm", ["cut", "gone", "reply"])
def test_what_was_damaged_is_made_anew(results, harm):
    async def scenario():
        added = await add(results, KEYS[0])
        if harm == "cut":
            added.path.write_bytes(b"1")
        elif harm == "gone":
            added.path.unlink()
        else:
            added.path.with_suffix(".json").write_bytes(b"{}")
        assert (results.find(KEYS[0]), await results.look(KEYS[0])) == (None, None)
        await add(results, KEYS[0])
        assert results.find(KEYS[0])

    run(scenario())


def test_processes_share_a_folder_and_it_stays_when_they_end(make, tmp_path):
    one, other = make(folder=tmp_path), make(folder=tmp_path)

    async def scenario():
        added = await add(one, KEYS[0])
        found = await other.look(KEYS[0])
        assert (found.result.id, found.where) == (added.id, "folder")
        assert other.find(KEYS[0]).where == "memory"
        assert (await make(folder=tmp_path).get(added.id)).path == added.path
        for results in (one, other):
            await results.aclose()
        assert [path.name for path in (tmp_path / "audio-1/making").iterdir()] != []
        later = make(folder=tmp_path)
        assert later.counts.n_bytes == added.size
        assert (await later.look(KEYS[0])).where == "folder"

    run(scenario())


def test_processes_that_share_a_folder_share_its_budget(make, tmp_path, clock):
    one, other = (make(5 * (ENTRY + 400), folder=tmp_path) for _ in range(2))

    async def scenario():
        for n, key in enumerate(KEYS):
            clock.now += 1
            await add((one, other)[n % 2], key)
        total = sum(path.stat().st_size for path in (tmp_path / "audio-1/files").iterdir())
        assert total <= one.limit_bytes
        assert await one.look(KEYS[-1])
        assert await other.look(KEYS[0]) is None

    run(scenario())


def test_one_process_makes_what_two_want(make, tmp_path):
    stores, made = [make(folder=tmp_path) for _ in range(2)], []

    async def want(results):
        async with results.claimed(KEYS[0]) as found:
            if found is None:
                made.append(await add(results, KEYS[0]))
                return made[-1].id
            return found.result.id

    async def scenario():
        assert set(await asyncio.gather(*(want(results) for results in stores))) == {made[0].id}

    run(scenario())
    assert len(made) == 1


KILLED = """
import sys
from pathlib import Path
from tingshuo.serve.results import Results
results = Results(folder=Path(sys.argv[1]) if len(sys.argv) > 1 else None)
results.path("half", "wav").write_bytes(b"half")
print(results.path("half", "wav"), flush=True)
input()
"""


@pytest.mark.parametrize("shared", [True, False])
def test_what_a_killed_server_had_half_written_goes_with_the_next(make, tmp_path, shared, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = tmp_path / "cache" if shared else None
    command = [sys.executable, "-c", KILLED, *([str(folder)] if folder else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        half = process.stdout.readline().strip()
        make(folder=folder)
        assert os.path.exists(half), "its server lives"
        process.kill()
    make(folder=folder)
    assert half.startswith(str(tmp_path))
    assert not os.path.exists(half)
    if folder is None:
        assert len(list(tmp_path.glob("tingshuo-audio-*/*"))) == 2, "those of the two that live"


def test_servers_on_several_machines_share_in_redis(make, redis, clock):
    async def scenario():
        one, other = (make(link=RedisLink(redis.url, clock)) for _ in range(2))
        assert await one.look(KEYS[0]) is None
        added = await add(one, KEYS[0])
        await asyncio.gather(*one._sharing)
        found = await other.look(KEYS[0])
        assert (found.result.id, found.where, found.reply) == (added.id, "redis", {"key": KEYS[0]})
        assert found.result.path.read_bytes() == added.path.read_bytes()
        assert other.find(KEYS[0]).where == "memory"
        third = make(link=RedisLink(redis.url, clock))
        assert (await third.get(added.id)).size == added.size
        assert (other.shared_counts.hits, one.shared_counts.misses) == (1, 1)
        for results in (one, other, third):
            await results.aclose()

    run(scenario())


def test_redis_goes_in_the_middle_and_nobody_notices(make, redis, clock):
    async def scenario():
        link = RedisLink(redis.url, clock)
        one = make(link=link)
        await add(one, KEYS[0])
        await asyncio.gather(*one._sharing)
        redis.stop()
        assert await one.look(KEYS[1]) is None
        assert link.away
        await add(one, KEYS[1])
        assert one._sharing == set(), "nothing is sent to one that is away"
        assert one.find(KEYS[1])
        with pytest.raises(NotFoundError):
            await one.get(one.new_id())
        redis.start()
        clock.now += RETRY_S
        assert await one.look(KEYS[2]) is None
        assert not link.away
        await add(one, KEYS[2])
        await asyncio.gather(*one._sharing)
        other = make(link=RedisLink(redis.url, clock))
        assert (await other.look(KEYS[2])).where == "redis"
        for results in (one, other):
            await results.aclose()

    run(scenario())
