"""From settings to a process; that several of them serve is in the system tests."""

import asyncio
import json
import socket
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from tingshuo.app.http import processes
from tingshuo.app.http.settings import Settings
from tingshuo.errors import RequestError
from tingshuo.serve.access.keys import add_key
from tingshuo.serve.access.sessions import BROWSER
from tingshuo.serve.desk import SharedLimiter
from tingshuo.serve.link import Link


def test_one_process_has_no_parent(monkeypatch):
    called = []
    monkeypatch.setattr(processes, "serve_one", lambda *arguments: called.append(arguments))
    settings = Settings()
    processes.serve(settings, "listener")
    assert called == [(settings, "listener")]


def test_several_have_one(monkeypatch):
    called = []

    async def supervise(*arguments):
        called.append(arguments)

    monkeypatch.setattr(processes, "supervise", supervise)
    settings = Settings(workers=2)
    processes.serve(settings, "listener")
    assert called == [(settings, "listener")]


def test_each_worker_has_a_record_of_its_own(tmp_path):
    settings = Settings(audit=tmp_path / "audit.jsonl")
    gates = [processes.open_door(settings, number) for number in (None, 1, 2)]
    for gate in gates:
        asyncio.run(gate.aclose())
    assert {path.name for path in tmp_path.glob("audit*")} == {"audit.jsonl", "audit-1.jsonl", "audit-2.jsonl"}


def test_workers_know_each_others_sessions_and_count_together(tmp_path):
    key, _ = add_key(tmp_path / "keys.json", "user")
    settings = Settings(keys=tmp_path / "keys.json")
    pairs = [socket.socketpair() for _ in range(2)]
    gates = [processes.open_door(settings, number) for number in (1, 2)]
    for gate, (end, _) in zip(gates, pairs, strict=True):
        processes._share(gate, settings, Link(end), b"s" * 32)
        assert isinstance(gate.limiter, SharedLimiter)
    assert gates[1].sessions.read(gates[0].sessions.issue(key.id, BROWSER), BROWSER) == key.id
    for ends in pairs:
        for end in ends:
            end.close()


def test_a_worker_tells_its_parent_why_it_cannot_start(tmp_path):
    ours, theirs = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    hello = {"settings": Settings(voice="nobody", workers=2).dump(), "secret": "00" * 32, "folder": str(tmp_path), "number": 1}
    ours.sendall(json.dumps(hello).encode() + b"\n")
    code = processes.main([str(theirs.detach()), str(listener.detach())])
    told = json.loads(ours.makefile().readline())
    ours.close()
    assert (code, told["ask"], told["with"]["kind"]) == (2, "failed", "UnknownVoiceError")
    assert told["with"]["message"].startswith("unknown voice 'nobody'")


def test_what_is_said_of_hearing_reaches_the_server(monkeypatch):
    told: dict[str, object] = {}
    opened: Future[None] = Future()
    opened.set_result(None)
    service = SimpleNamespace(open=lambda: opened)
    monkeypatch.setattr("tingshuo.serve.opening.open_service", lambda *_, **options: told.update(options) or service)
    monkeypatch.setattr("tingshuo.app.http.server.run", lambda *_, **options: told.update(options))
    processes.serve_one(Settings(listener="ear", upload_mb=7), None)
    assert (told["listener"], told["upload_bytes"]) == ("ear", 7_000_000)
    told["results"].close()


def test_bad_values_are_refused_before_anything_is_started():
    with pytest.raises(RequestError):
        Settings(workers=-1)
