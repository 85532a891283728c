"""The graph that a bundle carries for this family, and the context that an exact frame needs."""

import torch

from tingshuo.models.layers.convnext import KERNEL
from tingshuo.models.layers.graph import Graph
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.models.source_filter.net import EMBED_KERNEL, SourceFilter


def graphs(net: SourceFilter) -> tuple[Graph, ...]:
    """Return the vocoder graph: mel (B, mels, F), f0 (B, F) Hz -> gain, phase, noise_gain (B, F, K)."""
    frames = 19
    return (
        Graph(
            "vocoder",
            net,
            {"mel": torch.zeros(1, net.config.mels, frames), "f0": torch.full((1, frames), 200.0)},
            {"mel": {2: "F"}, "f0": {1: "F"}},
            ("gain", "phase", "noise_gain"),
        ),
    )


def vocoder_context_frames(config: SourceFilterConfig) -> int:
    """Return the frames either side of a frame that its filters depend on."""
    return EMBED_KERNEL // 2 + config.layers * (KERNEL // 2)
