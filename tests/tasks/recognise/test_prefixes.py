import math
from itertools import pairwise

import numpy as np
import pytest

from tingshuo.tasks.recognise.prefixes import PrefixBeam, add_logs, backwards


def log_probs(frames, units, seed=0):
    logits = 3 * np.random.default_rng(seed).standard_normal((frames, units)).astype(np.float32)
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


@pytest.mark.parametrize(("a", "b"), [(-1.0, -2.0), (-2.0, -1.0), (0.0, -math.inf), (-700.0, -800.0)])
def test_logs_are_added(a, b):
    assert add_logs(a, b) == pytest.approx(max(a, b) + math.log(1 + math.exp(min(a, b) - max(a, b))))


def test_nothing_and_nothing_is_nothing():
    assert add_logs(-math.inf, -math.inf) == -math.inf


def test_pieces_are_as_the_whole():
    values = log_probs(60, 9)
    whole, pieces = PrefixBeam(6), PrefixBeam(6)
    whole.feed(values)
    for begin, end in ((0, 1), (1, 8), (8, 31), (31, 60)):
        pieces.feed(values[begin:end])
        assert pieces.ended()[0].score <= 0, "one may look in between"
    pieces.feed(values[:0])
    assert pieces.ended() == whole.ended()
    frames = [mark.frame for mark in backwards(whole.ended()[0].marks)]
    assert frames == sorted(set(frames), reverse=True)


def test_more_texts_than_units_may_be_asked_for():
    search = PrefixBeam(50)
    search.feed(log_probs(2, 3))
    assert {ended.units for ended in search.ended()} == {(), (1,), (2,), (1, 2), (2, 1)}


def nodes(node):
    return 1 + sum(nodes(child) for child in node.children.values())


def test_texts_that_are_given_up_are_forgotten():
    search = PrefixBeam(4)
    for seed in range(10):
        search.feed(log_probs(20, 30, seed))
    root = search._alive[0][0]
    while root.parent is not None:
        root = root.parent
    longest = max(len(ended.units) for ended in search.ended())
    assert longest > 50
    assert nodes(root) <= 4 * longest + 1


def test_a_text_that_was_given_up_and_comes_again_is_one():
    """Its longer forms may be alive all the while; ways that come by it later have to meet them."""
    for seed in range(30):
        search = PrefixBeam(3)
        search.feed(log_probs(25, 4, seed))
        texts = [ended.units for ended in search.ended()]
        assert len(set(texts)) == len(texts)


def begins(longer, shorter):
    return longer[: len(shorter)] == shorter


@pytest.mark.parametrize("seed", range(5))
def test_what_has_settled_stays(seed):
    values = log_probs(80, 6, seed) * 2
    search, settled = PrefixBeam(5), []
    for frame in values:
        search.feed(frame[None])
        settled.append(search.settled())
        text, _ = search.so_far()
        assert begins(text, settled[-1])
        assert begins(search.settled(3.0), settled[-1]), "of fewer texts more has settled"
        assert begins(text, search.settled(0.0))
        assert search.settled(0.0) == text
    assert len(settled[-1]) > 3
    assert all(begins(later, earlier) for earlier, later in pairwise(settled))
    assert all(begins(ended.units, settled[-1]) for ended in search.ended())


def test_nothing_has_settled_before_anything_was_heard():
    assert (PrefixBeam().settled(), PrefixBeam().so_far(), PrefixBeam().states()) == ((), ((), None), [None])
