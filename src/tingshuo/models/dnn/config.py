"""Sizes of a net that classifies frames."""

from typing import Annotated

from msgspec import Meta

from tingshuo.config import StrictModel

Positive = Annotated[int, Meta(ge=1)]


class DnnConfig(StrictModel, frozen=True, kw_only=True):
    """Sizes of `tingshuo.models.dnn.net.Dnn`."""

    inputs: Positive = 1
    """Numbers of a frame and those around it."""
    states: Annotated[int, Meta(ge=2)] = 2
    """Rows of the output."""
    layers: Positive = 4
    """Hidden ones."""
    dim: Positive = 768
    """Features of a hidden layer."""
