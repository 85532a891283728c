"""Words of what was heard: where they begin, and when they were said."""

import numpy as np
import pytest

from tingshuo.tasks.recognise.hearing import heard
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.tasks.recognise.transcript import Word
from tingshuo.tasks.recognise.words import AFTER_S, BEFORE_S, geometric_mean, pauses_of, words_of


class Spelling:
    """Frames of 0.1 s; units as of SentencePiece, with bytes that make a character together."""

    frame_s = 0.1
    units = ("", "你", "好", "▁go", "ne", "▁", "<E5>", "<A5>", "<BD>", "カ", "ok")

    def text(self, units):
        data = b""
        for unit in units:
            text = self.units[unit]
            data += bytes.fromhex(text[1:3]) if text.startswith("<") else text.encode()
        return data.decode("utf-8", "ignore").replace("▁", " ").strip()


def words(units, frames=None, confidences=None, begin_s=0.0, end_s=100.0):
    frames = tuple(10 * n for n in range(len(units))) if frames is None else frames
    found = Hypothesis(units, 0.0, frames, confidences or (0.5,) * len(units))
    spelling = Spelling()
    return words_of(spelling, found, heard(spelling, found), begin_s, end_s)


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ((1, 2), ["你", "好"]),
        ((3, 4), ["gone"]),
        ((1, 3, 4, 3, 2, 10), ["你", "gone", "go", "好", "ok"]),
        ((3, 5, 4), ["go", "ne"]),
        ((1, 6, 7, 8, 2), ["你", "好", "好"]),
        ((9, 9), ["カ", "カ"]),
        ((), []),
    ],
)
def test_what_a_word_is(units, expected):
    assert [word.text for word in words(units)] == expected


def test_the_text_is_that_of_its_words():
    found = words((5, 1, 3, 4, 6, 7, 8))
    assert "".join(word.text for word in found) == "你gone好"


def test_units_end_half_way_to_the_next_or_sooner():
    one, two, three = words((1, 2, 1), frames=(10, 11, 40), begin_s=5.0, end_s=9.1)
    assert (one.start_s, one.end_s) == (pytest.approx(6 - BEFORE_S), pytest.approx(6.05))
    assert (two.start_s, two.end_s) == (pytest.approx(6.05), pytest.approx(6.1 + AFTER_S))
    assert (three.start_s, three.end_s) == (pytest.approx(9 - BEFORE_S), pytest.approx(9.1))
    first = words((1,), frames=(0,), begin_s=5.0)[0]
    assert first.start_s == 5.0


def test_a_word_lasts_from_its_first_to_its_last_unit():
    (word,) = words((3, 4), frames=(10, 20), confidences=(0.9, 0.1))
    assert (word.start_s, word.end_s) == (pytest.approx(1 - BEFORE_S), pytest.approx(2 + AFTER_S))
    assert word.confidence == pytest.approx(0.3)


def test_without_times_there_are_no_words():
    assert words((1, 2), frames=()) == ()


def test_times_never_run_backwards():
    rng = np.random.default_rng(0)
    for _ in range(50):
        count = int(rng.integers(1, 12))
        found = words(tuple(rng.integers(1, 11, count).tolist()), tuple(np.sort(rng.integers(0, 30, count)).tolist()), end_s=2.0)
        assert all(word.start_s <= word.end_s for word in found)


def test_the_mean_of_confidences_is_geometric():
    assert geometric_mean([0.9, 0.1]) == pytest.approx(0.3)
    assert geometric_mean([]) == 0
    assert 0 < geometric_mean([0.0, 1.0]) < 0.01


def test_pauses_come_after_the_last_character_of_a_word():
    found = (Word("你", 0.0, 0.5, 1.0), Word("ok", 1.5, 2.0, 1.0), Word("好", 1.9, 3.0, 1.0))
    assert pauses_of("你 ok 好", found) == [1.0, 0, 0, 0, 0, 0]
    assert pauses_of("你好", ()) is None
