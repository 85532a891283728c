"""The sines that excite the vocoder, and the F0 that they follow, in numpy. There is no torch here.

Source: the source module of KAN-TTS (MIT), after X. Wang, S. Takaki and J. Yamagishi 2019, "Neural source-filter waveform
models".
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

AMPLITUDE = 0.1
"""Of each sine."""
NOISE_STD = 0.003
"""Of the noise on a sine."""
UNVOICED_STD = AMPLITUDE / 3
"""Of the noise that takes the place of a sine where there is no voice."""
F0_FLOOR_HZ = 30.0
VOICED = 0.6
"""Least voicing value of a frame with voice."""


def read_f0(columns: Array, scale: float, offset: float) -> tuple[Array, Array]:
    """Return the F0 and the voicing that an acoustic model gives in its last two columns.

    Parameters
    ----------
    columns : Array
        (F, 2).
    scale, offset : float
        What F0 in Hz was normalised by: standard deviation and mean of the speaker, or width and begin of a range for all.

    Returns
    -------
    tuple of Array
        F0 in Hz, at least 30, where there is no voice too, and whether there is voice; (F,) each.
    """
    f0 = columns[:, 0] * np.float32(scale) + np.float32(offset)
    return np.maximum(f0, np.float32(F0_FLOOR_HZ)), columns[:, 1] >= VOICED


def draw(rng: np.random.Generator, harmonics: int, samples: int) -> tuple[Array, Array]:
    """Draw the phases at which harmonics begin, (H,), and the noise on them, (H, T); the fundamental begins at 0."""
    phases = rng.uniform(-np.pi, np.pi, harmonics).astype(np.float32)
    phases[0] = 0
    return phases, NOISE_STD * rng.standard_normal((harmonics, samples), np.float32)


def make_sines(f0: Array, voiced: Array, sample_rate: int, hop_length: int, phases: Array, noise: Array) -> Array:
    """Return the sines of a source.

    Parameters
    ----------
    f0, voiced : Array
        (F,) of each frame, of `read_f0`.
    sample_rate, hop_length : int
        Hz and samples of a frame.
    phases, noise : Array
        Of `draw`: (H,) and (H, F * hop_length).

    Returns
    -------
    Array
        (H, F, hop_length) float32.
    """
    harmonics = len(phases)
    # Whole turns are dropped from a sum in double precision: in single precision it is off by all of a turn after ten seconds.
    cycles = f0.astype(np.float32)[None] * np.arange(1, harmonics + 1, dtype=np.float32)[:, None] / np.float32(sample_rate)
    turned = np.cumsum(np.repeat(cycles.astype(np.float64), hop_length, 1), 1) % 1.0
    angles = (2 * np.pi * turned).astype(np.float32) + phases.astype(np.float32)[:, None]
    spoken = np.repeat(voiced, hop_length)
    sines = np.where(spoken, AMPLITUDE * np.sin(angles) + noise, UNVOICED_STD / NOISE_STD * noise)
    return sines.astype(np.float32).reshape(harmonics, len(f0), hop_length)
