"""Rounds that were never measured."""

from datetime import UTC, datetime, timedelta

import pytest

from tingshuo.tasks.evaluate.figures import Figure
from tingshuo.tasks.evaluate.result import Evaluation
from tingshuo.tasks.monitor.history import History, Origin
from tingshuo.tasks.monitor.readings import Reading
from tingshuo.tasks.monitor.verdicts import judge

BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)


def make_origin(**changes: object) -> Origin:
    known = {
        "series": "s", "subject": "three texts", "n": 3, "voice": "mine", "version": "1.0.0", "digest": "a" * 64,
        "speaker": "tan", "style": "natural", "precision": "int8", "machine": "board", "tingshuo": "0.1.0",
    }  # fmt: skip
    return Origin(**(known | changes))


@pytest.fixture
def origin():
    """Make what a round was measured of."""
    return make_origin


@pytest.fixture
def read():
    """Make readings with narrow intervals: ``read(rtf=0.02)``; a double underscore stands for a dot."""
    return lambda **values: [
        Reading(name.replace("__", "."), value, value - 1e-4, value + 1e-4, 3) for name, value in values.items()
    ]


@pytest.fixture
def history(tmp_path):
    with History(tmp_path / "history.sqlite3") as history:
        yield history


@pytest.fixture
def keep(history, read):
    """Record rounds six hours apart: ``keep([{"rtf": 0.02}, ...])``, with learnt bands unless others are given."""

    def keep(rounds, bands=None, **changes):
        for k, values in enumerate(rounds):
            found = read(**values)
            history.record(
                make_origin(**changes),
                lambda earlier, found=found: judge(found, [one.readings for one in earlier], bands),
                at=BEGAN + timedelta(hours=6 * k),
            )
        return history.rounds("s", "board")

    return keep


@pytest.fixture
def evaluation():
    """Make an evaluation of three texts with a real-time factor."""

    def evaluation(rtf=0.02, **changes):
        known = {"voice": "mine", "version": "1.0.0", "precision": "int8", "style": "natural", "speakers": ("tan",)}
        figures = [Figure("rtf", "speech", rtf, rtf - 0.001, rtf + 0.001, 3), Figure("dnsmos_ovrl", "speech", 3.2, 3.1, 3.3, 2)]
        return Evaluation(**(known | changes), subject="", sample_rate=24000, hop_length=256, results=[None] * 3, figures=figures)

    return evaluation
