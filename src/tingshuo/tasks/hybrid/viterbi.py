"""From how well each state fits each frame to what may have been said: a Viterbi search through all syllables at once.

Any syllable may follow any other, so whatever ends best at a frame is what all that begin at the next go on from. All positions
of all syllables are one row; a frame is a handful of array operations over it. What ends well is noted and makes the lattice.

Source: H. Ney, "The use of a one-stage dynamic programming algorithm for connected word recognition", 1984.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.tasks.hybrid.lattice import Lattice
from tingshuo.tasks.hybrid.network import Network

Floats = NDArray[np.float32]
NEVER = np.float32(-1e30)


class _Ends(NamedTuple):
    """Syllables that may end behind a frame, when they began, how well they end, and the best of that; less what all share."""

    unit: NDArray[np.int64]
    begun: NDArray[np.int32]
    left: Floats
    enter: np.float32


def search(scores: Floats, network: Network, beam: float) -> Lattice:
    """Return the syllables that may have been said, with their borders.

    Parameters
    ----------
    scores : NDArray
        (F, S), how well each state fits each frame: log likelihoods, scaled.
    network : Network
        The syllables.
    beam : float
        How far below the best position of its frame the end of a syllable may be to be noted.

    Returns
    -------
    Lattice
        It has no edge where there are fewer frames than the shortest syllable has states.
    """
    states, starts, ends = network.states, network.starts, network.ends
    here = np.full(len(states) + 1, NEVER, np.float32)
    best, before = here[1:], here[:-1]
    stay, go = network.stay, np.concatenate([[np.float32(0)], network.go[:-1]])
    begun_here = np.zeros(len(states) + 1, np.int32)
    begun, begun_before = begun_here[1:], begun_here[:-1]
    step, stepped = np.empty_like(stay), np.empty(len(states), np.bool_)
    tops, enter = np.zeros(len(scores) + 1), np.float32(0)
    found: list[_Ends] = []
    for t, frame in enumerate(scores):
        np.add(before, go, out=step)
        step[starts] = enter + network.entry
        first = begun_before.copy()
        first[starts] = t
        best += stay
        np.greater(step, best, out=stepped)
        np.maximum(best, step, out=best)
        np.copyto(begun, first, where=stepped)
        best += frame[states]
        top = best.max()
        best -= top  # what all have in common is kept apart, so that float32 keeps its digits
        tops[t + 1] = tops[t] + top
        left = best[ends] + network.go[ends]
        enter = left.max()
        kept = np.flatnonzero(left > (enter if t == len(scores) - 1 else 0) - beam)
        found.append(_Ends(kept, begun[ends[kept]], left[kept], enter))
    return _lattice(found, tops, network)


def _lattice(found: list[_Ends], tops: NDArray[np.float64], network: Network) -> Lattice:
    """Put what was noted together; the score of an edge is what its own frames say."""
    frames = len(found)
    if not frames:
        return Lattice(0, *(np.zeros(0, np.int64),) * 3, *(np.zeros(0),) * 2, network.pause)
    entered = tops + np.array([0.0, *(float(ends.enter) for ends in found)])
    unit = np.concatenate([ends.unit for ends in found])
    begin = np.concatenate([ends.begun for ends in found]).astype(np.int64)
    left = np.concatenate([ends.left for ends in found]).astype(np.float64)
    end = np.repeat(np.arange(1, frames + 1), [len(ends.unit) for ends in found])
    likely = network.entry[unit].astype(np.float64)
    score = left + tops[end] - entered[begin] - likely
    real = left > NEVER / 2
    return Lattice(frames, begin[real], end[real], unit[real], score[real], likely[real], network.pause)
