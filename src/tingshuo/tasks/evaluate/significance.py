"""How sure a rate of errors is, and whether one recogniser makes fewer than another: bootstraps of utterances.

Utterances are drawn with replacement, all errors of an utterance together, and the rate is taken anew of every draw. Where there
are several speakers, speakers are drawn first, each with all that is said of them, and then utterances of each: what one speaker
says is alike, and leaving that out makes intervals too narrow. Two recognisers are compared on the same draws, which cancels what
the utterances differ in.

Sources: M. Bisani and H. Ney 2004, "Bootstrap estimates for confidence intervals in ASR performance evaluation" (rates, paired
differences, and the share of draws in which one is better); B. Efron 1979, "Bootstrap methods: another look at the jackknife".
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tingshuo.tasks.evaluate.figures import RESAMPLES

FEW_SPEAKERS = 10
"""With fewer, an interval says little of other speakers."""
_MOST_CELLS = 1 << 22
"""Draws times utterances that are held at once: 32 MB."""

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """95 % of the draws lie between; both NaN for a single utterance."""

    low: float
    high: float


class Lead(NamedTuple):
    """A rate minus another one's, of the same utterances.

    ``better`` is the share of draws in which the first rate is the lower one; a draw in which both are equal counts half.
    """

    difference: float
    low: float
    high: float
    better: float


def resample(values: ArrayLike, speakers: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """Draw utterances again and again, and add up what each draw has.

    Parameters
    ----------
    values : array (U, C)
        What is counted of each utterance, in columns: errors, and units of the reference, say.
    speakers : sequence of str
        Who says each; speakers are drawn too where there are several.
    resamples : int
        Draws.
    seed : int
        The same draws for the same utterances.

    Returns
    -------
    NDArray
        (resamples, C), sums.
    """
    table = np.asarray(values, np.float64)
    assert table.ndim == 2, table.shape
    assert len(table) == len(speakers), f"{len(table)} utterances of {len(speakers)} speakers"
    rng = np.random.default_rng(seed)
    names = np.array(speakers)
    groups = [np.flatnonzero(names == name) for name in dict.fromkeys(speakers)]
    times = rng.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=resamples)
    totals = np.zeros((resamples, table.shape[1]))
    for group, drawn in zip(groups, times.T, strict=True):
        step = max(1, _MOST_CELLS // len(group))
        even = np.full(len(group), 1 / len(group))
        for begin in range(0, resamples, step):
            counts = rng.multinomial(drawn[begin : begin + step] * len(group), even)
            totals[begin : begin + step] += counts @ table[group]
    return totals


def rates(totals: Floats) -> Floats:
    """Return the first column over the second, (R,): of a draw without a single unit of a reference 0."""
    found: Floats = totals[:, 0] / np.maximum(totals[:, 1], 1)
    return found


def rate_interval(errors: ArrayLike, units: ArrayLike, speakers: Sequence[str], *, seed: int = 0) -> Interval:
    """Return the 95 % interval of a rate: errors of all utterances over units of all references.

    Parameters
    ----------
    errors, units : array (U,)
        Of each utterance.
    speakers : sequence of str
        Who says each.
    seed : int
        Of the draws.
    """
    if len(speakers) < 2:
        return Interval(float("nan"), float("nan"))
    return _middle(rates(resample(np.stack([errors, units], axis=1), speakers, seed=seed)))


def lead(errors: ArrayLike, others: ArrayLike, units: ArrayLike, speakers: Sequence[str], *, seed: int = 0) -> Lead:
    """Compare two recognisers on the same utterances.

    Parameters
    ----------
    errors, others, units : array (U,)
        Errors of the first and of the second recogniser, and units of the reference, of each utterance.
    speakers : sequence of str
        Who says each.
    seed : int
        Of the draws.
    """
    a, b, n = (np.asarray(column, np.float64) for column in (errors, others, units))
    difference = float((a.sum() - b.sum()) / max(n.sum(), 1))
    if len(speakers) < 2:
        return Lead(difference, float("nan"), float("nan"), float("nan"))
    drawn = rates(resample(np.stack([a - b, n], axis=1), speakers, seed=seed))
    better = float((drawn < 0).mean() + (drawn == 0).mean() / 2)
    return Lead(difference, *_middle(drawn), better)


def _middle(values: Floats) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5]).tolist()
    return Interval(low, high)
