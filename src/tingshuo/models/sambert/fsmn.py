"""Layers that look around with a depthwise convolution of many taps, and are otherwise pointwise.

Source: S. Zhang et al. 2018, "Deep-FSMN for large vocabulary continuous speech recognition"; sizes and paddings as in KAN-TTS.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.sambert.config import memory_reach


class MemoryBlock(nn.Module):
    """Two pointwise layers, then a weighted sum of the steps around each step.

    Parameters
    ----------
    dim_in, hidden, dim : int
        Features before, inside and after.
    kernel : int
        Steps that the sum sees.
    shift : int
        By how many steps its window lies further to the left than the middle.
    """

    def __init__(self, dim_in: int, hidden: int, dim: int, kernel: int, shift: int) -> None:
        super().__init__()
        self.inner = nn.Linear(dim_in, hidden)
        self.outer = nn.Linear(hidden, dim, bias=False)
        self.taps = nn.Conv1d(dim, dim, kernel, groups=dim, bias=False)
        self.before, self.after = memory_reach(kernel, shift)
        self.has_skip = dim_in == dim  # a first layer that changes the width has none

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, N, dim_in) into (B, N, dim)."""
        context = self.outer(torch.relu(self.inner(x)))
        padded = nn.functional.pad(context.transpose(1, 2), (self.before, self.after))
        memory: Tensor = self.taps(padded).transpose(1, 2) + context  # a step is added to its own memory once more
        return memory + x if self.has_skip else memory


class Fsmn(nn.Sequential):
    """Several memory blocks, the first of which sets the width."""

    def __init__(self, dim_in: int, hidden: int, dim: int, layers: int, kernel: int, shift: int) -> None:
        super().__init__(*(MemoryBlock(dim if layer else dim_in, hidden, dim, kernel, shift) for layer in range(layers)))
