"""One-dimensional ConvNeXt block.

Source: Liu et al. 2022, "A ConvNet for the 2020s"; its one-dimensional use for speech from Siuzdak 2023, "Vocos".
The per-channel layer scale of the paper is not a parameter here: it is part of ``project``, which starts small instead.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.time_conv import convolve

KERNEL = 7


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, then a two-layer perceptron per frame, added to the input.

    Parameters
    ----------
    dim : int
        Features of a frame.
    hidden : int
        Features inside the perceptron.
    scale : float
        Factor on the initial weights of the last layer, so that a deep stack starts near the identity.
    """

    def __init__(self, dim: int, hidden: int, scale: float = 1.0) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(dim, dim, KERNEL, padding=KERNEL // 2, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.expand = nn.Linear(dim, hidden)
        self.project = nn.Linear(hidden, dim)
        with torch.no_grad():
            self.project.weight.mul_(scale)
            self.project.bias.zero_()

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """Transform frames.

        Parameters
        ----------
        x : Tensor
            (B, F, D).
        valid : Tensor or None
            (B, F), 1 for frames and 0 for padding; None when nothing is padded.

        Returns
        -------
        Tensor
            (B, F, D).
        """
        y: Tensor = x if valid is None else x * valid[..., None]
        y = convolve(self.depthwise, y)
        y = self.project(nn.functional.gelu(self.expand(self.norm(y))))
        return x + y
