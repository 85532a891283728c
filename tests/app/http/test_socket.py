"""Text in pieces over a WebSocket: what is said, in which order, and what happens when somebody stops, leaves or errs."""

import json
import threading

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tingshuo.app.http import socket
from tingshuo.audio.label.files import read_label
from tingshuo.audio.label.morse import find_rhythms

PATH = "/v1/audio/speech/stream"
LONG = "一二三四五六七八九十。"


class Caller:
    """A client; `heard` returns messages until one of a type."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def say(self, type: str, **fields: object) -> None:
        self.connection.send(json.dumps({"type": type, **fields}))

    def heard(self, last: str) -> list[dict]:
        found = []
        while not found or found[-1]["type"] != last:
            message = self.connection.recv(timeout=20)
            found.append({"type": "audio", "data": message} if isinstance(message, bytes) else json.loads(message))
        return found


@pytest.fixture
def call(client: httpx.Client):
    with connect(f"ws://{client.base_url.host}:{client.base_url.port}{PATH}") as connection:
        yield Caller(connection)


def types(messages: list[dict]) -> list[str]:
    return [message["type"] for message in messages]


def test_a_text_in_pieces_is_spoken_as_it_comes(call, client):
    call.say("input.text", text="一。二二二")
    call.say("input.text", text="二二二二二二二二")
    begun = call.heard("audio")
    assert types(begun) == ["audio.start", "audio.sentence", "audio"]
    assert begun[0] == {"type": "audio.start", "format": "pcm", "sample_rate": 24000, "voice": "default", "speaker": "tan"}
    call.say("input.text", text="。三")
    call.say("input.done")
    rest = call.heard("audio.done")
    assert types(rest) == ["audio.sentence", "audio"] * 2 + ["audio.done"]
    assert [one["start_s"] for one in (*begun, *rest) if one["type"] == "audio.sentence"] == pytest.approx([0, 0.1, 0.2])
    done = rest[-1]
    assert (done["duration_s"], done["characters"], done["warnings"]) == (0.3, 15, [])
    call.say("input.text", text="又一。")  # one after the other on a connection
    call.say("input.done")
    again = call.heard("audio.done")
    assert types(again) == ["audio.start", "audio.sentence", "audio", "audio.done"]


def test_the_fields_of_a_request_and_the_format_are_configured(call, fake_voice):
    call.say("session.config", voice="default/deep", speed=1.5, response_format="wav")
    label = {"form": "rhythm", "position": "end", "producer": "tingshuo", "watermark": False}
    ready = {"type": "session.ready", "voice": "default", "format": "wav", "label": label}
    assert call.heard("session.ready")[-1] == ready
    call.say("input.text", text="一。")
    call.say("input.done")
    heard = call.heard("audio.done")
    assert heard[0]["speaker"] == "deep"
    assert next(one["data"] for one in heard if one["type"] == "audio").startswith(b"RIFF")
    assert fake_voice.streams[-1]._request.speed == 1.5


def test_barging_in_stops_the_work_at_the_chunk_and_the_next_text_begins_anew(call, fake_voice, service):
    entered, release = threading.Event(), threading.Event()

    def hold(chunk: int) -> None:
        if chunk == 1:
            entered.set()
            release.wait(20)

    fake_voice.before_chunk = hold
    call.say("input.text", text=LONG * 30)
    call.heard("audio")
    assert entered.wait(20)
    call.say("input.cancel")
    assert call.heard("audio.cancelled")[-1]["duration_s"] == 0.1  # said at once, while the chunk is in work
    release.set()
    assert fake_voice.closed.wait(20)
    assert fake_voice.streams[-1].made == 2
    call.say("input.text", text="一。")
    call.say("input.done")
    assert types(call.heard("audio.done"))[0] == "audio.start"
    call.say("input.cancel")
    assert call.heard("audio.cancelled")[-1]["duration_s"] == 0


def test_who_leaves_stops_the_work(call, fake_voice, service, client):
    call.say("input.text", text=LONG * 400)
    call.heard("audio")
    call.connection.close()
    assert fake_voice.closed.wait(20)
    while client.get("/readyz").json()["active"]:
        pass
    assert fake_voice.streams[-1].made < 400


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("{", "not JSON"),
        (b"\xff", "not UTF-8"),
        ("[]", "must be a JSON object"),
        ({"type": "input.speak"}, "unknown type 'input.speak' of a message; accepted: session.config, input.text"),
        ({}, "unknown type None"),
        ({"type": "input.text"}, "field 'text' of input.text must be a string, got None"),
        ({"type": "input.text", "text": "\ud800"}, "lone surrogate"),
        ({"type": "input.text", "text": "\x00"}, "control character"),
        ({"type": "input.done"}, "there is no text that could be done"),
        ({"type": "session.config", "voice": "nobody"}, "unknown voice 'nobody'"),
        ({"type": "session.config", "speed": 9}, "speed must be a number from 0.5 to 2"),
        ({"type": "session.config", "sped": 1}, "unknown field 'sped'"),
        ({"type": "session.config", "response_format": "midi"}, "midi"),
    ],
)
def test_what_is_wrong_is_said_and_the_connection_goes_on(call, message, why):
    call.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))
    error = call.heard("error")[-1]["error"]
    assert why in error["message"]
    assert error["type"] == "invalid_request_error"
    call.say("input.text", text="一。")
    call.say("input.done")
    assert types(call.heard("audio.done"))[-1] == "audio.done"


def test_a_config_in_the_middle_of_a_text_is_refused(call):
    call.say("input.text", text="一。")
    call.say("session.config", speed=2)
    assert "a text is being spoken" in call.heard("error")[-1]["error"]["message"]
    call.say("input.done")
    call.heard("audio.done")


def test_the_rest_of_a_text_that_was_refused_is_not_the_beginning_of_another(call, service):
    limit, service.workers.limit = service.workers.limit, 0
    call.say("input.text", text=LONG * 2)
    assert call.heard("error")[-1]["error"]["code"] == "busy"
    service.workers.limit = limit
    call.say("input.text", text=LONG)
    call.say("input.done")
    call.say("input.text", text="一。")
    call.say("input.done")
    assert types(call.heard("audio.done")) == ["audio.start", "audio.sentence", "audio", "audio.done"]


def test_a_client_that_says_nothing_is_let_go(client, monkeypatch):
    monkeypatch.setattr(socket, "IDLE_S", 0.05)
    with connect(f"ws://{client.base_url.host}:{client.base_url.port}{PATH}") as connection:
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=20)
        assert closed.value.rcvd.code == 1001


def test_a_server_that_is_not_ready_says_so(service, fake_voice, serve):
    release = threading.Event()
    fake_voice.before_chunk = lambda _: release.wait(20)
    with serve(service) as client, connect(f"ws://{client.base_url.host}:{client.base_url.port}{PATH}") as connection:
        caller = Caller(connection)
        caller.say("input.text", text="一。")
        assert "still being opened" in caller.heard("error")[-1]["error"]["message"]
        release.set()


def test_the_label_comes_when_the_text_is_over(call):
    call.say("session.config", response_format="wav")
    call.heard("session.ready")
    call.say("input.text", text="一。二二二二二二二二二二。")
    call.say("input.done")
    heard = call.heard("audio.done")
    wav = b"".join(one["data"] for one in heard if one["type"] == "audio")
    assert read_label(wav).field is not None
    done = heard[-1]
    assert done["duration_s"] == pytest.approx(0.2 + 1.55)
    assert (done["label"]["start_s"], done["label"]["end_s"]) == (0.2, 1.75)
    (found,) = find_rhythms(np.frombuffer(wav.partition(b"data")[2][4:], "<i2") / 32768, 24000)
    assert found.start_s > 0.2


def test_nothing_is_heard_under_an_agreement_alone(call):
    call.say("session.config", response_format="wav", label="none")
    assert "needs the id of an agreement" in call.heard("error")[-1]["error"]["message"]
