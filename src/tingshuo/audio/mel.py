"""Log-mel spectrogram, the one reference for training and serving: log of the mel-weighted magnitudes of an STFT.

Which filters, which frames and which logarithm is told by a `MelConfig`: the default is the public 24 kHz convention of Vocos
(H. Siuzdak, 2023), HTK filters without area normalisation on centred magnitudes, natural logarithm with a floor. `HIFIGAN` has
what differs in HiFi-GAN's, and its fields say where each thing comes from.

Sources of the scales: S. Young et al., "The HTK Book", section 5.4; M. Slaney 1998, "Auditory Toolbox", whose filters librosa has
as its default.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.stft import analysis_window, forward, frames_of, stft
from tingshuo.config import MelConfig
from tingshuo.types import Wav

HIFIGAN: dict[str, Any] = {"scale": "slaney", "norm": "slaney", "framing": "same", "power_offset": 1e-9, "floor": 1e-5}
"""Fields of HiFi-GAN's convention, but for sizes. Source: ``meldataset.py`` of https://github.com/jik876/hifi-gan (MIT)."""
QUIET = -7.0
"""Log-mel below which nothing is heard, 60 dB below full scale in a band. Digital silence, which is -16, becomes this where
models are taught and judged, and so does the upper band of a recording of a lower rate: a few frames of it would weigh more than
all speech, and teach a net to prefer silence to a recording's room."""
_LINEAR_HZ, _BREAK_HZ, _BREAK_MEL = 200 / 3, 1000.0, 15.0
_LOG_STEP = np.log(6.4) / 27
"""Slaney's scale: a mel is 200/3 Hz up to 1 kHz, which is mel 15; from there 27 mels are a factor of 6.4."""


def hz_to_mel(hz: float, scale: str = "htk") -> float:
    """Return the place of a frequency on a mel scale, ``htk`` or ``slaney``."""
    if scale == "htk":
        return float(2595 * np.log10(1 + hz / 700))
    return float(hz / _LINEAR_HZ if hz < _BREAK_HZ else _BREAK_MEL + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def mel_to_hz(mels: NDArray[np.float64], scale: str = "htk") -> NDArray[np.float64]:
    """Return the frequencies of places on a mel scale, ``htk`` or ``slaney``."""
    if scale == "htk":
        hz: NDArray[np.float64] = 700 * (10 ** (mels / 2595) - 1)
        return hz
    return np.where(mels < _BREAK_MEL, mels * _LINEAR_HZ, _BREAK_HZ * np.exp(_LOG_STEP * (mels - _BREAK_MEL)))


def band_edges(config: MelConfig) -> NDArray[np.float64]:
    """Return where the filters begin, peak and end, Hz, (n_mels + 2,): band k begins at k, peaks at k + 1 and ends at k + 2."""
    low, high = (hz_to_mel(hz, config.scale) for hz in (config.fmin, config.fmax))
    return mel_to_hz(np.linspace(low, high, config.n_mels + 2), config.scale)


@lru_cache(maxsize=8)
def mel_filterbank(config: MelConfig) -> NDArray[np.float32]:
    """Return the triangular filters, shape (n_mels, n_fft // 2 + 1), read-only."""
    edges = band_edges(config)
    bins = np.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1)
    low, center, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.maximum(np.minimum((bins - low) / (center - low), (high - bins) / (high - center)), 0)
    if config.norm == "slaney":
        bank *= 2 / (high - low)
    filters: NDArray[np.float32] = bank.astype(np.float32)
    filters.flags.writeable = False
    return filters


def magnitudes(wav: Wav, config: MelConfig) -> NDArray[np.float32]:
    """Return the magnitudes of a signal, shape (n_fft // 2 + 1, frames), framed as the convention says."""
    spectra = stft(wav, config.n_fft, config.hop_length, config.win_length) if config.framing == "center" else _same(wav, config)
    if config.power_offset:
        power = np.square(spectra.real) + np.square(spectra.imag) + np.float32(config.power_offset)
        return np.sqrt(power, out=power).T
    found: NDArray[np.float32] = np.abs(spectra).T
    return found


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
        Shape (n_mels, T // hop_length + 1), or (n_mels, T // hop_length) where ``framing`` is ``same``; at least ``log(floor)``,
        or 0 to 1 where ``levels_db`` are given.
    """
    mel: NDArray[np.float32] = mel_filterbank(config) @ magnitudes(wav, config)
    np.maximum(mel, np.float32(config.floor), out=mel)
    np.log(mel, out=mel)
    if config.levels_db is None:
        return mel
    scale, shift = levels(config.levels_db)
    levelled: NDArray[np.float32] = np.clip(mel * np.float32(scale) + np.float32(shift), 0, 1)
    return levelled


def levels(levels_db: tuple[float, float]) -> tuple[float, float]:
    """Return factor and offset that make 0 to 1 of a natural logarithm that lies between two levels in decibels."""
    low, high = levels_db
    return float(20 / np.log(10) / (high - low)), -low / (high - low)


def _same(wav: Wav, config: MelConfig) -> NDArray[np.complex64]:
    """Transform a signal whose frames stand for a hop each, (T // hop_length, n_fft // 2 + 1)."""
    edge = (config.n_fft - config.hop_length) // 2
    padded = np.pad(np.asarray(wav, np.float32), edge, mode="reflect")
    if len(padded) < config.n_fft:
        return np.zeros((0, config.n_fft // 2 + 1), np.complex64)
    return forward(frames_of(padded, config.n_fft, config.hop_length) * analysis_window(config.n_fft, config.win_length))
