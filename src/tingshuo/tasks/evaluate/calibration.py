"""Is a recogniser as often right as it is sure? Confidences beside what came of them.

Those who are 90 % sure should be right nine times in ten. Things are sorted into ten classes of confidence; the expected
calibration error is the mean distance between how sure and how often right a class is, each weighted by what is in it.

Sources: M. P. Naeini, G. Cooper and M. Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning";
C. Guo et al. 2017, "On calibration of modern neural networks" (the diagram).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Things whose confidence lies from ``low`` to ``high``: how many, how sure on average, and the share that is right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of ``n`` things: mean confidence, share that is right, expected calibration error, all 0 to 1.

    ``ranking`` is the probability that something right is surer than something wrong (area under the ROC curve): 0.5 tells
    nothing, 1 sorts them. NaN where all is right, or all is wrong. ``bins`` leaves out empty classes.
    """

    n: int
    confidence: float
    accuracy: float
    ece: float
    ranking: float
    bins: tuple[Bin, ...]


def calibrate(confidences: ArrayLike, right: ArrayLike, bins: int = BINS) -> Calibration | None:
    """Compare confidences with what is right.

    Parameters
    ----------
    confidences : array (N,)
        0 to 1; what is beyond counts as its nearer end, what is not a number does not count.
    right : array (N,)
        Of bool.
    bins : int
        Classes of equal width.

    Returns
    -------
    Calibration or None
        None when there is nothing to compare.
    """
    sure, true = np.asarray(confidences, np.float64).ravel(), np.asarray(right, bool).ravel()
    assert sure.shape == true.shape, f"{sure.shape} confidences and {true.shape} answers"
    known = np.isfinite(sure)
    sure, true = np.clip(sure[known], 0, 1), true[known]
    if not len(sure):
        return None
    place = np.minimum((sure * bins).astype(int), bins - 1)
    found = []
    for k in range(bins):
        inside = place == k
        if inside.any():
            mean, share = float(sure[inside].mean()), float(true[inside].mean())
            found.append(Bin(k / bins, (k + 1) / bins, int(inside.sum()), mean, share))
    ece = sum(one.n * abs(one.confidence - one.accuracy) for one in found) / len(sure)
    return Calibration(len(sure), float(sure.mean()), float(true.mean()), ece, _ranking(sure[true], sure[~true]), tuple(found))


def _ranking(
    right: "np.ndarray[tuple[int], np.dtype[np.float64]]", wrong: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> float:
    """Return how often one of ``right`` is above one of ``wrong``, equal ones counting half."""
    if not len(right) or not len(wrong):
        return float("nan")
    ordered = np.sort(wrong)
    below = np.searchsorted(ordered, right, "left") + np.searchsorted(ordered, right, "right")
    return float(below.mean() / 2 / len(wrong))
