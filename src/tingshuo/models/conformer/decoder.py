"""The decoders: how likely each unit of a text is, after those before it, for what was heard.

One reads from left to right; a second, of the same kind, from right to left. Both judge the texts that CTC proposes. Sources:
Vaswani et al. 2017; Wu et al. 2021, "U2++: Unified Two-pass Bidirectional End-to-end Model for Speech Recognition".
"""

import math

import torch
from torch import Tensor, nn

from tingshuo.models.conformer.attention import CrossAttention, SelfAttention
from tingshuo.models.conformer.config import ConformerConfig
from tingshuo.models.conformer.encoder import FeedForward
from tingshuo.models.layers.transformer import sinusoids


class DecoderBlock(nn.Module):
    """Attention to the units before, attention to what was heard, a feed-forward part; each is added to its input."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        dim, eps, heads = config.dim, config.decoder_eps, config.decoder_heads
        self.norm_first = config.decoder_norm_first
        self.attention_norm = nn.LayerNorm(dim, eps=eps)
        self.attention = SelfAttention(dim, heads, placed=False)
        self.cross_norm = nn.LayerNorm(dim, eps=eps)
        self.cross = CrossAttention(dim, heads)
        self.feed_norm = nn.LayerNorm(dim, eps=eps)
        self.feed = FeedForward(dim, config.decoder_hidden, config.decoder_activation)

    def forward(self, x: Tensor, heard: Tensor, seen: Tensor) -> Tensor:
        """Transform units (B, N, D), which see (N, N) and what was heard, (1, T, D)."""
        if self.norm_first:
            x = x + self.attention(self.attention_norm(x), seen=seen)[0]
            x = x + self.cross(self.cross_norm(x), heard)
            last: Tensor = x + self.feed(self.feed_norm(x))
            return last
        x = self.attention_norm(x + self.attention(x, seen=seen)[0])
        x = self.cross_norm(x + self.cross(x, heard))
        normed: Tensor = self.feed_norm(x + self.feed(x))
        return normed


class Decoder(nn.Module):
    """One decoder.

    Parameters
    ----------
    config : ConformerConfig
        Sizes.
    layers : int
        Blocks, which differ between the two directions.
    """

    def __init__(self, config: ConformerConfig, layers: int) -> None:
        super().__init__()
        self.unit = nn.Embedding(config.units, config.dim)
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(layers))
        self.norm = nn.LayerNorm(config.dim, eps=config.decoder_eps) if config.decoder_norm_first else None
        self.out = nn.Linear(config.dim, config.units)

    def forward(self, heard: Tensor, before: Tensor, units: Tensor) -> Tensor:
        """Return how likely each unit is.

        Parameters
        ----------
        heard : Tensor
            (1, N, D) of the encoder.
        before : Tensor
            (B, U) int64, the start mark, then each text, then anything: a unit sees those before it alone, so whatever fills up a
            short text does not touch its own units, and no lengths are needed.
        units : Tensor
            (B, U) int64, each text, its end mark, then anything.

        Returns
        -------
        Tensor
            (B, U) log probabilities of ``units``.
        """
        n, dim = before.shape[1], self.unit.embedding_dim
        at = torch.arange(n, device=before.device)
        x = self.unit(before) * math.sqrt(dim) + sinusoids(at, dim)
        seen = at[:, None] >= at
        for block in self.blocks:
            x = block(x, heard, seen)
        logits = self.out(x if self.norm is None else self.norm(x))
        return torch.log_softmax(logits, -1).gather(2, units[..., None])[..., 0]
