"""``POST /v1/audio/transcriptions``: OpenAI's shape, whatever is wrong with a recording, and nothing left behind."""

import io
import json
import socket
import threading
from urllib.parse import unquote

import httpx
import numpy as np
import pytest
import soundfile
from tests.app.conftest import serving
from tests.serve.fake_listener import Ear, LoudIsSpeech, listeners_of, recording, wav_of
from tests.serve.fake_voice import FakeVoice, service_of

from tingshuo.app.http import uploads
from tingshuo.app.http.transcriptions import TranscriptionForm
from tingshuo.audio import vad
from tingshuo.engine.interrupt import current_options
from tingshuo.errors import EngineError
from tingshuo.serve import hearing as hearing_module
from tingshuo.serve.access.audit import AuditLog
from tingshuo.serve.access.gate import Gate
from tingshuo.serve.access.keys import add_key
from tingshuo.serve.access.ring import KeyRing

URL = "/v1/audio/transcriptions"
TALK = wav_of(recording(1, 0.9, 2, 0.6, 1))
SAID = "嘟嘟嘟 嘟嘟"


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def hearing_service(bundle, ear):
    service = service_of(FakeVoice(), bundle)
    service.listeners = listeners_of(ear, bundle)
    return service


@pytest.fixture
def listening(hearing_service, serve):
    """A client of a server that hears."""
    with serve(hearing_service) as client:
        yield client


@pytest.fixture(scope="module")
def ask(bundle):
    """Ask a server that hears, one for all tests that only ask: ``ask(data, plain="true", ...)``."""
    service = service_of(FakeVoice(), bundle)
    service.listeners = listeners_of(Ear(), bundle)
    with serving(service) as client:

        def send(data: bytes = TALK, name: str = "talk.wav", **fields):
            fields = {key.replace("_list", "[]"): value for key, value in fields.items()}
            return client.post(URL, files={"file": (name, data)}, data={"plain": "true"} | fields)

        yield send


def events(text: str) -> list[dict]:
    return [json.loads(part.removeprefix("data: ")) for part in text.split("\n\n") if part]


def test_a_recording_becomes_text(ask):
    reply = ask()
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    told = reply.json()
    assert (told["text"], told["language"], told["duration_s"]) == (SAID, "zh", 5.5)
    assert [segment["text"] for segment in told["segments"]] == ["嘟嘟嘟", "嘟嘟"]
    assert reply.headers["server-timing"].startswith("queue;dur=")
    assert "tingshuo-warnings" not in reply.headers


@pytest.mark.parametrize(
    ("wanted", "media_type", "begins"),
    [
        ("text", "text/plain; charset=utf-8", "嘟嘟嘟\n嘟嘟\n"),
        ("srt", "application/x-subrip", "1\n00:00:00,8"),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT"),
    ],
)
def test_the_formats_of_text_are_those_of_the_command_line(ask, wanted, media_type, begins):
    reply = ask(response_format=wanted)
    assert (reply.headers["content-type"], reply.content.decode()[: len(begins)]) == (media_type, begins)


def test_times_are_told_as_they_were_asked_for(ask):
    told = ask(response_format="verbose_json").json()
    assert (told["task"], told["text"], told["duration"], told["language"]) == ("transcribe", SAID, 5.5, "chinese")
    assert [(s["id"], s["text"]) for s in told["segments"]] == [(0, "嘟嘟嘟"), (1, "嘟嘟")]
    assert "words" not in told
    told = ask(response_format="verbose_json", timestamp_granularities_list=["word"]).json()
    assert [word["word"] for word in told["words"]] == ["嘟"] * 5
    assert "segments" not in told
    told = ask(response_format="verbose_json", timestamp_granularities_list=["word", "segment"]).json()
    assert len(told["words"]) == 5
    assert len(told["segments"]) == 2


