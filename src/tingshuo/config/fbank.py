"""How a filter bank is computed, and what its features are normalised by; `tingshuo.audio.fbank` computes it."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.strict import StrictModel

Array = NDArray[np.float32]

EPSILON = float(np.finfo(np.float32).eps)


class FbankConfig(StrictModel, frozen=True, kw_only=True):
    """How a filter bank is computed; the defaults are Kaldi's, but for the number of bands."""

    sample_rate: int = 16000
    n_mels: int = 80
    frame_length_ms: float = 25.0
    frame_shift_ms: float = 10.0
    low_hz: float = 20.0
    high_hz: float = 0.0
    """Upper end of the bands; zero or less is counted down from half the sample rate."""
    window: Literal["povey", "hamming", "hanning", "blackman", "rectangular"] = "povey"
    preemphasis: float = 0.97
    """How much of the sample before is subtracted from each."""
    remove_dc: bool = True
    dither: float = 0.0
    """Standard deviation of noise that is added to each sample, which counts to 32768. For training; a recogniser needs none."""
    snip_edges: bool = True
    """Whether only frames count that lie within the signal; otherwise the signal is mirrored at its ends."""
    energy_floor: float = EPSILON
    """Smallest energy of a band before the logarithm."""

    @property
    def window_samples(self) -> int:
        """Samples of a frame."""
        return int(self.sample_rate * 0.001 * self.frame_length_ms)

    @property
    def shift_samples(self) -> int:
        """Samples from one frame to the next."""
        return int(self.sample_rate * 0.001 * self.frame_shift_ms)

    @property
    def n_fft(self) -> int:
        """Points of the Fourier transform: the power of two that a frame fits in."""
        return 1 << (self.window_samples - 1).bit_length()

    def frames(self, samples: int) -> int:
        """Return how many frames a signal has."""
        if self.snip_edges:
            return max(0, (samples - self.window_samples) // self.shift_samples + 1)
        return (samples + self.shift_samples // 2) // self.shift_samples


class Cmvn(StrictModel, frozen=True):
    """Mean and inverse deviation of each feature over a corpus: what a model's features are normalised by."""

    mean: tuple[float, ...]
    inverse_deviation: tuple[float, ...]

    def normalise(self, features: Array) -> Array:
        """Return features (frames, D) less the mean, times the inverse deviation."""
        mean, scale = np.array(self.mean, np.float32), np.array(self.inverse_deviation, np.float32)
        normalised: Array = (features - mean) * scale
        return normalised
