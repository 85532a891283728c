"""One process makes what several want; the others wait for it, and for nobody who is gone."""

import asyncio
import subprocess
import sys

import pytest

from tingshuo.serve.cache import claims as module
from tingshuo.serve.cache.claims import claimed

HOLD = """
import asyncio, sys
from pathlib import Path
from tingshuo.serve.cache.claims import claimed
async def look():
    return None
async def run():
    async with claimed(Path(sys.argv[1]), "order", look):
        print("held", flush=True)
        input()
asyncio.run(run())
"""


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_one_makes_and_the_others_get_it(tmp_path):
    made, made_by = [], []

    async def look():
        return made[-1] if made else None

    async def want(name):
        async with claimed(tmp_path, "order", look) as found:
            if found is None:
                made_by.append(name)
                await asyncio.sleep(0)
                made.append("audio")
                return "audio"
            return found

    async def scenario():
        assert await asyncio.gather(*(want(name) for name in range(10))) == ["audio"] * 10

    run(scenario())
    assert len(made_by) == 1
    assert list(tmp_path.iterdir()) == []


def test_when_it_was_not_made_the_next_makes_it(tmp_path):
    made_by = []

    async def nothing():
        return None

    async def want(name):
        async with claimed(tmp_path, "order", nothing) as found:
            assert found is None
            made_by.append(name)
            raise ValueError(name)

    async def scenario():
        gathered = await asyncio.gather(*(want(name) for name in range(3)), return_exceptions=True)
        assert all(isinstance(one, ValueError) for one in gathered)

    run(scenario())
    assert sorted(made_by) == [0, 1, 2]


def test_other_orders_do_not_wait(tmp_path):
    async def nothing():
        return None

    async def scenario():
        async with claimed(tmp_path, "one", nothing), claimed(tmp_path, "other", nothing) as found:
            assert found is None

    run(scenario())


def test_a_claim_goes_with_its_process(tmp_path):
    looked = []
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"

        async def look():
            looked.append(1)
            if len(looked) == 3:
                other.kill()
            return

        async def scenario():
            async with claimed(tmp_path, "order", look) as found:
                assert found is None

        run(scenario())
    assert len(looked) >= 3, "as long as it lived, it was waited for"


def test_nobody_waits_for_ever_and_a_claim_that_cannot_be_made_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.0)

    async def nothing():
        return None

    async def scenario():
        async with claimed(tmp_path, "order", nothing), claimed(tmp_path, "order", nothing) as found:
            assert found is None
        async with claimed(tmp_path / "gone", "order", nothing) as found:
            assert found is None

    run(scenario())


@pytest.mark.parametrize("found", ["audio"])
def test_what_is_there_is_taken_at_once(tmp_path, found):
    async def look():
        return found

    async def scenario():
        async with claimed(tmp_path, "order", look) as given:
            assert given == found

    run(scenario())
