"""The rhythm 短长 短短, which is the Morse code of "AI", as soft tones.

Sources: GB 45438-2025, 5.3 (rhythm label; read in public copies); ITU-R M.1677-1 (a dash is three dots, one dot of silence inside
a letter, three between letters). Pitch, speed and edges are ours: the standard names none.
"""

import numpy as np
from numpy.typing import NDArray

from tingshuo.types import Wav

UNIT_S = 0.1
"""A dot: 12 words a minute, slow enough to be counted by ear."""
TONE_HZ = 660.0
EDGE_S = 0.02
"""Rise and fall of each tone; shorter ones click."""
MARKS = ((0, 1), (2, 3), (8, 1), (10, 1))
"""Start and length of the four tones, in units."""
LENGTH_UNITS = 11
LENGTH_S = LENGTH_UNITS * UNIT_S
OVERTONE_DB = -24.0
"""Level of the octave above, which takes the coldness of a bare sine away."""
QUIETEST_DB, LOUDEST_DB = -45.0, -12.0


def render_rhythm(sample_rate: int, level_db: float) -> Wav:
    """Return the rhythm.

    Parameters
    ----------
    sample_rate : int
        Hz, at least 4000.
    level_db : float
        RMS of a tone between its edges, dB; kept within -45 and -12.

    Returns
    -------
    Wav
        Shape (round(1.1 * sample_rate),); every tone begins and ends at the sample nearest to its time.
    """
    wav = np.zeros(round(LENGTH_S * sample_rate), np.float32)
    amplitude = np.sqrt(2) * 10 ** (min(max(level_db, QUIETEST_DB), LOUDEST_DB) / 20)
    for start, length in MARKS:
        first, last = round(start * UNIT_S * sample_rate), round((start + length) * UNIT_S * sample_rate)
        time_s = np.arange(last - first) / sample_rate
        tone = np.sin(2 * np.pi * TONE_HZ * time_s) + 10 ** (OVERTONE_DB / 20) * np.sin(4 * np.pi * TONE_HZ * time_s)
        wav[first:last] = amplitude * tone * _edges(last - first, round(EDGE_S * sample_rate))
    return wav


def _edges(count: int, edge: int) -> NDArray[np.float64]:
    """Return a window that rises and falls as a raised cosine."""
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
    window = np.ones(count)
    window[:edge], window[count - edge :] = rise, rise[::-1]
    return window
