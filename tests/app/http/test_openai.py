"""``/v1``: OpenAI's shapes."""

import base64
import io
import json
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile
from tests.serve.fake_voice import RHYTHM

from tingshuo.audio.label.files import read_label
from tingshuo.audio.label.morse import find_rhythms
from tingshuo.errors import EngineError
from tingshuo.serve.labels import LabelRule
from tingshuo.store.agreements import AgreementLog

SPEECH = {"model": "tingshuo", "voice": "default", "input": "今天天气真好。我们走吧。"}
MEDIA_TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav", "pcm": "audio/pcm"}


def events(response) -> list[dict]:
    return [json.loads(part.removeprefix("data: ")) for part in response.text.split("\n\n") if part]


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_speech_is_audio_of_the_format_asked_for(shared_client, form):
    reply = shared_client.post("/v1/audio/speech", json=SPEECH | {"response_format": form})
    assert reply.status_code == 200
    assert reply.headers["content-type"] == MEDIA_TYPES[form]
    assert reply.headers["transfer-encoding"] == "chunked"
    if form == "pcm":
        assert len(reply.content) == 4800 * 2
    else:
        data, expected = bytearray(reply.content), 4800 + RHYTHM
        if form == "flac":  # a stream does not know its length when it begins, and libsndfile wants it
            data[22:26] = expected.to_bytes(4, "big")
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            n_samples = len(file.read(96_000))
        assert file.samplerate == 24000
        assert expected <= n_samples < expected + 2 * 1152, "whole, and padded by no more than a codec does"


def test_mp3_is_the_default(shared_client):
    assert shared_client.post("/v1/audio/speech", json={"input": "你好"}).headers["content-type"] == "audio/mpeg"


def test_events_carry_the_same_bytes(shared_client):
    asked = SPEECH | {"response_format": "pcm", "seed": 9}
    reply = shared_client.post("/v1/audio/speech", json=asked | {"stream_format": "sse"})
    whole = shared_client.post("/v1/audio/speech", json=asked).content
    assert reply.headers["content-type"].startswith("text/event-stream")
    found = events(reply)
    assert [e["type"] for e in found] == ["speech.audio.delta", "speech.audio.delta", "speech.audio.done"]
    assert b"".join(base64.b64decode(e["audio"]) for e in found[:-1]) == whole
    assert found[-1]["usage"]["input_tokens"] == len(SPEECH["input"])


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_what_was_streamed_whole_is_streamed_again_without_work(client, fake_voice, stream_format):
    asked = SPEECH | {"input": "一☃。二。", "response_format": "mp3"}
    first = client.post("/v1/audio/speech", json=asked)
    again = client.post("/v1/audio/speech", json=asked | {"stream_format": stream_format})
    sent = again.content if stream_format == "audio" else b"".join(base64.b64decode(e["audio"]) for e in events(again)[:-1])
    assert sent == first.content
    assert again.headers["tingshuo-warnings"] == first.headers["tingshuo-warnings"]
    assert len(fake_voice.streams) == 1
    client.post("/v1/audio/speech", json=asked | {"speed": 1.1})
    assert len(fake_voice.streams) == 2


def test_what_was_not_heard_whole_is_not_kept(client, fake_voice, service):
    asked = SPEECH | {"input": "一。" * 400, "response_format": "pcm"}
    with client.stream("POST", "/v1/audio/speech", json=asked) as reply:
        next(reply.iter_bytes(1000))
    assert fake_voice.closed.wait(20)
    while client.get("/readyz").json()["active"]:
        pass
    assert not list(service.results.path("x", "pcm").parent.iterdir())
    service.results.limit_bytes = 6000
    large = client.post("/v1/audio/speech", json=SPEECH | {"input": "一。二。三。", "response_format": "pcm"})
    assert len(large.content) == 3 * 4800  # the stream goes on when there is no room to keep it
    assert not list(service.results.path("x", "pcm").parent.iterdir())


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"])
def test_the_names_of_openais_models_are_accepted(shared_client, model):
    assert shared_client.post("/v1/audio/speech", json=SPEECH | {"model": model}).status_code == 200


