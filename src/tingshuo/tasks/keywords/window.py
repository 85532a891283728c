"""A clip of any length becomes the window of frames that a net of words hears.

A shorter clip lies in the middle, and around it is its own silence: the level that a tenth of its frames lie under, band by band.
Of a longer one the loudest stretch is heard.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
QUIET = 0.1
"""Share of the frames of a clip that count as its silence."""


def silence_of(features: Array) -> Array:
    """Return the level of each band in the silence of a clip, (M,), from log-mels (F, M)."""
    levels: Array = np.quantile(features, QUIET, axis=0).astype(np.float32)
    return levels


def loudest(features: Array, frames: int) -> int:
    """Return where the loudest stretch of so many frames begins; 0 in a clip that is not longer."""
    if len(features) <= frames:
        return 0
    level = features.mean(1, dtype=np.float64)
    sums = np.concatenate([[0.0], np.cumsum(level)])
    return int(np.argmax(sums[frames:] - sums[:-frames]))


def fit_window(features: Array, frames: int) -> Array:
    """Return the window of a clip.

    Parameters
    ----------
    features : NDArray
        (F, M) log-mels, at least one frame.
    frames : int
        Of the window.

    Returns
    -------
    NDArray
        (frames, M).
    """
    first = loudest(features, frames)
    heard = features[first : first + frames]
    window = np.tile(silence_of(features), (frames, 1))
    begin = (frames - len(heard)) // 2
    window[begin : begin + len(heard)] = heard
    return window
