"""config.json of a Piper voice: what lies before and between its graphs."""

from typing import ClassVar, Literal

from tingshuo.config.family import FamilyConfig, FrameConfig, Size


class PiperBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """config.json of a bundle of the family ``piper``."""

    FAMILY: ClassVar[str] = "piper"

    frames: FrameConfig
    phonemes: Literal["espeak", "text", "pinyin"]
    """What its phonemes are: letters of eSpeak NG, characters of the text, or initials, finals and tones of pinyin."""
    phoneme_ids: dict[str, tuple[int, ...]]
    """Phoneme to rows of the phoneme table."""
    espeak_voice: str = ""
    """Of eSpeak NG, where its phonemes are of that kind."""
    latent: int
    """Channels between the graphs."""
    stochastic: bool
    """Whether durations are drawn."""
    decoder_context_frames: int
    noise: float
    length: float
    duration_noise: float
    """How freely and how fast the voice speaks by itself."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the net."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return self.frames.sample_rate
