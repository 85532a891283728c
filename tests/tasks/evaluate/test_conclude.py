"""What the rows of an evaluation say together."""

import numpy as np
import pytest

from tingshuo.audio.dnsmos import Opinion
from tingshuo.tasks.evaluate import conclude as module
from tingshuo.tasks.evaluate.compare import Heard
from tingshuo.tasks.evaluate.conclude import conclude
from tingshuo.tasks.evaluate.result import Evaluation, Result, Sound

RATE = 16000


class Judge:
    """Gives the loudness of a stretch as its opinion."""

    def judge(self, wav, _):
        return Opinion(*[float(np.abs(wav).max())] * 4)


def sound(seconds, level):
    return Sound(np.full(int(seconds * RATE), level, np.float32), Heard(*(np.zeros((0, 0), np.float32),) * 3))


def evaluation(count, forced, speaker="tan"):
    """Rows of 6 s: recordings of 0.9, speech of 0.5, and 0.7 in those rows whose timing is known."""
    results = [
        Result(
            str(k), "好。", speaker, "tan", {"speech": {"mcd_db": float(k)}}, sound(6, 0.5), {"speech": []},
            recording=sound(6, 0.9), copy=sound(6, 0.8), forced=sound(6, 0.7) if k < forced else None,
        )
        for k in range(count)
    ]  # fmt: skip
    return Evaluation("v", "1.0.0", "fp32", "natural", ("tan",), "rows", RATE, 160, results)


@pytest.fixture(autouse=True)
def judge(monkeypatch):
    monkeypatch.setattr(module, "Dnsmos", Judge)
    monkeypatch.setattr(module, "timbres", lambda *_: [])


def opinions(made):
    return {figure.kind: (figure.value, figure.n) for figure in made.figures if figure.measure == "dnsmos_ovrl"}


def test_rows_that_lack_a_sound_are_not_judged_when_they_are_few():
    made, told = evaluation(20, forced=19), []
    conclude(made, told.append)
    assert opinions(made) == {
        kind: (pytest.approx(level), 9) for kind, level in (("recording", 0.9), ("copy", 0.8), ("forced", 0.7), ("speech", 0.5))
    }
    assert sum(told) == pytest.approx(1)
    (distance,) = [figure for figure in made.figures if figure.measure == "mcd_db"]
    assert distance.n == 20  # what every row has is counted in every row


def test_a_sound_that_many_rows_lack_is_not_judged():
    made = evaluation(20, forced=12)
    conclude(made, lambda _: None)
    assert opinions(made).keys() == {"recording", "copy", "speech"}
    assert opinions(made)["speech"][1] == 10


def test_figures_come_in_the_order_of_the_measures():
    made = evaluation(4, forced=0)
    conclude(made, lambda _: None)
    names = [figure.measure for figure in made.figures]
    assert names[0] == "mcd_db"
    assert names == sorted(names, key=list(module.MEASURES).index)


def test_another_person_is_told():
    made = evaluation(4, forced=0, speaker="li")
    conclude(made, lambda _: None)
    assert any(note.startswith("The rows are of li and the voice is tan") for note in made.notes)
