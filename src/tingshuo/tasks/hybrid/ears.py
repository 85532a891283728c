"""What the net of a classic recogniser is given: coefficients of frames, and those of the frames around each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tingshuo.audio.mfcc import mfcc
from tingshuo.config.mfcc import MfccConfig
from tingshuo.types import Wav

Floats = NDArray[np.float32]


def coefficients(wav: Wav, config: MfccConfig) -> Floats:
    """Return the coefficients (F, D) of a signal less their mean over it: what a microphone adds is gone with that."""
    found = mfcc(wav, config).T
    centred: Floats = found - found.mean(axis=0, dtype=np.float64).astype(np.float32)
    return centred


def spliced(frames: Floats, offsets: Sequence[int]) -> Floats:
    """Return each frame beside those around it.

    Parameters
    ----------
    frames : NDArray
        (F, D), at least one.
    offsets : sequence of int
        Which ones, counted from it; the first and the last stand for those that lie beyond.

    Returns
    -------
    NDArray
        (F, len(offsets) * D).
    """
    return frames[places(np.arange(len(frames)), 0, len(frames), offsets)].reshape(len(frames), -1)


def places(at: NDArray[np.int64], first: ArrayLike, stop: ArrayLike, offsets: Sequence[int]) -> NDArray[np.int64]:
    """Return the rows (F, len(offsets)) of the frames around frames ``at`` (F,), of clips rows ``first`` to ``stop``."""
    around = at[:, None] + np.asarray(offsets)
    last = np.asarray(stop)[..., None] - 1
    rows: NDArray[np.int64] = np.clip(around, np.asarray(first)[..., None], last)
    return rows