def test_a_stream_tells_segments_as_they_come(ask):
    reply = ask(stream="true")
    assert reply.headers["content-type"].startswith("text/event-stream")
    found = events(reply.text)
    assert [event["type"] for event in found] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    assert [event["segment"]["text"] for event in found[:2]] == [event["delta"].strip() for event in found[:2]]
    assert 0 <= found[0]["segment"]["start_s"] < found[0]["segment"]["end_s"] <= found[1]["segment"]["start_s"]
    assert "".join(event["delta"] for event in found[:-1]) == found[-1]["text"] == SAID
    assert found[-1]["usage"] == {"type": "duration", "seconds": 5.5}


def test_other_texts_and_hotwords_are_those_of_the_command_line(ask):
    told = ask(best="2", beam="3", hotwords="嘟嘟:1.5，馕").json()
    assert [segment["alternatives"][0]["text"] for segment in told["segments"]] == ["嘟" * 4, "嘟" * 3]
    assert told["segments"][0]["hotwords"] == ["嘟嘟"]
    assert "馕" in told["warnings"][0]
    assert "馕" in unquote(ask(hotwords="馕", response_format="text").headers["tingshuo-warnings"])


@pytest.mark.parametrize("model", ["", "ear", "other", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "tingshuo"])
def test_names_of_openais_models_mean_the_default(ask, model):
    assert ask(model=model).json()["text"] == SAID


def test_what_is_accepted_and_not_used_is_said(ask):
    warnings = unquote(ask(prompt="以下是普通话的句子。", temperature="0.3", language="zh").headers["tingshuo-warnings"])
    assert "prompt is not used" in warnings
    assert "temperature has no effect" in warnings
    assert "tingshuo-warnings" not in ask(prompt="", temperature="0").headers


def test_punctuation_and_figures_unless_it_is_to_be_plain(ask, monkeypatch):
    from tingshuo.tasks.recognise import transcribe

    monkeypatch.setattr(transcribe, "readable", lambda text, pauses: f"{text}。")
    assert ask(plain="false").json()["text"] == "嘟嘟嘟。嘟嘟。"


NO_SOUNDS = {
    "empty": (b"", "is empty"),
    "text called wav": ("这不是声音".encode() * 20, "cannot be read as audio"),
    "zeros": (b"\0" * 4000, "cannot be read as audio"),
    "a header alone": (wav_of(recording(0)), "holds no samples"),
    "half a header": (TALK[:20], "cannot be read as audio"),
    "an unbelievable rate": (TALK[:24] + (7).to_bytes(4, "little") + TALK[28:], "7 samples a second"),
}


@pytest.mark.parametrize("case", NO_SOUNDS)
def test_what_is_no_sound_is_named_with_its_fault(ask, case):
    data, message = NO_SOUNDS[case]
    reply = ask(data)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"], error["code"], error["type"]) == (400, "file", "audio", "invalid_request_error")
    assert error["message"].startswith("talk.wav: ")
    assert message in error["message"]
    assert "tmp" not in error["message"]


@pytest.mark.parametrize("size", [len(TALK), 0xFFFFFFFF, 1 << 31])
def test_of_a_header_that_promises_too_much_what_is_there_is_heard(ask, size):
    told = ask(TALK[:40] + size.to_bytes(4, "little") + TALK[44:]).json()
    assert (told["text"], told["duration_s"]) == (SAID, 5.5)


def test_samples_that_are_no_numbers_are_silence_and_told(ask):
    wav = recording(1, 0.9, 1)
    wav[20_000:20_100] = np.nan
    told = ask(wav_of(wav, subtype="FLOAT")).json()
    assert "100 samples are no numbers" in told["warnings"][0]
    assert told["text"]


def test_any_rate_and_number_of_channels(ask):
    wav = recording(1, 0.75, 1, rate=96000)
    assert ask(wav_of(np.stack([wav] * 6, 1), 96000)).json()["text"] == "嘟嘟嘟"
    flac = io.BytesIO()
    soundfile.write(flac, recording(1, 0.9, 1), 16000, format="FLAC")
    assert ask(flac.getvalue(), "talk").json()["text"] == "嘟嘟嘟"


