"""Requests that are answered from what is kept: by the same process, by another, for whom, and when the disk is full."""

import contextlib
import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.app.conftest import serving, wait_until_ready
from tests.serve.fake_voice import FakeVoice, service_of

from tingshuo.serve.access.calling import calling
from tingshuo.serve.access.gate import Caller
from tingshuo.serve.results import Results
from tingshuo.serve.service import warm_up
from tingshuo.store.manifest import ConsentRecord
from tingshuo.tasks.embeddings import Embeddings
from tingshuo.types import EMOTIONS, SpeechRequest

TEXT = {"text": "一。二。"}


@pytest.fixture
def server(bundle):
    """Make servers with a voice of their own, which end with the test; returns voice, service and client."""
    with contextlib.ExitStack() as running:

        def make(**options):
            voice = FakeVoice()
            service = service_of(voice, bundle)
            service.results.close()
            service.results = Results(**options)
            client = running.enter_context(serving(service))
            wait_until_ready(client, service)
            voice.streams.clear()
            return voice, service, client

        yield make


def test_a_hundred_equal_requests_are_computed_once(server):
    voice, service, client = server()
    service.workers.limit = 1
    entered, release = threading.Event(), threading.Event()
    voice.before_chunk = lambda _: (entered.set(), release.wait(60))
    replies = []
    with httpx.Client(base_url=client.base_url, timeout=60, limits=httpx.Limits()) as many:
        asking = [threading.Thread(target=lambda: replies.append(many.post("/api/tts", json=TEXT))) for _ in range(100)]
        for one in asking:
            one.start()
        assert entered.wait(60)
        while 'tingshuo_cache_total{result="hit"} 99.0' not in client.get("/metrics").text:
            assert all(one.is_alive() for one in asking)
        release.set()
        for one in asking:
            one.join(60)
    assert [reply.status_code for reply in replies] == [200] * 100
    assert len({reply.content for reply in replies}) == 1
    assert len(voice.streams) == 1


def test_where_it_was_is_told(server):
    _, _, client = server()
    assert client.post("/api/tts", json=TEXT).headers["server-timing"].startswith("queue;")
    assert client.post("/api/tts", json=TEXT).headers["server-timing"] == 'cache;desc="memory"'
    speech = {"model": "tts-1", "voice": "default", "input": "一。"}
    first = client.post("/v1/audio/speech", json=speech)
    again = client.post("/v1/audio/speech", json=speech)
    assert again.headers["server-timing"] == 'cache;desc="memory"'
    assert again.content == first.content
    told = client.get("/metrics").text
    assert 'tingshuo_cache_hits_total{cache="audio"} 2.0' in told
    assert 'tingshuo_cache_misses_total{cache="audio"} 2.0' in told
    assert 'tingshuo_cache_hits_total{cache="voices"}' in told
    assert float(told.partition('tingshuo_cache_kept_bytes{cache="audio"} ')[2].partition("\n")[0]) > 2 * 4800


def test_servers_that_share_a_folder_answer_for_each_other(server, tmp_path):
    (_, _, one), (voice, _, other) = server(folder=tmp_path), server(folder=tmp_path)
    first = one.post("/api/tts", json=TEXT).json()
    again = other.post("/api/tts", json=TEXT)
    assert again.json() == first | {"cached": True}
    assert again.headers["server-timing"] == 'cache;desc="folder"'
    assert other.get(first["audio_url"]).content == one.get(first["audio_url"]).content
    speech = {"model": "tts-1", "voice": "default", "input": "三☃。", "response_format": "mp3"}
    streamed, kept = (client.post("/v1/audio/speech", json=speech) for client in (one, other))
    assert kept.content == streamed.content
    assert kept.headers["tingshuo-warnings"] == streamed.headers["tingshuo-warnings"]
    assert voice.streams == []


