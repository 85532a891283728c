"""``/api``: speak into a file, as lines, fetch it, and what happens when the client leaves."""

import base64
import io
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import soundfile
from tests.serve.fake_voice import RHYTHM

from tingshuo.audio.label.files import read_label
from tingshuo.errors import EngineError

TEXT = {"text": "今天天气真好。我们走吧。"}


def lines(response) -> list[dict]:
    return [json.loads(line) for line in response.text.splitlines()]


def test_speaking_gives_the_address_of_finished_audio(client):
    reply = client.post("/api/tts", json=TEXT | {"emotion": "happy"})
    assert reply.status_code == 200
    body = reply.json()
    assert body["duration_s"] == pytest.approx(1.75)
    label = {"form": "rhythm", "position": "end", "start_s": 0.2, "end_s": 1.75, "producer": "tingshuo", "watermark": False}
    assert body["label"] == label
    assert body["cached"] is False
    assert body["rtf"] == 0.01
    assert body["stages"]["vocoder_ms"] == 3.0
    assert [s["text"] for s in body["sentences"]] == ["今天天气真好", "我们走吧"]
    assert body["sentences"][1]["words"][0]["characters"][0] == {"text": "我", "pinyin": "a1", "start_s": 0.1, "end_s": 0.2}
    audio = client.get(body["audio_url"])
    assert audio.headers["content-type"] == "audio/wav"
    wav, rate = soundfile.read(io.BytesIO(audio.content))
    assert (rate, len(wav)) == (24000, 4800 + RHYTHM)
    assert np.abs(wav[:4800]).max() == pytest.approx(0.3, abs=0.01)


def test_stages_are_in_the_timing_header(client):
    timing = client.post("/api/tts", json=TEXT).headers["server-timing"]
    queue, _, stages = timing.partition(", ")
    assert float(queue.removeprefix("queue;dur=")) >= 0
    assert stages == "text;dur=1.0, speaker;dur=0.0, acoustic;dur=2.0, vocoder;dur=3.0, ttfb;dur=6.0"


def test_the_same_request_is_answered_from_memory(client, fake_voice):
    first = client.post("/api/tts", json=TEXT).json()
    again = client.post("/api/tts", json=TEXT | {"speed": 1}).json()
    assert again == first | {"cached": True}
    assert client.post("/api/tts", json=TEXT | {"seed": 1}).json()["cached"] is False
    assert client.post("/api/tts", json=TEXT | {"format": "flac"}).json()["cached"] is False
    assert len(fake_voice.streams) == 3


def test_each_speaker_of_a_voice_speaks_and_is_named(client, fake_voice):
    deep = client.post("/api/tts", json=TEXT | {"speaker": "deep"}).json()
    assert (deep["speaker"], deep["voice"], fake_voice.streams[-1].speaker) == ("deep", "default", "deep")
    assert client.post("/api/tts", json=TEXT).json()["speaker"] == "tan"
    assert client.post("/api/tts", json=TEXT | {"speaker": "tan"}).json()["cached"] is True
    first, *_ = lines(client.post("/api/tts/stream", json=TEXT | {"voice": "default/deep"}))
    assert (first["type"], first["speaker"]) == ("start", "deep")
    error = client.post("/api/tts", json=TEXT | {"speaker": "wu"})
    assert error.status_code == 404
    assert error.json()["error"]["param"] == "speaker"
    assert "accepted: tan, deep" in error.json()["error"]["message"]


def test_a_format_and_its_alias_are_the_same(client):
    first = client.post("/api/tts", json=TEXT | {"format": "ogg"}).json()
    again = client.post("/api/tts", json=TEXT | {"format": "opus"}).json()
    assert first["format"] == "opus"
    assert again["cached"] is True
    assert client.get(first["audio_url"]).content[:4] == b"OggS"


def test_audio_can_be_sought_in(client):
    url = client.post("/api/tts", json=TEXT).json()["audio_url"]
    whole = client.get(url)
    assert whole.headers["accept-ranges"] == "bytes"
    part = client.get(url, headers={"range": "bytes=44-1043"})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 44-1043/{len(whole.content)}"
    assert part.content == whole.content[44:1044]
    assert client.get(url, headers={"range": "bytes=999999-"}).status_code == 416
    head = client.head(url)
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.content == b""