def test_where_nobody_speaks_there_is_no_text(ask):
    silence = io.BytesIO()
    soundfile.write(silence, np.zeros(16000 * 120, np.float32), 16000, format="FLAC")
    told = ask(silence.getvalue(), "silence.flac")
    assert (told.json()["text"], told.json()["duration_s"], told.json()["segments"]) == ("", 120.0, [])
    assert ask(silence.getvalue(), response_format="text").content == b""
    assert [event["type"] for event in events(ask(silence.getvalue(), stream="true").text)] == ["transcript.text.done"]


WRONG = {
    "unknown model": ({"model": "nobody"}, 404, "model", "unknown recogniser 'nobody'; accepted: ear, other"),
    "a path": ({"model": "../ear"}, 404, "model", "accepted: ear, other"),
    "another language": ({"language": "fr"}, 400, "language", "does not hear the language 'fr'; accepted: zh"),
    "unknown format": ({"response_format": "docx"}, 400, "response_format", "accepted: text, json, srt, vtt, verbose_json"),
    "no number": ({"temperature": "warm"}, 400, "temperature", "temperature must be a valid number"),
    "too warm": ({"temperature": "2"}, 400, "temperature", "less than or equal to 1"),
    "NaN": ({"temperature": "nan"}, 400, "temperature", "temperature must be"),
    "unknown granularity": (
        {"timestamp_granularities_list": ["phone"]},
        400,
        "timestamp_granularities[]",
        "accepted: segment, word",
    ),
    "words without times": ({"timestamp_granularities_list": ["word"]}, 400, "timestamp_granularities[]", "verbose_json"),
    "another way to cut": ({"chunking_strategy": '{"type": "server_vad"}'}, 400, "chunking_strategy", "must be auto"),
    "no stream of subtitles": ({"stream": "true", "response_format": "srt"}, 400, "stream", "json or text alone"),
    "no boolean": ({"stream": "perhaps"}, 400, "stream", "stream must be a valid boolean"),
    "beam": ({"beam": "0"}, 400, "beam", "beam must be 1 to 100, got 0"),
    "best": ({"best": "51"}, 400, "best", "best must be 1 to 50, got 51"),
    "best as text": ({"best": "2", "response_format": "text"}, 400, "best", "json alone"),
    "a bonus": ({"hotwords": "北京:abc"}, 400, "hotwords", "is no number"),
    "unknown field": ({"speaker": "me"}, 400, "speaker", "unknown field 'speaker'; accepted: model, language"),
}


@pytest.mark.parametrize("case", WRONG)
def test_errors_have_openais_shape_and_name_the_field(ask, case):
    fields, status, param, message = WRONG[case]
    reply = ask(**fields)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"], error["type"]) == (status, param, "invalid_request_error")
    assert message in error["message"]


