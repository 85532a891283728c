"""Sound over a WebSocket: what is told while it comes, and what happens when somebody stops, leaves or errs."""

import base64
import contextlib
import json
import threading

import pytest
from tests.app.http.live_calls import Caller, floats, hearing_service, only, random_cuts, sound
from tests.serve.fake_listener import Ear, LoudIsSpeech
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tingshuo.app.http import live_connection
from tingshuo.audio import vad
from tingshuo.errors import EngineError
from tingshuo.serve.listeners import Listeners

PATH = "/v1/audio/transcriptions/stream"


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


@pytest.fixture
def service(bundle):
    return hearing_service(bundle)


@pytest.fixture
def call(serve, service):
    with serve(service) as client, connect(f"ws://{client.base_url.host}:{client.base_url.port}{PATH}") as connection:
        yield Caller(connection)


def finals(messages):
    return [one["text"] for one in only(messages, type="transcript.final")]


def test_what_is_said_is_told_as_it_comes(call):
    call.say(type="session.config", plain=True)
    sizes = {"sample_rate": 16000, "format": "pcm16"}
    assert call.next() == {"type": "session.ready", "model": "ear", "language": "zh", **sizes}
    call.send(sound(4))
    first = call.heard(type="transcript.final")
    assert first[0] == {"type": "transcript.started", "utterance": 0, "start_s": 0.3}
    partials = only(first, type="transcript.partial")
    assert [one["text"] for one in partials][-1] == "嘟" * 4
    assert {(one["utterance"], one["start_s"]) for one in partials} == {(0, 0.3)}
    assert all(one["end_s"] > 0.3 and 0 <= one["stable"] <= len(one["text"]) for one in partials)
    final = first[-1]
    assert (final["text"], final["start_s"], final["end_s"], len(final["words"])) == ("嘟" * 4, 0.3, 1.92, 4)
    assert set(final) >= {"utterance", "confidence", "alternatives", "tags", "hotwords", "speech"}
    call.send(sound(2, after_s=0.0))
    call.say(type="input.done")
    rest = call.heard(type="transcript.done")
    assert finals(rest) == ["嘟嘟"]
    assert rest[-1] == {"type": "transcript.done", "duration_s": pytest.approx(4.04), "utterances": 2, "warnings": []}
    call.send(sound(1))  # one after the other on a connection, and times begin anew
    call.say(type="input.done")
    again = call.heard(type="transcript.done")
    assert again[0] == {"type": "transcript.started", "utterance": 0, "start_s": 0.3}


@pytest.mark.parametrize("seed", range(3))
def test_messages_may_be_cut_anywhere_and_sound_be_written_otherwise(call, seed):
    call.say(type="session.config", plain=True, partials=False, format="f32")
    for piece in random_cuts(floats(5), seed):
        call.connection.send(piece)
    call.say(type="input.done")
    assert finals(call.heard(type="transcript.done")) == ["嘟" * 5]
    call.say(type="session.config", plain=True, partials=False, sample_rate=8000, second_pass=False)
    for piece in random_cuts(sound(5, 8000), seed):
        call.say(type="input.audio", audio=base64.b64encode(piece).decode())
    call.say(type="input.done")
    heard = call.heard(type="transcript.done")
    assert finals(heard) == ["嘟" * 5]
    assert not only(heard, type="transcript.partial")


def test_how_to_hear_is_configured(call):
    fields = {"language": "zh", "hotwords": "哔哔:15, 北京", "best": 2, "plain": True, "model": "whisper-1"}
    call.say(type="session.config", **fields, silence_s=0.2, longest_s=5, chunk_s=0.4, beam=5)
    assert call.next()["language"] == "zh"
    call.send(sound(2))
    call.say(type="input.done")
    heard = call.heard(type="transcript.done")
    (final,) = only(heard, type="transcript.final")
    assert "哔哔" in final["text"]
    assert (final["hotwords"], len(final["alternatives"])) == (["哔哔"], 1)
    assert "北京" in heard[-1]["warnings"][0]


