"""config.json of an RVC voice: what it listens to, and what lies between its graphs."""

from typing import ClassVar

from tingshuo.config.family import FamilyConfig, FrameConfig, Size
from tingshuo.config.strict import StrictModel

NOISE_SCALE = 0.66666
"""How much of the latents' deviation is drawn: that many sixes and no more, as the original has it."""


class ContentConfig(StrictModel, frozen=True, kw_only=True):
    """Which vectors tell the voice what is said. Their encoder is no part of the bundle."""

    encoder: str
    """``contentvec``, or whatever else the voice was trained with."""
    sample_rate: int = 16000
    """Hz of the recording that the encoder hears."""
    layer: int
    """Of the encoder whose output is taken, counted from 1."""
    projected: bool
    """Whether the encoder's last projection comes after that layer."""
    dim: int
    """Features of a vector."""
    vectors_per_s: int = 50
    """That the encoder makes; each is said for two frames."""


class RvcBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """config.json of a bundle of the family ``rvc``."""

    FAMILY: ClassVar[str] = "rvc"

    frames: FrameConfig
    content: ContentConfig
    pitched: bool
    """Whether it is told the pitch and has a source of its own; one without knows the pitch from the content alone."""
    latent: int
    """Channels of the latents, for each of which noise is drawn."""
    indexed: int = 0
    """Content vectors of the speaker in ``weights/index.safetensors``; 0 is no such file."""
    flow_context_frames: int
    """Frames either side of a frame that the flow hears."""
    decoder_context_frames: int
    """Frames either side of a frame that its samples depend on."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the net."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio out."""
        return self.frames.sample_rate
