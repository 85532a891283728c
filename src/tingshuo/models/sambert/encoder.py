"""The text encoder: symbols to hidden vectors by self-attention.

Source: Vaswani et al. 2017, "Attention Is All You Need", in the form of KAN-TTS: normalised before each branch, a feed-forward
with a convolution, and a first block that narrows from 512 features to 128.
"""

import math

import torch
from torch import Tensor, nn

from tingshuo.models.layers.time_conv import convolve
from tingshuo.models.sambert.config import SambertConfig

EPS = 1e-6
"""Of every layer norm; torch's own default is ten times that."""
KERNEL = 3
"""Symbols that the first convolution of a block's feed-forward sees."""


def heads_apart(x: Tensor, heads: int) -> Tensor:
    """Return (..., N, D) as (..., heads, N, D / heads)."""
    return x.reshape(*x.shape[:-1], heads, -1).transpose(-3, -2)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return what each query sees: (..., H, N, d), (..., H, M, d), (..., H, M, d) -> (..., N, H * d)."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    seen = torch.softmax(scores, dim=-1) @ value
    return seen.transpose(-3, -2).flatten(-2)


class EncoderBlock(nn.Module):
    """Self-attention, then two layers of which the first sees the neighbours.

    Parameters
    ----------
    dim_in, dim : int
        Features before and after.
    heads : int
        Attention heads.
    hidden : int
        Features inside the feed-forward.
    """

    def __init__(self, dim_in: int, dim: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(dim_in, EPS)
        self.query_key_value = nn.Linear(dim_in, 3 * dim)
        self.attention_out = nn.Linear(dim, dim)
        self.inner_norm = nn.LayerNorm(dim, EPS)
        self.inner = nn.Conv1d(dim, hidden, KERNEL, padding=KERNEL // 2)
        self.outer = nn.Linear(hidden, dim)
        self.has_skip = dim_in == dim  # the block that narrows has nothing to add its attention to

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, N, dim_in) into (B, N, dim)."""
        query, key, value = (heads_apart(part, self.heads) for part in self.query_key_value(self.attention_norm(x)).chunk(3, -1))
        seen = self.attention_out(attend(query, key, value))
        x = x + seen if self.has_skip else seen
        hidden = torch.relu(convolve(self.inner, self.inner_norm(x)))
        y: Tensor = x + self.outer(hidden)
        return y


def sentence_positions(n: Tensor, dim: int) -> Tensor:
    """Return the codes of places in a sentence: places (N,) counted from 0, result (N, dim).

    They count from 1 inside, and the wavelengths end at 10000 with the last column of each half: sines fill the first half of the
    columns, cosines the second. KAN-TTS stores them as a table of 800 or 900 rows that training leaves alone.
    """
    half = dim // 2
    rates = torch.exp(torch.arange(half, device=n.device, dtype=torch.float64) * (-math.log(10000.0) / (half - 1)))
    angles = (n[:, None] + 1) * rates
    return torch.cat([torch.sin(angles), torch.cos(angles)], -1)


class TextEncoder(nn.Module):
    """Symbols to hidden vectors."""

    def __init__(self, config: SambertConfig) -> None:
        super().__init__()
        dim = config.encoder_dim
        self.tables = nn.ModuleList(nn.Embedding(rows, config.embedding) for rows in config.tables)
        self.blocks = nn.ModuleList(
            EncoderBlock(dim if layer else config.embedding, dim, config.encoder_heads, config.encoder_hidden)
            for layer in range(config.encoder_layers)
        )
        self.norm = nn.LayerNorm(dim, EPS)
        self.out = nn.Linear(dim, config.text_dim, bias=False)
        # By the width of the blocks, not by that of the sum that is scaled.
        self.scale = math.sqrt(dim)

    def forward(self, ids: Tensor) -> Tensor:
        """Return (B, N, text_dim) of ``ids`` (B, N, tables), int64."""
        x: Tensor = self.tables[0](ids[..., 0])
        for index, table in enumerate(self.tables[1:], 1):
            x = x + table(ids[..., index])
        n = torch.arange(ids.shape[1], device=x.device, dtype=torch.float64)
        x = x * self.scale + sentence_positions(n, x.shape[-1]).to(x.dtype)
        for block in self.blocks:
            x = block(x)
        y: Tensor = self.out(self.norm(x))
        return y