def test_the_names_of_openais_voices_get_the_default_and_are_told(shared_client):
    reply = shared_client.post("/v1/audio/speech", json=SPEECH | {"voice": "alloy"})
    assert reply.status_code == 200
    assert "the voice alloy is OpenAI's and not here; default speaks" in unquote(reply.headers["tingshuo-warnings"])
    assert shared_client.post("/api/tts", json={"text": "你好", "voice": "alloy"}).status_code == 404


BAD = {
    "unknown model": ({"model": "tts-9"}, 404, None, "accepted: tingshuo"),
    "unknown voice": ({"voice": "nobody"}, 404, "voice", "accepted: default, default/deep, other"),
    "unknown speaker": ({"speaker": "nobody"}, 404, "speaker", "accepted: tan, deep"),
    "unknown speaker of a voice": ({"voice": "default/nobody"}, 404, "voice", "accepted: tan, deep"),
    "two speakers": ({"voice": "default/deep", "speaker": "tan"}, 400, "speaker", "names the speaker 'deep'"),
    "unknown format": ({"response_format": "midi"}, 400, "response_format", "accepted: mp3, opus, aac, flac, wav, pcm"),
    "unknown stream format": ({"stream_format": "ws"}, 400, "stream_format", "accepted: audio, sse"),
    "too fast": ({"speed": 4.0}, 400, "speed", "from 0.5 to 2"),
    "our field of the other route": ({"text": "你好"}, 400, "text", "accepted: emotion"),
    "nothing to say": ({"input": "。。"}, 422, "input", "nothing to speak"),
    "too long": ({"input": "a" * 100_001}, 413, "input", "at most 100000"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors_have_openais_shape(shared_client, case):
    change, status, param, message = BAD[case]
    reply = shared_client.post("/v1/audio/speech", json=SPEECH | change)
    assert reply.status_code == status
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert message in error["message"]


def test_an_error_before_the_first_chunk_has_its_status(client, fake_voice):
    def fail(_: int) -> None:
        raise EngineError("the graph broke")

    fake_voice.before_chunk = fail
    reply = client.post("/v1/audio/speech", json=SPEECH)
    assert reply.status_code == 500
    assert reply.json()["error"] == {"message": "the graph broke", "type": "server_error", "param": None, "code": "engine"}


def test_an_error_after_it_breaks_the_body_off(client, fake_voice, service):
    """A client must not take half for the whole: the body has no end."""
    import httpx

    def fail_at_second(n: int) -> None:
        if n == 1:
            raise EngineError("the graph broke")

    fake_voice.before_chunk = fail_at_second
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/v1/audio/speech", json=SPEECH | {"response_format": "pcm"})
    found = events(client.post("/v1/audio/speech", json=SPEECH | {"response_format": "pcm", "stream_format": "sse"}))
    assert found[-1]["type"] == "error"
    assert found[-1]["error"]["message"] == "the graph broke"
    while service.workers.active:
        client.get("/healthz")


def test_instructions_choose_an_emotion_or_say_that_they_do_not(client, fake_voice):
    reply = client.post("/v1/audio/speech", json=SPEECH | {"instructions": "happy"})
    assert fake_voice.streams[-1]._request.emotion == "happy"
    assert "tingshuo-warnings" not in reply.headers
    reply = client.post("/v1/audio/speech", json=SPEECH | {"instructions": "like a pirate"})
    assert fake_voice.streams[-1]._request.emotion == "neutral"
    assert "name no emotion" in reply.headers["tingshuo-warnings"]
    reply = client.post("/v1/audio/speech", json=SPEECH | {"instructions": "sad", "emotion": "angry"})
    assert fake_voice.streams[-1]._request.emotion == "angry"
    assert "the field emotion decides" in reply.headers["tingshuo-warnings"]


def test_warnings_that_are_not_ascii_travel_in_the_header(shared_client):
    reply = shared_client.post("/v1/audio/speech", json=SPEECH | {"input": "下雪☃。"})
    assert unquote(reply.headers["tingshuo-warnings"]) == "☃ cannot be spoken"


def test_models_and_voices_are_listed(shared_client):
    models = shared_client.get("/v1/models").json()
    assert models["object"] == "list"
    assert models["data"][0] == {"id": "tingshuo", "object": "model", "created": 0, "owned_by": "tingshuo"}
    assert shared_client.get("/v1/models/tts-1").json()["id"] == "tts-1"
    assert shared_client.get("/v1/models/other").status_code == 404
    voices = shared_client.get("/v1/audio/voices").json()["voices"]
    assert [(v["id"], v["speaker"]) for v in voices[:2]] == [("default", "tan"), ("default/deep", "deep")]
    assert {v["id"].split("/")[0] for v in voices[2:]} == {"other"}


@pytest.mark.parametrize("fields", [{"voice": "default/deep"}, {"speaker": "deep"}, {"voice": "default/deep", "speaker": "deep"}])
def test_the_second_speaker_of_a_voice_speaks(client, fake_voice, fields):
    assert client.post("/v1/audio/speech", json=SPEECH | fields).status_code == 200
    assert fake_voice.streams[-1].speaker == "deep"


@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "flac", "aac"])
def test_speech_is_labelled_without_being_asked(shared_client, form):
    reply = shared_client.post("/v1/audio/speech", json=SPEECH | {"response_format": form})
    assert reply.headers["tingshuo-label"] == "rhythm; position=end"
    assert read_label(reply.content).field.content_producer == "tingshuo"


