"""The graphs that a voice is run by.

Draws of noise, the choice of a speaker, lengths and the cutting into pieces are left to the caller
(`tingshuo.tasks.piper.loop`). Encoder and durations listen to a whole sentence; flow and decoder can be run in windows with the
context that the config states.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.graph import Graph
from tingshuo.models.vits.net import Vits

_PHONEMES, _FRAMES = 13, 19
"""Of the example inputs."""


class _Encoder(nn.Module):
    def __init__(self, net: Vits) -> None:
        super().__init__()
        self.net = net

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden, mean, log_deviation = self.net.encoder(ids)
        return hidden, mean, log_deviation


class _Duration(nn.Module):
    def __init__(self, net: Vits) -> None:
        super().__init__()
        self.net = net

    def forward(self, hidden: Tensor, noise: Tensor, speaker: Tensor | None = None) -> Tensor:
        log_duration: Tensor = self.net.duration(hidden, noise, speaker)
        return log_duration


class _PlainDuration(nn.Module):
    def __init__(self, net: Vits) -> None:
        super().__init__()
        self.net = net

    def forward(self, hidden: Tensor, speaker: Tensor | None = None) -> Tensor:
        log_duration: Tensor = self.net.duration(hidden, speaker)
        return log_duration


class _Flow(nn.Module):
    def __init__(self, net: Vits) -> None:
        super().__init__()
        self.net = net

    def forward(self, latent: Tensor, speaker: Tensor | None = None) -> Tensor:
        result: Tensor = self.net.flow(latent, speaker)
        return result


class _Decoder(nn.Module):
    def __init__(self, net: Vits) -> None:
        super().__init__()
        self.net = net

    def forward(self, latent: Tensor, speaker: Tensor | None = None) -> Tensor:
        wav: Tensor = self.net.decoder(latent, speaker)
        return wav


def graphs(net: Vits) -> tuple[Graph, ...]:
    """Return the graphs of a voice; N phonemes and F frames are free, everything else is fixed, the batch at 1.

    - encoder: ids (1, N) int64 -> hidden (1, dim, N), mean, log_deviation (1, latent, N)
    - duration: hidden (1, dim, N), noise (1, 2, N), speaker (1, speaker_dim) -> log_duration (1, N)
    - flow: latent (1, latent, F), speaker (1, speaker_dim) -> voiced (1, latent, F)
    - decoder: latent (1, latent, F), speaker (1, speaker_dim) -> wav (1, F * hop_length)

    A voice with one speaker has no ``speaker``, one whose durations are predicted has no ``noise``.
    """
    config = net.config
    speaker = {"speaker": torch.zeros(1, config.speaker_dim)} if config.speaker_dim else {}
    hidden, latent = torch.zeros(1, config.dim, _PHONEMES), {"latent": torch.zeros(1, config.latent, _FRAMES)}
    noise = {"noise": torch.zeros(1, 2, _PHONEMES)} if config.stochastic else {}
    durations = _Duration(net) if config.stochastic else _PlainDuration(net)
    parts: tuple[tuple[str, nn.Module, dict[str, Tensor], tuple[str, ...]], ...] = (
        ("encoder", _Encoder(net), {"ids": torch.ones(1, _PHONEMES, dtype=torch.int64)}, ("hidden", "mean", "log_deviation")),
        ("duration", durations, {"hidden": hidden, **noise, **speaker}, ("log_duration",)),
        ("flow", _Flow(net), {**latent, **speaker}, ("voiced",)),
        ("decoder", _Decoder(net), {**latent, **speaker}, ("wav",)),
    )
    free = {"ids": {1: "N"}, "hidden": {2: "N"}, "noise": {2: "N"}, "latent": {2: "F"}}
    return tuple(
        Graph(name, module, given, {key: free[key] for key in given if key in free}, outputs)
        for name, module, given, outputs in parts
    )