@pytest.mark.parametrize("header", ["bytes=5-2", "bytes=abc", "lines=1-2", "bytes=", "bytes=0-9,x", "x"])
def test_a_range_that_makes_no_sense_is_ignored(client, header):
    url = client.post("/api/tts", json=TEXT).json()["audio_url"]
    reply = client.get(url, headers={"range": header})
    assert (reply.status_code, reply.content[:4]) == (200, b"RIFF")


def test_audio_is_not_sent_twice_to_who_has_it(client):
    url = client.post("/api/tts", json=TEXT).json()["audio_url"]
    etag = client.get(url).headers["etag"]
    assert client.get(url, headers={"if-none-match": etag}).status_code == 304
    assert client.get(url, headers={"if-none-match": '"another"'}).status_code == 200


@pytest.mark.parametrize("result_id", ["nothing", "..%2F..%2Fetc%2Fpasswd", "%00"])
def test_audio_that_never_was_is_not_found(client, result_id):
    reply = client.get(f"/api/audio/{result_id}")
    assert reply.status_code == 404
    assert reply.json()["error"]["message"]


def test_the_stream_has_audio_and_times_as_they_are_made(client):
    reply = client.post("/api/tts/stream", json=TEXT)
    assert reply.headers["content-type"] == "application/x-ndjson"
    events = lines(reply)
    assert [e["type"] for e in events] == ["start", "sentence", "audio", "sentence", "audio", "audio", "done"]
    start, sentence, audio, done = events[0], events[1], events[2], events[-1]
    assert start["sample_rate"] == 24000
    assert sentence["words"][0]["characters"][0]["pinyin"] == "a1"
    assert (audio["start_samples"], events[4]["start_samples"]) == (0, 2400)
    streamed = b"".join(base64.b64decode(e["pcm16"]) for e in events if e["type"] == "audio")
    finished = client.get(done["audio_url"]).content
    assert finished.partition(b"data")[2][4:] == streamed, "what was streamed is what is kept"
    assert done["audio_url"].endswith(start["id"])
    assert {"duration_s", "rtf", "stages", "warnings", "format"} <= set(done)


def test_warnings_come_with_the_reply(client):
    snow = {"text": "下雪☃。"}
    assert client.post("/api/tts", json=snow).json()["warnings"] == ["☃ cannot be spoken"]
    assert lines(client.post("/api/tts/stream", json=snow | {"seed": 1}))[-1]["warnings"] == ["☃ cannot be spoken"]


def test_an_error_in_the_middle_of_a_stream_is_its_last_line(client, fake_voice, service):
    def break_at_second(n: int) -> None:
        if n == 1:
            raise EngineError("the graph broke")

    fake_voice.before_chunk = break_at_second
    events = lines(client.post("/api/tts/stream", json=TEXT))
    assert events[-1] == {"type": "error", "message": "the graph broke", "status": 500, "code": "engine"}
    while service.workers.active:  # the last line is sent a moment before the job is closed
        client.get("/healthz")
    assert not list(service.results.path("x", "wav").parent.iterdir()), "nothing half-written stays"
    reply = client.post("/api/tts", json=TEXT)
    assert reply.status_code == 500
    assert reply.json()["error"]["message"] == "the graph broke"


