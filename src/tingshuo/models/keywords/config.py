"""Sizes of a net that tells a few words apart."""

from typing import Annotated

from msgspec import Meta

from tingshuo.config import StrictModel

Positive = Annotated[int, Meta(ge=1)]


class KeywordsConfig(StrictModel, frozen=True, kw_only=True):
    """Sizes of `tingshuo.models.keywords.net.KeywordsNet`."""

    rows: Annotated[int, Meta(ge=2)] = 2
    """Words, and one more for whatever is none of them."""
    mels: Positive = 48
    """Bands of a frame."""
    frames: Positive = 160
    """Frames of a window; a multiple of ``stack``."""
    stack: Positive = 2
    """Neighbouring frames that become one: what follows runs at this fraction of the rate."""
    dim: Positive = 64
    """Features between the blocks."""
    kernels: tuple[int, ...] = (7, 9, 11, 13)
    """Frames that the convolutions of each block see, odd; a block has two."""
    wide: Positive = 128
    """Features of a frame when it is judged."""

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit each other."""
        if self.frames % self.stack:
            raise ValueError(f"frames must be a multiple of stack: {self.frames} is none of {self.stack}")
        if not self.kernels or any(kernel < 1 or kernel % 2 == 0 for kernel in self.kernels):
            raise ValueError(f"kernels must be odd numbers, got {self.kernels}")
