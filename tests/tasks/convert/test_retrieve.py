"""Content is drawn towards the nearest of the speaker's, as the definition says."""

import numpy as np
import pytest

from tingshuo.tasks.convert.retrieve import Retrieval, frames_of, protect

RNG = np.random.default_rng(1)
VECTORS = RNG.standard_normal((300, 12), np.float32)
HEARD = RNG.standard_normal((17, 12), np.float32)


def by_definition(heard, vectors, k):
    """One query after the other, in double precision."""
    means = []
    for query in heard.astype(np.float64):
        squared = np.square(vectors.astype(np.float64) - query).sum(1)
        nearest = np.argsort(squared, kind="stable")[:k]
        weights = (1 / squared[nearest]) ** 2
        means.append((weights / weights.sum()) @ vectors[nearest].astype(np.float64))
    return np.array(means)


def test_eight_neighbours_weighted_by_the_square_of_what_faiss_returns():
    index = Retrieval(VECTORS)
    expected = by_definition(HEARD, VECTORS, 8)
    np.testing.assert_allclose(index.mean(HEARD), expected, atol=2e-6)
    np.testing.assert_allclose(index.blend(HEARD, 0.75), 0.75 * expected + 0.25 * HEARD, atol=2e-6)
    assert not np.allclose(index.mean(HEARD, 4), expected, atol=0.01)


def test_half_precision_vectors_are_looked_for_in_single():
    halves = VECTORS.astype(np.float16)
    a, b = Retrieval(halves).mean(HEARD), Retrieval(halves.astype(np.float32)).mean(HEARD)
    assert a.dtype == np.float32
    assert np.array_equal(a, b)


def test_blocks_are_the_same_as_one(monkeypatch):
    whole = Retrieval(VECTORS).nearest(HEARD)
    monkeypatch.setattr("tingshuo.tasks.convert.retrieve._BLOCK_NUMBERS", 4 * len(VECTORS))
    cut = Retrieval(VECTORS).nearest(HEARD)
    assert np.array_equal(whole[1], cut[1])
    np.testing.assert_allclose(whole[0], cut[0], rtol=1e-6)


def test_a_vector_that_is_in_the_index_is_itself():
    np.testing.assert_allclose(Retrieval(VECTORS).mean(VECTORS[:3]), VECTORS[:3], atol=1e-6)
    alone = Retrieval(VECTORS[:1])
    np.testing.assert_allclose(alone.mean(HEARD), np.repeat(VECTORS[:1], len(HEARD), 0), rtol=1e-6)


def test_nothing_of_the_index_and_nothing_to_say():
    assert np.array_equal(Retrieval(VECTORS).blend(HEARD, 0), HEARD)
    assert Retrieval(VECTORS).mean(HEARD[:0]).shape == (0, 12)


def test_each_vector_is_said_for_two_frames():
    assert frames_of(HEARD[:3], 6)[:, 0].tolist() == np.repeat(HEARD[:3, 0], 2).tolist()
    longer = frames_of(HEARD[:3], 8)
    assert np.array_equal(longer[5:], np.repeat(HEARD[2:3], 3, 0))
    assert len(frames_of(HEARD[:3], 5)) == 5


@pytest.mark.parametrize("share", [0.0, 0.33])
def test_frames_without_pitch_keep_what_was_heard(share):
    f0 = np.array([0, 220, 0, 110], np.float32)
    mixed = protect(VECTORS[:4], HEARD[:4], f0, share)
    assert np.array_equal(mixed[[1, 3]], VECTORS[[1, 3]])
    np.testing.assert_allclose(mixed[[0, 2]], share * VECTORS[[0, 2]] + (1 - share) * HEARD[[0, 2]], rtol=1e-5)


def test_at_a_half_nothing_is_protected():
    assert protect(VECTORS[:4], HEARD[:4], np.zeros(4), 0.5) is not HEARD
    assert np.array_equal(protect(VECTORS[:4], HEARD[:4], np.zeros(4), 0.5), VECTORS[:4])
