import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tingshuo.errors import OutputError, RequestError
from tingshuo.store.agreements import AgreementLog

HASH = "ab" * 32


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def log(tmp_path):
    return AgreementLog(tmp_path / "log")


def fill(log, *moments):
    return [log.record(f"contract-{k}", "speech mp3 2.0 s", HASH, now=at(moment)) for k, moment in enumerate(moments)]


def files(log):
    return sorted(path.name for path in log.folder.iterdir() if path.suffix == ".jsonl")


def test_each_use_is_a_line_that_has_the_hash_of_the_one_before(log):
    digests = fill(log, "2026-01-31T23:59:59", "2026-02-01T00:00:00", "2026-02-03T10:00:00")
    uses = list(log.uses())
    assert [use.n for use in uses] == [1, 2, 3]
    assert [use.previous for use in uses] == ["0" * 64, *digests[:2]]
    assert [use.digest for use in uses] == digests
    assert uses[0].at == "2026-01-31T23:59:59Z"
    assert files(log) == ["agreements-2026-01.jsonl", "agreements-2026-02.jsonl"]
    assert log.problems() == ()


def test_times_are_in_utc(log):
    log.record("a", "b", HASH, now=datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=8))))
    assert next(log.uses()).at == "2026-02-28T17:00:00Z"
    assert files(log) == ["agreements-2026-02.jsonl"]


def test_the_home_is_the_usual_place(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    AgreementLog().record("a", "b", HASH)
    assert (tmp_path / "agreements").stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "agreements").glob("*.jsonl")} == {0o600}


def change(path, old, new):
    path.write_bytes(path.read_bytes().replace(old, new, 1))


def without(path, number):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))


