"""config.json of a bundle of the family ``language``: how likely characters are after those before them."""

from typing import Annotated, ClassVar

from msgspec import Meta

from tingshuo.config.family import FamilyConfig, Size

END, UNKNOWN, MARKS = 0, 1, 2
"""Units before the characters: the end of a text, which stands before its first character too, and whatever is not known."""


class LanguageBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """What the units of the two graphs are."""

    FAMILY: ClassVar[str] = "language"

    characters: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Order = units, from `MARKS` on."""
    others: Annotated[int, Meta(ge=1)] = 5000
    """How many characters there may be beside these: they share the probability of what is not known."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the net."""

    def __post_init__(self) -> None:
        """Refuse units of several characters, and one that is there twice."""
        if any(len(one) != 1 for one in self.characters) or len(set(self.characters)) != len(self.characters):
            raise ValueError("characters must be single ones, each of them once")

    @property
    def sample_rate(self) -> int:
        """There is no audio."""
        return 0
