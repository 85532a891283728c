"""The sines that excite the vocoder, and the F0 that they follow, in numpy. There is no torch here.

Source: the source module of KAN-TTS (MIT), after X. Wang, S. Takaki and J. Yamagishi 2019, "Neural source-filter waveform
models".
"""

from collections.abc import Sequence
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


def make_sines(
    f0: Array, voiced: Array, sample_rate: int, hop_length: int, phases: Array, noise: Array, begun: Array | None = None
) -> tuple[Array, Array]:
    """Return the sines of a source.

    Parameters
    ----------
    f0, voiced : Array
        (F,) of each frame, of `read_f0`.
    sample_rate, hop_length : int
        Hz and samples of a frame.
    phases : Array
        (H,) radians at which the harmonics begin.
    noise : Array
        (H, F * hop_length), normal with the deviation `NOISE_STD`.
    begun : Array or None
        (H,) turns that the frames before have made, as this returned them; None at the begin.

    Returns
    -------
    sines : Array
        (H, F, hop_length) float32.
    begun : Array
        (H,), for the frames that follow.
    """
    harmonics = len(phases)
    # Whole turns are dropped from a sum in double precision: in single precision it is off by all of a turn after ten seconds.
    cycles = f0.astype(np.float32)[None] * np.arange(1, harmonics + 1, dtype=np.float32)[:, None] / np.float32(sample_rate)
    turns = np.cumsum(np.repeat(cycles.astype(np.float64), hop_length, 1), 1) + (0.0 if begun is None else begun[:, None])
    turned = turns % 1.0
    angles = (2 * np.pi * turned).astype(np.float32) + phases.astype(np.float32)[:, None]
    spoken = np.repeat(voiced, hop_length)
    sines = np.where(spoken, AMPLITUDE * np.sin(angles) + noise, UNVOICED_STD / NOISE_STD * noise)
    return sines.astype(np.float32).reshape(harmonics, len(f0), hop_length), turned[:, -1]


class Source:
    """The sines of one sentence, frame after frame: however they are cut, they are the same.

    Parameters
    ----------
    harmonics, sample_rate, hop_length : int
        Of the vocoder.
    seed : sequence of int
        Fixes phases and noise.
    """

    def __init__(self, harmonics: int, sample_rate: int, hop_length: int, seed: Sequence[int]) -> None:
        self._rng = np.random.default_rng(seed)
        self._rate, self._hop = sample_rate, hop_length
        self._phases = self._rng.uniform(-np.pi, np.pi, harmonics).astype(np.float32)
        self._phases[0] = 0  # the fundamental's
        self._begun: Array = np.zeros(harmonics)

    def push(self, f0: Array, voiced: Array) -> Array:
        """Return the sines of the next frames, (H, F, hop_length); ``f0`` and ``voiced`` (F,) are of `read_f0`."""
        drawn = self._rng.standard_normal((len(f0), len(self._phases), self._hop), np.float32)  # a frame's draws lie together
        noise = NOISE_STD * drawn.transpose(1, 0, 2).reshape(len(self._phases), -1)
        sines, self._begun = make_sines(f0, voiced, self._rate, self._hop, self._phases, noise, self._begun)
        return sines
