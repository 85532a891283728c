"""config.json of a bundle of the family ``keywords``: a small net that hears which of a few words was said."""

from typing import Annotated, ClassVar

from msgspec import Meta

from tingshuo.config.family import FamilyConfig, Size
from tingshuo.config.fbank import FbankConfig

EARS = FbankConfig(n_mels=48, frame_length_ms=32.0, low_hz=60.0, high_hz=7600.0, energy_floor=1.0)
"""How these nets hear unless they are told otherwise: 32 ms are a whole transform of 512 points, and 48 bands from 60 Hz still
show the lowest harmonics of a voice, which carry the tones. The floor keeps digital silence near the silence of a room."""


class KeywordsBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """What lies before and behind the one graph of a bundle."""

    FAMILY: ClassVar[str] = "keywords"

    fbank: FbankConfig
    frames: Annotated[int, Meta(ge=2)]
    """Frames of features that the net hears at a time; a word has to fit in."""
    words: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Order = rows of the output; the row after the last is for whatever is none of them."""
    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.7
    """Probability from which on a word in running sound counts as heard."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the net."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio that it hears."""
        return self.fbank.sample_rate

    @property
    def window_samples(self) -> int:
        """Samples of the frames that the net hears at a time."""
        return (self.frames - 1) * self.fbank.shift_samples + self.fbank.window_samples

    @property
    def window_s(self) -> float:
        """Seconds of the same."""
        return self.window_samples / self.sample_rate
