"""config.json of a vocoder that reads the codes of a neural codec."""

from typing import ClassVar

from tingshuo.config.family import FamilyConfig, FrameConfig, Size
from tingshuo.config.strict import StrictModel


class BandwidthConfig(StrictModel, frozen=True):
    """A rate at which the codec was run while the vocoder learnt."""

    kbps: float
    """Kilobits a second."""
    codebooks: int
    """How many codes a frame has at that rate."""


class CodecBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """config.json of a bundle of the family ``codec``, whose name tells the kind of net too: ``codec+vocos``.

    It reads codes and no mel, so it goes under no acoustic model.
    """

    FAMILY: ClassVar[str] = "codec"

    codec: str
    """Which codec makes the codes: ``encodec_24khz``."""
    frames: FrameConfig
    """Frame k stands for the samples from ``k * hop_length`` to the next frame's."""
    codebooks: int
    codebook_size: int
    bandwidths: tuple[BandwidthConfig, ...]
    """Order = rows of the norms."""
    vocoder_context_frames: int
    """Frames either side of a frame that its samples depend on."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the net."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return self.frames.sample_rate
