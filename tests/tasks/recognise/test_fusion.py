"""A language model has its say in a search."""

import numpy as np
import pytest

from tingshuo.tasks.recognise.fusion import LanguageScorer, Together
from tingshuo.tasks.recognise.hotwords import Hotwords
from tingshuo.tasks.recognise.search import prefix_beam
from tingshuo.text.lm.kneser_ney import estimate

UNITS = ("<blank>", "天", "气", "汽", "很", "好")
MODEL = estimate(["天气很好", "天气好", "天气"] * 3 + ["汽"], 3)


def heard(*frames):
    """Log probabilities of frames, each given by the units that it may be, with their shares."""
    probs = np.full((len(frames), len(UNITS)), 1e-6)
    for row, frame in zip(probs, frames, strict=True):
        for unit, share in frame.items():
            row[UNITS.index(unit)] = share
    return np.log(probs / probs.sum(1, keepdims=True)).astype(np.float32)


FRAMES = heard({"天": 1.0}, {"气": 0.45, "汽": 0.55}, {"很": 0.9, "<blank>": 0.1}, {"好": 1.0})


def text(found):
    return "".join(UNITS[unit] for unit in found[0].units)


def test_what_is_said_is_heard_rather_than_what_sounds_the_same():
    assert text(prefix_beam(FRAMES)) == "天汽很好"
    assert text(prefix_beam(FRAMES, scorer=LanguageScorer(MODEL, UNITS, 0.5))) == "天气很好"


def test_the_score_has_the_share_of_the_model():
    scorer = LanguageScorer(MODEL, UNITS, 0.5, bonus=0.7)
    for plain, found in zip(prefix_beam(FRAMES, 1), prefix_beam(FRAMES, 1, scorer=scorer), strict=True):
        written = "".join(UNITS[unit] for unit in found.units)
        assert found.units == plain.units
        assert found.score == pytest.approx(plain.score + 0.5 * MODEL.log_prob(written) + 0.7 * len(written), abs=1e-4)


def test_nothing_said_ends_at_once():
    assert LanguageScorer(MODEL, UNITS, 1.0).finish(None) == pytest.approx(MODEL.log_prob(""))


def test_several_add_up():
    one, other = LanguageScorer(MODEL, UNITS, 0.5), Hotwords({"天汽": 1.5}, UNITS)
    both, states, added = Together(one, other), (None, None), 0.0
    state = None
    for unit in (1, 3, 5):
        parts = [scorer.extend(own, unit) for scorer, own in zip((one, other), states, strict=True)]
        states = tuple(own for _, own in parts)
        added, state = both.extend(state, unit)
        assert added == pytest.approx(sum(share for share, _ in parts))
    assert both.finish(state) == pytest.approx(one.finish(states[0]) + other.finish(states[1]))
    assert both.finish(None) == pytest.approx(one.finish(None))