def test_samples_are_bare_and_say_so(shared_client):
    reply = shared_client.post("/v1/audio/speech", json=SPEECH | {"response_format": "pcm"})
    assert (reply.headers["tingshuo-label"], len(reply.content)) == ("bare", 2 * 4800)


def test_a_request_may_choose_how_the_label_is_heard(client, service):
    start = client.post("/v1/audio/speech", json=SPEECH | {"response_format": "wav", "label_position": "start"})
    assert start.headers["tingshuo-label"] == "rhythm; position=start"
    (found,) = find_rhythms(np.frombuffer(start.content.partition(b"data")[2][4:], "<i2") / 32768, 24000)
    assert found.start_s < 0.05
    wrong = client.post("/v1/audio/speech", json=SPEECH | {"response_format": "wav", "label": "beep"})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "label")
    assert "accepted: rhythm, speech, none" in wrong.json()["error"]["message"]


def test_nothing_is_heard_under_an_agreement_alone_and_each_use_is_kept(client, service, tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    asked = SPEECH | {"response_format": "wav", "label": "none", "agreement": "contract-1"}
    refused = client.post("/v1/audio/speech", json=asked)
    assert (refused.status_code, refused.json()["error"]["param"]) == (403, "agreement")
    service.labels = LabelRule(agreements=("contract-1",))
    for path, body in (("/v1/audio/speech", asked), ("/v1/audio/speech", asked | {"seed": 1}), ("/v1/audio/speech", asked)):
        reply = client.post(path, json=body)
        assert reply.headers["tingshuo-label"] == "none"
        assert read_label(reply.content).field is not None
        assert len(reply.content.partition(b"data")[2]) == 4 + 2 * 4800
    assert len(list(AgreementLog().uses())) == 3  # what is kept already was given out as well
    (tmp_path / "agreements" / "agreements.head").unlink()
    for path in (tmp_path / "agreements").iterdir():
        path.unlink()
    (tmp_path / "agreements").rmdir()
    (tmp_path / "agreements").write_text("in the way")
    assert client.post("/v1/audio/speech", json=asked).status_code >= 500  # what cannot be kept does not go out