def test_bodies_that_are_no_form(listening):
    assert listening.post(URL, json={"file": "x"}).status_code == 415
    reply = listening.post(URL, data={"model": "ear"}, files={"recording": ("a.wav", TALK)})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "recording")
    cut = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + TALK
    reply = listening.post(URL, content=cut, headers={"content-type": "multipart/form-data; boundary=XX"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "file")
    assert "cut off" in reply.json()["error"]["message"]


def test_what_is_too_long_is_refused_whether_it_says_so_or_not(hearing_service, serve):
    with serve(hearing_service, upload_bytes=2000) as client:
        reply = client.post(URL, files={"file": ("a.wav", b"x" * 2_000_000)})
        assert (reply.status_code, reply.json()["error"]["param"], reply.json()["error"]["code"]) == (413, "file", "too_large")
        head = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        reply = client.post(
            URL, content=iter([head, b"x" * 3000, b"\r\n--XX--"]), headers={"content-type": "multipart/form-data; boundary=XX"}
        )
        assert reply.status_code == 413


def test_where_nobody_hears_it_is_said_before_anything_is_read(shared_client):
    reply = shared_client.post(URL, content=b"no form at all")
    assert (reply.status_code, reply.json()["error"]["param"]) == (404, "model")
    assert "`tingshuo import PATH -o BUNDLE`" in reply.json()["error"]["message"]


def test_nothing_is_translated_and_that_is_said(shared_client):
    reply = shared_client.post("/v1/audio/translations", files={"file": ("a.wav", TALK)})
    assert reply.status_code == 404
    assert "nothing is translated here; POST /v1/audio/transcriptions" in reply.json()["error"]["message"]


def test_an_error_before_the_first_segment_has_its_status_and_one_after_it_is_an_event(listening, ear, hearing_service):
    def fail(at: int):
        def before(n: int) -> None:
            if n == at:
                raise EngineError("the graph broke")

        ear.heard_s.clear()
        ear.before = before

    fail(0)
    for stream in ("false", "true"):
        reply = listening.post(URL, files={"file": ("a.wav", TALK)}, data={"plain": "true", "stream": stream})
        assert (reply.status_code, reply.json()["error"]["message"]) == (500, "the graph broke")
    fail(1)
    assert listening.post(URL, files={"file": ("a.wav", TALK)}, data={"plain": "true"}).status_code == 500
    fail(1)
    reply = listening.post(URL, files={"file": ("a.wav", TALK)}, data={"plain": "true", "stream": "true"})
    found = events(reply.text)
    assert [event["type"] for event in found] == ["transcript.text.delta", "error"]
    assert found[-1]["error"]["message"] == "the graph broke"
    while hearing_service.workers.active:
        listening.get("/healthz")


@pytest.mark.parametrize("stream", ["false", "true"])
def test_who_leaves_ends_the_work_at_the_next_segment_and_nothing_stays(
    hearing_service, ear, serve, stream, tmp_path, monkeypatch
):
    monkeypatch.setattr(uploads.tempfile, "gettempdir", lambda: str(tmp_path))
    entered, never = threading.Event(), threading.Event()

    def before(n: int) -> None:
        """Hear the second utterance until the work is to be stopped, as a graph does."""
        if n == 1:
            entered.set()
            while not current_options().terminate:
                never.wait(0.01)

    ear.before = before
    long = wav_of(recording(*[0.8, 0.5] * 20))
    with serve(hearing_service) as client:
        _leave(client.base_url, long, stream, entered)
        while hearing_service.workers.active:
            client.get("/healthz")
        assert len(ear.heard_s) == 2
        while [path for path in tmp_path.rglob("*") if path.is_file()]:
            client.get("/healthz")
        told = client.get("/metrics").text
    assert "tingshuo_hearing_rtf_count 0.0" in told
    assert "tingshuo_heard_seconds_total 0.0" not in told


def test_who_leaves_while_it_is_sent_leaves_nothing(hearing_service, serve, tmp_path, monkeypatch):
    monkeypatch.setattr(uploads.tempfile, "gettempdir", lambda: str(tmp_path))
    came = threading.Event()
    new = uploads.Uploads.new
    monkeypatch.setattr(uploads.Uploads, "new", lambda *arguments: came.set() or new(*arguments))
    with serve(hearing_service) as client:
        _leave(client.base_url, TALK, "false", came, share=0.5)
        while [path for path in tmp_path.rglob("*") if path.is_file()]:
            client.get("/healthz")
        assert hearing_service.workers.active == 0
        assert client.post(URL, files={"file": ("a.wav", TALK)}, data={"plain": "true"}).json()["text"] == SAID
    assert list(tmp_path.iterdir()) == []


def _leave(base_url: httpx.URL, data: bytes, stream: str, entered: threading.Event, share: float = 1.0) -> None:
    """Send a recording, or a share of it, and close the connection after something has happened."""
    form = httpx.Request("POST", base_url.join(URL), files={"file": ("a.wav", data)}, data={"plain": "true", "stream": stream})
    body = form.read()
    head = "".join(f"{name}: {form.headers[name]}\r\n" for name in ("host", "content-type", "content-length"))
    with socket.create_connection((base_url.host, base_url.port)) as connection:
        connection.sendall(f"POST {URL} HTTP/1.1\r\n{head}\r\n".encode() + body[: round(share * len(body))])
        assert entered.wait(20)


def test_a_server_that_is_full_refuses_before_it_reads(listening, ear, hearing_service):
    hearing_service.workers.limit = 0
    reply = listening.post(URL, files={"file": ("a.wav", TALK)})
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "busy")
    assert int(reply.headers["retry-after"]) >= 1


