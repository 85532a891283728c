"""How loud speech is, measured as it goes by, so that a label is as loud."""

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.level import FLOOR_DB, find_speech
from tingshuo.types import Wav

FRAME_S = 0.02
USUAL_DB = -26.0
"""Level where nothing was said."""


class Loudness:
    """RMS of the frames that hold speech; the pieces in which samples come make no difference.

    Parameters
    ----------
    sample_rate : int
        Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._frame = max(1, round(FRAME_S * sample_rate))
        self._rest = np.zeros(0, np.float32)
        self._levels: list[NDArray[np.float64]] = []

    def push(self, wav: Wav) -> None:
        """Add samples of shape (T,)."""
        wav = np.concatenate([self._rest, wav])
        whole = len(wav) // self._frame * self._frame
        self._levels.append(levels_of(wav[:whole], self._frame))
        self._rest = wav[whole:]

    def level_db(self) -> float:
        """Return the level in dB relative to a full square wave; `USUAL_DB` where there was no speech."""
        levels = np.concatenate([*self._levels, levels_of(self._rest, max(1, len(self._rest)))])
        if not len(levels):
            return USUAL_DB
        speech, _ = find_speech(levels)
        if not speech.any():
            return USUAL_DB
        return float(10 * np.log10(np.mean(10 ** (levels[speech] / 10))))


def levels_of(wav: Wav, frame: int) -> NDArray[np.float64]:
    """Return the level of each whole frame in dB, shape (F,)."""
    frames = wav[: len(wav) // frame * frame].reshape(-1, frame).astype(np.float64)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(np.mean(frames**2, axis=1), 10 ** (FLOOR_DB / 10)))
    return levels
