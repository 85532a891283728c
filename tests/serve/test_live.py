"""One speaker is one job: heard as he speaks, whenever that is, and stopped when he leaves."""

import asyncio

import numpy as np
import pytest
from tests.serve.fake_listener import Ear, LoudIsSpeech
from tests.tasks.recognise.chunked import bursts, chunked

from tingshuo.audio import vad
from tingshuo.errors import BusyError, EngineError, RequestError, TooLargeError
from tingshuo.serve import live as module
from tingshuo.serve.access.calling import calling
from tingshuo.serve.access.gate import Caller
from tingshuo.serve.live import AHEAD_S, BUFFER_S, LiveHearing
from tingshuo.tasks.recognise.live import Final, Live, LiveSession
from tingshuo.tasks.recognise.transcribe import Listening

WAV = np.concatenate([bursts(4), bursts(3)])
PLAIN = Listening(finish=None)


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def hearing_of(service, recogniser=None, rate=16000, listening=PLAIN, live=None):
    return LiveHearing(service, recogniser or chunked(), rate, listening, live or Live())


async def heard(hearing):
    return [event async for events in hearing.events() for event in events]


def test_events_are_those_of_a_session(service):
    session = LiveSession(chunked(), listening=PLAIN)
    expected = [*session.feed(WAV), *session.finish()]

    async def scenario():
        hearing = hearing_of(service)
        listening = asyncio.create_task(heard(hearing))
        for piece in np.array_split(WAV, 50):
            hearing.add(piece)
            await asyncio.sleep(0)
        hearing.over()
        assert await listening == expected
        assert (hearing.made_s, hearing.waiting_s, hearing.utterances) == (pytest.approx(len(WAV) / 16000), 0, 2)
        assert hearing.has_ended

    run(scenario())
    assert service.workers.active == 0


def test_it_waits_for_sound_without_a_thread_and_tells_what_it_knows(service):
    async def scenario():
        hearing = hearing_of(service)
        events = hearing.events()
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert service.workers.active == 1
        hearing.add(bursts(2))
        found = await waiting
        while not any(isinstance(event, Final) for event in found):
            found += await anext(events)
        assert found[-1].segment.text == "嘟嘟"
        assert await service.workers.run(lambda: "free") == "free"
        await events.aclose()
        assert hearing.has_ended
        await hearing.room()

    run(scenario())
    assert service.workers.active == 0


def test_who_sends_faster_than_he_is_heard_waits(service):
    async def scenario():
        hearing = hearing_of(service)
        await hearing.room()
        hearing.add(np.zeros(round((BUFFER_S + 5) * 16000), np.float32))
        assert hearing.waiting_s == pytest.approx(BUFFER_S + 5)
        waiting = asyncio.ensure_future(hearing.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        listening = asyncio.create_task(heard(hearing))
        await waiting
        assert hearing.waiting_s <= BUFFER_S
        hearing.over()
        assert await listening == []

    run(scenario())


def test_a_speaker_counts_as_one_who_speaks_on(service):
    async def scenario():
        hearing = hearing_of(service)
        assert hearing.expected_s == AHEAD_S
        listening = asyncio.create_task(heard(hearing))
        await asyncio.sleep(0)
        assert service.workers.backlog.due_s == pytest.approx(AHEAD_S, abs=0.5)
        pace = service.workers.backlog.paces["hear"]
        pace.rtf = 2.1 * service.workers.threads  # a slow machine cannot hear two at a time
        with pytest.raises(BusyError, match="are due to others"):
            await heard(hearing_of(service))
        hearing.add(WAV)
        hearing.over()
        await listening
        assert hearing.expected_s == hearing.made_s
        assert pace.rtf < 2.1 * service.workers.threads, "it has learnt"
        assert pace.length_ratio == pytest.approx(1)

    run(scenario())


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda service: hearing_of(service, Searching(), listening=Listening(hotwords={"嘟": 1.0})), RequestError),
        (lambda service: hearing_of(service, Broken()), EngineError),
    ],
)
def test_what_goes_wrong_is_raised_and_the_place_given_back(service, make, error):
    async def scenario():
        hearing = make(service)
        hearing.add(WAV)
        with pytest.raises(error):
            await heard(hearing)
        assert hearing.has_ended
        await hearing.room()

    run(scenario())
    assert service.workers.active == 0


class Searching(Ear):
    def expect(self, words):
        raise RequestError("nothing is searched for", "hotwords")


class Broken(Ear):
    def hear(self, wav, beam=10, expected=None):
        raise EngineError("the graph is broken")


def test_nobody_speaks_for_ever(service, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_S", 2.0)
    hearing = hearing_of(service)
    hearing.add(np.zeros(32000, np.float32))
    with pytest.raises(TooLargeError, match="more than"):
        hearing.add(np.zeros(1, np.float32))


def test_what_was_heard_is_noted_for_the_record(service):
    caller = Caller(None, "id", "transcribe")

    async def scenario():
        with calling(caller):
            hearing = hearing_of(service)
        hearing.add(WAV)
        hearing.over()
        await heard(hearing)

    run(scenario())
    assert caller.audio_s == pytest.approx(len(WAV) / 16000)
