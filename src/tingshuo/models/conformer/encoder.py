"""The encoder: features to frames that know their surroundings, whole or chunk by chunk.

Letters: B batch, T frames of features, M bands, N encoder frames, D features of one, H heads, P past frames. Sources: Gulati et
al. 2020, "Conformer: Convolution-augmented Transformer for Speech Recognition"; Zhang et al. 2022, "WeNet 2.0"
(https://arxiv.org/abs/2203.15455) and its code, https://github.com/wenet-e2e/wenet (Apache-2.0).
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from tingshuo.models.conformer.attention import SelfAttention
from tingshuo.models.conformer.config import ConformerConfig
from tingshuo.models.layers.dropout import Dropout
from tingshuo.models.layers.time_conv import convolve
from tingshuo.models.layers.transformer import sinusoids

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "swish": nn.functional.silu,
    "relu": nn.functional.relu,
    "gelu": nn.functional.gelu,
    "tanh": torch.tanh,
    "hardtanh": nn.functional.hardtanh,
    "selu": nn.functional.selu,
}
_CONVOLUTIONS = {4: ((3, 2), (3, 2)), 6: ((3, 2), (5, 3)), 8: ((3, 2), (3, 2), (3, 2))}
"""Width and stride of each convolution of a subsampling."""


class Subsampling(nn.Module):
    """Convolutions over time and bands, each with a ReLU, then a linear layer: few frames of many.

    Parameters
    ----------
    features : int
        Bands of a frame.
    dim : int
        Features of the result.
    rate : int
        4, 6 or 8.
    stem : int
        Channels of the convolutions; 0 is ``dim``.
    """

    def __init__(self, features: int, dim: int, rate: int, stem: int = 0) -> None:
        super().__init__()
        stem = stem or dim
        channels, bands, convs = 1, features, []
        for width, stride in _CONVOLUTIONS[rate]:
            convs.append(nn.Conv2d(channels, stem, width, stride))
            channels, bands = stem, (bands - width) // stride + 1
        self.convs = nn.ModuleList(convs)
        self.out = nn.Linear(stem * bands, dim)

    def forward(self, features: Tensor) -> Tensor:
        """Subsample (B, T, M) to (B, N, D); nothing is padded, so frames at the end that fill no window are lost."""
        x = features[:, None]
        for conv in self.convs:
            x = nn.functional.relu(conv(x))
        subsampled: Tensor
        if self.training:
            # The weights have all bands of a channel, then those of the next. Pictures in training have their channels last in
            # memory, and a copy of the weights in that order costs less than one of the pictures.
            weight = self.out.weight.view(self.out.out_features, x.shape[1], -1).transpose(1, 2).flatten(1)
            subsampled = nn.functional.linear(x.permute(0, 2, 3, 1).flatten(2), weight, self.out.bias)
        else:
            subsampled = self.out(x.transpose(1, 2).flatten(2))
        return subsampled


class FeedForward(nn.Module):
    """Two linear layers with an activation between."""

    def __init__(self, dim: int, hidden: int, activation: str, dropout: float = 0.0) -> None:
        super().__init__()
        self.expand = nn.Linear(dim, hidden)
        self.project = nn.Linear(hidden, dim)
        self.activation = ACTIVATIONS[activation]
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, N, D)."""
        transformed: Tensor = self.project(self.dropout(self.activation(self.expand(x))))
        return transformed


