"""How alike two voices are, to a network that was taught to tell people apart: a vector for a voice, the cosine between two.

The network is the voice encoder of Resemblyzer (https://github.com/resemble-ai/Resemblyzer, Apache-2.0, its weights in half
precision): three LSTM layers over 1.6 s of a power mel spectrogram, the last state through a linear layer and a rectifier, to
length one; a longer signal is the mean of its windows. It was taught with English speech. Letters: W windows, F frames.

Source of the method: L. Wan, Q. Wang, A. Papir and I. Lopez Moreno, "Generalized end-to-end loss for speaker verification", 2018.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from tingshuo.audio.resample import resample
from tingshuo.types import Wav

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "data" / "speaker.safetensors"
SAMPLE_RATE, N_FFT, HOP, N_MELS = 16000, 400, 160, 40
FRAMES, STEP = 160, 77
"""Frames of a window, and from the begin of one to that of the next."""
LEAST_COVERAGE = 0.75
"""How much of the last window has to be sound, unless it is the only one."""
LEVEL_DB = -30.0
"""Quieter signals are made as loud as this, relative to full scale."""
LAYERS = 3
_SLANEY_HZ, _SLANEY_STEP = 1000.0, 200.0 / 3
"""Slaney's mel scale: linear up to 1 kHz in steps of 200/3 Hz, logarithmic above (Auditory Toolbox, 1998)."""


def speaker_vector(wav: Wav, sample_rate: int) -> Floats:
    """Return what the network makes of a voice.

    Parameters
    ----------
    wav : Wav
        Shape (T,), speech of one person, better some seconds than one.
    sample_rate : int
        Hz.

    Returns
    -------
    NDArray
        (256,), not negative, of length 1.
    """
    return vector_of(_loud(resample(wav, sample_rate, SAMPLE_RATE)))


def vector_of(wav: Wav) -> Floats:
    """Do the same with a signal at `SAMPLE_RATE` as it is: its level is not changed."""
    return _unit(window_vectors(wav).mean(axis=0))


def similarity(first: Floats, second: Floats) -> float:
    """Return the cosine of two vectors: 0 to 1; recordings of one person are mostly above 0.8, of two people below."""
    return float(first @ second)


def window_starts(n_samples: int) -> list[int]:
    """Return the first sample of every window of a signal."""
    n_frames = -(-(n_samples + 1) // HOP)
    starts = [frame * HOP for frame in range(0, max(1, n_frames - FRAMES + STEP + 1), STEP)]
    if len(starts) > 1 and n_samples - starts[-1] < LEAST_COVERAGE * FRAMES * HOP:
        starts.pop()
    return starts


def window_vectors(wav: Wav) -> Floats:
    """Return the vector of every window, (W, 256), of a signal at `SAMPLE_RATE`; silence fills the last one up."""
    starts = window_starts(len(wav))
    missing = starts[-1] + FRAMES * HOP - len(wav)
    mel = power_mel(np.pad(wav, (0, max(missing, 0))))
    return encode(np.stack([mel[start // HOP : start // HOP + FRAMES] for start in starts]))


def power_mel(wav: Wav) -> Floats:
    """Return the power mel spectrogram, (F, 40): centred frames, silence around the signal, no logarithm."""
    padded = np.pad(np.asarray(wav, np.float32), N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window)).astype(np.float32) ** 2
    mel: Floats = power @ _filters().T
    return mel


def encode(mels: Floats) -> Floats:
    """Return the vector of each window: (W, F, 40) to (W, 256)."""
    weights = _weights()
    x = np.ascontiguousarray(mels.transpose(1, 0, 2))  # step by step, all windows at once
    for layer in range(LAYERS):
        x = _lstm(x, *(weights[f"lstm.{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))
    return _unit(np.maximum(x[-1] @ weights["linear.weight"].T + weights["linear.bias"], 0))


def _lstm(x: Floats, into: Floats, on: Floats, bias_into: Floats, bias_on: Floats) -> Floats:
    """Run a layer over (F, W, D); gates lie as input, forget, cell, output."""
    given = x @ into.T + (bias_into + bias_on)
    hidden = cell = np.zeros((x.shape[1], on.shape[1]), np.float32)
    states = np.empty((*x.shape[:2], on.shape[1]), np.float32)
    for step, gates in enumerate(given):
        i, f, g, o = np.split(gates + hidden @ on.T, 4, axis=1)
        cell = _sigmoid(f) * cell + _sigmoid(i) * np.tanh(g)
        hidden = states[step] = _sigmoid(o) * np.tanh(cell)
    return states


def _sigmoid(x: Floats) -> Floats:
    half: Floats = 0.5 * np.tanh(0.5 * x) + 0.5  # the same, and nothing overflows
    return half


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = (vectors / np.maximum(length, np.finfo(np.float32).tiny)).astype(np.float32)
    return unit


def _loud(wav: Wav) -> Wav:
    power = float(np.mean(np.square(wav, dtype=np.float64))) if len(wav) else 0.0
    gain = np.sqrt(10 ** (LEVEL_DB / 10) / power) if power > 0 else 1.0
    return wav * np.float32(max(gain, 1.0))


@lru_cache(maxsize=1)
def _weights() -> dict[str, Floats]:
    return {name: tensor.astype(np.float32) for name, tensor in load_file(WEIGHTS).items()}


@lru_cache(maxsize=1)
def _filters() -> Floats:
    """Return triangular filters of equal area on Slaney's scale, (40, 201)."""
    log_step = np.log(6.4) / 27
    top = _SLANEY_HZ / _SLANEY_STEP + np.log(SAMPLE_RATE / 2 / _SLANEY_HZ) / log_step
    mels = np.linspace(0, top, N_MELS + 2)
    edges = np.where(
        mels < _SLANEY_HZ / _SLANEY_STEP,
        mels * _SLANEY_STEP,
        _SLANEY_HZ * np.exp(log_step * (mels - _SLANEY_HZ / _SLANEY_STEP)),
    )
    bins = np.linspace(0, SAMPLE_RATE / 2, N_FFT // 2 + 1)
    low, center, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.maximum(np.minimum((bins - low) / (center - low), (high - bins) / (high - center)), 0)
    filters: Floats = (bank * (2 / (high - low))).astype(np.float32)
    return filters