def test_silence_has_no_words(call):
    call.send(bytes(64000))
    call.say(type="input.done")
    assert call.heard(type="transcript.done") == [{"type": "transcript.done", "duration_s": 2.0, "utterances": 0, "warnings": []}]


@pytest.mark.parametrize(
    ("message", "why", "param"),
    [
        ("{", "not JSON", None),
        ("[]", "must be a JSON object", None),
        ({"type": "input.text"}, "unknown type 'input.text' of a message; accepted: session.config, input.audio", "type"),
        ({"type": "input.audio"}, "must be a string of base64, got None", "audio"),
        ({"type": "input.audio", "audio": "%"}, "is no base64", "audio"),
        ({"type": "input.done"}, "there is no recording that could be done", "type"),
        ({"type": "session.config", "model": "nobody"}, "unknown recogniser 'nobody'", "model"),
        ({"type": "session.config", "language": "xx"}, "does not hear the language 'xx'", "language"),
        ({"type": "session.config", "format": "mp3"}, "unknown format 'mp3'; accepted: pcm16, f32", "format"),
        ({"type": "session.config", "sample_rate": 10}, "sample_rate must be 1000 to 768000 Hz", "sample_rate"),
        ({"type": "session.config", "rate": 16000}, "unknown field 'rate'", "rate"),
        ({"type": "session.config", "beam": 0}, "beam must be 1 to 100", "beam"),
        ({"type": "session.config", "hotwords": "词:x"}, "is no number", "hotwords"),
        ({"type": "session.config", "silence_s": 0.1}, "silence_s must be 0.2 to 10", "silence_s"),
        ({"type": "session.config", "longest_s": 61.0}, "longest_s must be 1 to 60", "longest_s"),
        ({"type": "session.config", "chunk_s": 9.0}, "chunk_s must be", "chunk_s"),
    ],
)
def test_what_is_wrong_is_said_and_the_connection_goes_on(call, message, why, param):
    call.connection.send(message if isinstance(message, str) else json.dumps(message))
    error = call.next()["error"]
    assert why in error["message"]
    assert error["param"] == param
    call.send(sound(1))
    call.say(type="input.done")
    assert call.heard(type="transcript.done")[-1]["utterances"] == 1


def test_a_config_in_the_middle_is_refused_and_hearing_goes_on(call):
    call.send(sound(1, after_s=0.0))
    call.say(type="session.config", plain=True)
    assert "a recording is being heard" in call.heard(type="error")[-1]["error"]["message"]
    call.say(type="input.done")
    assert call.heard(type="transcript.done")[-1]["utterances"] == 1


def test_a_server_that_hears_nothing_says_so_once(call, service):
    service.listeners = Listeners()
    call.send(sound(2))
    assert "this server has no recogniser" in call.next()["error"]["message"]
    call.say(type="input.done")  # ends what was skipped
    call.say(type="session.config")
    assert "this server has no recogniser" in call.next()["error"]["message"]


def test_the_rest_of_a_recording_that_was_refused_is_not_the_beginning_of_another(call, service):
    limit, service.workers.limit = service.workers.limit, 0
    call.send(sound(3))
    assert call.next()["error"]["code"] == "busy"
    service.workers.limit = limit
    call.send(sound(3))
    call.say(type="input.done")
    call.send(sound(2))
    call.say(type="input.done")
    heard = call.heard(type="transcript.done")
    assert [len(text.strip("。")) for text in finals(heard)] == [2]


def test_a_message_that_is_too_large_ends_the_recording(call, monkeypatch):
    monkeypatch.setattr(live_connection, "MESSAGE_BYTES", 4000)
    call.connection.send(bytes(4002))
    assert call.next()["error"]["code"] == "too_large"
    call.send(sound(1))
    call.say(type="input.done")
    call.send(sound(1))
    call.say(type="input.done")
    assert call.heard(type="transcript.done")[-1]["utterances"] == 1