def test_it_takes_a_key_for_it_and_the_record_has_how_much_was_heard(hearing_service, serve_guarded, tmp_path):
    keys, audit = tmp_path / "server.json", tmp_path / "audit.jsonl"
    tokens = {verb: add_key(keys, verb, verbs=(verb,))[1] for verb in ("speak", "transcribe")}
    with serve_guarded(hearing_service, Gate(KeyRing(keys), audit=AuditLog(audit))) as client:
        statuses = {
            verb: client.post(
                URL, files={"file": ("a.wav", TALK)}, data={"plain": "true"}, headers={"authorization": f"Bearer {token}"}
            ).status_code
            for verb, token in tokens.items()
        }
        assert statuses == {"speak": 403, "transcribe": 200}
        assert client.post(URL, files={"file": ("a.wav", TALK)}).status_code == 401
    rows = [json.loads(line) for line in audit.read_text("utf-8").splitlines()]
    assert [row["audio_s"] for row in rows if row.get("status") == 200 and "audio_s" in row] == [5.5]
    assert "嘟" not in audit.read_text("utf-8")


def test_it_is_counted_apart_from_what_is_spoken(listening, hearing_service):
    assert listening.post(URL, files={"file": ("a.wav", TALK)}, data={"plain": "true"}).status_code == 200
    rows = (line.rpartition(" ") for line in listening.get("/metrics").text.splitlines() if not line.startswith("#"))
    told = {name: float(number) for name, _, number in rows}
    assert told[f'tingshuo_requests_total{{route="{URL}",status="200"}}'] == 1
    assert told["tingshuo_heard_seconds_total"] == 5.5
    assert (told["tingshuo_hearing_rtf_count"], told["tingshuo_first_text_seconds_count"]) == (1, 1)
    assert (told["tingshuo_audio_seconds_total"], told["tingshuo_rtf_count"], told["tingshuo_first_audio_seconds_count"]) == (
        0,
        0,
        0,
    )
    assert told["tingshuo_open_recognisers"] == 1
    status = listening.get("/api/status").json()
    assert status["since_start"]["hearing"]["audio_s"] == 5.5
    assert status["now"]["open_recognisers"] == 1
    assert [(one["name"], one["default"], one["languages"]) for one in status["recognisers"]] == [
        ("ear", True, ["zh"]),
        ("other", False, ["zh"]),
    ]


def test_recognisers_are_among_the_models(listening, shared_client):
    names = [row["id"] for row in listening.get("/v1/models").json()["data"]]
    assert {"tingshuo", "whisper-1", "ear", "other"} <= set(names)
    assert len(names) == len(set(names))
    assert listening.get("/v1/models/ear").json()["id"] == "ear"
    assert "whisper-1" not in [row["id"] for row in shared_client.get("/v1/models").json()["data"]]


def test_the_description_of_the_api_has_every_field(listening):
    told = listening.get("/openapi.json").json()["paths"]
    schema = told[URL]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    names = {field.alias or name for name, field in TranscriptionForm.model_fields.items()}
    assert set(schema["properties"]) == names | {"file"}
    assert "/v1/audio/translations" not in told


def test_a_recording_that_is_too_long_in_time(listening, monkeypatch):
    monkeypatch.setattr(hearing_module, "LONGEST_S", 3.0)
    long = io.BytesIO()
    soundfile.write(long, np.zeros(16000 * 60, np.float32), 16000, format="FLAC")
    reply = listening.post(URL, files={"file": ("a.flac", long.getvalue())})
    assert (reply.status_code, reply.json()["error"]["param"]) == (413, "file")
