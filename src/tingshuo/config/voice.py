"""config.json of a voice that Tingshuo trained: what it was trained with."""

from typing import ClassVar

from tingshuo.config.family import FamilyConfig, Size, SpeakerConfig
from tingshuo.config.mel import MelConfig


class VoiceConfig(FamilyConfig, frozen=True, kw_only=True):
    """config.json of a bundle of the family ``fastspeech`` with one of our vocoders.

    Each emotion that was learnt is what it adds to a style when it is not neutral; one without a row is made by rule.
    """

    FAMILY: ClassVar[str] = "fastspeech"

    mel: MelConfig
    phonemes: tuple[str, ...]
    """Order = rows of the phoneme table."""
    speakers: tuple[SpeakerConfig, ...]
    """Order = rows of the speaker table; the first is the default."""
    gain: float = 1.0
    """Fixed linear gain of the vocoder's output, never per utterance."""
    pitch_context_frames: int
    """Frames of context either side that the pitch graph needs for an exact frame."""
    decoder_context_frames: int
    vocoder_context_frames: int
    steady_noise: bool = False
    """Whether the noise of a vocoder with a source does not flicker, see `tingshuo.audio.noise`."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the nets."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """See `FamilyConfig`."""
        return self.phonemes

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return self.mel.sample_rate
