"""Sizes of a Vocos; the defaults are those of the public models, mel-24khz and encodec-24khz."""

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


class CodeVocosConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.vocos.codes.CodeVocos`."""

    codebooks: int = 16
    codebook_size: int = 1024
    """Codes of each."""
    code_dim: int = 128
    """Features of a code."""
    bandwidths: int = 4
    """Rows of the norms, one for each bandwidth that the codec was run at."""
    n_fft: int = 1280
    hop_length: int = 320
    dim: int = 384
    hidden: int = 1152
    layers: int = 8

    @property
    def vocos(self) -> VocosConfig:
        """What is made of the features of codes, which take the place of mel bands."""
        return VocosConfig(self.code_dim, self.n_fft, self.hop_length, self.dim, self.hidden, self.layers)
