"""The graph that a bundle carries for this family; `tingshuo.tasks.hybrid` runs it."""

import torch
from torch import Tensor, nn

from tingshuo.models.dnn.net import Dnn
from tingshuo.models.layers.graph import Graph

GRAPH = "states"
_FRAMES = 7
"""Of the example; any number in use."""


class Posteriors(nn.Module):
    """frames (N, inputs) -> log_posteriors (N, states)."""

    def __init__(self, net: Dnn) -> None:
        super().__init__()
        self.net = net

    def forward(self, frames: Tensor) -> Tensor:
        """See the class."""
        return torch.log_softmax(self.net(frames), -1)


def graphs(net: Dnn) -> tuple[Graph, ...]:
    """Return the graph."""
    frames = torch.zeros(_FRAMES, net.config.inputs)
    return (Graph(GRAPH, Posteriors(net), {"frames": frames}, {"frames": {0: "N"}}, ("log_posteriors",)),)
