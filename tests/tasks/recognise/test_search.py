"""The searches on probabilities that are few enough to try every way through them."""

import math
from collections import defaultdict
from itertools import groupby, product

import numpy as np
import pytest

from tingshuo.tasks.recognise.search import Hypothesis, greedy, prefix_beam, rescore


def log_probs(frames, units, seed=0):
    logits = 2 * np.random.default_rng(seed).standard_normal((frames, units)).astype(np.float32)
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def every_text(values, blank=0):
    """Return each text and the probability of all ways to spell it."""
    texts = defaultdict(float)
    for way in product(range(values.shape[1]), repeat=len(values)):
        text = tuple(unit for unit, _ in groupby(way) if unit != blank)
        texts[text] += math.exp(sum(values[frame, unit] for frame, unit in enumerate(way)))
    return texts


def spelled(way, units=4, sure=0.9):
    """Return log probabilities of which one way is by far the best."""
    values = np.full((len(way), units), (1 - sure) / (units - 1), np.float32)
    values[np.arange(len(way)), np.array(way, np.int64)] = sure
    return np.log(values)


@pytest.mark.parametrize(
    ("way", "units", "frames"),
    [([0, 1, 1, 0, 1, 2, 0], (1, 1, 2), (1, 4, 5)), ([3, 3, 3], (3,), (0,)), ([0, 0], (), ()), ([], (), ())],
)
def test_greedy_joins_repetitions_and_drops_blanks(way, units, frames):
    found = greedy(spelled(way))
    assert (found.units, found.frames) == (units, frames)
    assert found.score == pytest.approx(len(way) * math.log(0.9), abs=1e-5)
    assert found.confidences == pytest.approx([0.9] * len(units))


def test_greedy_says_where_a_unit_was_loudest():
    values = spelled([1, 1, 1, 0])
    values[1, 1] = math.log(0.99)
    assert greedy(values).frames == (1,)
    assert greedy(values).confidences == pytest.approx([0.99])
    assert greedy(spelled([1, 2]), blank=2).units == (1,)


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_beam_adds_up_every_way(seed):
    values = log_probs(5, 4, seed)
    expected = sorted(every_text(values).items(), key=lambda one: -one[1])
    found = prefix_beam(values, beam=400)
    assert len(found) == len(expected)
    for hypothesis, (text, probability) in zip(found[:20], expected, strict=False):
        assert hypothesis.units == text
        assert hypothesis.score == pytest.approx(math.log(probability), abs=1e-4)


def test_a_narrow_beam_has_the_best_text_where_the_best_way_is_of_another():
    values = np.log(np.array([[0.4, 0.35, 0.25], [0.4, 0.35, 0.25]], np.float32))
    assert greedy(values).units == ()
    assert prefix_beam(values, beam=2)[0].units == (1,)


def test_hypotheses_say_where_and_how_sure():
    values = spelled([0, 1, 1, 0, 1, 2])
    values[2, 1] = math.log(0.95)
    best = prefix_beam(values, beam=4)[0]
    assert (best.units, best.frames) == ((1, 1, 2), (2, 4, 5))
    assert best.confidences == pytest.approx([0.95, 0.9, 0.9])
    assert len(prefix_beam(values, beam=3)) == 3
    assert prefix_beam(values[:0]) == (Hypothesis((), 0.0, (), ()),)


class Bigrams:
    """Likes one unit after another, and texts that end in 2."""

    def __init__(self):
        self.asked = []

    def extend(self, state, unit):
        self.asked.append((state, unit))
        return (1.5 if (state, unit) == (1, 2) else -0.5), unit

    def finish(self, state):
        return 0.7 if state == 2 else 0.0

    def total(self, text):
        before = (None, *text)
        return sum(self.extend(a, b)[0] for a, b in zip(before, text, strict=False)) + self.finish(before[len(text)])


@pytest.mark.parametrize("seed", range(3))
def test_a_scorer_has_its_say_in_every_text(seed):
    values, scorer = log_probs(5, 3, seed), Bigrams()
    totals = {text: math.log(p) + scorer.total(text) for text, p in every_text(values).items()}
    found = prefix_beam(values, beam=200, scorer=Bigrams())
    assert {h.units: pytest.approx(h.score, abs=1e-4) for h in found} == totals
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


def test_a_scorer_is_asked_once_for_a_text_of_the_beam():
    scorer = Bigrams()
    prefix_beam(spelled([1, 1, 1, 1]), beam=400, scorer=scorer)
    assert len(scorer.asked) == len(every_text(spelled([1, 1, 1, 1]))) - 1


class Judge:
    """A decoder to which a unit is as likely as a table says, whatever came before."""

    def __init__(self, *probabilities):
        self.values = np.log(np.array(probabilities, np.float32))
        self.calls = []

    def __call__(self, before, units):
        self.calls.append((before.tolist(), units.tolist()))
        return self.values[units]


FOUND = (Hypothesis((1, 1), -1.0, (0, 4), (0.9, 0.9)), Hypothesis((2,), -1.5, (3,), (0.6,)), Hypothesis((), -9.0, (), ()))


def test_a_decoder_judges_all_texts_at_once():
    judge = Judge(1.0, 0.1, 0.5, 0.8, 0.7)
    first, second, last = rescore(FOUND, 4, 3, judge, ctc_weight=0.5)
    assert judge.calls == [([[4, 1, 1], [4, 2, 3], [4, 3, 3]], [[1, 1, 3], [2, 3, 3], [3, 3, 3]])]
    assert (first.units, second.units, last.units) == ((2,), (), (1, 1))
    assert first.score == pytest.approx(math.log(0.5) + math.log(0.8) - 0.75)
    assert first.frames == (3,)
    assert first.confidences == pytest.approx([0.5])
    assert last.score == pytest.approx(2 * math.log(0.1) + math.log(0.8) - 0.5)


def test_a_second_decoder_reads_from_right_to_left():
    texts = (Hypothesis((1, 2, 0), -1.0, (0, 1, 2), (1.0, 1.0, 1.0)),)
    there, back = Judge(0.2, 0.4, 0.6, 0.8), Judge(0.3, 0.5, 0.7, 0.9)
    (found,) = rescore(texts, 3, 3, there, back, ctc_weight=0.0, reverse_weight=0.25)
    assert back.calls == [([[3, 0, 2, 1]], [[0, 2, 1, 3]])]
    assert found.score == pytest.approx(0.75 * math.log(0.2 * 0.4 * 0.6 * 0.8) + 0.25 * math.log(0.3 * 0.5 * 0.7 * 0.9), abs=1e-5)
    assert found.confidences == pytest.approx([(0.4 + 0.5) / 2, (0.6 + 0.7) / 2, (0.2 + 0.3) / 2])
    (alone,) = rescore(texts, 3, 3, there, back, ctc_weight=1.0)
    assert len(back.calls) == 1, "it is not asked where it does not count"
    assert alone.score == pytest.approx(math.log(0.2 * 0.4 * 0.6 * 0.8) - 1, abs=1e-5)
