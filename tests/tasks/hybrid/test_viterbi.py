import itertools

import numpy as np
import pytest
from tests.tasks.hybrid.small import UNITS, scores, settings

from tingshuo.tasks.hybrid.network import Network
from tingshuo.tasks.hybrid.viterbi import search


def said(found):
    return [UNITS[unit] for unit in found.units]


def test_what_fits_best_is_found_with_its_borders():
    heard = scores("sil n i3 h ao3 sil")
    (best, *_) = search(heard, Network(settings()), 30).texts(3)
    assert said(best) == ["ni3", "hao3"]
    assert best.frames == (6, 18)
    assert all(sure > 0.9 for sure in best.confidences)


def test_the_same_syllable_may_come_twice():
    assert said(search(scores("m a1 m a1"), Network(settings()), 30).texts(1)[0]) == ["ma1", "ma1"]


def test_what_was_said_more_often_wins_where_the_frames_leave_it_open():
    heard = np.maximum(scores("m a1"), scores("m a3"))
    for likely in ("ma1", "ma3"):
        frequencies = [0.0 if unit == likely else -3.0 for unit in UNITS]
        assert said(search(heard, Network(settings(frequencies=frequencies)), 30).texts(1)[0]) == [likely]


@pytest.mark.parametrize("seed", range(4))
def test_no_way_is_better_than_the_one_that_is_found(seed):
    network, frames = Network(settings()), 14
    heard = np.random.default_rng(seed).normal(0, 3, (frames, 16)).astype(np.float32)
    best = np.full(frames + 1, -np.inf)
    best[0] = 0
    for begin, end in itertools.combinations(range(frames + 1), 2):
        if best[begin] > -np.inf:
            for unit in range(5):
                value = best[begin] + network.entry[unit] + _alone(heard[begin:end], network, unit)
                best[end] = max(best[end], value)
    found = search(heard, network, 1e9).texts(1)[0]
    assert found.score == pytest.approx(best[-1], abs=1e-3)


def _alone(heard, network, unit):
    """The likeliest way of one syllable through frames, its end included."""
    here = slice(network.starts[unit], network.ends[unit] + 1)
    states, stay, go = network.states[here], network.stay[here], network.go[here]
    best = np.full(len(states), -np.inf)
    best[0] = heard[0, states[0]]
    for frame in heard[1:]:
        stepped = np.concatenate([[-np.inf], best[:-1] + go[:-1]])
        best = np.maximum(best + stay, stepped) + frame[states]
    return best[-1] + go[-1]


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_what_is_too_short_for_a_syllable_has_none(frames):
    found = search(np.zeros((frames, 16), np.float32), Network(settings()), 30)
    assert all(unit == 4 for unit in found.unit)
    assert all(not text.units for text in found.texts(2))


def test_a_narrow_beam_leaves_edges_out():
    heard = np.random.default_rng(0).normal(0, 1, (40, 16)).astype(np.float32)
    narrow, wide = (search(heard, Network(settings()), beam) for beam in (1.0, 20.0))
    assert 0 < len(narrow.unit) < len(wide.unit)
