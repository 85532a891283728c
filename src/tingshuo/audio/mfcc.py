"""Mel-frequency cepstral coefficients with their rates of change: what hidden Markov models hear of speech.

Pre-emphasis, log-mel spectrogram (`tingshuo.audio.mel`), orthonormal cosine transform over the mel axis, then differences over
time by linear regression. Frame k is centred at sample ``k * hop_length``.

Sources: S. Davis and P. Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", 1980;
S. Furui, "Speaker-independent isolated word recognition using dynamic features of speech spectrum", 1986 (differences).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.mel import log_mel
from tingshuo.config.mfcc import MfccConfig
from tingshuo.types import Wav

Array = NDArray[np.float32]


def mfcc(wav: Wav, config: MfccConfig) -> Array:
    """Return the coefficients of a signal and their differences.

    Parameters
    ----------
    wav : Wav
        Shape (T,) at ``config.mel.sample_rate``, at least one sample.
    config : MfccConfig
        The convention.

    Returns
    -------
    NDArray
        Shape (config.size, T // hop_length + 1), float32: coefficients, first differences, second differences.
    """
    wav = np.asarray(wav, np.float32)
    emphasised = np.append(wav[:1], wav[1:] - np.float32(config.preemphasis) * wav[:-1])
    rows = [cosine_basis(config.n_coefficients, config.mel.n_mels) @ log_mel(emphasised, config.mel)]
    for _ in range(config.orders):
        rows.append(differences(rows[-1], config.reach))
    return np.concatenate(rows)


@lru_cache(maxsize=8)
def cosine_basis(n_coefficients: int, n_mels: int) -> Array:
    """Return the first rows of the orthonormal cosine transform (type II), shape (n_coefficients, n_mels), read-only."""
    angles = np.outer(np.arange(n_coefficients), np.arange(n_mels) + 0.5) * (np.pi / n_mels)
    basis = np.cos(angles) * np.sqrt(2 / n_mels)
    basis[0] /= np.sqrt(2)
    rows: Array = basis.astype(np.float32)
    rows.flags.writeable = False
    return rows


def differences(values: Array, reach: int) -> Array:
    """Return the slope of each row over ``reach`` frames on either side, per frame; the ends are repeated outwards.

    Parameters
    ----------
    values : NDArray
        Shape (D, frames).
    reach : int
        At least 1.
    """
    frames = values.shape[1]
    padded = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
    slope = np.zeros_like(values)
    for k in range(1, reach + 1):
        slope += np.float32(k) * (padded[:, reach + k : reach + k + frames] - padded[:, reach - k : reach - k + frames])
    return slope / np.float32(2 * sum(k * k for k in range(1, reach + 1)))
