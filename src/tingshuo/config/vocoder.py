"""config.json of a vocoder that stands alone, to be put under an acoustic model whose mel is computed alike."""

from typing import ClassVar

import msgspec

from tingshuo.config.family import FamilyConfig, Size
from tingshuo.config.mel import MelConfig


class VocoderBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """config.json of a bundle of the family ``vocoder``, whose name tells the kind too: ``vocoder+hifigan``."""

    FAMILY: ClassVar[str] = "vocoder"

    mel: MelConfig
    """How the mel that it reads is computed, and by its framing where the samples of a frame lie."""
    vocoder_context_frames: int
    """Frames either side of a frame that its samples depend on."""
    steady_noise: bool = False
    """Whether the noise of a vocoder with a source does not flicker, see `tingshuo.audio.noise`."""
    architecture: dict[str, Size] = msgspec.field(default_factory=dict)
    """Sizes from which `tingshuo.models` rebuilds the net, each with the vocoder's family in front: ``hifigan.channels``; none
    where the graph is a stranger's, ``vocoder+graph``."""

    @property
    def kind(self) -> str:
        """Family of the net: ``hifigan``."""
        return self.family.partition("+")[2]

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return self.mel.sample_rate
