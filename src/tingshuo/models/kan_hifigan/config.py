"""Sizes of KAN-TTS's HiFi-GAN; the defaults are those of its causal 16 kHz voices.

Source: the settings of KAN-TTS (``kantts/configs/hifigan_*.yaml``, MIT). Rates are 5 5 2 2 at 8 kHz, 10 5 2 2 at 16 kHz, 8 5 3 2
at 24 kHz and 10 5 3 2 2 at 48 kHz; channels 256 below 24 kHz and 512 from there.
"""

from math import prod

from tingshuo.config import StrictModel


class KanHiFiGanConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.kan_hifigan.net.KanHiFiGan`."""

    mels: int = 80
    """Mel bands of the input, without the columns of F0 and voicing."""
    channels: int = 256
    """After the first convolution; halved by every upsampling."""
    kernel: int = 7
    """Width of the first and the last convolution, and of those after a repetition."""
    upsample_rates: tuple[int, ...] = (10, 5, 2, 2)
    upsample_kernels: tuple[int, ...] = (20, 10, 4, 4)
    """Width of each transposed convolution."""
    block_kernels: tuple[int, ...] = (3, 7, 11)
    """One residual block each after every upsampling; their results are averaged."""
    block_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5, 7), (1, 3, 5, 7), (1, 3, 5, 7))
    slope: float = 0.1
    """Of the leaky ReLUs, but for the last."""
    causal: bool = True
    """Whether a sample sees no frame after its own."""
    harmonics: int = 0
    """Sines of the source, the fundamental among them; 0 is no source."""

    @property
    def hop_length(self) -> int:
        """Samples made of a frame."""
        return prod(self.upsample_rates)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels before the first upsampling and after each."""
        return tuple(self.channels >> stage for stage in range(len(self.upsample_rates) + 1))

    @property
    def source_strides(self) -> tuple[int, ...]:
        """Samples of the source per step after each upsampling: the product of the rates that are still to come."""
        return tuple(prod(self.upsample_rates[stage + 1 :]) for stage in range(len(self.upsample_rates)))
