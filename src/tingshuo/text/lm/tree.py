"""From n-grams with their figures to the arrays of a model."""

from collections.abc import Mapping, Sequence

import numpy as np

from tingshuo.text.lm.ngram import Gram, Level, NGram

Figures = Mapping[Gram, tuple[float, float]]
"""Log probability and back-off weight of n-grams of one length."""


def build(units: Sequence[str], figures: Sequence[Figures]) -> NGram:
    """Return the model.

    Parameters
    ----------
    units : sequence of str
        See `NGram`.
    figures : sequence of Figures
        Of n-grams of 1, 2, ... units; every unit has its own, and every n-gram begins with one of the length before.

    Raises
    ------
    KeyError
        An n-gram does not; the error has it.
    """
    levels: list[Level] = []
    rows: dict[Gram, int] = {(unit,): unit for unit in range(len(units))}
    ordered: list[Gram] = list(rows)
    for length, found in enumerate(figures, 1):
        following = sorted(figures[length]) if length < len(figures) else []
        counts = np.zeros(len(ordered) + 1, np.int64)
        for gram in following:
            counts[rows[gram[:-1]] + 1] += 1
        values = np.array([found[gram] for gram in ordered], np.float32).reshape(-1, 2)
        last = np.array([gram[-1] for gram in ordered], np.int32)
        levels.append(Level(last, values[:, 0].copy(), values[:, 1].copy(), np.cumsum(counts)))
        ordered, rows = following, {gram: row for row, gram in enumerate(following)}
    return NGram(units, levels)
