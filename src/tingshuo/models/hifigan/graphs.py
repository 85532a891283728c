"""The graph that a bundle carries for this family, and the context that exact samples need."""

import torch

from tingshuo.models.hifigan.config import HiFiGanConfig
from tingshuo.models.hifigan.net import EDGE_KERNEL, HiFiGan
from tingshuo.models.layers.graph import Graph


def graphs(net: HiFiGan) -> tuple[Graph, ...]:
    """Return the vocoder graph: mel (B, mels, F) -> wav (B, F * hop_length)."""
    return (Graph("vocoder", net, {"mel": torch.zeros(1, net.config.mels, 19)}, {"mel": {2: "F"}}, ("wav",)),)


def vocoder_context_frames(config: HiFiGanConfig) -> int:
    """Return the frames either side of a frame that its samples depend on."""
    # From the samples of frame 0 back to the frames: the first and last place that a layer's input reaches.
    first, last = 0, config.hop_length - 1
    first, last = first - EDGE_KERNEL // 2, last + EDGE_KERNEL // 2
    reach = max(
        sum(kernel // 2 * (dilation + (config.block == 1)) for dilation in dilations)
        for kernel, dilations in zip(config.block_kernels, config.block_dilations, strict=True)
    )
    for rate, kernel in reversed(list(zip(config.upsample_rates, config.upsample_kernels, strict=True))):
        padding = (kernel - rate) // 2
        first = -((kernel - 1 - padding - (first - reach)) // rate)
        last = (last + reach + padding) // rate
    return max(-(first - EDGE_KERNEL // 2), last + EDGE_KERNEL // 2)
