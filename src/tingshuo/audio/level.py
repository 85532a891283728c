"""Levels: which frames are speech, and a limiter that never lets a sample clip.

The limiter knows no past, so that streams and whole files agree.
"""

import numpy as np
from numpy.typing import NDArray

from tingshuo.types import Wav

KNEE = 0.85
"""Below this nothing changes; above, samples approach full scale smoothly."""
CEILING = 0.999

SPEECH_RANGE_DB = 35.0
"""Frames this far below the loud ones are no speech (weak consonants lie some 25 dB below vowels)."""
NOISE_MARGIN_DB = 6.0
"""Speech stands out of the noise by more than this."""
FLOOR_DB = -96.0
"""Level of the last bit of 16; nothing below it is told apart."""


def find_speech(levels: NDArray[np.floating]) -> tuple[NDArray[np.bool_], float]:
    """Tell frames of speech from silence and steady noise.

    Parameters
    ----------
    levels : NDArray
        (F,), dB.

    Returns
    -------
    tuple
        (F,) True where there is speech, and the level of the noise in dB. No frame of a silent recording is speech.
    """
    loud, quiet = (float(v) for v in np.percentile(levels, (95, 5)))
    threshold = min(max(loud - SPEECH_RANGE_DB, quiet + NOISE_MARGIN_DB), loud - NOISE_MARGIN_DB)
    return (levels > threshold) & (levels > FLOOR_DB + NOISE_MARGIN_DB), quiet


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
