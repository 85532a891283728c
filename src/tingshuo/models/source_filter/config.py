"""Sizes of the vocoder."""

from tingshuo.config import StrictModel


class SourceFilterConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.source_filter.net.SourceFilter`."""

    mels: int = 100
    """Mel bands of the input."""
    n_fft: int = 1024
    """Samples of a frame's FFT; the filters have half as many bins plus one."""
    hop_length: int = 256
    sample_rate: int = 24000
    dim: int = 256
    hidden: int = 768
    layers: int = 6
    steady_noise: int = 0
    """1 = the noise does not flicker, see `tingshuo.audio.noise`."""
