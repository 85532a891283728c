"""``/healthz`` and ``/readyz``."""

import threading

from tingshuo.errors import BundleError


def test_a_server_is_healthy_before_it_is_ready(service, fake_voice, serve):
    release = threading.Event()
    fake_voice.before_chunk = lambda _: release.wait(20)
    with serve(service) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        reply = client.get("/readyz")
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
        assert "being opened" in reply.json()["reason"]
        early = client.post("/api/tts", json={"text": "你好"})
        assert early.status_code == 503
        assert "still being opened" in early.json()["error"]["message"]
        release.set()
        while client.get("/readyz").status_code != 200:
            pass
        assert client.get("/readyz").json() == {"status": "ready", "active": 0, "limit": 3, "threads": 2}


def test_a_voice_that_cannot_be_opened_is_reported(service, fake_voice, serve):
    def fail(_: int) -> None:
        raise BundleError("weights are damaged")

    fake_voice.before_chunk = fail
    failed = threading.Event()
    with serve(service, on_failure=failed.set) as client:
        assert failed.wait(20)
        reply = client.get("/readyz")
        assert (reply.status_code, reply.json()["reason"]) == (503, "weights are damaged")


def test_metrics_tell_what_happened(client, fake_voice):
    def told() -> dict[str, float]:
        rows = (line.rpartition(" ") for line in client.get("/metrics").text.splitlines() if not line.startswith("#"))
        return {name: float(number) for name, _, number in rows}

    before = told()
    for _ in range(2):
        assert client.post("/api/tts", json={"text": "一。二。", "format": "pcm"}).status_code == 200
    assert client.get("/nowhere").status_code == 404
    after = told()
    grown = {name: after[name] - before.get(name, 0.0) for name in after}
    assert grown['tingshuo_requests_total{route="/api/tts",status="200"}'] == 2
    assert grown['tingshuo_requests_total{route="none",status="404"}'] == 1  # anybody may make up any number of paths
    assert (grown['tingshuo_cache_total{result="miss"}'], grown['tingshuo_cache_total{result="hit"}']) == (1, 1)
    assert grown["tingshuo_audio_seconds_total"] == 0.2
    assert grown["tingshuo_first_audio_seconds_count"] == 1
    assert after["tingshuo_active_requests"] == 0


def test_a_server_that_stops_is_not_ready(client, service):
    service.stopping = True
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["reason"]) == (503, "the server is stopping")


def test_a_page_can_show_how_it_goes(client, service):
    for text in ("一。二。", "一。二。", "三。"):
        assert client.post("/api/tts", json={"text": text}).status_code == 200
    reply = client.get("/api/status")
    told = reply.json()
    assert reply.headers["cache-control"] == "no-store"
    assert (told["workers"], told["ready"], told["restarts"]) == (1, 1, 0)
    assert (told["now"]["active"], told["now"]["threads"], told["now"]["voice_bytes"]) == (0, 2, 1000)
    assert told["now"]["memory_bytes"] > 1e7
    for part in ("last_minute", "since_start"):
        assert told[part]["first_audio_ms"]["count"] == 2
        assert told[part]["cache"] == {"hits": 1, "misses": 2, "share": 0.3333}
        assert told[part]["stages_ms"] == {"text": 1.0, "speaker": 0.0, "acoustic": 2.0, "vocoder": 3.0}
