"""Sizes of a Vocos; the defaults are those of the public mel-24khz model."""

from tingshuo.config import StrictModel


class VocosConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.vocos.net.Vocos`."""

    mels: int = 100
    """Mel bands of the input."""
    n_fft: int = 1024
    """Samples of a frame's FFT."""
    hop_length: int = 256
    dim: int = 512
    hidden: int = 1536
    """Features inside the perceptron of a block."""
    layers: int = 8


SMALL = VocosConfig(dim=256, hidden=768, layers=6)
"""A quarter of the public one's arithmetic: the backbone of our source-filter vocoder."""
