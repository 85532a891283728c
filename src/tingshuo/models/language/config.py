"""Sizes of a language model."""

from typing import Annotated, Literal

from msgspec import Meta

from tingshuo.config import StrictModel

Positive = Annotated[int, Meta(ge=1)]
Kind = Literal["lstm", "transformer"]


class LanguageConfig(StrictModel, frozen=True, kw_only=True):
    """Sizes of `tingshuo.models.language.net.Language`."""

    kind: Kind = "lstm"
    """``lstm`` keeps a state of one size however long a text is; ``transformer`` looks back at every unit."""
    units: Annotated[int, Meta(ge=3)] = 3
    """The end of a text, what is not known, and the characters."""
    dim: Positive = 256
    """Features of a unit; the table of units serves both ends of the net."""
    layers: Positive = 1
    heads: Positive = 4
    """Of a transformer."""
    hidden: Positive = 1024
    """Features between the two layers of a transformer's feed-forward part."""

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit each other."""
        if self.kind == "transformer" and (self.dim % self.heads or self.dim % 2):
            raise ValueError(f"dim must be even and a multiple of heads: {self.dim} does not fit {self.heads} heads")
