"""Dropout at a fraction of its usual cost on a processor, where drawing the random numbers is nearly all of it.

Source: Srivastava et al. 2014, "Dropout". One draw of 64 bits decides about eight features, so the probability is a multiple of
1/256; what stays is scaled by the exact share that stays.
"""

import torch
from torch import Tensor, nn

LEVELS = 256


class Dropout(nn.Module):
    """Drop features while training.

    Parameters
    ----------
    probability : float
        Of dropping a feature, from 0 to less than 1, rounded to a 256th.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.dropped = round(LEVELS * probability)
        assert 0 <= self.dropped < LEVELS, f"a probability of {probability} drops everything"

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, of any shape, with features at nought and the others scaled up; in evaluation mode as it is."""
        if not self.training or not self.dropped:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.dropped / LEVELS)
        drawn = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None).view(torch.uint8)
        stays = drawn[: x.numel()].view(x.shape) >= self.dropped
        return x * (stays.to(x.dtype) * (LEVELS / (LEVELS - self.dropped)))
