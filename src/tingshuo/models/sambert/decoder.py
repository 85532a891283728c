"""The decoder: a few frames a step, from the last frame, the text of the step, and what lies in a band around it.

Every block attends twice with the same queries: to itself and the steps before (what has been said), and to the text of this
step and the steps ahead (what will be said). Both look at most ``band`` steps far, and ``band`` is how many steps the longest
symbol of the sentence takes. So the state of a step is bounded: the keys and values of the last ``band`` steps. Those of the
text are known before the first step.

Source: the pseudo non-causal attention of N. Li et al. 2020, "RobuTrans: A robust transformer-based text-to-speech model", as
KAN-TTS has it.
"""

import math

import torch
from torch import Tensor, nn

from tingshuo.models.sambert.adaptor import Prenet
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.models.sambert.encoder import EPS, attend, heads_apart


class DecoderBlock(nn.Module):
    """Attention to the past and to the text, then two pointwise layers."""

    def __init__(self, config: SambertConfig) -> None:
        super().__init__()
        dim = config.decoder_dim
        self.heads = config.decoder_heads
        self.attention_norm = nn.LayerNorm(dim, EPS)
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.past_out = nn.Linear(dim, dim)
        self.memory_key_value = nn.Linear(config.memory_dim, 2 * dim)
        self.memory_out = nn.Linear(dim, dim)
        self.inner_norm = nn.LayerNorm(dim, EPS)
        self.inner = nn.Linear(dim, config.decoder_hidden)
        self.outer = nn.Linear(config.decoder_hidden, dim)

    def forward(self, x: Tensor, past: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one step.

        Parameters
        ----------
        x : Tensor
            (1, D).
        past : Tensor
            (2, P, D), keys and values of the steps before that are in the band.
        memory : Tensor
            (2, M, D), keys and values of the text of this step and the steps ahead that are in the band.

        Returns
        -------
        tuple of Tensor
            (1, D), and the keys and values of this step (2, 1, D).
        """
        query, key_value = self.query_key_value(self.attention_norm(x)).tensor_split([x.shape[-1]], -1)
        new = torch.stack(key_value.chunk(2, -1))
        query = heads_apart(query, self.heads)
        seen = self._out(self.past_out, query, torch.cat([past, new], 1)) + self._out(self.memory_out, query, memory)
        x = x + seen
        y: Tensor = x + self.outer(torch.relu(self.inner(self.inner_norm(x))))
        return y, new

    def remember(self, memory: Tensor) -> Tensor:
        """Return the keys and values of the text: (S, memory_dim) -> (2, S, D)."""
        return torch.stack(self.memory_key_value(memory).chunk(2, -1))

    def _out(self, out: nn.Module, query: Tensor, key_value: Tensor) -> Tensor:
        seen: Tensor = out(attend(query, heads_apart(key_value[0], self.heads), heads_apart(key_value[1], self.heads)))
        return seen


class Decoder(nn.Module):
    """Frames from text and the frames before."""

    def __init__(self, config: SambertConfig) -> None:
        super().__init__()
        dim = config.decoder_dim
        self.frames_per_step = config.frames_per_step
        self.prenet = Prenet(config.mels, config.decoder_prenet, dim)
        self.join = nn.Linear(config.memory_dim + dim, dim)
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(config.decoder_layers))
        self.norm = nn.LayerNorm(dim, EPS)
        self.out = nn.Linear(dim, config.mels * config.frames_per_step)
        self.scale = math.sqrt(dim)

    def remember(self, memory: Tensor) -> Tensor:
        """Return the keys and values of the text for each block: ``memory`` (S, memory_dim) -> (L, 2, S, D).

        The memory is not normalised before.
        """
        return torch.stack([block.remember(memory) for block in self.blocks if isinstance(block, DecoderBlock)])

    def forward(self, frame: Tensor, text: Tensor, past: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the frames of one step.

        Parameters
        ----------
        frame : Tensor
            (1, mels), the last frame of the step before; zeros at first.
        text : Tensor
            (1, memory_dim) of this step.
        past : Tensor
            (L, 2, P, D), keys and values of the P steps before, at most the band, oldest first.
        memory : Tensor
            (L, 2, M, D), of `remember`: those of this step and of the steps ahead in the band.

        Returns
        -------
        tuple of Tensor
            (frames_per_step, mels), and the keys and values of this step (L, 2, 1, D).
        """
        x = self.join(torch.cat([text, self.prenet(frame)], -1)) * self.scale  # the text comes first
        new = []
        for index, block in enumerate(self.blocks):
            x, key_value = block(x, past[index], memory[index])
            new.append(key_value)
        frames: Tensor = self.out(self.norm(x))
        return frames.reshape(self.frames_per_step, -1), torch.stack(new)
