"""Attention of the recogniser: of frames to each other, of units to those before them, of units to frames.

Source: Vaswani et al. 2017, "Attention Is All You Need"; Dai et al. 2019, "Transformer-XL" (scores by content and place), without
the shift that makes places relative, as WeNet has it.
"""

import math

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Attention of frames, or units, to each other.

    Parameters
    ----------
    dim : int
        Features of a frame.
    heads : int
        Divides ``dim``.
    placed : bool
        Whether each key has its place.
    """

    def __init__(self, dim: int, heads: int, placed: bool) -> None:
        super().__init__()
        self.heads, self.placed = heads, placed
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        if placed:
            self.place = nn.Linear(dim, dim, bias=False)
            self.key_lean = nn.Parameter(torch.zeros(heads, dim // heads))
            self.place_lean = nn.Parameter(torch.zeros(heads, dim // heads))

    def forward(
        self, x: Tensor, places: Tensor | None = None, seen: Tensor | None = None, past: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Mix frames.

        Parameters
        ----------
        x : Tensor
            (B, N, D).
        places : Tensor or None
            (N, D), sinusoids of where the frames lie, if keys have places.
        seen : Tensor or None
            Boolean, broadcast to (B, 1, N, P + N): which frames each may look at; None for all.
        past : Tensor or None
            (B, heads, P, M), what is kept of the frames before these.

        Returns
        -------
        mixed : Tensor
            (B, N, D).
        memory : Tensor
            (B, heads, P + N, M): per frame the key, the value and, if keys have places, how much they lean to be looked at.
        """
        query, key, value = split_heads(self.query_key_value(x), self.heads, 3)
        kept = [key, value]
        if self.placed:
            assert places is not None
            # The original multiplies queries with keys and with places, each with a bias of its own. Places count from the begin
            # of the utterance and are not shifted, so a key and its place can be added first: one product does for both, the
            # biases are one number per key, and a later chunk needs no place of an earlier frame.
            (place,) = split_heads(self.place(places)[None], self.heads, 1)
            lean = key @ self.key_lean[..., None] + place @ self.place_lean[..., None]
            kept = [key + place, value, lean]
        memory = torch.cat(kept, 3)
        if past is not None:
            memory = torch.cat([past, memory], 2)
        size = query.shape[3]
        scores = query @ memory[..., :size].transpose(2, 3)
        if self.placed:
            scores = scores + memory[..., 2 * size :].transpose(2, 3)
        return self.out(join_heads(mix(scores, memory[..., size : 2 * size], seen))), memory


class CrossAttention(nn.Module):
    """Attention of units to the frames of one utterance; ``dim`` and ``heads`` as for `SelfAttention`."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, heard: Tensor) -> Tensor:
        """Return what units (B, N, D) find in frames (1, T, D), which all of the batch share: (B, N, D)."""
        (query,) = split_heads(self.query(x), self.heads, 1)
        key, value = split_heads(self.key_value(heard), self.heads, 2)
        mixed: Tensor = self.out(join_heads(mix(query @ key.transpose(2, 3), value, None)))
        return mixed


def mix(scores: Tensor, value: Tensor, seen: Tensor | None) -> Tensor:
    """Return values (B, H, K, E) mixed by scores (B, H, N, K), of which only those that are ``seen`` count: (B, H, N, E)."""
    scores = scores / math.sqrt(value.shape[3])
    if seen is not None:
        # Not minus infinity: a row of padding that sees nothing would become NaN.
        scores = scores.masked_fill(~seen, torch.finfo(scores.dtype).min)
    return torch.softmax(scores, -1) @ value


def split_heads(x: Tensor, heads: int, parts: int) -> tuple[Tensor, ...]:
    """(B, N, parts * D), parts one after the other, to that many of (B, heads, N, D / heads)."""
    apart = x.reshape(x.shape[0], x.shape[1], parts, heads, -1).permute(2, 0, 3, 1, 4)
    return tuple(apart[part] for part in range(parts))


def join_heads(x: Tensor) -> Tensor:
    """(B, heads, N, E) to (B, N, heads * E)."""
    return x.transpose(1, 2).flatten(2)
