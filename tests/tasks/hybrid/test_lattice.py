import numpy as np
import pytest

from tingshuo.tasks.hybrid.lattice import Lattice

PAUSE = 9


def lattice(*edges, frames=6):
    """Edges: begin, end, unit, score, log probability by itself."""
    begin, end, unit, score, likely = zip(*sorted(edges, key=lambda edge: edge[1]), strict=True)
    whole = [np.array(column, np.int64) for column in (begin, end, unit)]
    return Lattice(frames, *whole, np.array(score, float), np.array(likely, float), PAUSE)


EDGES = (
    (0, 3, 1, -1.0, -0.5), (0, 4, 1, -1.5, -0.5), (0, 3, 2, -2.0, -0.1), (3, 6, 3, -1.0, -0.7), (4, 6, 3, -0.9, -0.7),
    (3, 4, PAUSE, -0.2, -0.3), (1, 6, 4, -0.1, -0.1),
)  # fmt: skip
WAYS = {((1, 3),): [(0, 3), (1, 4), (0, 5, 4)], ((2, 3),): [(2, 3), (2, 5, 4)]}
"""Texts to the ways that spell them, by places in EDGES."""


def weight(way):
    return sum(EDGES[edge][3] + EDGES[edge][4] for edge in way)


def test_an_edge_is_as_likely_as_the_ways_through_it():
    found = lattice(*EDGES)
    ways = [way for some in WAYS.values() for way in some]
    total = np.logaddexp.reduce([weight(way) for way in ways])
    for begin, end, unit, score, posterior in zip(found.begin, found.end, found.unit, found.score, found.posteriors, strict=True):
        place = next(n for n, edge in enumerate(EDGES) if edge[:4] == (begin, end, unit, score))
        through = [weight(way) for way in ways if place in way]
        expected = np.logaddexp.reduce(through) - total if through else -np.inf
        assert posterior == pytest.approx(expected)


def test_what_is_unlikely_or_leads_nowhere_is_left_out():
    found = lattice(*EDGES).pruned(100)
    assert 4 not in found.unit
    assert len(found.unit) == 6
    assert set(lattice(*EDGES).pruned(0.6).unit) <= {1, 3}


def test_texts_come_in_the_order_of_their_best_ways():
    first, second = lattice(*EDGES).texts(5)
    assert (first.units, second.units) == ((1, 3), (2, 3))
    assert first.score == pytest.approx(max(map(weight, WAYS[((1, 3),)])))
    assert second.score == pytest.approx(max(map(weight, WAYS[((2, 3),)])))
    assert first.frames == (0, 3)
    assert first.confidences[1] == pytest.approx(1)
    assert 0.5 < first.confidences[0] < 1


class Likes:
    """Likes the syllable 2, and texts that end."""

    def extend(self, state, unit):
        return (3.0 if unit == 2 else -0.25), (state or 0) + 1

    def finish(self, state):
        return -0.125 * (state or 0)


def test_a_scorer_has_its_say_instead_of_how_likely_syllables_are_by_themselves():
    best, *_ = lattice(*EDGES).texts(5, Likes())
    assert best.units == (2, 3)
    assert best.score == pytest.approx(-3.0 + 3.0 - 0.25 - 0.25)


def test_where_no_way_leads_through_there_is_no_text():
    broken = lattice((0, 3, 1, 0.0, 0.0), (4, 6, 2, 0.0, 0.0))
    assert broken.texts(3) == ()
    assert not len(broken.pruned(100).unit)
    empty = Lattice(0, *(np.zeros(0, np.int64),) * 3, *(np.zeros(0),) * 2, PAUSE)
    assert [text.units for text in empty.texts(3)] == [()]
