"""The graphs that a bundle carries for this family, and the context that an exact frame needs.

Everything between the graphs (repeating hidden states by durations, the place features, thresholds) is left to the caller,
so durations, F0 and voicing are open to control, and frames can be computed in pieces.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import PLACE_FEATURES, FastSpeech
from tingshuo.models.layers.convnext import KERNEL
from tingshuo.models.layers.graph import Graph

_PHONEMES, _FRAMES = 7, 19
"""Sizes of the example inputs; both are free in a graph."""


class Encoder(nn.Module):
    """phoneme_ids, tones, positions (B, N), style (B, D) -> hidden (B, N, D), log_duration (B, N)."""

    def __init__(self, net: FastSpeech) -> None:
        super().__init__()
        self.net = net

    def forward(self, phoneme_ids: Tensor, tones: Tensor, positions: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        hidden = self.net.encode(phoneme_ids, tones, positions)
        return hidden, self.net.predict_duration(hidden, style)


class Pitch(nn.Module):
    """frames (B, F, D), place (B, F, 8), style (B, D) -> pitch (B, F, 2), with energy (B, F, 3)."""

    def __init__(self, net: FastSpeech) -> None:
        super().__init__()
        self.net = net

    def forward(self, frames: Tensor, place: Tensor, style: Tensor) -> Tensor:
        """See the class."""
        return self.net.predict_pitch(frames, place, style)


class Decoder(nn.Module):
    """frames (B, F, D), place (B, F, 8), f0 and unvoiced (B, F), speaker (B, D) -> mel (B, mels, F)."""

    def __init__(self, net: FastSpeech) -> None:
        super().__init__()
        self.net = net

    def forward(self, frames: Tensor, place: Tensor, f0: Tensor, unvoiced: Tensor, speaker: Tensor) -> Tensor:
        """See the class."""
        return self.net.decode(frames, place, f0, unvoiced, speaker)


class EnergyDecoder(nn.Module):
    """As `Decoder`, of a net with energy (B, F)."""

    def __init__(self, net: FastSpeech) -> None:
        super().__init__()
        self.net = net

    def forward(self, frames: Tensor, place: Tensor, f0: Tensor, unvoiced: Tensor, energy: Tensor, speaker: Tensor) -> Tensor:
        """See the class."""
        return self.net.decode(frames, place, f0, unvoiced, speaker, energy=energy)


def graphs(net: FastSpeech) -> tuple[Graph, ...]:
    """Return the encoder, pitch and decoder graphs of a net."""
    config = net.config
    ids = torch.ones(1, _PHONEMES, dtype=torch.int64)
    spread = torch.zeros(1, _FRAMES, config.dim)
    place = torch.zeros(1, _FRAMES, PLACE_FEATURES)
    style = torch.zeros(1, config.dim)
    return (
        Graph(
            "encoder",
            Encoder(net),
            {"phoneme_ids": ids, "tones": ids, "positions": ids, "style": style},
            {"phoneme_ids": {1: "N"}, "tones": {1: "N"}, "positions": {1: "N"}},
            ("hidden", "log_duration"),
        ),
        Graph(
            "pitch",
            Pitch(net),
            {"frames": spread, "place": place, "style": style},
            {"frames": {1: "F"}, "place": {1: "F"}},
            ("pitch",),
        ),
        _decoder(net),
    )


def _decoder(net: FastSpeech) -> Graph:
    frames = torch.zeros(1, _FRAMES, net.config.dim)
    contour = torch.zeros(1, _FRAMES)
    inputs = {"frames": frames, "place": torch.zeros(1, _FRAMES, PLACE_FEATURES), "f0": contour, "unvoiced": contour}
    if net.config.energy:
        inputs["energy"] = contour
    free = {name: {1: "F"} for name in inputs}
    inputs["speaker"] = torch.zeros(1, net.config.decoder_dim)
    return Graph("decoder", EnergyDecoder(net) if net.config.energy else Decoder(net), inputs, free, ("mel",))


def pitch_context_frames(config: FastSpeechConfig) -> int:
    """Return the frames either side of a frame that its pitch depends on."""
    return config.pitch_layers * (config.pitch_kernel // 2)


def decoder_context_frames(config: FastSpeechConfig) -> int:
    """Return the frames either side of a frame that its mel depends on."""
    return config.pitch_embedding_kernel // 2 + config.decoder_layers * (KERNEL // 2)
