"""What a process says of itself, and of all."""

import asyncio
import socket

import pytest

from tingshuo.errors import RegistryError
from tingshuo.serve.editions import Editions
from tingshuo.serve.link import Alone, Link
from tingshuo.serve.numbers import flat
from tingshuo.serve.wire import Wire


def test_a_server_of_one_process_knows_itself(service):
    alone = Alone(service)
    service.metrics.audio.inc(3)
    told = asyncio.run(alone.status())
    (row,) = told["workers"]
    assert (row["worker"], row["ready"], row["threads"], row["limit"], row["active"]) == (1, False, 2, 3, 0)
    assert row["voices"] == {name: bundle.manifest.version for name, bundle in service.voices.catalogue.items()}
    numbers = flat(asyncio.run(alone.numbers()))
    assert (numbers["tingshuo_workers", ()], numbers["tingshuo_worker_restarts_total", ()]) == (1, 0)
    assert numbers["tingshuo_audio_seconds_total", ()] == 3
    assert flat(told["before"])["tingshuo_audio_seconds_total", ()] == 0


def test_a_server_of_one_process_reloads(service):
    catalogue = dict(service.voices.catalogue)
    del catalogue["other"]
    (row,) = asyncio.run(Alone(service, Editions(service, lambda: catalogue)).reload())
    assert [(one["voice"], one["now"]) for one in row["voices"]] == [("other", None)]
    assert set(service.voices.catalogue) == {"default"}


def test_a_worker_tells_answers_and_notices_that_its_parent_is_gone(service):
    heard, lost = [], asyncio.Event()

    async def answer(what, fields):
        heard.append(what)
        if what == "numbers":
            return [{"name": "tingshuo_workers", "type": "gauge", "help": "", "samples": [["tingshuo_workers", [], 2]]}]
        if what == "reload":
            raise RegistryError("nothing was changed: because")
        return None

    async def scenario():
        here, there = socket.socketpair()
        parent, link = Wire(answer), Link(there)
        listening = asyncio.ensure_future(parent.run(here))
        catalogue = dict(service.voices.catalogue)
        del catalogue["other"]
        await link.start(service, Editions(service, lambda: catalogue), lost.set)
        while "beat" not in heard:
            await asyncio.sleep(0)
        assert "opened" not in heard
        service.ready = True
        while "opened" not in heard:
            await asyncio.sleep(0.001)
        told = await parent.ask("look", 30)
        assert told["state"]["threads"] == 2
        assert flat(told["families"])["tingshuo_audio_seconds_total", ()] == 0
        assert flat(await link.numbers())["tingshuo_workers", ()] == 2
        with pytest.raises(RegistryError, match="because"):
            await link.reload()
        assert [one["voice"] for one in await parent.ask("prepare", 30)] == ["other"]
        await parent.ask("forget", 30)
        await parent.ask("switch", 30)
        assert "other" in service.voices.catalogue
        await parent.ask("prepare", 30)
        await parent.ask("switch", 30)
        assert "other" not in service.voices.catalogue
        parent.close()
        await lost.wait()
        assert flat(await link.numbers())["tingshuo_audio_seconds_total", ()] == 0  # its own, when nobody else is there
        await listening

    asyncio.run(scenario())
