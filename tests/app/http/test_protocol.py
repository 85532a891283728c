"""Connections on which no request comes about are closed; the others do not notice."""

import socket

import httpx
import pytest
from tests.serve.fake_voice import FakeVoice, service_of

from tingshuo.app.http import protocol
from tingshuo.app.http.protocol import PatientProtocol

BODY = '{"text": "一。"}'


@pytest.fixture
def patient(serve, bundle, monkeypatch):
    """A client of a server that waits for a fifth of a second."""
    monkeypatch.setattr(protocol, "HEAD_S", 0.2)
    service = service_of(FakeVoice(), bundle)
    with serve(service, http=PatientProtocol) as client:
        while client.get("/readyz").status_code != 200:
            pass
        yield client


def connect(client: httpx.Client) -> socket.socket:
    connection = socket.create_connection((client.base_url.host, client.base_url.port), timeout=20)
    connection.settimeout(20)
    return connection


@pytest.mark.parametrize("head", [b"", b"POST /api/tts HTTP/1.1\r\nhost: x\r\n", b"P"])
def test_a_head_that_does_not_come_closes_the_connection(patient, head):
    with connect(patient) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b""


def test_five_hundred_silent_connections_do_not_keep_others_waiting(patient, monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_S", 20.0)
    silent = [connect(patient) for _ in range(500)]
    assert patient.post("/api/tts", content=BODY, headers={"content-type": "application/json"}).status_code == 200
    for connection in silent:
        connection.close()


def test_the_clock_stops_when_a_request_is_there_and_runs_for_the_next(patient):
    with connect(patient) as connection:
        head = f"POST /api/tts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(BODY.encode())}"
        whole = f"{head}\r\n\r\n{BODY}"
        for _ in range(2):  # on one connection
            connection.sendall(whole.encode())
            reply = b""
            while b"cached" not in reply:
                reply += connection.recv(10_000)
            assert b"200 OK" in reply
        connection.sendall(b"GET /healthz HT")  # the head of a third, which does not come
        assert connection.recv(100) == b""
