"""The likeliest way through a path, for many recordings side by side.

A step of the recursion is a handful of array operations over all positions of all recordings of a batch, so numpy needs less
than half a microsecond a frame. Exact: every position is looked at.

Source: A. Viterbi, "Error bounds for convolutional codes and an asymptotically optimum decoding algorithm", 1967.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

NEVER = np.float32(-1e30)


class Way(NamedTuple):
    """A position for each frame, (T,), and the mean log-likelihood of a frame."""

    positions: Ints
    score: float


def best_ways(scores: Sequence[Floats], optional: Sequence[NDArray[np.bool_]], leap: int) -> list[Way]:
    """Find the likeliest way of each recording from its first position to its last.

    Parameters
    ----------
    scores : sequence of ndarray (T, M)
        Log-likelihood of each frame at each position. Alike in T and M, little is wasted.
    optional : sequence of ndarray (M,)
        Marks positions at which ``leap`` positions begin that may be left out together; they never touch.
    leap : int
        Positions that a leap leaves out.

    Returns
    -------
    list of Way
        T must allow the shortest way; where it does not, the score is about -1e30.
    """
    lengths = np.array([len(score) for score in scores])
    sizes = np.array([score.shape[1] for score in scores])
    frames, reach = int(lengths.max()), leap + 1
    # All positions lie in one row; an unreachable cell after each recording keeps it from the next.
    starts = np.cumsum(sizes + 1) - sizes - 1
    width = int(starts[-1] + sizes[-1] + 1)
    # What is common to all positions of a frame does not decide; without it float32 keeps its digits.
    tops = [score.max(axis=1) for score in scores]
    emission = np.full((frames, width), NEVER, np.float32)
    toll = np.full(width, NEVER, np.float32)
    for score, top, start, marks in zip(scores, tops, starts, optional, strict=True):
        np.subtract(score, top[:, None], out=emission[: len(score), start : start + score.shape[1]])
        toll[start + leap + np.flatnonzero(marks)] = 0
    stepped, leapt, reached = _forward(emission, toll, starts, reach)
    cells = _trace(stepped, leapt, lengths, starts + sizes - 1, reach)
    totals = reached[lengths - 1, starts + sizes - 1]
    return [
        Way(cells[:length, b] - starts[b], float(totals[b] + tops[b].sum(dtype=np.float64)) / int(length))
        for b, length in enumerate(lengths)
    ]


def _forward(emission: Floats, toll: Floats, starts: Ints, reach: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Floats]:
    """Find how each cell is best reached at each frame, (frames, width): by a step, by a leap; and how likely that is.

    ``emission`` becomes the last of these. Sums of `NEVER` stay far from the end of float32's range.
    """
    frames, width = emission.shape
    best = np.full(width + reach, NEVER, np.float32)
    stay, step, far = best[reach:], best[reach - 1 : -1], best[:-reach]
    stay[starts] = emission[0, starts]
    emission[0] = stay
    stepped, leapt = np.zeros((2, frames, width), np.bool_)
    skip, better = np.empty((2, width), np.float32)
    for t in range(1, frames):
        np.add(far, toll, out=skip)
        np.greater(step, stay, out=stepped[t])
        np.maximum(step, stay, out=better)
        np.greater(skip, better, out=leapt[t])
        np.maximum(skip, better, out=better)
        np.add(better, emission[t], out=emission[t])
        stay[:] = emission[t]
    return stepped, leapt, emission


def _trace(stepped: NDArray[np.bool_], leapt: NDArray[np.bool_], lengths: Ints, last: Ints, reach: int) -> Ints:
    """Follow the ways back from the last cell of each recording, shape (frames, batch)."""
    frames = len(stepped)
    cells = np.empty((frames, len(last)), np.int64)
    here = last.copy()
    for t in range(frames - 1, -1, -1):
        cells[t] = here
        back = np.where(leapt[t].take(here), reach, stepped[t].take(here))
        back *= t < lengths
        here = here - back
    return cells
