"""Options of a server: what is refused, and what a process gets of them."""

import dataclasses
import json
from pathlib import Path

import pytest

from tingshuo.app.http import settings
from tingshuo.app.http.settings import Settings
from tingshuo.errors import RequestError


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("workers", -1, "workers must be 0 \\(by the cores\\) to 256, got -1"),
        ("workers", 1000, "workers must be"),
        ("threads", 0, "threads must be at least 1, got 0"),
        ("upload_mb", 0, "upload_mb must be at least 1, got 0"),
        ("grace", 0.0, "grace must be more than 0 seconds, got 0"),
        ("max_wait", float("nan"), "max_wait must be more than 0 seconds, got nan"),
        ("log_level", "loud", "unknown log level 'loud'"),
    ],
)
def test_what_no_server_can_have(field, value, message):
    with pytest.raises(RequestError, match=message) as caught:
        Settings(**{field: value})
    assert caught.value.param == field


@pytest.mark.parametrize(
    ("cores", "workers", "threads", "processes", "each"),
    [
        (8, 1, None, 1, 2),
        (8, 0, None, 4, 2),
        (4, 4, None, 4, 1),
        (4, 3, None, 3, 1),
        (2, 0, None, 1, 2),
        (1, 0, None, 1, 1),
        (1, 2, None, 2, 1),
        (8, 2, 5, 2, 5),
    ],
)
def test_processes_share_the_cores(monkeypatch, cores, workers, threads, processes, each):
    monkeypatch.setattr(settings, "usable_cpus", lambda: cores)
    wanted = Settings(workers=workers, threads=threads)
    assert (wanted.processes, wanted.threads_each) == (processes, each)


def test_they_reach_a_process_as_they_are():
    made = Settings(
        keys=Path("a/keys.json"),
        rate=("5/second", "9/day"),
        lead=2.5,
        audit=Path("x"),
        audit_strict=True,
        listener="a/b",
        workers=3,
    )
    assert Settings.load(json.loads(json.dumps(made.dump()))) == made
    assert set(made.dump()) == {field.name for field in dataclasses.fields(Settings)}
