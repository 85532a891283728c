"""How much is promised, how much of that is due, and what is learnt from those who were served."""

from dataclasses import dataclass

import pytest

from tingshuo.serve.backlog import FIRST_GUESS_RTF, Backlog, Task


@dataclass
class Load:
    expected_s: float
    made_s: float = 0.0
    begun_s: float | None = None
    task: Task = "speak"


class Hand:
    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def backlog(clock: Hand) -> Backlog:
    return Backlog(2, 10.0, clock)


def test_what_is_due_is_what_listeners_need_within_the_horizon(backlog, clock):
    loads = [
        Load(6.0),  # wants all of it
        Load(600.0),  # a book that has just come: ten seconds
        Load(600.0, 30.0, begun_s=clock.now - 5),  # 25 s in hand
        Load(600.0, 30.0, begun_s=clock.now - 26),  # 4 s in hand: six more
        Load(3.0, 5.0, begun_s=clock.now),  # longer than expected, and nobody knows by how much
    ]
    for load in loads:
        backlog.add(load)
    assert backlog.due_s == pytest.approx(6 + 10 + 0 + 6 + 0)
    assert backlog.audio_s == pytest.approx(6 + 600 + 570 + 570 + 0)
    clock.now += 20  # the third has heard 25 of 30 by now, the fourth waits for what it should have heard
    assert backlog.due_s == pytest.approx(6 + 10 + 5 + 26 + 0)


def test_the_wait_is_what_this_machine_needs_for_that(backlog):
    assert (backlog.wait_s, backlog.excess_s) == (0, 0)
    for _ in range(3):
        backlog.add(Load(10.0))
    backlog.paces["speak"].rtf = 0.5
    assert (backlog.wait_s, backlog.excess_s) == (7.5, 0)
    backlog.paces["speak"].rtf = 1.0
    assert (backlog.wait_s, backlog.excess_s) == (15, 5)


def test_it_learns_how_fast_the_machine_is_and_how_long_texts_are(backlog):
    for _ in range(100):
        backlog.add(load := Load(10.0))
        load.made_s = 20.0
        backlog.remove(load, 0.2, complete=True)
    assert backlog.paces["speak"].rtf == pytest.approx(0.01, abs=1e-4)
    assert backlog.paces["speak"].length_ratio == pytest.approx(2, abs=1e-3)
    backlog.add(Load(4.0))
    assert backlog.audio_s == pytest.approx(8, abs=0.01)


def test_who_left_tells_nothing_of_lengths_and_a_syllable_nothing_at_all(backlog):
    backlog.remove(Load(10.0, 1.0), 0.01, complete=False)
    assert backlog.paces["speak"].length_ratio == 1
    assert backlog.paces["speak"].rtf < FIRST_GUESS_RTF["speak"]
    rtf = backlog.paces["speak"].rtf
    backlog.remove(Load(10.0, 0.1), 5.0, complete=True)
    assert (backlog.paces["speak"].rtf, backlog.paces["speak"].length_ratio) == (rtf, 1)


def test_what_hearing_takes_is_learnt_apart_and_counts_by_its_own_pace(backlog):
    for _ in range(100):
        backlog.add(load := Load(10.0, task="hear"))
        load.made_s = 10.0
        backlog.remove(load, 5.0, complete=True)
    assert backlog.paces["hear"].rtf == pytest.approx(0.5, abs=1e-3)
    assert backlog.paces["speak"].rtf == FIRST_GUESS_RTF["speak"]
    backlog.add(Load(3600.0, task="hear"))  # ten seconds of it, as somebody reads along
    backlog.add(Load(3600.0))
    assert backlog.wait_s == pytest.approx((10 * 0.5 + 10 * FIRST_GUESS_RTF["speak"]) / 2, abs=0.01)
