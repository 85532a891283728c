"""Which frames of a clean recording are speech, by their level alone: what nets that tell speech are taught and judged by."""

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.vad import HOP
from tingshuo.types import Wav

Flags = NDArray[np.bool_]

RANGE_DB, ABOVE_QUIET_DB, BELOW_LOUD_DB = 32.0, 9.0, 15.0
"""Speech lies at most the first below the loud frames, the second above the quiet ones, but never less than the third below."""
SILENT_DB = -80.0
"""Nothing is heard below it, full scale being 0."""
GAP_FRAMES, SOUND_FRAMES = 25, 6
"""Shorter pauses (0.25 s) belong to the speech around them, and shorter sounds (0.06 s) are none."""


def clean_speech(wav: Wav) -> Flags:
    """Return which frames of `tingshuo.audio.vad.HOP` samples are speech, (T // HOP,).

    Parameters
    ----------
    wav : Wav
        (T,) at 16000 Hz, without noise that is near the speech in level.
    """
    halves = wav[: len(wav) // HOP * HOP].reshape(-1, HOP // 2)  # 10 ms
    if not len(halves):
        return np.zeros(0, bool)
    levels = np.convolve(10 * np.log10(np.square(halves).mean(1) + 1e-12), np.ones(3) / 3, "same")
    loud, quiet = np.percentile(levels, (95, 5))
    threshold = max(loud - RANGE_DB, min(quiet + ABOVE_QUIET_DB, loud - BELOW_LOUD_DB), SILENT_DB)
    joined = _closed(np.asarray(levels > threshold), GAP_FRAMES)
    silence = _closed(np.asarray(~joined), SOUND_FRAMES)
    both = np.asarray(silence.reshape(-1, 2).all(1))
    return np.asarray(~both)


def _closed(flags: Flags, shortest: int) -> Flags:
    """Return flags whose gaps shorter than so many frames are closed."""
    steps = np.diff(np.concatenate([[1], flags.astype(int), [1]]))
    done = flags.copy()
    for begin, end in zip(np.flatnonzero(steps == -1), np.flatnonzero(steps == 1), strict=True):
        done[begin:end] |= end - begin < shortest
    return done
