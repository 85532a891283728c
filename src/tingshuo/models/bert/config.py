"""Sizes of a BERT; the defaults are those of BERT-base."""

from typing import Literal

from tingshuo.config import StrictModel


class BertConfig(StrictModel, frozen=True):
    """Sizes of `tingshuo.models.bert.net.Bert`."""

    vocabulary: int
    """Rows of the table of word pieces."""
    dim: int = 768
    """Features of a piece, and of the pooled vector."""
    layers: int = 12
    heads: int = 12
    hidden: int = 3072
    """Features inside the perceptron of a layer."""
    positions: int = 512
    """Rows of the position table: the longest text, in pieces."""
    segments: int = 2
    """Rows of the segment table; a prompt is all of segment 0."""
    activation: Literal["gelu", "relu"] = "gelu"
    eps: float = 1e-12
    """Of every layer norm."""
