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
