"""Lay one signal along another that says the same at another pace: dynamic time warping.

Source: H. Sakoe and S. Chiba, "Dynamic programming algorithm optimization for spoken word recognition", 1978.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.level import find_speech
from tingshuo.audio.metrics import mel_cepstra

Floats = NDArray[np.floating]


class Path(NamedTuple):
    """Frames that belong together: ``first[k]`` of one signal with ``second[k]`` of the other, each (K,), never decreasing."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]


def cheapest_path(cost: Floats) -> Path:
    """Find the path from the first pair to the last with the least sum of costs; every step is one frame in one or in both.

    Parameters
    ----------
    cost : ndarray (A, B)
        Of each pair of frames, at least 0; A and B at least 1.

    Returns
    -------
    Path
        From (0, 0) to (A - 1, B - 1).
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    # All cells of an anti-diagonal depend on the two before it alone.
    for diagonal in range(rows + columns - 1):
        i = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        j = diagonal - i
        before = np.minimum(np.minimum(total[i, j], total[i, j + 1]), total[i + 1, j])
        total[i + 1, j + 1] = cost[i, j] + before
    i, j = rows, columns
    steps = [(i, j)]
    while i > 1 or j > 1:
        # On a tie the diagonal wins: the shortest of equally cheap paths.
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda cell: total[cell])
        steps.append((i, j))
    first, second = np.array(steps[::-1], np.int64).T - 1
    return Path(first, second)


def speaks(mel: Floats) -> NDArray[np.bool_]:
    """Return which frames of a natural log-mel (n_mels, F) are speech, (F,)."""
    return find_speech(10 * np.log10(np.mean(np.exp(2 * mel.astype(np.float64)), axis=0)))[0]


def speech_frames(mel: Floats) -> slice:
    """Return the frames from the first to the last that is speech; all of them in silence.

    Parameters
    ----------
    mel : ndarray (n_mels, F)
        Natural log of mel magnitudes.
    """
    spoken = np.flatnonzero(speaks(mel))
    return slice(int(spoken[0]), int(spoken[-1]) + 1) if len(spoken) else slice(0, mel.shape[1])


def align_speech(first: Floats, second: Floats, order: int = 13) -> Path:
    """Lay two recordings of the same words along each other.

    Frames are compared by the shape of their spectra (mel-cepstra 1 to ``order``) and by their level, each relative to its own
    mean, so that another voice or another microphone does not matter. What lies before and after the speech is left out.

    Parameters
    ----------
    first, second : ndarray (n_mels, A) and (n_mels, B)
        Natural log of mel magnitudes of the same bins.
    order : int
        Mel-cepstra that count.

    Returns
    -------
    Path
        Frames of the first and of the second signal.
    """
    parts = [speech_frames(mel) for mel in (first, second)]
    shapes = [mel_cepstra(mel[:, part], order) for mel, part in zip((first, second), parts, strict=True)]
    a, b = (shape - shape.mean(axis=1, keepdims=True) for shape in shapes)
    squares = np.square(a).sum(axis=0)[:, None] + np.square(b).sum(axis=0)[None] - 2 * a.T @ b
    path = cheapest_path(np.sqrt(np.maximum(squares, 0)))
    return Path(path.first + parts[0].start, path.second + parts[1].start)


def warp(times: Floats, path: Path) -> NDArray[np.float64]:
    """Return where moments of the second signal lie in the first, in frames.

    Parameters
    ----------
    times : ndarray (K,)
        Frames of the second signal, not necessarily whole.
    path : Path
        As `align_speech` returns it; beyond its ends time runs on at the same pace.
    """
    frames = np.unique(path.second)
    # Where several frames of the first belong to one of the second, their middle.
    starts = np.searchsorted(path.second, frames, "left")
    stops = np.searchsorted(path.second, frames, "right") - 1
    middles = (path.first[starts] + path.first[stops]) / 2
    moved: NDArray[np.float64] = np.interp(times, frames, middles)
    moved += np.minimum(times - frames[0], 0) + np.maximum(times - frames[-1], 0)
    return moved
