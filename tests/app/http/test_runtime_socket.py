"""Clients that know no path are told apart by what they say first."""

import json

import pytest
from tests.app.http.live_calls import Caller, hearing_service, sound
from tests.serve.fake_listener import LoudIsSpeech
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tingshuo.app.http import live_connection
from tingshuo.audio import vad


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


@pytest.fixture
def address(serve, bundle):
    with serve(hearing_service(bundle)) as client:
        yield f"ws://{client.base_url.host}:{client.base_url.port}/"


def test_a_client_of_funasr(address):
    with connect(address, subprotocols=["binary"]) as connection:
        call = Caller(connection)
        call.say(mode="offline", wav_name="a", is_speaking=True, itn=False)
        call.send(sound(3))
        call.say(is_speaking=False)
        assert call.next()["text"] == "嘟嘟嘟"


def test_a_client_of_wenet(address):
    with connect(address) as connection:
        call = Caller(connection)
        call.say(signal="start")
        call.send(sound(3))
        final = call.heard(type="final_result")[-1]
        assert json.loads(final["nbest"])[0]["sentence"] == "嘟嘟嘟"


@pytest.mark.parametrize("first", ["{", "[" * 2000, "[]", b"\xff\x00"])
def test_what_is_neither_is_answered_in_order(address, first):
    with connect(address) as connection:
        connection.send(first)
        if isinstance(first, bytes):
            Caller(connection).say(is_speaking=False)
        assert Caller(connection).heard(is_end=True)


def test_who_says_nothing_is_let_go(address, monkeypatch):
    monkeypatch.setattr(live_connection, "IDLE_S", 0.05)
    with connect(address) as connection, pytest.raises(ConnectionClosed):
        connection.recv(timeout=20)
