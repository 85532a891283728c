"""BERT's encoder with its pooled vector, for one text at a time.

Letters: B batch, N word pieces with their two marks, D features. Source: Devlin et al. 2019, "BERT: Pre-training of Deep
Bidirectional Transformers for Language Understanding".
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tingshuo.models.bert.config import BertConfig
from tingshuo.models.layers.transformer import SelfAttention

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": nn.functional.gelu, "relu": nn.functional.relu}
"""The exact GELU, not its approximation by tanh, which is what some later models mean by that word."""


class Layer(nn.Module):
    """Self-attention, then a perceptron; each is added to its input and normed behind."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.attention = SelfAttention(config.dim, config.heads)
        self.attention_norm = nn.LayerNorm(config.dim, eps=config.eps)
        self.expand = nn.Linear(config.dim, config.hidden)
        self.project = nn.Linear(config.hidden, config.dim)
        self.norm = nn.LayerNorm(config.dim, eps=config.eps)
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, N, D)."""
        x = self.attention_norm(x + self.attention(x))
        transformed: Tensor = self.norm(x + self.project(self.activation(self.expand(x))))
        return transformed


class Bert(nn.Module):
    """The encoder.

    Parameters
    ----------
    config : BertConfig
        Sizes.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.piece = nn.Embedding(config.vocabulary, config.dim)
        self.position = nn.Embedding(config.positions, config.dim)
        self.segment = nn.Embedding(config.segments, config.dim)
        self.embedding_norm = nn.LayerNorm(config.dim, eps=config.eps)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.pooler = nn.Linear(config.dim, config.dim)

    def encode(self, piece_ids: Tensor) -> Tensor:
        """Return the hidden state of each piece: (B, N) int64, nothing padded; result (B, N, D)."""
        at = torch.arange(piece_ids.shape[1], device=piece_ids.device)
        # One text alone: every piece is of segment 0.
        x: Tensor = self.embedding_norm(self.piece(piece_ids) + self.position(at) + self.segment(torch.zeros_like(at)))
        for layer in self.layers:
            x = layer(x)
        return x

    def forward(self, piece_ids: Tensor) -> Tensor:
        """Return the pooled vector: that of the mark at the begin, once more transformed.

        Parameters
        ----------
        piece_ids : Tensor
            (B, N) int64, as `tingshuo.text.foreign.wordpiece` gives them, N up to ``config.positions``.

        Returns
        -------
        Tensor
            (B, D), in (-1, 1).
        """
        pooled: Tensor = self.pooler(self.encode(piece_ids)[:, 0])
        return torch.tanh(pooled)
