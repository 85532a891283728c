"""Fundamental frequency of speech: YIN's periodicity with a best path over its candidates, so that octave jumps cost.

For the features of recordings and to check that synthesised tones follow; plain numpy, about a hundred and fiftieth of real time.
The signal is smoothed so far that every third sample of 24 kHz is enough.

Sources: A. de Cheveigne and H. Kawahara, "YIN, a fundamental frequency estimator for speech and music", 2002 (periodicity);
P. Boersma, "Accurate short-term analysis of the fundamental frequency", 1993 (path over candidates and its costs).
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tingshuo.types import Wav

Array = NDArray[np.float64]

SMOOTHING_S = 0.001
"""Length of the Hann kernel that leaves the lower harmonics: breath and sharp pulses hide the period otherwise."""
DECIMATED_HZ = 8000
"""Lowest rate at which periods are measured: smoothing leaves little above a quarter of it."""
WINDOW_S = 0.025
"""Length that is compared with its shifted self."""
CENTER_HZ = 170.0
"""Frames are centred for periods of this F0; YIN's centre moves by half a period with the period."""
CANDIDATES = 6
"""Periods kept per frame."""
UNVOICED_STRENGTH = 0.55
"""A frame is voiced when its periodicity (1 = exactly repeating) beats this, other things equal."""
OCTAVE_COST = 0.02
"""Preference per octave for the shorter of two equally good periods."""
JUMP_COST = 0.7
"""Cost of an octave's change over 10 ms."""
VOICING_COST = 0.15
"""Cost of a change between voiced and unvoiced."""
SILENCE_DB = -45.0
"""Frames this far below the loudest are unvoiced."""


def track_f0(wav: Wav, sample_rate: int, hop_length: int, fmin: float = 60.0, fmax: float = 600.0) -> NDArray[np.float32]:
    """Follow the fundamental frequency.

    Parameters
    ----------
    wav : Wav
        Shape (T,).
    sample_rate : int
        Hz.
    hop_length : int
        Samples between frames; frame k is centred at sample ``k * hop_length``.
    fmin, fmax : float
        Hz, the range that is searched.

    Returns
    -------
    NDArray
        Hz, 0 = unvoiced, shape (T // hop_length + 1,).
    """
    step = max(sample_rate // DECIMATED_HZ, 1)
    rate = sample_rate / step
    shortest, longest = max(int(rate / fmax), 1), int(np.ceil(rate / fmin)) + 1
    window = max(int(WINDOW_S * rate), 2)
    before = (window + round(rate / CENTER_HZ)) // 2
    starts = np.round(np.arange(len(wav) // hop_length + 1) * (hop_length / step)).astype(np.int64)
    padded = np.pad(_smooth(wav, sample_rate)[::step], (before, window + longest + 1))
    frames = sliding_window_view(padded, window + longest + 1)[starts].astype(np.float64)
    periodicity = 1 - _normalised_difference(frames, window, longest + 1)
    periods, strengths = _candidates(periodicity, shortest, longest)
    level = np.sqrt(np.mean(np.square(frames), axis=1))
    quiet = level <= level.max() * 10 ** (SILENCE_DB / 20)
    strengths[quiet] = -np.inf
    path = _best_path(periods, strengths, hop_length / sample_rate)
    chosen = np.take_along_axis(periods, np.maximum(path, 0)[:, None], axis=1)[:, 0]
    return np.where(path >= 0, rate / chosen, 0).astype(np.float32)


def _smooth(wav: Wav, sample_rate: int) -> Wav:
    if not len(wav):
        return wav
    kernel = np.hanning(max(int(SMOOTHING_S * sample_rate), 1) + 2)
    whole = np.convolve(np.asarray(wav, np.float32), (kernel / kernel.sum()).astype(np.float32))
    start = (len(kernel) - 1) // 2
    return whole[start : start + len(wav)]


def _normalised_difference(frames: Array, window: int, longest: int) -> Array:
    """Return YIN's cumulative-mean-normalised difference at lags 0 to ``longest``, shape (frames, longest + 1)."""
    size = 1 << (frames.shape[1] - 1).bit_length()  # lags beyond the frame are not asked for, so nothing wraps around
    spectrum = np.fft.rfft(frames, size)
    product = np.fft.irfft(spectrum * np.fft.rfft(frames[:, :window], size).conj(), size)[:, : longest + 1]
    energy = np.cumsum(np.pad(np.square(frames), ((0, 0), (1, 0))), axis=1)
    shifted = energy[:, window : window + longest + 1] - energy[:, : longest + 1]
    difference = np.maximum(shifted[:, :1] + shifted - 2 * product, 0)
    lags = np.arange(longest + 1)
    mean = np.cumsum(difference, axis=1) / np.maximum(lags, 1)
    out: Array = difference / np.maximum(mean, 1e-12)
    out[:, 0] = 1
    return out


def _candidates(periodicity: Array, shortest: int, longest: int) -> tuple[Array, Array]:
    """Return each frame's best peaks: periods in samples, refined by a parabola, and strengths; both (frames, CANDIDATES)."""
    left, here, right = (periodicity[:, shortest + d : longest + d] for d in (-1, 0, 1))
    lags = np.arange(shortest, longest)
    peak = (here > left) & (here >= right)
    score = np.where(peak, here - OCTAVE_COST * np.log2(lags / shortest), -np.inf)
    best = np.argsort(-score, axis=1)[:, :CANDIDATES]
    strengths = np.take_along_axis(score, best, axis=1)
    a, b, c = (np.take_along_axis(x, best, axis=1) for x in (left, here, right))
    curvature = a - 2 * b + c
    shift = np.where(curvature < 0, 0.5 * (a - c) / np.where(curvature < 0, curvature, -1), 0)
    return lags[best] + np.clip(shift, -0.5, 0.5), strengths


def _best_path(periods: Array, strengths: Array, frame_s: float) -> NDArray[np.int64]:
    """Return each frame's candidate, -1 = unvoiced, shape (frames,): the strongest path minus the costs of its changes."""
    octaves = np.log2(periods)
    count, width = periods.shape
    came_from = np.zeros((count, width + 1), np.int64)
    # The last state is unvoiced. A gain is the worth of a state less the cost of coming from another.
    change = np.full((count - 1, width + 1, width + 1), VOICING_COST)
    change[:, width, width] = 0
    change[:, :width, :width] = JUMP_COST * (0.01 / frame_s) * np.abs(octaves[:-1, :, None] - octaves[1:, None])
    worth = np.pad(strengths, ((0, 0), (0, 1)), constant_values=UNVOICED_STRENGTH)
    gains = worth[1:, None] - change
    total = worth[0]
    for frame in range(1, count):
        scores = total[:, None] + gains[frame - 1]
        scores.argmax(axis=0, out=came_from[frame])
        total = scores.max(axis=0)
    path = np.empty(count, np.int64)
    state = int(total.argmax())
    for frame in range(count - 1, -1, -1):
        path[frame] = state
        state = came_from[frame, state]
    return np.where(path == width, -1, path)
