"""The graph that a bundle carries for this family, and the context that an exact frame needs."""

import torch

from tingshuo.models.layers.graph import Graph
from tingshuo.models.vocos.config import VocosConfig
from tingshuo.models.vocos.net import KERNEL, Vocos


def graphs(net: Vocos) -> tuple[Graph, ...]:
    """Return the vocoder graph: mel (B, mels, F) -> log_magnitude, phase (B, F, K)."""
    return (Graph("vocoder", net, {"mel": torch.zeros(1, net.config.mels, 19)}, {"mel": {2: "F"}}, ("log_magnitude", "phase")),)


def vocoder_context_frames(config: VocosConfig) -> int:
    """Return the frames either side of a frame that its transform depends on."""
    return (1 + config.layers) * (KERNEL // 2)
