"""What all live connections have in common."""

import contextlib
import json
import random

import numpy as np
import pytest
from tests.app.http.live_calls import Caller, hearing_service, sound
from tests.serve.fake_listener import LoudIsSpeech
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tingshuo.app.http.live_connection import Samples, Wanted
from tingshuo.audio import vad
from tingshuo.errors import RequestError, UnauthorizedError
from tingshuo.serve.access.gate import Caller as Asking
from tingshuo.tasks.recognise.transcribe import Listening


@pytest.mark.parametrize(("format", "kind", "scale"), [("pcm16", "<i2", 32768), ("f32", "<f4", 1)])
@pytest.mark.parametrize("piece", [1, 3, 7, 1000])
def test_bytes_become_samples_wherever_they_are_cut(format, kind, scale, piece):
    wav = (np.linspace(-1, 0.999, 50) * scale).astype(kind)
    samples, data = Samples(format), wav.tobytes() + b"\x01"
    made = [samples.feed(data[first : first + piece]) for first in range(0, len(data), piece)]
    np.testing.assert_allclose(np.concatenate(made), wav / scale, atol=1e-7)
    assert all(one.dtype == np.float32 for one in made)


MANY = Listening(hotwords=dict.fromkeys(map(str, range(1001)), 1.0))


@pytest.mark.parametrize(
    ("fields", "param"), [({"format": "wav"}, "format"), ({"sample_rate": 0}, "sample_rate"), ({"listening": MANY}, "hotwords")]
)
def test_what_cannot_be_heard_is_refused(fields, param):
    with pytest.raises(RequestError) as refused:
        Wanted(**fields)
    assert refused.value.param == param


OWN, FUNASR, WENET = "/v1/audio/transcriptions/stream", "/funasr", "/wenet"
NAMES = (
    "type",
    "signal",
    "mode",
    "is_speaking",
    "audio_fs",
    "hotwords",
    "sample_rate",
    "best",
    "nbest",
    "audio",
    "wav_name",
    "itn",
)
KINDS = ("session.config", "input.audio", "input.done", "input.cancel", "start", "end", "2pass", "online", "offline", "pcm")
VALUES = (None, True, False, 0, -1, 10**400, 1e300, float("nan"), "", "\x00", "\ud800", "词:3", [], {}, "[[", *KINDS)


def anything(rng):
    """Return a message that somebody may send who has not read any protocol."""
    match rng.randrange(4):
        case 0:
            return rng.randbytes(rng.randrange(5000))
        case 1:
            return rng.choice(["", "{", "[" * 3000, "null", '{"type": 1e999}', "\x00"])
        case _:
            return json.dumps({name: rng.choice(VALUES) for name in rng.sample(NAMES, rng.randrange(1, 5))})


@pytest.fixture
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


@pytest.mark.parametrize("path", [OWN, FUNASR, WENET, "/"])
@pytest.mark.usefixtures("loud_is_speech")
def test_whatever_is_sent_the_server_goes_on(serve, bundle, path, caplog):
    service = hearing_service(bundle)
    with serve(service) as client:
        address = f"ws://{client.base_url.host}:{client.base_url.port}{path}"
        for seed in range(12):
            rng = random.Random(seed)
            with connect(address) as connection, contextlib.suppress(ConnectionClosed):
                for _ in range(8):
                    connection.send(anything(rng))
        while service.workers.active:
            pass
        with connect(f"ws://{client.base_url.host}:{client.base_url.port}{OWN}") as connection:
            call = Caller(connection)
            call.send(sound(1))
            call.say(type="input.done")
            assert call.heard(type="transcript.done")[-1]["utterances"] == 1
    assert not [record for record in caplog.records if record.exc_info], "no bug showed itself"


@pytest.mark.usefixtures("loud_is_speech")
def test_a_key_that_ends_meanwhile_opens_nothing_more(serve, bundle, monkeypatch):
    def refuse(self):
        raise UnauthorizedError("the key no longer holds")

    service = hearing_service(bundle)
    with serve(service) as client, connect(f"ws://{client.base_url.host}:{client.base_url.port}{OWN}") as connection:
        call = Caller(connection)
        call.say(type="session.config")
        assert call.heard(type="session.ready")
        monkeypatch.setattr(Asking, "look_again", refuse)
        call.send(sound(1))
        assert call.next()["error"]["code"] == "unauthorized"
