"""Sizes of a HiFi-GAN: the three published ones and a light one.

All of them turn a frame into 256 samples, so that they fit the 24 kHz convention of this package; the published checkpoints are
for 80 mel bands at 22.05 kHz (``mels=80``). Checkpoints of others have any rates and kernels.
"""

from math import prod

from tingshuo.config import StrictModel


class HiFiGanConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.hifigan.net.HiFiGan`; the defaults are those of V1."""

    mels: int = 100
    """Mel bands of the input."""
    channels: int = 512
    """After the first convolution; halved by every upsampling."""
    upsample_rates: tuple[int, ...] = (8, 8, 2, 2)
    upsample_kernels: tuple[int, ...] = (16, 16, 4, 4)
    """Width of each transposed convolution: its rate plus an even number, or in a checkpoint of others an odd one."""
    block: int = 1
    """1: two convolutions per dilation, the second one not dilated. 2: one per dilation."""
    block_kernels: tuple[int, ...] = (3, 7, 11)
    """One residual block each after every upsampling; their results are averaged."""
    block_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))

    @property
    def hop_length(self) -> int:
        """Samples made of a frame."""
        return prod(self.upsample_rates)

    @property
    def is_uneven(self) -> bool:
        """Whether a kernel is an odd number wider than its rate."""
        return any((kernel - rate) % 2 for rate, kernel in zip(self.upsample_rates, self.upsample_kernels, strict=True))


V1 = HiFiGanConfig()
V2 = V1.replace(channels=128)
V3 = HiFiGanConfig(
    channels=256,
    upsample_rates=(8, 8, 4),
    upsample_kernels=(16, 16, 8),
    block=2,
    block_kernels=(3, 5, 7),
    block_dilations=((1, 2), (2, 6), (3, 12)),
)
LIGHT = V3.replace(channels=96)
"""V3 three eighths as wide: 0.30 GMAC per second of audio, what the source-filter vocoder has, a sixth of V2. Its last stage has
12 channels in six convolutions where V2 has 8 channels in eighteen: at the sample rate a narrow convolution costs more in memory
traffic than in arithmetic."""
PRESETS = {"v1": V1, "v2": V2, "v3": V3, "light": LIGHT}