def test_servers_that_share_a_folder_make_it_once(server, tmp_path):
    (first, _, one), (second, _, other) = server(folder=tmp_path), server(folder=tmp_path)
    entered, release = threading.Event(), threading.Event()
    for voice in (first, second):
        voice.before_chunk = lambda _: (entered.set(), release.wait(60))
    with ThreadPoolExecutor(2) as pool:
        leads = pool.submit(one.post, "/api/tts", json=TEXT)
        assert entered.wait(60)
        waits = pool.submit(other.post, "/api/tts", json=TEXT)
        while 'tingshuo_cache_misses_total{cache="audio"} 1.0' not in other.get("/metrics").text:
            pass
        release.set()
        assert waits.result(60).json() == leads.result(60).json() | {"cached": True}
    assert len(first.streams) + len(second.streams) == 1


def test_a_disk_that_is_full_keeps_nothing_and_a_stream_goes_on(server, monkeypatch, caplog):
    _, service, client = server()
    speech = {"model": "tts-1", "voice": "default", "input": "一。二。", "response_format": "pcm"}
    with monkeypatch.context() as patch:
        patch.setattr("os.utime", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        for _ in range(2):
            assert len(client.post("/v1/audio/speech", json=speech).content) == 2 * 4800
        refused = client.post("/api/tts", json=TEXT)
        assert refused.status_code == 500
        assert refused.json()["error"]["message"].startswith("the finished audio cannot be kept on the server's disk")
        assert "cannot be kept: No space left on device" in caplog.text
        assert list(service.results.path("x", "wav").parent.iterdir()) == []
    assert client.post("/api/tts", json=TEXT).json()["cached"] is False


def held(name):
    """A caller with a key of that id."""
    caller = Caller(None, "request", "speech")
    caller.held = type("Held", (), {"key": type("Key", (), {"id": name})()})()
    return caller


def consent_to(name):
    """A consent of whoever the speaker was cloned from."""
    return ConsentRecord(
        speaker=name, given_by="Anna", given_on="2020-01-01", purpose="a test", valid_until="unlimited", recording_sha256="0" * 64
    )


def test_audio_of_a_clone_is_kept_for_each_key_apart(service, bundle):
    service.ready = True
    plain = service.order("default", SpeechRequest(text="一。"), "wav")
    keys = {}
    for cloned in ((), ("tan",), ("deep",)):
        voices = service.voices.catalogue
        consents = tuple(consent_to(name) for name in cloned)
        manifest = bundle.manifest.replace(speakers=("tan", "deep"), cloned=cloned, consents=consents)
        voices["default"] = dataclasses.replace(voices["default"], manifest=manifest)
        for name in ("anna", "ben"):
            with calling(held(name)):
                keys[cloned, name] = service.key(plain)
    assert keys[(), "anna"] == keys[(), "ben"]
    assert keys[("deep",), "anna"] == keys[("deep",), "ben"], "the first speaker speaks, who is nobody's clone"
    assert keys[("tan",), "anna"] != keys[("tan",), "ben"]
    service.workers.close()
    service.results.close()


def test_a_file_a_stream_and_another_bundle_are_kept_apart(service, bundle):
    service.ready = True
    order = service.order("default", SpeechRequest(text="一。"), "wav")
    keys = [service.key(order), service.key(order, "stream")]
    voices = service.voices.catalogue
    voices["default"] = dataclasses.replace(voices["default"], manifest=bundle.manifest.replace(version="9.9.9"))
    keys += [service.key(order), service.key(order, "stream")]
    assert len(set(keys)) == 4
    service.workers.close()
    service.results.close()


def test_a_voice_that_reads_prompts_has_read_those_of_all_emotions():
    voice = FakeVoice()
    warm_up(voice)
    assert [stream._request.emotion for stream in voice.streams] == ["neutral"]
    voice.embeddings = Embeddings()
    warm_up(voice, "deep")
    assert [stream._request.emotion for stream in voice.streams[1:]] == list(EMOTIONS)
    assert {stream.speaker for stream in voice.streams[1:]} == {"deep"}


def test_residents_are_open_and_have_spoken_before_the_server_is_ready(bundle):
    voice = FakeVoice()
    service = service_of(voice, bundle)
    voices = service.voices
    service.voices = type(voices)(lambda _: voice, voices.catalogue, residents=("other", "default/deep"))
    service.warm_up()
    assert [stream.speaker for stream in voice.streams] == ["tan", "tan", "deep"]
    assert set(service.voices.resident_bytes) == {"default", "other"}
    service.workers.close()
    service.results.close()
