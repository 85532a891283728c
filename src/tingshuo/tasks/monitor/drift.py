"""How far what is asked of a voice has moved from what it was taught with: two counts over the same bins, compared twice.

The population stability index (PSI) says how far, the Kolmogorov-Smirnov test whether chance could have done it.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

WATCH, ALARM = 0.1, 0.25
"""From these values of PSI on a change is called moderate, and large: the convention of credit scoring (N. Siddiqi, "Credit Risk
Scorecards", 2006, after E. M. Lewis, "An Introduction to Credit Scoring", 1994). It knows nothing of how many values there are,
therefore see `psi_by_chance`."""
PARTS = 10
"""Groups of equal share of the reference that PSI is taken over, as is usual."""
FEWEST_PARTS = 3
CONFIDENCE = 0.99


class Ks(NamedTuple):
    """Result of a two-sample Kolmogorov-Smirnov test: the largest distance of the two distributions, 0 to 1, and its p-value."""

    distance: float
    p: float


def groups(reference: Counts, parts: int = PARTS) -> NDArray[np.int64]:
    """Join neighbouring bins until each group has at least a ``parts``-th of the reference.

    Parameters
    ----------
    reference : Counts
        (B,), at least one of them above 0.
    parts : int
        As many groups at most, or two more: where the reference lies in so few bins that there are fewer than
        `FEWEST_PARTS`, what is left and right of it are groups of their own, or a change would not be seen.

    Returns
    -------
    NDArray
        Index of the first bin of each group, ascending from 0.
    """
    least, total = reference.sum() / parts, reference.sum()
    starts, held, done = [0], 0, 0
    for index, count in enumerate(reference.tolist()):
        held, done = held + count, done + count
        if held >= least and total - done >= least:
            starts.append(index + 1)
            held = 0
    if len(starts) < FEWEST_PARTS:
        there = np.flatnonzero(reference)
        ends = {int(there[0]), int(there[-1]) + 1}
        starts = sorted({*starts, *(end for end in ends if end < len(reference))})
    return np.array(starts)


def psi(reference: Counts, actual: Counts) -> float:
    """Return the population stability index of two counts over the same bins: 0 when their shares are equal.

    The sum over groups of (a - r) ln(a / r), a and r being the shares of both: Jeffreys' symmetric divergence (H. Jeffreys, "An
    invariant form for the prior probability in estimation problems", 1946). Half a value is added to each group, so that an
    empty one does not make it infinite.

    Parameters
    ----------
    reference, actual : Counts
        (B,), over groups as `groups` makes them.
    """
    a, r = (((counts + 0.5) / (counts.sum() + 0.5 * len(counts))) for counts in (actual, reference))
    return float(np.sum((a - r) * np.log(a / r)))


def psi_by_chance(parts: int, n_reference: int, n_actual: int, confidence: float = CONFIDENCE) -> float:
    """Return what PSI stays below in a share ``confidence`` of cases when nothing has changed.

    Without a change PSI is about chi-square with ``parts - 1`` degrees of freedom, times 1/n + 1/m (B. Yurdakul and J. Naranjo,
    "Statistical properties of the population stability index", 2020). The quantile of chi-square is that of E. B. Wilson and
    M. M. Hilferty, "The distribution of chi-square", 1931, good to a few per cent.

    Parameters
    ----------
    parts : int
        Groups.
    n_reference, n_actual : int
        Values behind each, at least 1.
    confidence : float
        0 to 1.
    """
    degrees = max(parts - 1, 1)
    spread = 2 / (9 * degrees)
    root = 1 - spread + NormalDist().inv_cdf(confidence) * math.sqrt(spread)
    quantile: float = degrees * max(0.0, root) ** 3
    return quantile * (1 / n_reference + 1 / n_actual)


def ks(reference: Counts, actual: Counts) -> Ks:
    """Test whether two counts over the same bins are of one distribution.

    The distance is that at the borders of the bins, so never larger than that of the values themselves: binning makes the test
    careful. The p-value is Kolmogorov's limiting distribution (A. N. Kolmogorov, 1933; N. Smirnov, 1939) of the distance times
    s + 0.12 + 0.11 / s, s being the root of n m / (n + m) (M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramer-von Mises
    and related statistics without extensive tables", 1970).

    Parameters
    ----------
    reference, actual : Counts
        (B,), each with at least one value.
    """
    n, m = int(reference.sum()), int(actual.sum())
    distance = float(np.abs(np.cumsum(reference) / n - np.cumsum(actual) / m).max())
    root = float(np.sqrt(n * m / (n + m)))
    return Ks(distance, kolmogorov_tail((root + 0.12 + 0.11 / root) * distance))


def kolmogorov_tail(x: float) -> float:
    """Return the probability that Kolmogorov's distribution exceeds ``x``: 2 sum over k of (-1)^(k-1) exp(-2 k^2 x^2)."""
    if x < 0.2:  # the series needs many terms there, and the probability is 1 to twelve digits
        return 1.0
    k = np.arange(1, 101)
    return float(np.clip(2 * np.sum((-1.0) ** (k - 1) * np.exp(-2 * np.square(k * x))), 0, 1))


def regroup(counts: Counts, starts: Sequence[int] | NDArray[np.int64]) -> Counts:
    """Return the counts of groups that begin at these bins."""
    joined: Counts = np.add.reduceat(counts, np.asarray(starts))
    return joined
