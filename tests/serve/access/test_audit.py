"""The record: one line each, by a thread, for the owner alone, rotated, and what happens when the disk is full."""

import json
import os
import threading

import pytest

from tingshuo.errors import BusyError, OutputError, RegistryError
from tingshuo.serve.access import audit as module
from tingshuo.serve.access.audit import AuditLog


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "audit.jsonl"


def rows(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_request_is_a_line(path):
    log = AuditLog(path)
    log.record({"key": "abcdefgh", "voice": "安娜", "status": 200})
    log.record({"key": None, "voice": "a\n{}\ud800", "status": 401})
    log.close()
    first, second = rows(path)
    assert list(first) == ["time", "key", "voice", "status"]
    assert first["time"].endswith("Z")
    assert (first["voice"], second["status"]) == ("安娜", 401)
    assert path.stat().st_mode & 0o777 == 0o600


def test_everything_is_written_before_the_end(path):
    log = AuditLog(path)
    for n in range(5000):
        log.record({"n": n})
    log.close()
    assert [row["n"] for row in rows(path)] == list(range(5000))
    assert log.lost == 0


def test_it_is_added_to_and_half_a_line_of_before_stays_alone(path):
    path.parent.mkdir()
    path.write_text('{"n": 1}\n{"n": ')
    log = AuditLog(path)
    log.record({"n": 2})
    log.close()
    lines = path.read_text().splitlines()
    assert lines[:2] == ['{"n": 1}', '{"n": ']
    assert json.loads(lines[2])["n"] == 2


def test_full_files_are_kept_in_order_and_the_oldest_goes(path):
    log = AuditLog(path, max_bytes=100, keep=2)
    for n in range(9):
        log.record({"n": n, "filling": "x" * 20})
        log.flush()
    log.close()
    names = sorted(file.name for file in path.parent.iterdir() if not file.name.startswith("."))
    assert names == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    kept = [row["n"] for name in reversed(names) for row in rows(path.with_name(name))]
    assert kept == list(range(9))[-len(kept) :]
    assert len(kept) < 9
    assert all(path.with_name(name).stat().st_size <= 100 for name in names)


def test_nothing_is_kept_when_nothing_is_asked_for(path):
    log = AuditLog(path, max_bytes=60, keep=0)
    for n in range(3):
        log.record({"n": n})
        log.flush()
    log.close()
    assert [row["n"] for row in rows(path)] == [2]
    assert len([file for file in path.parent.iterdir() if not file.name.startswith(".")]) == 1


def test_two_servers_do_not_share_a_record(path):
    log = AuditLog(path)
    with pytest.raises(RegistryError, match="somebody else is writing"):
        AuditLog(path)
    log.close()
    AuditLog(path).close()


def test_a_place_that_cannot_be_written_is_said_at_the_start(tmp_path):
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(OutputError, match="the audit log cannot be written"):
        AuditLog(tmp_path / "audit.jsonl")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        AuditLog(tmp_path / "file" / "audit.jsonl")


def test_a_full_disk_is_said_once_and_counted(full_disk, caplog):
    log = AuditLog(full_disk("audit.jsonl"))
    for _ in range(3):
        log.record({"n": 1})
        log.flush()
        log.check()
    assert (log.lost, log.problem) == (3, "No space left on device")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    log.path.unlink()  # there is room again
    log.record({"n": 2})
    log.flush()
    assert (log.lost, log.problem) == (3, None)
    assert "can be written again; 3 lines are lost so far" in caplog.messages[-1]
    log.close()
    assert [row["n"] for row in rows(log.path)] == [2]


def test_a_strict_one_refuses_while_the_disk_is_full_and_loses_nothing(full_disk):
    log = AuditLog(full_disk("audit.jsonl"), strict=True, retry_s=0.001)
    tried = threading.Event()
    write = log._write
    log._write = lambda data: write(data) or tried.set()
    log.check()
    log.record({"n": 1})
    assert tried.wait(30)
    with pytest.raises(BusyError, match="does not serve without it"):
        log.check()
    log.path.unlink()
    log.flush()
    log.check()
    log.close()
    assert log.lost == 0
    assert [row["n"] for row in rows(log.path)] == [1]


def test_a_strict_one_can_be_closed_while_the_disk_is_full(full_disk):
    log = AuditLog(full_disk("audit.jsonl"), strict=True, retry_s=60)
    log.record({"n": 1})
    log.close()
    assert log.lost == 1


def test_a_line_that_does_not_fit_leaves_no_half(path, monkeypatch):
    log = AuditLog(path)
    log.record({"n": 1})
    log.flush()
    room, real = [10], os.write

    def write(file: int, data) -> int:
        if not room:
            raise OSError(28, "No space left on device")
        return real(file, bytes(data)[: room.pop()])

    monkeypatch.setattr(module.os, "write", write)
    log.record({"n": 2})
    log.flush()
    monkeypatch.undo()
    log.record({"n": 3})
    log.close()
    assert [row["n"] for row in rows(path)] == [1, 3]
    assert log.lost == 1


def test_a_disk_that_does_not_keep_up_is_counted(path, monkeypatch, caplog):
    monkeypatch.setattr(module, "WAITING", 2)
    log = AuditLog(path)
    go, started, write = threading.Event(), threading.Event(), log._write
    log._write = lambda data: (started.set(), go.wait(30), write(data))[-1]
    log.record({"n": 0})
    assert started.wait(30)
    for n in range(1, 6):
        log.record({"n": n})
    assert log.lost == 3
    assert caplog.text.count("the disk does not keep up") == 1
    go.set()
    log.close()
    assert [row["n"] for row in rows(path)] == [0, 1, 2]
