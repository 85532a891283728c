"""The graph that a bundle carries for this family, and the context that exact samples need."""

import torch

from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.models.kan_hifigan.net import KanHiFiGan
from tingshuo.models.layers.graph import Graph

_FRAMES = 19


def graphs(net: KanHiFiGan) -> tuple[Graph, ...]:
    """Return the vocoder graph: mel (1, mels, F), with a source also sines (1, H, F, hop_length), -> wav (1, F * hop_length)."""
    config = net.config
    inputs = {"mel": torch.zeros(1, config.mels, _FRAMES)}
    if config.harmonics:
        inputs["sines"] = torch.zeros(1, config.harmonics, _FRAMES, config.hop_length)
    return (Graph("vocoder", net, inputs, {name: {2: "F"} for name in inputs}, ("wav",)),)


def vocoder_context_frames(config: KanHiFiGanConfig) -> tuple[int, int]:
    """Return the frames before and after a frame that its samples depend on; a causal vocoder has none after."""
    # From the samples of frame 0 back to the frames: the first and last place that a layer's input reaches.
    edge = _reach(config.kernel - 1, config.causal)
    first, last = 0 - edge[0], config.hop_length - 1 + edge[1]
    source_first, source_last = first, last
    for stage in reversed(range(len(config.upsample_rates))):
        before, after = _block_reach(config)
        first, last = first - before, last + after
        stride = config.source_strides[stage]
        reach = _source_reach(stride, config.causal)
        source_first = min(source_first, first * stride - reach[0])
        source_last = max(source_last, last * stride + reach[1])
        first, last = _through_up(config, stage, first, last)
    before, after = edge[0] - first, last + edge[1]
    if config.harmonics:
        before = max(before, -(source_first // config.hop_length))
        after = max(after, source_last // config.hop_length)
    return before, after


def _reach(taps: int, causal: bool) -> tuple[int, int]:
    return (taps, 0) if causal else (taps // 2, taps - taps // 2)


def _source_reach(stride: int, causal: bool) -> tuple[int, int]:
    if stride == 1:
        return 0, 0
    taps = 2 * stride - 1
    return (taps, 0) if causal else (stride // 2, taps - stride // 2)


def _block_reach(config: KanHiFiGanConfig) -> tuple[int, int]:
    kinds = list(zip(config.block_kernels, config.block_dilations, strict=True))
    reaches = [[_reach((kernel - 1) * d, config.causal) for d in dilations for d in (d, 1)] for kernel, dilations in kinds]
    return max(sum(before for before, _ in reach) for reach in reaches), max(
        sum(after for _, after in reach) for reach in reaches
    )


def _through_up(config: KanHiFiGanConfig, stage: int, first: int, last: int) -> tuple[int, int]:
    """Return the first and last step before an upsampling that the steps ``first`` to ``last`` after it depend on."""
    rate, kernel = config.upsample_rates[stage], config.upsample_kernels[stage]
    padding = 0 if config.causal else (kernel - rate) // 2
    before, after = _reach(config.kernel - 1, config.causal)
    transposed = -((kernel - 1 - padding - first) // rate), (last + padding) // rate
    repeated = (first - before) // rate, (last + after) // rate
    return min(transposed[0], repeated[0]), max(transposed[1], repeated[1])
