"""The messages of WeNet's runtime: what its clients do with them."""

import json

import pytest
from tests.app.http.live_calls import Caller, hearing_service, only, sound
from tests.serve.fake_listener import LoudIsSpeech
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tingshuo.audio import vad

TWO = sound(4) + sound(3, after_s=0.0)


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


@pytest.fixture
def call(serve, bundle):
    address = "ws://{0.host}:{0.port}/wenet"
    with serve(hearing_service(bundle)) as client, connect(address.format(client.base_url)) as connection:
        yield Caller(connection)


def started(call, **fields):
    call.say(signal="start", **fields)
    assert call.next() == {"status": "ok", "type": "server_ready"}


def texts(messages, kind):
    return [json.loads(one["nbest"]) for one in only(messages, type=kind)]


def ended(call):
    with pytest.raises(ConnectionClosed) as closed:
        call.next()
    return closed.value.rcvd.code


def test_utterances_follow_each_other_until_the_end(call):
    started(call, nbest=2, continuous_decoding=True)
    call.send(TWO)
    call.say(signal="end")
    messages = call.heard(type="speech_end")
    assert {one["status"] for one in messages} == {"ok"}
    assert texts(messages, "partial_result")[-1] == [{"sentence": "嘟" * 3}]
    first, second = texts(messages, "final_result")
    assert first[0]["sentence"] == "嘟" * 4
    assert len(first) == 2
    assert first[1]["word_pieces"] == []
    assert second[0]["sentence"] == "嘟" * 3
    pieces = first[0]["word_pieces"]
    assert [piece["word"] for piece in pieces] == ["嘟"] * 4
    assert all(300 <= piece["start"] < piece["end"] <= 1920 for piece in pieces)
    assert ended(call) == 1000


def test_without_going_on_the_first_utterance_is_the_last(call):
    started(call)
    call.send(TWO)
    messages = call.heard(type="speech_end")
    assert [[one["sentence"] for one in nbest] for nbest in texts(messages, "final_result")] == [["嘟" * 4]]
    assert ended(call) == 1000


@pytest.mark.parametrize("data", [b"", bytes(32000)])
def test_who_said_nothing_gets_an_empty_text(call, data):
    started(call, continuous_decoding=True)
    call.send(data)
    call.say(signal="end")
    messages = call.heard(type="speech_end")
    assert texts(messages, "final_result") == [[{"sentence": "", "word_pieces": []}]]


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([{"signal": "stop"}], "unknown signal 'stop'; accepted: start, end"),
        ([{}], "unknown signal None"),
        ([{"signal": "end"}], "the recording has not started"),
        ([bytes(100)], "the recording has not started"),
        ([{"signal": "start", "nbest": "1"}], "nbest must be a whole number from 1 to 50"),
        ([{"signal": "start", "continuous_decoding": 1}], "continuous_decoding must be true or false"),
        ([{"signal": "start"}, {"signal": "start"}], "has started already"),
    ],
)
def test_what_is_wrong_is_said_and_the_connection_ends(call, messages, why):
    for message in messages:
        call.connection.send(message if isinstance(message, bytes) else json.dumps(message))
    last = call.heard(status="failed")[-1]
    assert why in last["message"]
    assert ended(call) == 1000
