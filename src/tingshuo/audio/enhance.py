"""Speech with less of what is not speech: rumble below it, and steady noise around it. Block by block, nothing moves in time.

Noise is tracked by how likely each bin has speech (T. Gerkmann and R. Hendriks 2012, "Unbiased MMSE-Based Noise Power Estimation
With Low Complexity and Low Tracking Delay"), and taken away by a Wiener gain whose ratio of speech to noise is guided by what was
decided for the frame before (Y. Ephraim and D. Malah 1984, "Speech enhancement using a minimum mean-square error short-time
spectral amplitude estimator").
"""

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import RequestError
from tingshuo.types import Wav

Enhancement = Literal["none", "highpass", "denoise"]
ENHANCEMENTS: tuple[Enhancement, ...] = get_args(Enhancement)

FRAME_S = 0.032
LOW_HZ = (50.0, 90.0)
"""Below the first nothing is left, above the second everything: no voice speaks lower."""
LEAST_GAIN = 10 ** (-15 / 20)
"""Noise is never taken away altogether: what would be left are holes, which recognisers hear worse than noise."""
_SPEECH = 10**1.5
"""Power of speech over noise where there is some."""
_GUIDED = 0.98
_NOISE_KEPT, _PRESENCE_KEPT = 0.8, 0.9
_FIRST_FRAMES = 5
"""The noise is at first the mean of so many frames."""

Floats = NDArray[np.float64]


def check_enhancement(kind: str) -> None:
    """Refuse what is none of `ENHANCEMENTS`.

    Raises
    ------
    RequestError
        There is no such kind.
    """
    if kind not in ENHANCEMENTS:
        raise RequestError(f"enhance is {', '.join(ENHANCEMENTS[:-1])} or {ENHANCEMENTS[-1]}, not {kind!r:.40}", "enhance")


class Enhancer:
    """One recording on its way.

    Parameters
    ----------
    kind : str
        ``none``, ``highpass`` (rumble below 50 to 90 Hz) or ``denoise`` (that, and steady noise).
    sample_rate : int
        Hz.

    Raises
    ------
    RequestError
        There is no such kind.
    """

    def __init__(self, kind: Enhancement, sample_rate: int) -> None:
        check_enhancement(kind)
        self._kind = kind
        self._hop = round(FRAME_S * sample_rate / 2)
        self._window = np.sqrt(np.hanning(2 * self._hop + 1)[:-1])
        hz = np.fft.rfftfreq(2 * self._hop, 1 / sample_rate)
        self._rumble = np.clip((hz - LOW_HZ[0]) / (LOW_HZ[1] - LOW_HZ[0]), 0.0, 1.0)
        self._noise = _NoiseGain(len(hz)) if kind == "denoise" else None
        # Half a frame of quiet before the first sample, so that it too lies in two frames.
        self._waiting: Floats = np.zeros(self._hop)
        self._overlap: Floats = np.zeros(self._hop)
        self._ahead, self._fed, self._told = self._hop, 0, 0

    def feed(self, block: Wav) -> Wav:
        """Go on by samples (T,), any number; return those that are ready, which may be none."""
        if self._kind == "none":
            return block
        self._fed += len(block)
        return self._go_on(block)

    def finish(self) -> Wav:
        """Return the rest: together as many samples as were fed."""
        if self._kind == "none" or not self._fed:
            return np.zeros(0, np.float32)
        return self._go_on(np.zeros(2 * self._hop - len(self._waiting) % self._hop, np.float32))

    def _go_on(self, block: Wav) -> Wav:
        samples = np.concatenate([self._waiting, block])
        count = len(samples) // self._hop - 1
        if count < 1:
            self._waiting = samples
            return np.zeros(0, np.float32)
        at = np.arange(count)[:, None] * self._hop + np.arange(2 * self._hop)
        spectra = np.fft.rfft(samples[at] * self._window)
        gains = self._rumble if self._noise is None else self._rumble * self._noise.gains(np.square(np.abs(spectra)))
        frames = np.fft.irfft(spectra * gains) * self._window
        made = frames[:, : self._hop].copy()
        made[1:] += frames[:-1, self._hop :]
        made[0] += self._overlap
        self._overlap, self._waiting = frames[-1, self._hop :], samples[count * self._hop :]
        ready = made.reshape(-1)[self._ahead :].astype(np.float32)
        self._ahead = max(0, self._ahead - made.size)
        kept = min(len(ready), self._fed - self._told)
        self._told += kept
        return ready[:kept]


class _NoiseGain:
    """What is left of each bin, frame by frame."""

    def __init__(self, bins: int) -> None:
        self._noise: Floats = np.zeros(bins)
        self._presence: Floats = np.zeros(bins)
        self._speech: Floats = np.zeros(bins)
        self._seen = 0

    def gains(self, powers: Floats) -> Floats:
        """Return gains (F, bins) of power spectra (F, bins)."""
        return np.stack([self._gain(power) for power in powers])

    def _gain(self, power: Floats) -> Floats:
        self._track(power)
        noise = np.maximum(self._noise, np.finfo(np.float64).tiny)
        above = np.maximum(power / noise - 1, 0)
        ratio = _GUIDED * self._speech / noise + (1 - _GUIDED) * above
        gain: Floats = np.maximum(ratio / (1 + ratio), LEAST_GAIN)
        self._speech = np.square(gain) * power
        return gain

    def _track(self, power: Floats) -> None:
        self._seen += 1
        if self._seen <= _FIRST_FRAMES:
            self._noise = self._noise + (power - self._noise) / self._seen
            return
        over = power / np.maximum(self._noise, np.finfo(np.float64).tiny)
        likely = 1 / (1 + (1 + _SPEECH) * np.exp(-np.minimum(over, 200.0) * _SPEECH / (1 + _SPEECH)))
        self._presence = _PRESENCE_KEPT * self._presence + (1 - _PRESENCE_KEPT) * likely
        # Where speech seems to be there for very long it is noise that rose.
        likely = np.where(self._presence > 0.99, np.minimum(likely, 0.99), likely)
        now = likely * self._noise + (1 - likely) * power
        self._noise = _NOISE_KEPT * self._noise + (1 - _NOISE_KEPT) * now


def enhanced(blocks: Iterable[Wav], kind: Enhancement, sample_rate: int) -> Iterator[Wav]:
    """Yield the blocks of a recording enhanced, as many samples in all; parameters and errors as of `Enhancer`."""
    enhancer = Enhancer(kind, sample_rate)
    for block in blocks:
        if len(ready := enhancer.feed(block)):
            yield ready
    if len(rest := enhancer.finish()):
        yield rest
