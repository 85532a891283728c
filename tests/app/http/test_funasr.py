"""The messages of FunASR's runtime: what its clients do with them."""

import json

import pytest
from tests.app.http.live_calls import Caller, hearing_service, only, sound
from tests.serve.fake_listener import LoudIsSpeech
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tingshuo.audio import vad

PLAIN = {"wav_name": "a", "itn": False, "chunk_size": [5, 10, 5], "chunk_interval": 10, "is_speaking": True}
TWO = sound(4) + sound(3, after_s=0.0)


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


@pytest.fixture
def call(serve, bundle):
    address = "ws://{0.host}:{0.port}/funasr"
    with (
        serve(hearing_service(bundle)) as client,
        connect(address.format(client.base_url), subprotocols=["binary"]) as connection,
    ):
        yield Caller(connection)


def shown(messages):
    """Return what a client of FunASR's shows in the end: what is new is put behind, what is corrected replaces it."""
    sure = open_ = ""
    for one in messages:
        if one["mode"] in ("2pass-online", "online"):
            open_ += one["text"]
        else:
            sure, open_ = sure + one["text"], ""
    return sure + open_


def told(call, data=TWO, **fields):
    call.say(**PLAIN | fields)
    call.send(data)
    call.say(is_speaking=False)
    return call.heard(is_end=True)


def test_what_is_told_in_two_passes(call):
    assert call.connection.subprotocol == "binary"
    messages = told(call, mode="2pass")
    assert {one["wav_name"] for one in messages} == {"a"}
    online, offline = only(messages, mode="2pass-online"), only(messages, mode="2pass-offline", is_final=False)
    assert "".join(one["text"] for one in online) == "嘟" * 7
    assert all(one["text"] and not one["is_final"] for one in online)
    assert [one["text"] for one in offline] == ["嘟" * 4, "嘟" * 3]
    assert messages[-1] == {"mode": "2pass-offline", "wav_name": "a", "text": "", "is_final": True, "is_end": True}
    assert shown(messages) == "嘟" * 7
    times = json.loads(offline[0]["timestamp"])
    assert len(times) == 4
    assert all(300 <= begin < end <= 1920 for begin, end in times)
    (sentence,) = offline[0]["stamp_sents"]
    assert (sentence["text_seg"], sentence["punc"], sentence["ts_list"]) == ("嘟 嘟 嘟 嘟", "", times)
    assert (sentence["start"], sentence["end"]) == (300, 1920)


def test_what_is_told_as_it_is_said_and_never_corrected(call):
    messages = told(call, mode="online")
    assert {one["mode"] for one in messages} == {"online"}
    assert shown(messages) == "嘟" * 7
    assert messages[-1]["is_final"]


def test_what_is_told_in_the_end(call):
    first, last = told(call, mode="offline")
    assert (first["mode"], first["text"], first["is_final"]) == ("offline", "嘟嘟嘟嘟 嘟嘟嘟", False)
    assert len(json.loads(first["timestamp"])) == 7
    assert (last["text"], last["is_final"], last["is_end"]) == ("", True, True)


def test_one_recording_after_the_other(call):
    for name, count in (("a", 2), ("b", 3)):
        messages = told(call, sound(count), wav_name=name, mode="offline", audio_fs=16000)
        assert (messages[0]["wav_name"], messages[0]["text"]) == (name, "嘟" * count)


def test_other_rates_hotwords_and_readable_text(call):
    messages = told(call, sound(2, 8000), audio_fs=8000, hotwords='{"哔哔": 150}', itn=True, wav_format="PCM", svs_lang="zh")
    (final,) = only(messages, mode="2pass-offline", is_final=False)
    assert final["text"].startswith("哔哔")
    assert final["stamp_sents"][0]["punc"] == final["text"][-1]
    assert only(told(call, sound(2), hotword="北京，哔哔 吧"), is_final=False)


def test_silence_and_nothing_at_all_end_in_order(call):
    assert told(call, bytes(32000)) == [{"mode": "2pass-offline", "wav_name": "a", "text": "", "is_final": True, "is_end": True}]
    call.say(is_speaking=False)
    assert call.next()["is_end"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"mode": "3pass"}, "unknown mode '3pass'; accepted: 2pass, online, offline"),
        ({"wav_format": "mp3"}, "wav_format must be pcm, got 'mp3'"),
        ({"audio_fs": "16k"}, "audio_fs must be a whole number"),
        ({"audio_fs": 1}, "sample_rate must be"),
        ({"hotwords": {"a": 1}}, "hotwords must be a string"),
        ({"hotwords": '{"a": "b"}'}, "the weight of hotword 'a' must be a number"),
        ({"hotwords": '{"a": NaN}'}, "the weight of hotword 'a' must be a number"),
        ({"wav_format": "\ud800"}, "wav_format must be pcm"),
        ({"svs_lang": "xx"}, "does not hear the language 'xx'"),
    ],
)
def test_what_is_wrong_is_said_and_the_connection_ends(call, fields, why):
    call.say(**PLAIN | fields)
    last = call.next()
    assert why in last["error"]
    assert (last["text"], last["is_final"], last["is_end"]) == ("", True, True)
    with pytest.raises(ConnectionClosed) as closed:
        call.next()
    assert closed.value.rcvd.code == 1003
