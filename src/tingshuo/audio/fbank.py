"""Log mel filter bank as Kaldi computes it: what most recognisers of speech hear. The one reference, for training and serving.

Per frame: the mean is taken off, the signal pre-emphasised and windowed, its power spectrum summed under triangles on the scale
``1127 ln(1 + hz / 700)``, and the logarithm taken. Samples count from -32768 to 32767, as Kaldi reads them from files: a model
that was trained so is deaf to anything else.

A frame depends on its own samples alone, so pieces of a stream that overlap by ``window_samples - shift_samples`` have the same
frames as the whole, if no noise is added.

Source: ``feature-fbank``, ``feature-window`` and ``mel-computations`` of Kaldi (https://kaldi-asr.org/doc/feat.html), Povey et
al. 2011, "The Kaldi speech recognition toolkit".
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from tingshuo.config.fbank import Cmvn, FbankConfig
from tingshuo.errors import ConfigError
from tingshuo.types import Wav

Array = NDArray[np.float32]

FULL_SCALE = 32768.0
_BLOCK = 2048
"""Frames that are computed at a time, so that an hour of sound needs no more memory than half a minute."""
_MIN_VARIANCE = 1e-20


def cmvn_of_sums(sums: NDArray[np.float64], squares: NDArray[np.float64], frames: float) -> Cmvn:
    """Return mean and inverse deviation from what was summed up over a corpus.

    Parameters
    ----------
    sums, squares : NDArray
        (D,) each: sums of the features and of their squares.
    frames : float
        How many were summed, more than none.
    """
    mean = sums / frames
    variance = np.maximum(squares / frames - mean * mean, _MIN_VARIANCE)
    return Cmvn(tuple(mean.tolist()), tuple((1 / np.sqrt(variance)).tolist()))


def fbank(wav: Wav, config: FbankConfig, seed: int | None = None) -> Array:
    """Return the log mel filter bank of a signal.

    Parameters
    ----------
    wav : Wav
        Shape (T,) in [-1, 1] at ``config.sample_rate``.
    config : FbankConfig
        The convention.
    seed : int or None
        Of the noise, where ``config.dither`` asks for some; None draws it anew each time.

    Returns
    -------
    NDArray
        Shape (frames, n_mels), float32; no frames where the signal is shorter than one.

    Raises
    ------
    ConfigError
        The bands do not lie within half the sample rate, or one is too narrow to have a point of the spectrum in it.
    """
    filters = mel_triangles(config)
    n_frames = config.frames(len(wav))
    features = np.empty((n_frames, config.n_mels), np.float32)
    if n_frames == 0:
        return features
    noise = np.random.default_rng(seed) if config.dither else None
    frames = _frames(np.asarray(wav, np.float32), config, n_frames)
    for begin in range(0, n_frames, _BLOCK):
        block = frames[begin : begin + _BLOCK] * np.float32(FULL_SCALE)
        if noise is not None:
            block += np.float32(config.dither) * noise.standard_normal(block.shape, np.float32)
        features[begin : begin + _BLOCK] = _power(block, config) @ filters
    np.maximum(features, np.float32(config.energy_floor), out=features)
    return np.log(features, out=features)


def _frames(wav: Array, config: FbankConfig, n_frames: int) -> Array:
    """Return the samples of each frame, a view where the edges are snipped."""
    length, shift = config.window_samples, config.shift_samples
    if config.snip_edges:
        return sliding_window_view(wav, length)[::shift]
    first = shift // 2 - length // 2
    places = np.arange(first, first + (n_frames - 1) * shift + length)
    # Mirrored with the last sample twice, and again if the signal is shorter than what hangs over.
    places %= 2 * len(wav)
    mirrored = wav[np.where(places < len(wav), places, 2 * len(wav) - 1 - places)]
    return sliding_window_view(mirrored, length)[::shift]


def _power(block: Array, config: FbankConfig) -> Array:
    """Return the power spectra (frames, n_fft // 2) of frames, which are overwritten; the highest point is in no band."""
    if config.remove_dc:
        block -= block.mean(1, keepdims=True)
    if config.preemphasis:
        # The first sample stands for the one before it.
        before = np.concatenate([block[:, :1], block[:, :-1]], 1)
        before *= np.float32(config.preemphasis)
        block -= before
    block *= _window(config.window, config.window_samples)
    spectrum = np.fft.rfft(block, config.n_fft)[:, :-1]
    power: Array = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    return power


@lru_cache(maxsize=8)
def _window(name: str, length: int) -> Array:
    phase = 2 * np.pi * np.arange(length) / (length - 1)
    hann = 0.5 - 0.5 * np.cos(phase)
    shapes = {
        "povey": hann**0.85,  # a Hann window that does not quite reach nothing as flatly
        "hanning": hann,
        "hamming": 0.54 - 0.46 * np.cos(phase),
        "blackman": 0.42 - 0.5 * np.cos(phase) + 0.08 * np.cos(2 * phase),
        "rectangular": np.ones(length),
    }
    window: Array = shapes[name].astype(np.float32)
    window.flags.writeable = False
    return window


@lru_cache(maxsize=8)
def mel_triangles(config: FbankConfig) -> Array:
    """Return the filters, shape (n_fft // 2, n_mels), read-only; errors as of `fbank`.

    The sides are straight on the mel scale, not in Hz, and the point at half the sample rate takes no part.
    """
    half = config.sample_rate / 2
    high = config.high_hz if config.high_hz > 0 else half + config.high_hz
    if not 0 <= config.low_hz < high <= half:
        raise ConfigError(f"fbank: the bands go from {config.low_hz:g} to {high:g} Hz, and have to lie within 0 to {half:g} Hz")
    edges = np.linspace(float(_mel(config.low_hz)), float(_mel(high)), config.n_mels + 2)
    points = _mel(np.arange(config.n_fft // 2) * (config.sample_rate / config.n_fft))[:, None]
    rising = (points - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - points) / (edges[2:] - edges[1:-1])
    bank = np.maximum(np.minimum(rising, falling), 0)
    empty = np.flatnonzero(bank.sum(0) == 0)
    if len(empty):
        raise ConfigError(
            f"fbank: band {empty[0]} of {config.n_mels} is narrower than a point of the spectrum; ask for fewer bands"
        )
    filters: Array = bank.astype(np.float32)
    filters.flags.writeable = False
    return filters


def _mel(hz: ArrayLike) -> NDArray[np.float64]:
    """Return places on the mel scale."""
    return np.asarray(1127.0 * np.log1p(np.asarray(hz, np.float64) / 700.0))
