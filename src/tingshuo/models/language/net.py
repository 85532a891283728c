"""The net of a language model: a table of units, an LSTM or causal transformer blocks, and the same table again.

Each unit sees those before it alone, so whatever fills up a short text in a batch does not touch it, and a text can be gone
through step by step with the same result. Sources: M. Sundermeyer et al. 2012, "LSTM Neural Networks for Language Modeling";
A. Vaswani et al. 2017, "Attention Is All You Need"; O. Press and L. Wolf 2017, "Using the Output Embedding to Improve Language
Models" (one table at both ends).
"""

import math

import torch
from torch import Tensor, nn

from tingshuo.models.language.config import LanguageConfig
from tingshuo.models.layers.dropout import Dropout
from tingshuo.models.layers.transformer import sinusoids

State = tuple[Tensor, ...]
"""What is kept of a text: of an LSTM ``hidden`` and ``cell`` (B, L, D), of a transformer ``memory`` (B, L, H, P, 2E)."""
STATES = {"lstm": ("hidden", "cell"), "transformer": ("memory",)}
"""Kind to the names of its states."""
_BEGIN = 0.1
"""Standard deviation of the table at first."""


class Recurrent(nn.Module):
    """LSTM layers, each without a residual."""

    def __init__(self, config: LanguageConfig, dropout: float) -> None:
        super().__init__()
        self.dim = config.dim
        self.layers = nn.ModuleList(nn.LSTM(config.dim, config.dim, batch_first=True) for _ in range(config.layers))
        self.dropout = Dropout(dropout)

    def start(self, like: Tensor) -> State:
        """Return the state before the first unit of each of some texts; ``like`` (B, ...) tells how many and where."""
        return tuple(like.new_zeros(like.shape[0], len(self.layers), self.dim) for _ in range(2))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Go on by units (B, N, D) behind a state; returns (B, N, D) and the state behind them."""
        hiddens, cells = [], []
        for n, layer in enumerate(self.layers):
            before = tuple(one[:, n : n + 1].transpose(0, 1).contiguous() for one in state)
            x, (hidden, cell) = layer(x, before)
            x = self.dropout(x)
            hiddens.append(hidden[0])
            cells.append(cell[0])
        return x, (torch.stack(hiddens, 1), torch.stack(cells, 1))


class CausalBlock(nn.Module):
    """Attention to the units before and the unit itself, then a feed-forward part, each behind a norm and added to its input."""

    def __init__(self, config: LanguageConfig, dropout: float) -> None:
        super().__init__()
        dim = config.dim
        self.heads = config.heads
        self.attention_norm, self.feed_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query_key_value, self.mixed = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.feed_in, self.feed_out = nn.Linear(dim, config.hidden), nn.Linear(config.hidden, dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Transform units (B, N, D) behind a memory (B, H, P, 2E), each of which sees (N, P + N); returns both, grown."""
        batch, n, dim = x.shape
        parts = self.query_key_value(self.attention_norm(x)).reshape(batch, n, self.heads, 3 * dim // self.heads).transpose(1, 2)
        each = dim // self.heads
        query, new = parts[..., :each], parts[..., each:]
        memory = torch.cat([memory, new], 2)
        key, value = memory[..., :each], memory[..., each:]
        scores = (query @ key.transpose(2, 3) / math.sqrt(each)).masked_fill(~seen, -math.inf)
        mixed = (torch.softmax(scores, -1) @ value).transpose(1, 2).reshape(batch, n, dim)
        x = x + self.dropout(self.mixed(mixed))
        fed = nn.functional.gelu(self.feed_in(self.feed_norm(x)))
        return x + self.dropout(self.feed_out(fed)), memory


class Attentive(nn.Module):
    """Causal transformer blocks over units with sinusoidal places."""

    def __init__(self, config: LanguageConfig, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(CausalBlock(config, dropout) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)
        self.heads, self.each = config.heads, 2 * config.dim // config.heads

    def start(self, like: Tensor) -> State:
        """Return the state before the first unit of each of some texts; ``like`` (B, ...) tells how many and where."""
        return (like.new_zeros(like.shape[0], len(self.blocks), self.heads, 0, self.each),)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Go on by units (B, N, D) behind a state; returns (B, N, D) and the state behind them."""
        (memory,) = state
        past, n, dim = memory.shape[3], x.shape[1], x.shape[2]
        places = torch.arange(past + n, device=x.device)
        seen = places[past:, None] >= places
        x = math.sqrt(dim) * x + sinusoids(places[past:], dim)
        memories = []
        for k, block in enumerate(self.blocks):
            x, kept = block(x, memory[:, k], seen)
            memories.append(kept)
        return self.norm(x), (torch.stack(memories, 1),)


class Language(nn.Module):
    """How likely each unit is.

    Parameters
    ----------
    config : LanguageConfig
        Sizes.
    dropout : float
        Probability of dropping a feature while training, behind the table and behind each layer.
    """

    def __init__(self, config: LanguageConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.unit = nn.Embedding(config.units, config.dim)
        self.bias = nn.Parameter(torch.zeros(config.units))
        self.body = Recurrent(config, dropout) if config.kind == "lstm" else Attentive(config, dropout)
        self.dropout = Dropout(dropout)
        nn.init.normal_(self.unit.weight, std=_BEGIN)

    def start(self, batch: int = 1) -> State:
        """Return the state before the first unit of each of some texts."""
        return self.body.start(self.bias.new_zeros(batch, 1))

    def forward(self, before: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Go on by some units.

        Parameters
        ----------
        before : Tensor
            (B, N) int64; the first of a text is its begin, which is written as the end is.
        state : tuple of Tensor or None
            Behind the units before these; None is that of `start`.

        Returns
        -------
        logits : Tensor
            (B, N, units) of what follows each.
        state : tuple of Tensor
            Behind the last.
        """
        x = self.dropout(self.unit(before))
        x, state = self.body(x, self.body.start(x) if state is None else state)
        return nn.functional.linear(x, self.unit.weight, self.bias), state