class Broken(Ear):
    def hear(self, wav, beam=10, expected=None):
        raise EngineError("the graph is broken")


def test_a_recogniser_that_fails_is_said(serve, bundle):
    service = hearing_service(bundle, Broken())
    with serve(service) as client, connect(f"ws://{client.base_url.host}:{client.base_url.port}{PATH}") as connection:
        call = Caller(connection)
        call.send(sound(4))
        assert call.heard(type="error")[-1]["error"]["message"] == "the graph is broken"
        call.say(type="input.done")
        call.say(type="session.config")
        assert call.heard(type="session.ready")
        assert service.workers.active == 0


@pytest.fixture
def held(serve, bundle):
    """A connection whose recogniser waits within its first utterance, and what it waits for."""
    ear, entered, release = Ear(), threading.Event(), threading.Event()

    def hold(number: int) -> None:
        entered.set()
        release.wait(20)

    ear.before = hold
    service = hearing_service(bundle, ear)
    with serve(service) as client, connect(f"ws://{client.base_url.host}:{client.base_url.port}{PATH}") as connection:
        yield Caller(connection), service, entered, release
        release.set()


def test_cancelling_drops_what_is_heard_and_the_next_begins_anew(held):
    call, _, entered, release = held
    call.send(sound(6))
    assert entered.wait(20)
    call.say(type="input.cancel")
    release.set()
    heard = call.heard(type="transcript.cancelled")
    assert not only(heard, type="transcript.final")
    call.send(sound(1))
    call.say(type="input.done")
    assert call.heard(type="transcript.done")[0]["utterance"] == 0


def test_who_leaves_stops_the_work(held):
    call, service, entered, release = held
    call.send(sound(6))
    assert entered.wait(20)
    assert service.workers.active == 1
    call.connection.close()
    release.set()
    while service.workers.active:
        pass


def closed(call):
    """Return the messages up to the end of the connection, and how it was closed."""
    messages = []
    try:
        while True:
            messages.append(call.next())
    except ConnectionClosed as closing:
        return messages, closing.rcvd


def test_who_falls_silent_is_told_what_was_heard_and_let_go(serve, service, monkeypatch):
    monkeypatch.setattr(live_connection, "IDLE_S", 0.5)
    monkeypatch.setattr(live_connection, "GLANCE_S", 0.05)
    with serve(service) as client, connect(f"ws://{client.base_url.host}:{client.base_url.port}{PATH}") as connection:
        call = Caller(connection)
        call.connection.send(sound(3, after_s=0.0))
        messages, close = closed(call)
        assert len(finals(messages)) == 1
        assert messages[-1]["type"] == "transcript.done"
        assert (close.code, close.reason) == (1001, "nothing was said for a long time")


def test_a_server_that_stops_hears_to_the_end_what_was_said(call, service):
    call.send(sound(3, after_s=0.0))
    call.heard(type="transcript.partial", text="嘟嘟嘟")
    service.stopping = True
    messages, close = closed(call)
    assert len(finals(messages)) == 1
    assert messages[-1]["type"] == "transcript.done"
    assert (close.code, close.reason) == (1001, "the server is stopping")


def test_a_server_that_stops_does_not_wait_for_who_speaks_on(call, service):
    call.send(sound(1))
    call.heard(type="transcript.final")
    service.stopping = True
    with contextlib.suppress(ConnectionClosed):
        while True:  # or it would never end
            call.connection.send(bytes(640))
    assert service.workers.active == 0


def test_hearing_is_counted(call, service):
    call.send(sound(3))
    call.say(type="input.done")
    call.heard(type="transcript.done")
    while service.workers.active:
        pass
    assert service.metrics.tallies["hear"].audio._value.get() == pytest.approx(2.52)
    assert service.metrics.tallies["hear"].work._value.get() > 0
    assert service.metrics.audio._value.get() == 0
