"""The graph that a bundle carries for this family."""

import torch

from tingshuo.models.bert.net import Bert
from tingshuo.models.layers.graph import Graph


def graphs(net: Bert) -> tuple[Graph, ...]:
    """Return the prompt graph: piece_ids (B, N) -> prompt (B, D)."""
    return (Graph("prompt", net, {"piece_ids": torch.ones(1, 7, dtype=torch.int64)}, {"piece_ids": {1: "N"}}, ("prompt",)),)
