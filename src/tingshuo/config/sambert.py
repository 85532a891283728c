"""config.json of a Sambert voice: what lies between its graphs."""

from typing import ClassVar

from tingshuo.config.family import FamilyConfig, FrameConfig, Size
from tingshuo.config.mel import MelConfig
from tingshuo.config.strict import StrictModel


class SambertSizes(StrictModel, frozen=True, kw_only=True):
    """Sizes that the loop between the graphs knows, of `tingshuo.tasks.sambert.loop`."""

    mels: int
    """Columns of a frame: mel bands, and F0 and voicing where the vocoder wants them."""
    text_dim: int
    """Features of a symbol's text, which come before those of speaker and emotion."""
    frames_per_step: int
    duration_lstm: int
    decoder_layers: int
    decoder_dim: int
    postnet_lstm: int
    postnet_context_frames: tuple[int, int]
    """Frames before and after a frame that the convolutions of the postnet see."""


class SambertBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """config.json of a bundle of the family ``sambert``."""

    FAMILY: ClassVar[str] = "sambert"

    frames: FrameConfig
    mel: MelConfig | None = None
    """How the mel between acoustic model and vocoder is computed, as its settings tell."""
    sizes: SambertSizes
    has_mask: bool
    """Whether the tables of symbols end with the mask."""
    reads_bytes: bool
    """Whether the voice reads the bytes of a text instead of symbols."""
    pause_s: float = 0.28
    """Silence after a sentence at speed 1, which is what the voice's own program puts there."""
    harmonics: int = 0
    """Sines of the vocoder's source, the fundamental among them; 0 is no source."""
    f0_scale_hz: float = 1.0
    f0_offset_hz: float = 0.0
    """F0 in Hz is the F0 column of a frame times the scale, plus the offset."""
    vocoder_context_frames: tuple[int, int]
    """Frames before and after a frame that its samples depend on."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the nets."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return self.frames.sample_rate
