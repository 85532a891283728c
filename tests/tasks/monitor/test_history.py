"""What is kept stays kept: through kills, two writers, other programs' files and newer versions."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tingshuo.errors import NotFoundError, OutputError, RequestError, SchemaVersionError
from tingshuo.tasks.monitor.bands import ROUNDS, Band
from tingshuo.tasks.monitor.history import SCHEMA_VERSION, History, history_path
from tingshuo.tasks.monitor.verdicts import judge


def test_a_round_comes_back_as_it_was(history, origin, read):
    readings = read(rtf=0.02, copy__mcd_db=1.2)
    bands = {"rtf": Band(None, 0.01), "dnsmos_ovrl": Band(2.9)}
    made = history.record(origin(), lambda _: judge(readings, [], bands))
    (found,) = history.rounds("s", "board")
    assert (found.id, found.at, found.origin) == (made.id, made.at, origin())
    assert found.at.endswith("+00:00")
    assert {one.name: (one.verdict, one.band) for one in found.figures} == {
        "dnsmos_ovrl": ("missing", Band(2.9)),
        "rtf": ("above", Band(None, 0.01)),
        "copy.mcd_db": ("free", Band()),
    }
    assert found.readings == tuple(readings)
    missing = found.figures[0].reading
    assert missing.n == 0
    assert math.isnan(missing.value)
    assert [one.name for one in found.alarms] == ["dnsmos_ovrl", "rtf"]


def test_other_texts_and_other_machines_do_not_mix(history, origin, read):
    seen = []

    def look(earlier):
        seen.append(len(earlier))
        return judge(read(rtf=0.02), [], None)

    for changes in ({}, {}, {"series": "t"}, {"machine": "another"}, {}):
        history.record(origin(**changes), look)
    assert seen == [0, 1, 0, 0, 2]
    assert len(history.rounds("s", "board")) == 3
    assert [one.origin.series for one in history.rounds("t", "board")] == ["t"]


def test_learning_takes_the_first_rounds_since_it_began_anew(history, origin, read):
    seen = []

    def look(earlier):
        seen.append([one.id for one in earlier])
        return judge(read(rtf=0.02), [], None)

    for _ in range(ROUNDS + 2):
        history.record(origin(), look)
    assert seen[-1] == list(range(1, ROUNDS + 1))
    history.record(origin(), look, fresh=True)
    history.record(origin(), look)
    history.record(origin(), look)
    assert seen[-3:] == [[], [ROUNDS + 3], [ROUNDS + 3, ROUNDS + 4]]


def test_a_judge_that_fails_leaves_nothing(history, origin):
    def fail(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        history.record(origin(), fail)
    assert history.rounds("s", "board") == []


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from conftest import make_origin
from tingshuo.tasks.monitor.history import History

class Deadly:
    @property
    def reading(self):  # asked for when the round is written and its figures are not
        os.kill(os.getpid(), 9)

History(Path(sys.argv[1])).record(make_origin(), lambda _: [Deadly()])
"""


def test_a_process_that_is_killed_leaves_a_sound_file(keep, history, origin):
    keep([{"rtf": 0.02}])
    folder = os.path.dirname(__file__)
    done = subprocess.run([sys.executable, "-c", KILLED, history.path, folder], check=False)
    assert done.returncode == -signal.SIGKILL
    with History(history.path) as again:
        assert again._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert len(again.rounds("s", "board")) == 1
        again.record(origin(), lambda _: ())
        assert len(again.rounds("s", "board")) == 2


def test_two_monitors_at_once(tmp_path, origin, read):
    path = tmp_path / "new" / "both.sqlite3"

    def watch(_):
        with History(path) as history:
            for _ in range(5):
                history.record(origin(), lambda _: judge(read(rtf=0.02), [], None))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(watch, range(2)))
    with History(path) as history:
        rounds = history.rounds("s", "board")
    assert [one.id for one in rounds] == list(range(1, 11))
    assert all(len(one.figures) == 1 for one in rounds)


def test_a_writer_that_takes_too_long_is_said(history, origin, monkeypatch):
    monkeypatch.setattr("tingshuo.tasks.monitor.history.PATIENCE_S", 0.01)
    with History(history.path) as other:
        history._db.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputError, match=r"history\.sqlite3: the history cannot be read or written: database is locked"):
            other.record(origin(), lambda _: ())
        history._db.execute("ROLLBACK")


def test_a_newer_schema_is_refused(history):
    history._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(SchemaVersionError, match=f"schema version {SCHEMA_VERSION + 1} is not known here.*update tingshuo"):
        History(history.path)


def test_files_of_others_are_refused_and_stay_as_they_are(tmp_path):
    path = tmp_path / "photos.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE photos (id INTEGER)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(RequestError, match="is a database of another program"):
        History(path)
    assert path.read_bytes() == before
    text = tmp_path / "notes.txt"
    text.write_text("no database\n" * 100)
    with pytest.raises(RequestError, match="is damaged, or no history"):
        History(text)
    assert text.read_text().startswith("no database")


def test_paths_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be read or written"):
        History(tmp_path / "file" / "h.sqlite3")
    with pytest.raises(NotFoundError, match="there is no history yet"):
        History(tmp_path / "none.sqlite3", new=False)
    assert not (tmp_path / "none.sqlite3").exists()


def test_histories_lie_in_the_users_home(monkeypatch, tmp_path):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    assert history_path("mine") == tmp_path / "monitor" / "mine.sqlite3"
