"""Self-attention that knows how far apart two steps are, and the layer that the VITS family builds of it.

Letters: B batch, H heads, N steps, C features of a head, W reach of the distances.

Sources: P. Shaw et al. 2018, "Self-Attention with Relative Position Representations"; J. Kim et al. 2021, "Conditional
Variational Autoencoder with Adversarial Learning for End-to-End Text-to-Speech".
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Near(NamedTuple):
    """Which steps lie how far from which: the same for every layer."""

    distances: Tensor
    """(B, H, N, N) column of the table of distances, padded by one column either side, for a pair of steps."""
    steps: Tensor
    """(B, H, N, 2 W + 1) step at a distance, one that exists."""
    inside: Tensor
    """(N, 2 W + 1) 1 where there is such a step, else 0."""


def near_steps(x: Tensor, heads: int, reach: int) -> Near:
    """Return the places for steps (B, dim, N), a number of heads, and distances up to ``reach``."""
    batch, _, steps = x.shape
    index = torch.arange(steps, device=x.device)
    distances = (index[None] - index[:, None]).clamp(-reach - 1, reach + 1) + reach + 1
    reached = index[:, None] + torch.arange(-reach, reach + 1, device=x.device)
    inside = (reached >= 0) & (reached < steps)
    return Near(
        distances.expand(batch, heads, steps, steps),
        reached.clamp(min=0).minimum(index[-1]).expand(batch, heads, steps, 2 * reach + 1),
        inside.to(x.dtype),
    )


class RelativeAttention(nn.Module):
    """Multi-head self-attention in which distances up to a reach add to keys and values; every head shares the tables.

    Parameters
    ----------
    dim : int
        Features of a step.
    heads : int
        Number of heads; divides ``dim``.
    reach : int
        Steps either side that have a distance of their own.
    """

    def __init__(self, dim: int, heads: int, reach: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Conv1d(dim, dim, 1)
        self.key = nn.Conv1d(dim, dim, 1)
        self.value = nn.Conv1d(dim, dim, 1)
        self.out = nn.Conv1d(dim, dim, 1)
        self.distance_keys = nn.Parameter(torch.randn(1, 2 * reach + 1, dim // heads) * (dim // heads) ** -0.5)
        self.distance_values = nn.Parameter(torch.randn(1, 2 * reach + 1, dim // heads) * (dim // heads) ** -0.5)

    def forward(self, x: Tensor, near: Near) -> Tensor:
        """Mix steps: (B, dim, N) -> (B, dim, N)."""
        batch, dim, steps = x.shape
        per_head = dim // self.heads
        query, key, value = (conv(x).reshape(batch, self.heads, per_head, steps) for conv in (self.query, self.key, self.value))
        query = query.transpose(2, 3) / math.sqrt(per_head)
        # A zero either side is what steps beyond the reach get.
        distant = nn.functional.pad(query @ self.distance_keys.transpose(1, 2), (1, 1))
        weights = torch.softmax(query @ key + distant.gather(3, near.distances), dim=-1)
        reached = weights.gather(3, near.steps) * near.inside
        mixed = weights @ value.transpose(2, 3) + reached @ self.distance_values
        out: Tensor = self.out(mixed.transpose(2, 3).reshape(batch, dim, steps))
        return out


class RelativeLayer(nn.Module):
    """Attention, then two convolutions with a ReLU between; each is added to its input and normalised after that.

    Parameters
    ----------
    dim, hidden : int
        Features of a step, and between the convolutions.
    heads, reach : int
        Of the attention.
    kernel : int
        Width of the convolutions, odd.
    """

    def __init__(self, dim: int, hidden: int, heads: int, reach: int, kernel: int) -> None:
        super().__init__()
        self.attention = RelativeAttention(dim, heads, reach)
        self.attention_norm = nn.LayerNorm(dim)
        self.conv_in = nn.Conv1d(dim, hidden, kernel, padding=kernel // 2)
        self.conv_out = nn.Conv1d(hidden, dim, kernel, padding=kernel // 2)
        self.conv_norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, near: Near) -> Tensor:
        """Transform (B, dim, N)."""
        x = self.attention_norm((x + self.attention(x, near)).transpose(1, 2)).transpose(1, 2)
        y = self.conv_out(torch.relu(self.conv_in(x)))
        normalised: Tensor = self.conv_norm((x + y).transpose(1, 2))
        return normalised.transpose(1, 2)
