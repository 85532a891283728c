"""The graphs that a bundle carries for this family, the same two as a conformer's; `tingshuo.tasks.recognise` runs them.

=======  =================  ================================================
graph    run                what it does
=======  =================  ================================================
encoder  once an utterance  normalised features to frames
ctc      on any frames      frames to log probabilities of the units
=======  =================  ================================================
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.graph import Graph
from tingshuo.models.tdnn_lstm.net import TdnnLstm

_FRAMES, _ENCODED = 67, 13
"""Sizes of the example inputs; both are free in a graph."""


class Whole(nn.Module):
    """features (1, T, M) -> encoded (1, N, D)."""

    def __init__(self, net: TdnnLstm) -> None:
        super().__init__()
        self.net = net

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        encoded: Tensor = self.net.encoder(features)
        return encoded


class Ctc(nn.Module):
    """encoded (1, N, D) -> log_probs (1, N, units)."""

    def __init__(self, net: TdnnLstm) -> None:
        super().__init__()
        self.net = net

    def forward(self, encoded: Tensor) -> Tensor:
        """See the class."""
        return self.net.classify(encoded)


def graphs(net: TdnnLstm) -> tuple[Graph, ...]:
    """Return the graphs of a net."""
    features = torch.zeros(1, _FRAMES, net.config.features)
    encoded = torch.zeros(1, _ENCODED, net.config.dim)
    return (
        Graph("encoder", Whole(net), {"features": features}, {"features": {1: "T"}}, ("encoded",)),
        Graph("ctc", Ctc(net), {"encoded": encoded}, {"encoded": {1: "N"}}, ("log_probs",)),
    )
