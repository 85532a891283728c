"""Exponential moving average of a net's weights: what is judged and published, as it is steadier than the net itself.

Source: B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """A copy of a net's tensors that follows them slowly.

    Parameters
    ----------
    net : nn.Module or None
        What to follow; None follows nothing.
    decay : float
        Share of the old value that a step keeps, 0 to 1; lower in the first steps, so that the start is forgotten.
    """

    def __init__(self, net: nn.Module | None, decay: float) -> None:
        self._net, self._decay = net, decay
        self._followed: dict[str, Tensor] = {} if net is None else dict(net.state_dict())
        self.tensors = {name: value.detach().clone() for name, value in self._followed.items()}
        """Averaged tensors by name."""

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Follow the net after a step, counted from 0."""
        share = 1 - min(self._decay, (1 + step) / (10 + step))
        for name, value in self._followed.items():
            if value.is_floating_point():
                self.tensors[name].lerp_(value, share)
            else:
                self.tensors[name].copy_(value)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average into the net while the block runs."""
        if self._net is None:
            yield
            return
        own = {name: value.detach().clone() for name, value in self._net.state_dict().items()}
        self._net.load_state_dict(self.tensors)
        try:
            yield
        finally:
            self._net.load_state_dict(own)
