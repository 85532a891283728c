"""From content and pitch to where the latents of a voice lie: self-attention that knows how far apart two frames are.

Letters: B batch, H heads, N frames, C features of a head, W reach of the distances.

Sources: P. Shaw et al. 2018, "Self-Attention with Relative Position Representations"; J. Kim et al. 2021, "Conditional
Variational Autoencoder with Adversarial Learning for End-to-End Text-to-Speech".
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tingshuo.models.rvc.config import RvcConfig

REACH = 10
"""Frames either side that have a distance of their own; elsewhere in the VITS family there are 4."""
PITCHES = 256
"""Rows of the pitch table; 0 is never used, 1 is unvoiced."""
SLOPE = 0.1


class RelativeAttention(nn.Module):
    """Multi-head self-attention in which distances up to `REACH` add to keys and values; every head shares the tables.

    Parameters
    ----------
    dim : int
        Features of a frame.
    heads : int
        Number of heads; divides ``dim``.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Conv1d(dim, dim, 1)
        self.key = nn.Conv1d(dim, dim, 1)
        self.value = nn.Conv1d(dim, dim, 1)
        self.out = nn.Conv1d(dim, dim, 1)
        self.distance_keys = nn.Parameter(torch.randn(1, 2 * REACH + 1, dim // heads) * (dim // heads) ** -0.5)
        self.distance_values = nn.Parameter(torch.randn(1, 2 * REACH + 1, dim // heads) * (dim // heads) ** -0.5)

    def forward(self, x: Tensor, near: "Near") -> Tensor:
        """Mix frames: (B, dim, N) -> (B, dim, N)."""
        batch, dim, frames = x.shape
        per_head = dim // self.heads
        query, key, value = (conv(x).reshape(batch, self.heads, per_head, frames) for conv in (self.query, self.key, self.value))
        query = query.transpose(2, 3) / math.sqrt(per_head)
        # A zero either side is what frames beyond the reach get.
        distant = nn.functional.pad(query @ self.distance_keys.transpose(1, 2), (1, 1))
        weights = torch.softmax(query @ key + distant.gather(3, near.distances), dim=-1)
        reached = weights.gather(3, near.frames) * near.inside
        mixed = weights @ value.transpose(2, 3) + reached @ self.distance_values
        out: Tensor = self.out(mixed.transpose(2, 3).reshape(batch, dim, frames))
        return out


class Near(NamedTuple):
    """Which frames lie how far from which: the same for every layer."""

    distances: Tensor
    """(B, H, N, N) column of the table of distances, padded by one column either side, for a pair of frames."""
    frames: Tensor
    """(B, H, N, 2 W + 1) frame at a distance, one that exists."""
    inside: Tensor
    """(N, 2 W + 1) 1 where there is such a frame, else 0."""


def near_frames(x: Tensor, heads: int) -> Near:
    """Return the places for frames (B, dim, N) and a number of heads."""
    batch, _, frames = x.shape
    index = torch.arange(frames, device=x.device)
    distances = (index[None] - index[:, None]).clamp(-REACH - 1, REACH + 1) + REACH + 1
    reached = index[:, None] + torch.arange(-REACH, REACH + 1, device=x.device)
    inside = (reached >= 0) & (reached < frames)
    return Near(
        distances.expand(batch, heads, frames, frames),
        reached.clamp(min=0).minimum(index[-1]).expand(batch, heads, frames, 2 * REACH + 1),
        inside.to(x.dtype),
    )


class EncoderLayer(nn.Module):
    """Attention, then two convolutions with a ReLU between; each is added to its input and normalised after that."""

    def __init__(self, config: RvcConfig) -> None:
        super().__init__()
        kernel = config.encoder_kernel
        self.attention = RelativeAttention(config.dim, config.heads)
        self.attention_norm = nn.LayerNorm(config.dim)
        self.conv_in = nn.Conv1d(config.dim, config.encoder_hidden, kernel, padding=kernel // 2)
        self.conv_out = nn.Conv1d(config.encoder_hidden, config.dim, kernel, padding=kernel // 2)
        self.conv_norm = nn.LayerNorm(config.dim)

    def forward(self, x: Tensor, near: Near) -> Tensor:
        """Transform (B, dim, N)."""
        x = self.attention_norm((x + self.attention(x, near)).transpose(1, 2)).transpose(1, 2)
        y = self.conv_out(torch.relu(self.conv_in(x)))
        normalised: Tensor = self.conv_norm((x + y).transpose(1, 2))
        return normalised.transpose(1, 2)


class Encoder(nn.Module):
    """Content and pitch to mean and deviation of the latents.

    Parameters
    ----------
    config : RvcConfig
        Sizes.
    """

    def __init__(self, config: RvcConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.scale = math.sqrt(config.dim)
        self.content = nn.Linear(config.content_dim, config.dim)
        self.pitch = nn.Embedding(PITCHES, config.dim) if config.pitched else None
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.prior = nn.Conv1d(config.dim, 2 * config.latent, 1)

    def hidden(self, content: Tensor, pitch: Tensor | None = None) -> Tensor:
        """Return the last layer, (B, dim, N); for the inputs see `forward`."""
        x = self.content(content)
        if self.pitch is not None:
            x = x + self.pitch(pitch)
        # Scaled after the sum, so the pitch table is scaled too.
        x = nn.functional.leaky_relu(x * self.scale, SLOPE).transpose(1, 2)
        near = near_frames(x, self.heads)
        for layer in self.layers:
            x = layer(x, near)
        hidden: Tensor = x
        return hidden

    def forward(self, content: Tensor, pitch: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encode a whole utterance; attention is over all of it, so pieces give other numbers.

        Parameters
        ----------
        content : Tensor
            (B, N, content_dim), 100 a second.
        pitch : Tensor or None
            (B, N), 1..255, see `tingshuo.tasks.convert.loop.coarse_pitch`; None where the voice is not told the pitch.

        Returns
        -------
        mean, log_deviation : Tensor
            (B, latent, N) each.
        """
        both = self.prior(self.hidden(content, pitch))
        latent = both.shape[1] // 2
        return both[:, :latent], both[:, latent:]
