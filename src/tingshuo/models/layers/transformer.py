"""Pre-norm transformer block with a convolutional feed-forward, and sinusoidal positions.

Source: Vaswani et al. 2017, "Attention Is All You Need"; the convolutional feed-forward from Ren et al. 2019, "FastSpeech".
"""

import math

import torch
from torch import Tensor, nn

from tingshuo.models.layers.dropout import Dropout
from tingshuo.models.layers.time_conv import convolve


class SelfAttention(nn.Module):
    """Multi-head self-attention over all tokens.

    Parameters
    ----------
    dim : int
        Features of a token.
    heads : int
        Number of heads; divides ``dim``.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """Mix tokens: ``x`` (B, N, D), ``valid`` (B, N) of 0 and 1 or None; returns (B, N, D)."""
        batch, n, dim = x.shape
        parts = self.query_key_value(x).reshape(batch, n, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        scores = query @ key.transpose(2, 3) / math.sqrt(dim // self.heads)
        if valid is not None:
            scores = scores.masked_fill(valid[:, None, None, :] == 0, -math.inf)
        mixed = torch.softmax(scores, dim=-1) @ value
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, n, dim))
        return out


class TransformerBlock(nn.Module):
    """Self-attention, then two convolutions of width three.

    Parameters
    ----------
    dim : int
        Features of a token.
    hidden : int
        Features between the convolutions.
    heads : int
        Attention heads.
    dropout : float
        Probability of dropping a feature of either branch while training.
    """

    def __init__(self, dim: int, hidden: int, heads: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = SelfAttention(dim, heads)
        self.conv_norm = nn.LayerNorm(dim)
        self.conv_in = nn.Conv1d(dim, hidden, 3, padding=1)
        self.conv_out = nn.Conv1d(hidden, dim, 3, padding=1)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """Transform tokens: ``x`` (B, N, D), ``valid`` (B, N) of 0 and 1 or None; returns (B, N, D), zero where padded."""
        x = x + self.dropout(self.attention(self.attention_norm(x), valid))
        y = self.conv_norm(x)
        if valid is not None:
            y = y * valid[..., None]
        y = nn.functional.gelu(convolve(self.conv_in, y))
        if valid is not None:
            y = y * valid[..., None]  # the first convolution reaches into the padding
        x = x + self.dropout(convolve(self.conv_out, y))
        return x if valid is None else x * valid[..., None]


def sinusoids(n: Tensor, dim: int) -> Tensor:
    """Return sinusoidal positions.

    Parameters
    ----------
    n : Tensor
        (N,) positions, counted from 0.
    dim : int
        Features; even columns are sines, odd ones cosines, wavelengths from 2 pi to 20000 pi.

    Returns
    -------
    Tensor
        (N, dim), float32.
    """
    rates = torch.exp(torch.arange(0, dim, 2, device=n.device) * (-math.log(10000.0) / dim))
    angles = n[:, None] * rates
    return torch.stack([torch.sin(angles), torch.cos(angles)], dim=-1).reshape(-1, dim)
