"""Levels: a limiter that never lets a sample clip and knows no past, so that streams and whole files agree."""

import numpy as np

from tingshuo.types import Wav

KNEE = 0.85
"""Below this nothing changes; above, samples approach full scale smoothly."""
CEILING = 0.999


def soft_limit(wav: Wav) -> Wav:
    """Bend samples beyond the knee so that none reaches full scale; the rest stay as they are.

    Parameters
    ----------
    wav : Wav
        (T,), any level.

    Returns
    -------
    Wav
        (T,), within [-0.999, 0.999]. The same array when nothing had to be done.
    """
    loud = np.abs(wav) > KNEE
    if not loud.any():
        return wav
    out = wav.copy()
    room = np.float32(CEILING - KNEE)
    out[loud] = np.sign(wav[loud]) * (KNEE + room * np.tanh((np.abs(wav[loud]) - KNEE) / room))
    return out