@pytest.mark.parametrize("path", ["/api/tts", "/api/tts/stream"])
def test_a_client_that_leaves_stops_the_work(client, fake_voice, service, path):
    """The second chunk waits until the client has gone; the hundredth is never made."""
    entered, release = threading.Event(), threading.Event()

    def wait(n: int) -> None:
        if n == 1:
            entered.set()
            release.wait(20)

    fake_voice.before_chunk = wait

    body = json.dumps({"text": "一。" * 100}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
        connection.sendall(head.encode() + body)
        assert entered.wait(20)
    assert client.get("/healthz").status_code == 200, "the server has seen the end of the other connection by now"
    release.set()
    assert fake_voice.closed.wait(20)
    stream = fake_voice.streams[-1]
    assert stream.closed
    assert stream.made < 100
    while service.workers.active:
        client.get("/healthz")


def test_one_request_too_many_is_told_when_to_come_back(client, fake_voice):
    """The service admits three."""
    release = threading.Event()
    arrived = threading.Semaphore(0)

    def wait(_: int) -> None:
        arrived.release()
        release.wait(20)

    fake_voice.before_chunk = wait
    waiting = [threading.Thread(target=client.post, args=("/api/tts",), kwargs={"json": {"text": f"第{n}"}}) for n in range(3)]
    for thread in waiting:
        thread.start()
    arrived.acquire()
    arrived.acquire()  # two threads work; the third request waits in the queue, known to the server soon
    while client.get("/readyz").json()["active"] < 3:
        pass
    refused = client.post("/api/tts", json=TEXT)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["error"]["code"] == "busy"
    assert client.get("/healthz").status_code == 200, "a full queue is not a dead server"
    release.set()
    for thread in waiting:
        thread.join()
    assert client.post("/api/tts", json=TEXT).status_code == 200


def test_voices_tells_what_can_be_asked_for(client):
    offer = client.get("/api/voices").json()
    assert [v["name"] for v in offer["voices"]] == ["default", "other"]
    voice = offer["voices"][0]
    assert voice["styles"][0].keys() == {"name", "description"}
    assert voice["speakers"] == [{"name": "tan", "gender": "female"}, {"name": "deep", "gender": "male"}]
    assert voice["licence"] == "CC-BY-SA-4.0"
    assert offer["ranges"]["speed"] == {"min": 0.5, "max": 2.0, "default": 1.0, "unit": ""}
    assert offer["max_characters"] == 100_000
    assert "happy" in offer["emotions"]
    for name in offer["formats"]:
        if name not in ("aac", "m4a"):  # made by ffmpeg
            assert client.post("/api/tts", json=TEXT | {"format": name}).status_code == 200, name


def test_equal_requests_at_the_same_time_are_computed_once(client, fake_voice):
    entered, release = threading.Event(), threading.Event()
    fake_voice.before_chunk = lambda _: (entered.set(), release.wait(20))
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(client.post, "/api/tts", json=TEXT) for _ in range(3)]
        assert entered.wait(20)
        while client.get("/metrics").text.count('tingshuo_cache_total{result="hit"} 2.0') == 0:
            pass
        release.set()
        replies = [one.result(20).json() for one in asked]
    assert replies[0] == replies[1] == replies[2]
    assert len(fake_voice.streams) == 1


def test_who_leaves_does_not_take_the_work_from_others(client, fake_voice):
    entered, release = threading.Event(), threading.Event()
    fake_voice.before_chunk = lambda _: (entered.set(), release.wait(20))
    with ThreadPoolExecutor(2) as pool:
        stays = pool.submit(client.post, "/api/tts", json=TEXT)
        assert entered.wait(20)
        with pytest.raises(httpx.ReadTimeout):
            client.post("/api/tts", json=TEXT, timeout=0.2)
        release.set()
        assert stays.result(20).status_code == 200
    assert len(fake_voice.streams) == 1


def test_the_finished_file_is_labelled_and_its_times_are_told(client):
    body = client.post("/api/tts", json=TEXT | {"label_position": "start", "format": "flac"}).json()
    audio = client.get(body["audio_url"]).content
    assert read_label(audio).field.produce_id
    assert body["label"]["position"] == "start"
    assert body["sentences"][0]["start_s"] == pytest.approx(body["label"]["end_s"], abs=1e-3)
    with soundfile.SoundFile(io.BytesIO(audio)) as file:
        assert file.frames == round(body["duration_s"] * 24000)


def test_other_labels_are_other_audio(client, fake_voice):
    first, again, start = (client.post("/api/tts", json=TEXT | more).json() for more in ({}, {}, {"label_position": "start"}))
    assert (again["cached"], start["cached"]) == (True, False)
    assert first["audio_url"] != start["audio_url"]
    bare = client.post("/api/tts", json=TEXT | {"format": "pcm"}).json()
    assert (bare["label"], bare["duration_s"]) == (None, 0.2)


def test_a_label_that_is_not_heard_needs_an_agreement(client):
    for path in ("/api/tts", "/api/tts/stream"):
        reply = client.post(path, json=TEXT | {"label": "none"})
        assert (reply.status_code, reply.json()["error"]["param"]) == (403, "agreement")


def test_audio_that_goes_between_looking_and_opening_is_not_there(client, service, monkeypatch):
    url = client.post("/api/tts", json=TEXT).json()["audio_url"]
    get = service.results.get

    async def get_and_sweep(result_id):
        result = await get(result_id)
        result.path.unlink()
        return result

    monkeypatch.setattr(service.results, "get", get_and_sweep)
    reply = client.get(url)
    assert (reply.status_code, "has just gone" in reply.json()["error"]["message"]) == (404, True)
