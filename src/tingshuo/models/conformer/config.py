"""Sizes of a conformer recogniser; the defaults are those of WeNet's U2++ on AISHELL-1.

Source: ``examples/aishell/s0/conf/train_u2++_conformer.yaml`` of https://github.com/wenet-e2e/wenet (Apache-2.0).
"""

from typing import Literal

from tingshuo.config.strict import StrictModel

Activation = Literal["swish", "relu", "gelu", "tanh", "hardtanh", "selu"]

CONTEXT_FRAMES = {4: 7, 6: 11, 8: 15}
"""How many frames of features one encoder frame hears, by how many times fewer those are."""


class ConformerConfig(StrictModel, frozen=True, kw_only=True):
    """Sizes of `tingshuo.models.conformer.net.Conformer`."""

    units: int
    """Rows of the output: the units of writing, with blank and marks."""
    features: int = 80
    """Bands of a frame that the net reads, normalised."""
    subsampling: Literal[4, 6, 8] = 4
    """Frames of features to one frame of the encoder."""
    stem: int = 0
    """Channels of the subsampling's convolutions; 0 is ``dim``. They make wide pictures, so that fewer save much of the work."""
    dim: int = 256
    """Features of a frame inside, and of a unit in the decoders."""
    layers: int = 12
    heads: int = 4
    hidden: int = 2048
    """Features inside a feed-forward part of the encoder."""
    activation: Activation = "swish"
    """Of the encoder's feed-forward and convolution parts."""
    positions: Literal["relative", "absolute", "none"] = "relative"
    """How attention knows where frames lie: each key has its place, the place is added to the input, or not at all."""
    macaron: bool = True
    """Whether a block has a feed-forward part before attention too, and both count half."""
    kernel: int = 8
    """Frames that a block's convolution hears; 0 for blocks without one, which makes a plain transformer."""
    causal: bool = True
    """Whether that convolution hears the past alone."""
    conv_norm: Literal["layer", "none"] = "layer"
    """The norm inside it. What was trained with a batch norm needs none: in evaluation that is a part of the convolution."""
    norm_first: bool = True
    """Whether the parts of a block are normed before, rather than behind."""
    eps: float = 1e-5
    """Of the layer norms of the encoder's blocks and behind them."""
    conv_eps: float = 1e-5
    static_chunk: int = 0
    """Encoder frames of the only chunk that the net was trained with; 0 if it hears whole utterances or chunks of any size."""
    dynamic_chunk: bool = False
    """Whether it was trained with chunks of any size."""
    decoder_layers: int = 3
    """Blocks of the decoder from left to right; 0 for a net of CTC alone."""
    reverse_layers: int = 3
    """Blocks of the decoder from right to left; 0 if there is none."""
    decoder_heads: int = 4
    decoder_hidden: int = 2048
    decoder_activation: Activation = "relu"
    decoder_norm_first: bool = True
    decoder_eps: float = 1e-5

    @property
    def streams(self) -> bool:
        """Whether the net was trained to hear in chunks."""
        return self.dynamic_chunk or self.static_chunk > 0

    @property
    def past_frames(self) -> int:
        """Frames before a chunk that its convolutions hear."""
        return max(0, self.kernel - 1) if self.causal else 0

    @property
    def memory_dim(self) -> int:
        """Numbers that a head of attention keeps of a frame: key, value and, where each key has its place, how it leans."""
        return 2 * (self.dim // self.heads) + (self.positions == "relative")

    @property
    def context_frames(self) -> int:
        """Frames of features that the first encoder frame hears."""
        return CONTEXT_FRAMES[self.subsampling]

    def window_frames(self, chunk: int) -> int:
        """Return how many frames of features ``chunk`` encoder frames hear."""
        return (chunk - 1) * self.subsampling + self.context_frames

    def encoded_frames(self, frames: int) -> int:
        """Return how many encoder frames come of ``frames`` frames of features."""
        return max(0, (frames - self.context_frames) // self.subsampling + 1)
