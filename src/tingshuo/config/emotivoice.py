"""config.json of an EmotiVoice: what lies between its graphs."""

from typing import ClassVar

from tingshuo.config.family import FamilyConfig, FrameConfig, Size
from tingshuo.config.strict import StrictModel


class PiecesConfig(StrictModel, frozen=True):
    """How the prompt encoder cuts a text into pieces of words, of `tingshuo.text.foreign.wordpiece`."""

    vocabulary: tuple[str, ...]
    """In the order of their ids."""
    lower: bool
    strip_accents: bool | None
    chinese: bool
    longest: int
    """Most pieces of a text."""


class EmotiVoiceBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """config.json of a bundle of the family ``emotivoice``."""

    FAMILY: ClassVar[str] = "emotivoice"

    frames: FrameConfig
    tokens: tuple[str, ...]
    """Order = rows of the token table."""
    prompts: tuple[str, ...] = ()
    """Words that the voice was trained to be prompted with; any others will do too."""
    pieces: PiecesConfig
    vocoder_context_frames: int
    """Frames either side of a frame that its samples depend on."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the nets."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """See `FamilyConfig`."""
        return self.tokens

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return self.frames.sample_rate

    @property
    def prompted(self) -> bool:
        """Any words are a prompt."""
        return True
