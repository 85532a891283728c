"""The graph that a bundle carries for this family, of mels or of codes, and the context that an exact frame needs."""

import torch

from tingshuo.models.layers.graph import Graph
from tingshuo.models.vocos.codes import CodeVocos
from tingshuo.models.vocos.config import CodeVocosConfig, VocosConfig
from tingshuo.models.vocos.net import KERNEL, Vocos

_CODES, _FRAMES = 3, 19
"""Of the example inputs."""


def graphs(net: Vocos) -> tuple[Graph, ...]:
    """Return the vocoder graph: mel (B, mels, F) -> log_magnitude, phase (B, F, K)."""
    return (Graph("vocoder", net, {"mel": torch.zeros(1, net.config.mels, 19)}, {"mel": {2: "F"}}, ("log_magnitude", "phase")),)


def code_graphs(net: CodeVocos) -> tuple[Graph, ...]:
    """Return the decoder graph: codes (1, Q, F) int64, bandwidth (1,) int64 -> log_magnitude, phase (1, F, K)."""
    given = {"codes": torch.zeros(1, _CODES, _FRAMES, dtype=torch.int64), "bandwidth": torch.zeros(1, dtype=torch.int64)}
    return (Graph("vocoder", net, given, {"codes": {1: "Q", 2: "F"}}, ("log_magnitude", "phase")),)


def vocoder_context_frames(config: VocosConfig | CodeVocosConfig) -> int:
    """Return the frames either side of a frame that its transform depends on."""
    return (1 + config.layers) * (KERNEL // 2)
