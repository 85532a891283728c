"""N-grams become arrays."""

import pytest

from tingshuo.text.lm.ngram import BEGIN, END, UNKNOWN
from tingshuo.text.lm.tree import build

UNITS = (UNKNOWN, BEGIN, END, "a", "b")


def test_children_lie_together_and_are_sorted():
    singles = {(n,): (-float(n), 0.5) for n in range(5)}
    pairs = {(3, 4): (-0.1, 0.0), (1, 3): (-0.2, 0.0), (3, 3): (-0.3, 0.0)}
    model = build(UNITS, [singles, pairs])
    above, below = model.levels
    assert above.first.tolist() == [0, 0, 1, 1, 3, 3]
    assert below.units.tolist() == [3, 3, 4]
    assert below.log_probs.tolist() == pytest.approx([-0.2, -0.3, -0.1])
    assert [gram for gram, *_ in model.grams(2)] == sorted(pairs)
    assert model.extend((3,), 4) == (pytest.approx(-0.1), (4,))
    assert model.extend((3,), 2) == (pytest.approx(0.5 - 2), (2,))


def test_an_ngram_without_its_beginning_is_an_error():
    singles = {(n,): (-1.0, 0.0) for n in range(5)}
    with pytest.raises(KeyError):
        build(UNITS, [singles, {}, {(3, 4, 3): (-1.0, 0.0)}])
