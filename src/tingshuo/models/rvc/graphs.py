"""The graphs that a voice is run by, and the context that exact frames need.

Draws of noise, the choice of a speaker and the cutting into pieces are left to the caller. The encoder listens to a whole
utterance; flow and decoder can be run in windows with context, and the source goes on where it stopped by its phase.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.graph import Graph
from tingshuo.models.rvc.config import RvcConfig
from tingshuo.models.rvc.decoder import EDGE_KERNEL
from tingshuo.models.rvc.net import Rvc

_FRAMES = 19
"""Of the example inputs."""


class _Encoder(nn.Module):
    def __init__(self, net: Rvc) -> None:
        super().__init__()
        self.net = net

    def forward(self, content: Tensor, pitch: Tensor | None = None) -> tuple[Tensor, Tensor]:
        mean, log_deviation = self.net.encoder(content, pitch)
        return mean, log_deviation


class _Flow(nn.Module):
    def __init__(self, net: Rvc) -> None:
        super().__init__()
        self.net = net

    def forward(self, latent: Tensor, speaker: Tensor) -> Tensor:
        result: Tensor = self.net.flow(latent, speaker)
        return result


class _Source(nn.Module):
    def __init__(self, net: Rvc) -> None:
        super().__init__()
        self.net = net

    def forward(self, f0: Tensor, noise: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        assert self.net.source is not None
        excitation, next_phase = self.net.source(f0, noise, phase)
        return excitation, next_phase


class _Decoder(nn.Module):
    def __init__(self, net: Rvc) -> None:
        super().__init__()
        self.net = net

    def forward(self, latent: Tensor, speaker: Tensor, excitation: Tensor | None = None) -> Tensor:
        wav: Tensor = self.net.decoder(latent, speaker, excitation)
        return wav


def graphs(net: Rvc) -> tuple[Graph, ...]:
    """Return the graphs of a voice; N frames are free, everything else is fixed, the batch at 1.

    - encoder: content (1, N, content_dim), pitch (1, N) int64 -> mean, log_deviation (1, latent, N)
    - flow: latent (1, latent, N), speaker (1, speaker_dim) -> speaker_latent (1, latent, N)
    - decoder: latent (1, latent, N), speaker (1, speaker_dim), excitation (1, N, hop_length) -> wav (1, N * hop_length)
    - source: f0 (1, N), noise (1, N, hop_length), phase (1,) int64 -> excitation (1, N, hop_length), next_phase (1,)

    A voice that is not told the pitch has no source, and neither ``pitch`` nor ``excitation``.
    """
    config = net.config
    content, latent = torch.zeros(1, _FRAMES, config.content_dim), torch.zeros(1, config.latent, _FRAMES)
    speaker, excitation = torch.zeros(1, config.speaker_dim), torch.zeros(1, _FRAMES, config.hop_length)
    encoder, decoder = {"content": content}, {"latent": latent, "speaker": speaker}
    if config.pitched:
        encoder["pitch"] = torch.ones(1, _FRAMES, dtype=torch.int64)
        decoder["excitation"] = excitation
    inputs: tuple[tuple[str, nn.Module, dict[str, Tensor], tuple[str, ...]], ...] = (
        ("encoder", _Encoder(net), encoder, ("mean", "log_deviation")),
        ("flow", _Flow(net), {"latent": latent, "speaker": speaker}, ("speaker_latent",)),
        ("decoder", _Decoder(net), decoder, ("wav",)),
    )
    if config.pitched:
        source = {"f0": torch.zeros(1, _FRAMES), "noise": excitation, "phase": torch.zeros(1, dtype=torch.int64)}
        inputs += (("source", _Source(net), source, ("excitation", "next_phase")),)
    free = {"content": {1: "N"}, "pitch": {1: "N"}, "latent": {2: "N"}, "f0": {1: "N"}, "noise": {1: "N"}, "excitation": {1: "N"}}
    return tuple(
        Graph(name, module, given, {key: free[key] for key in given if key in free}, outputs)
        for name, module, given, outputs in inputs
    )


def decoder_context_frames(config: RvcConfig) -> int:
    """Return the frames either side of a frame that its samples depend on.

    The way back through the latents is the longest: the source enters after an upsampling, by a kernel of two steps.
    """
    first, last = 0, config.hop_length - 1
    first, last = first - EDGE_KERNEL // 2, last + EDGE_KERNEL // 2
    pairs = zip(config.block_kernels, config.block_dilations, strict=True)
    reach = max(sum(kernel // 2 * (dilation + 1) for dilation in dilations) for kernel, dilations in pairs)
    for rate, kernel in reversed(list(zip(config.upsample_rates, config.upsample_kernels, strict=True))):
        padding = (kernel - rate) // 2
        first = -((kernel - 1 - padding - (first - reach)) // rate)
        last = (last + reach + padding) // rate
    return max(-(first - EDGE_KERNEL // 2), last + EDGE_KERNEL // 2)
