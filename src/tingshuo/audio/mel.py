"""Log-mel spectrogram, the one reference for training and serving: log of the mel-weighted magnitudes of a centred STFT.

The filters are triangles on the HTK mel scale, ``2595 * log10(1 + hz / 700)``, without area normalisation, on magnitudes (not
power); natural logarithm with a floor. The default `MelConfig` is the public 24 kHz convention of Vocos (H. Siuzdak, 2023).

Source of the scale: S. Young et al., "The HTK Book", section 5.4.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.stft import stft
from tingshuo.config import MelConfig
from tingshuo.types import Wav


def hz_to_mel(hz: float) -> float:
    """Return the place of a frequency on the HTK mel scale."""
    return float(2595 * np.log10(1 + hz / 700))


@lru_cache(maxsize=8)
def mel_filterbank(config: MelConfig) -> NDArray[np.float32]:
    """Return the triangular filters, shape (n_mels, n_fft // 2 + 1), read-only."""
    mels = np.linspace(hz_to_mel(config.fmin), hz_to_mel(config.fmax), config.n_mels + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1)
    low, center, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.minimum((bins - low) / (center - low), (high - bins) / (high - center))
    filters: NDArray[np.float32] = np.maximum(bank, 0).astype(np.float32)
    filters.flags.writeable = False
    return filters


def log_mel(wav: Wav, config: MelConfig) -> NDArray[np.float32]:
    """Return the log-mel spectrogram of a signal.

    Parameters
    ----------
    wav : Wav
        Shape (T,) at ``config.sample_rate``, at least one sample.
    config : MelConfig
        The convention.

    Returns
    -------
    NDArray
        Shape (n_mels, T // hop_length + 1), at least ``log(floor)``.
    """
    magnitudes = np.abs(stft(wav, config.n_fft, config.hop_length, config.win_length))
    mel: NDArray[np.float32] = mel_filterbank(config) @ magnitudes.T
    np.maximum(mel, np.float32(config.floor), out=mel)
    return np.log(mel, out=mel)