DAMAGE = {
    "altered": (
        lambda p: change(p[0], b"contract-1", b"contract-9"),
        "line 3: does not fit the line before: that one was altered",
    ),
    "altered last": (lambda p: change(p[1], b"contract-4", b"contract-9"), "names another line 5"),
    "removed": (lambda p: without(p[0], 1), "line 2: has number 3 after 1: lines are missing"),
    "first removed": (lambda p: without(p[0], 0), ""),
    "last removed": (lambda p: without(p[1], 1), "names line 5, which is missing"),
    "month removed": (lambda p: p[1].unlink(), "names line 5, which is missing"),
    "moved": (
        lambda p: p[0].write_bytes(b"".join(sorted(p[0].read_bytes().splitlines(True), reverse=True))),
        "missing, doubled or",
    ),
    "doubled": (lambda p: p[0].write_bytes(p[0].read_bytes() * 2), "lines are missing, doubled or moved"),
    "junk": (lambda p: change(p[0], b'{"n":2', b'{"n":x'), "line 2: is no line of the log"),
    "blanks": (lambda p: change(p[0], b'{"n":2', b'{"n": 2'), "line 2: is no line of the log"),
    "key more": (lambda p: change(p[0], b'{"n":2', b'{"m":1,"n":2'), "line 2: is no line of the log"),
    "head removed": (lambda p: (p[0].parent / "agreements.head").unlink(), "agreements.head: is missing or damaged"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_shows(log, damage):
    fill(log, "2026-01-01T00:00:00", "2026-01-02T00:00:00", "2026-01-03T00:00:00", "2026-02-01T00:00:00", "2026-02-02T00:00:00")
    assert log.problems() == ()
    act, told = DAMAGE[damage]
    act([log.folder / name for name in files(log)])
    problems = log.problems()
    # Without its first lines a log is as after six months, and its numbers say that it does not begin at 1.
    assert any(told in problem for problem in problems) if told else (problems == () and next(log.uses()).n == 2)


def test_the_first_line_of_all_has_nothing_before_it(log):
    fill(log, "2026-01-01T00:00:00")
    change(log.folder / "agreements-2026-01.jsonl", b"0" * 64, b"1" * 64)
    assert "line 1: does not fit the line before" in log.problems()[0]


def test_a_line_cut_off_by_a_loss_of_power_goes_with_the_next(log):
    fill(log, "2026-01-01T00:00:00", "2026-01-02T00:00:00")
    path = log.folder / "agreements-2026-01.jsonl"
    with path.open("ab") as file:
        file.write(b'{"n":3,"at":"20')
    assert log.problems() == ()
    fill(log, "2026-01-03T00:00:00")
    assert [use.n for use in log.uses()] == [1, 2, 3]
    assert log.problems() == ()


def test_a_log_with_a_damaged_end_is_not_written_on(log):
    fill(log, "2026-01-01T00:00:00")
    change(log.folder / "agreements-2026-01.jsonl", b'{"n":1', b'{"n":x')
    with pytest.raises(OutputError, match="its last line is damaged"):
        fill(log, "2026-01-02T00:00:00")
    with pytest.raises(OutputError, match="line 1 is no line of the log"):
        list(log.uses())


def test_a_clock_that_went_back_does_not_write_into_a_closed_month(log):
    fill(log, "2026-03-01T00:00:00", "2026-01-01T00:00:00")
    assert files(log) == ["agreements-2026-03.jsonl"]
    assert [use.at[:7] for use in log.uses()] == ["2026-03", "2026-01"]
    assert log.problems() == ()


@pytest.mark.parametrize(
    ("today", "old"),
    [
        (date(2026, 7, 31), []),
        (date(2026, 8, 1), ["agreements-2026-01.jsonl"]),
        (date(2026, 9, 1), ["agreements-2026-01.jsonl", "agreements-2026-02.jsonl"]),
        (date(2030, 1, 1), ["agreements-2026-01.jsonl", "agreements-2026-02.jsonl"]),
        (date(2025, 1, 1), []),
    ],
)
def test_only_months_that_ended_six_months_ago_may_be_deleted(log, today, old):
    fill(log, "2026-01-31T00:00:00", "2026-02-01T00:00:00", "2026-03-01T00:00:00")
    assert [path.name for path in log.deletable(today)] == old
    assert len(files(log)) == 3, "nothing is deleted here"
    for path in log.deletable(today):
        path.unlink()
    assert log.problems() == ()
    fill(log, "2030-02-01T00:00:00")
    assert log.problems() == ()


def test_an_empty_log_is_whole(log):
    assert log.problems() == ()
    assert list(log.uses()) == []
    assert log.deletable(date(2026, 1, 1)) == ()


@pytest.mark.parametrize(
    ("agreement", "what", "sha256", "told"),
    [
        ("", "b", HASH, "the agreement id must have 1 to 128 printable characters"),
        ("  ", "b", HASH, "agreement id"),
        ("a\nb", "b", HASH, "agreement id"),
        ("x" * 129, "b", HASH, "agreement id"),
        ("a", "", HASH, "the description must have 1 to 200"),
        ("a", "b", "12", "SHA-256 in 64 hexadecimal digits"),
        ("a", "b", HASH.upper(), "SHA-256 in 64"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused_and_leaves_nothing(log, agreement, what, sha256, told):
    with pytest.raises(RequestError, match=told):
        log.record(agreement, what, sha256)
    assert not log.folder.exists()


def test_a_disk_that_refuses_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        AgreementLog(tmp_path / "file").record("a", "b", HASH)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OutputError, match="log of agreements cannot be written: No space left"):
        AgreementLog(tmp_path / "log").record("a", "b", HASH)


WRITER = """
import sys
from pathlib import Path
from tingshuo.store.agreements import AgreementLog
for k in range(10):
    AgreementLog(Path(sys.argv[1])).record(f"{sys.argv[2]}-{k}", "speech", "ab" * 32)
"""


def test_two_processes_write_one_chain(log):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(log.folder), name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert log.problems() == ()
    assert sorted(use.agreement for use in log.uses()) == sorted(f"{name}-{k}" for name in "ab" for k in range(10))
    assert json.loads((log.folder / "agreements.head").read_bytes())["n"] == 20
