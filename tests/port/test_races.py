import pytest

pytest.importorskip("torch")

from tingshuo.port.races import FEWEST_ROUNDS, race

pytestmark = pytest.mark.train


def test_ratios_are_medians_of_pairs_in_one_run():
    now = [0.0]
    slow = iter([1, 1, 4, 4, 4, 100])  # two turns to warm up and to be counted, then the rounds

    def first():
        now[0] += next(slow)

    def second():
        now[0] += 2.0

    found = race({"first": first, "second": second}, lambda: now[0], rounds=4)
    assert found["first"].ratio == 1
    assert found["second"].ratio == 2
    assert found["second"].ms == pytest.approx(2000)


def test_there_are_never_too_few_rounds(monkeypatch):
    monkeypatch.setattr("tingshuo.port.races.MOST_S", -1.0)
    calls = []
    now = [0.0]

    def run():
        now[0] += 1
        calls.append(1)

    race({"one": run}, lambda: now[0], rounds=9)
    assert len(calls) == 2 + FEWEST_ROUNDS