class Convolution(nn.Module):
    """A gate, a depthwise convolution over time, a norm, an activation and a linear layer."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        dim = config.dim
        self.past_frames = config.past_frames
        self.expand = nn.Linear(dim, 2 * dim)
        edge = 0 if config.causal else config.kernel // 2
        self.depthwise = nn.Conv1d(dim, dim, config.kernel, padding=edge, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=config.conv_eps) if config.conv_norm == "layer" else nn.Identity()
        self.project = nn.Linear(dim, dim)
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, x: Tensor, valid: Tensor | None = None, past: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Convolve.

        Parameters
        ----------
        x : Tensor
            (B, N, D).
        valid : Tensor or None
            (B, N, 1), 1 for frames and 0 for padding behind them; None when nothing is padded.
        past : Tensor or None
            (B, past_frames, D), the inputs before these; None at the begin.

        Returns
        -------
        convolved : Tensor
            (B, N, D).
        past : Tensor
            (B, past_frames, D), for the next chunk.
        """
        if self.past_frames:
            # Zeros stand before the gate, not behind it: its biases make something else of them.
            before = x.new_zeros(x.shape[0], self.past_frames, x.shape[2]) if past is None else past
            x = torch.cat([before, x], 1)
        rest = x[:, x.shape[1] - self.past_frames :]
        gated = nn.functional.glu(self.expand(x))
        if valid is not None and not self.past_frames:
            # Behind the gate, so that an utterance is heard alike with padding and without. The original clears padding before
            # the gate alone, and hears the biases there.
            gated = gated * valid
        y: Tensor = self.project(self.activation(self.norm(convolve(self.depthwise, gated))))
        return y, rest


