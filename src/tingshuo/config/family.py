"""What the config of every family of voices tells: who speaks, in which styles and emotions, at which sample rate."""

from tingshuo.config.strict import StrictModel
from tingshuo.errors import RequestError
from tingshuo.types import EMOTIONS

Size = int | float | bool | str | tuple[int | tuple[int, ...], ...]
"""A size of a net: a number, or one per layer, or several per layer; or which kind of a part it has."""


class PersonConfig(StrictModel, frozen=True):
    """A timbre that may be offered."""

    name: str
    gender: str
    """``female``, ``male``, or ``unspecified``."""


class SpeakerConfig(PersonConfig, frozen=True):
    """A speaker whose F0 is normalised by their own mean and deviation."""

    log_f0_mean: float
    """Mean of the natural logarithm of F0 in Hz over voiced frames."""
    log_f0_std: float
    """Standard deviation of the same; the model's F0 is normalised by both."""


class StyleConfig(StrictModel, frozen=True):
    """Whose rhythm and melody: a row of the style table."""

    name: str
    description: str
    tempo: float = 1.0
    """Speed at which this style sounds natural; the request's speed multiplies it."""


ONE_STYLE = (StyleConfig("natural", "as the model speaks by itself"),)
"""Of a family that has no styles."""


class FrameConfig(StrictModel, frozen=True):
    """How audio is cut into frames."""

    sample_rate: int
    """Hz."""
    hop_length: int
    """Samples between frames."""


class FamilyConfig(StrictModel, frozen=True, kw_only=True):
    """What every config has; a family adds what its graphs are driven by."""

    family: str
    speakers: tuple[PersonConfig, ...] = ()
    """Order = rows of the speaker table; the first is the default."""
    styles: tuple[StyleConfig, ...] = ()
    """Order = rows of the style table; the first is the default."""
    emotions: tuple[str, ...] = ()
    """Emotions that were learnt: order = rows of the emotion table."""

    @property
    def prompted(self) -> bool:
        """Whether words that are no name of an emotion are a prompt for one."""
        return False

    @property
    def symbols(self) -> tuple[str, ...]:
        """What a text becomes before it is spoken, in the order of the rows; none where all voices of a family have the same."""
        return ()

    @property
    def sample_rate(self) -> int:
        """Hz of the audio in or out."""
        raise NotImplementedError

    def check_emotion(self, emotion: str) -> None:
        """Refuse an emotion that a voice of this config cannot speak with.

        Raises
        ------
        RequestError
            There is no such emotion; the message lists those that there are.
        """
        known = dict.fromkeys((*EMOTIONS, *self.emotions))
        if emotion not in known and not self.prompted:
            raise RequestError(f"unknown emotion {emotion!r}; accepted: {', '.join(known)}", "emotion")
