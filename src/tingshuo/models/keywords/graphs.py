"""The graph that a bundle carries for this family; `tingshuo.tasks.keywords` runs it."""

import torch
from torch import Tensor, nn

from tingshuo.models.keywords.net import KeywordsNet
from tingshuo.models.layers.graph import Graph

GRAPH = "keywords"


class Likely(nn.Module):
    """features (1, T, M) -> probabilities (1, rows)."""

    def __init__(self, net: KeywordsNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return torch.softmax(self.net(features), 1)


def graphs(net: KeywordsNet) -> tuple[Graph, ...]:
    """Return the graph; every size in it is fixed, as small machines want it."""
    features = torch.zeros(1, net.config.frames, net.config.mels)
    return (Graph(GRAPH, Likely(net), {"features": features}, {}, ("probabilities",)),)