class Block(nn.Module):
    """Half a feed-forward, attention, convolution, half a feed-forward; each is added to its input. A norm at the end.

    Without convolution and the first feed-forward it is a block of a transformer, and has no norm at the end.
    """

    def __init__(self, config: ConformerConfig, dropout: float = 0.0) -> None:
        super().__init__()
        dim, eps = config.dim, config.eps
        self.dropout = Dropout(dropout)
        self.norm_first, self.weight = config.norm_first, 0.5 if config.macaron else 1.0
        self.first_norm = nn.LayerNorm(dim, eps=eps) if config.macaron else None
        self.first = FeedForward(dim, config.hidden, config.activation, dropout) if config.macaron else None
        self.attention_norm = nn.LayerNorm(dim, eps=eps)
        self.attention = SelfAttention(dim, config.heads, config.positions == "relative")
        self.conv_norm = nn.LayerNorm(dim, eps=eps) if config.kernel else None
        self.conv = Convolution(config) if config.kernel else None
        self.feed_norm = nn.LayerNorm(dim, eps=eps)
        self.feed = FeedForward(dim, config.hidden, config.activation, dropout)
        self.norm = nn.LayerNorm(dim, eps=eps) if config.kernel else None

    def forward(
        self,
        x: Tensor,
        places: Tensor | None,
        seen: Tensor | None = None,
        valid: Tensor | None = None,
        past: tuple[Tensor, Tensor | None] | None = None,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Transform frames.

        Parameters
        ----------
        x, places, seen
            As for `SelfAttention.forward`.
        valid : Tensor or None
            As for `Convolution.forward`.
        past : tuple or None
            What attention and convolution keep of the frames before these.

        Returns
        -------
        x : Tensor
            (B, N, D).
        memory : Tensor
            Of attention, with these frames.
        rest : Tensor or None
            Of the convolution, if there is one.
        """
        memory = rest = None
        if self.first is not None and self.first_norm is not None:
            x = self._after(self.first_norm, x + self.weight * self.dropout(self.first(self._before(self.first_norm, x))))
        kept, rest = past if past is not None else (None, None)
        mixed, memory = self.attention(self._before(self.attention_norm, x), places, seen, kept)
        x = self._after(self.attention_norm, x + self.dropout(mixed))
        if self.conv is not None and self.conv_norm is not None:
            convolved, rest = self.conv(self._before(self.conv_norm, x), valid, rest)
            x = self._after(self.conv_norm, x + self.dropout(convolved))
        x = self._after(self.feed_norm, x + self.weight * self.dropout(self.feed(self._before(self.feed_norm, x))))
        return x if self.norm is None else self.norm(x), memory, rest

    def _before(self, norm: nn.Module, x: Tensor) -> Tensor:
        normed: Tensor = norm(x) if self.norm_first else x
        return normed

    def _after(self, norm: nn.Module, x: Tensor) -> Tensor:
        normed: Tensor = x if self.norm_first else norm(x)
        return normed


class Encoder(nn.Module):
    """The encoder.

    Parameters
    ----------
    config : ConformerConfig
        Sizes.
    dropout : float
        Of the parts of a block, while it is taught.
    """

    def __init__(self, config: ConformerConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.subsampling = Subsampling(config.features, config.dim, config.subsampling, config.stem)
        self.blocks = nn.ModuleList(Block(config, dropout) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim, eps=config.eps) if config.norm_first else None

    def forward(self, features: Tensor, lengths: Tensor | None = None, chunk: int = 0, left: int = -1) -> Tensor:
        """Encode whole utterances.

        Parameters
        ----------
        features : Tensor
            (B, T, M), normalised; at least ``config.context_frames`` of them.
        lengths : Tensor or None
            (B,) frames of each utterance; None when nothing is padded. What comes of padding means nothing.
        chunk : int
            Encoder frames of a chunk: each frame looks no further ahead than its chunk goes; 0 for the whole utterance. A net
            of a static chunk always has that one.
        left : int
            Chunks before its own that a frame looks at; all of them if negative.

        Returns
        -------
        Tensor
            (B, N, D).
        """
        *_, encoded = self.stages(features, lengths, chunk, left)
        return encoded

    def stages(self, features: Tensor, lengths: Tensor | None = None, chunk: int = 0, left: int = -1) -> Iterator[Tensor]:
        """Yield what comes out of each block, and at last what `forward` returns; parameters as there."""
        x = self.subsampling(features)
        at = torch.arange(x.shape[1], device=x.device)
        x, places = self._place(x, at)
        chunk = chunk if self.config.dynamic_chunk else self.config.static_chunk or chunk
        seen = chunk_mask(at, chunk, left)[None, None] if chunk else None
        valid = None
        if lengths is not None:
            inside = at < (lengths[:, None] - self.config.context_frames) // self.config.subsampling + 1
            valid = inside[..., None].to(x.dtype)
            seen = inside[:, None, None] if seen is None else seen & inside[:, None, None]
        for block in self.blocks:
            x, _, _ = block(x, places, seen, valid)
            yield x
        yield x if self.norm is None else self.norm(x)

    def step(self, features: Tensor, offset: Tensor, memory: Tensor, rest: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Encode one chunk of one utterance, with what is kept of those before it.

        Parameters
        ----------
        features : Tensor
            (1, T, M), ``config.window_frames(chunk)`` of them, fewer at the end. Windows overlap, as the subsampling keeps
            nothing.
        offset : Tensor
            (1,) int64: encoder frames before these.
        memory : Tensor
            (layers, H, P, ``config.memory_dim``) of attention; how far back it looks is up to the caller, who cuts it.
        rest : Tensor or None
            (layers, ``config.past_frames``, D) of the convolutions, zeros at the begin; None where they keep nothing.

        Returns
        -------
        encoded : Tensor
            (1, N, D).
        memory, rest
            The same with these frames: P + N frames of attention.
        """
        x = self.subsampling(features)
        x, places = self._place(x, offset + torch.arange(x.shape[1], device=x.device))
        memories, rests = [], []
        for layer, block in enumerate(self.blocks):
            past = memory[layer : layer + 1], None if rest is None else rest[layer : layer + 1]
            x, kept, left = block(x, places, past=past)
            memories.append(kept)
            rests.append(left)
        x = x if self.norm is None else self.norm(x)
        return x, torch.cat(memories), None if rest is None else torch.cat(rests)

    def _place(self, x: Tensor, at: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return frames as the blocks want them, and the places of keys if they have them."""
        kind, dim = self.config.positions, self.config.dim
        if kind == "none":
            return x, None
        places = sinusoids(at, dim)
        x = x * math.sqrt(dim)
        return (x, places) if kind == "relative" else (x + places, None)


def chunk_mask(at: Tensor, chunk: int, left: int) -> Tensor:
    """Return which frames each frame looks at: (N, N), true for those of its chunk and of ``left`` chunks before, or all."""
    of = torch.div(at, chunk, rounding_mode="floor")
    back = of[:, None] - of
    return back >= 0 if left < 0 else (back >= 0) & (back <= left)
