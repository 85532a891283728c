"""The application's life, addresses, and other origins."""

import shutil
import socket

import pytest
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from tingshuo.app.http.server import create_service, listen
from tingshuo.errors import HashMismatchError, RequestError, UnknownVoiceError

ORIGIN = {"origin": "http://game.example"}


def test_a_taken_port_is_one_sentence():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(RequestError, match=rf"cannot listen on 127.0.0.1:{port}: .*in use; choose another"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("203.0.113.1", 0), ("127.0.0.1", 70000)])
def test_an_address_that_cannot_be_is_one_sentence(host, port):
    with pytest.raises(RequestError, match="choose another"):
        listen(host, port)


def test_small_writes_are_sent_at_once(service, serve, monkeypatch):
    """Otherwise every reply is 40 ms late: its body waits for the acknowledgement of its headers."""
    seen = []
    connected = AutoHTTPProtocol.connection_made

    def connection_made(self, transport) -> None:
        connected(self, transport)
        seen.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(AutoHTTPProtocol, "connection_made", connection_made)
    with serve(service) as client:
        client.get("/healthz")
    assert seen
    assert all(seen)


def test_a_service_knows_the_installed_voices():
    service = create_service(threads=1)
    assert "default" in service.voices.catalogue
    assert service.workers.threads == 1
    service.workers.close()
    service.results.close()
    with pytest.raises(UnknownVoiceError):
        create_service("nobody")


def test_a_voice_whose_files_were_changed_is_refused(bundle, tmp_path):
    """One bit of a large file, whose hash is not checked when the command line opens a voice."""
    folder = shutil.copytree(bundle.path, tmp_path / "voice")
    large = max(folder.rglob("*.safetensors"), key=lambda path: path.stat().st_size)
    data = bytearray(large.read_bytes())
    data[-1] ^= 1
    large.write_bytes(data)
    with pytest.raises(HashMismatchError, match=f"{large.name}: its SHA-256 differs"):
        create_service(str(folder))


def test_other_origins_are_refused_unless_allowed(service, serve, shared_client):
    closed = shared_client.options("/api/tts", headers=ORIGIN | {"access-control-request-method": "POST"})
    assert "access-control-allow-origin" not in closed.headers
    with serve(service, allow_origins=[ORIGIN["origin"]]) as client:
        reply = client.options("/api/tts", headers=ORIGIN | {"access-control-request-method": "POST"})
        assert reply.headers["access-control-allow-origin"] == ORIGIN["origin"]
        assert "Tingshuo-Warnings" in client.get("/healthz", headers=ORIGIN).headers["access-control-expose-headers"]


def test_the_temporary_folder_goes_with_the_server(service, serve):
    folder = service.results.path("x", "wav").parent
    with serve(service) as client:
        assert client.get("/healthz").status_code == 200
        assert folder.is_dir()
    assert not folder.exists()


def test_a_bug_is_a_500_in_json(client, fake_voice):
    def bug(_: int) -> None:
        raise ZeroDivisionError

    fake_voice.before_chunk = bug
    reply = client.post("/api/tts", json={"text": "你好"})
    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == "internal"
    assert "ZeroDivision" not in reply.text
