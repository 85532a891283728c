"""How much of a spectrum a recording can tell of: what training learns from, and what evaluation compares.

A recording of a lower sample rate has nothing above half of it, and little just below: filters and codecs take the edge away.
Neither is a property of the voice, so nothing is learnt there and nothing is measured.
"""

import numpy as np

from tingshuo.audio.mel import mel_filterbank
from tingshuo.config import MelConfig

KEPT = 0.92
"""Share of a recording's bandwidth that filters and codecs leave as it was. Five sets of 16 kHz go on to 7.4 kHz and are 6 dB
down at 7.6, 40 at 7.8; learnt, that would be a hole in a voice whose band goes on."""


def known_hz(bandwidth_hz: float | None, sample_rate: int) -> float:
    """Return up to where a recording is as it was spoken.

    Parameters
    ----------
    bandwidth_hz : float or None
        Up to where it has content; None is the whole band.
    sample_rate : int
        At which it is looked at, Hz.

    Returns
    -------
    float
        `KEPT` of a bandwidth below half the sample rate, else half the sample rate.
    """
    if bandwidth_hz is None or bandwidth_hz >= sample_rate / 2:
        return sample_rate / 2
    return KEPT * bandwidth_hz


def known_bands(config: MelConfig, bandwidth_hz: float | None) -> int:
    """Return how many mel bands, from the lowest, lie as a whole where a recording of a bandwidth is as it was spoken."""
    hz = np.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1)
    tops = np.array([hz[band].max(initial=0) for band in mel_filterbank(config) > 0])
    return int((tops <= known_hz(bandwidth_hz, config.sample_rate)).sum())
