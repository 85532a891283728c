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
    """frames (B, F, D), place (B, F, 8), style (B, D) -> pitch (B, F, 2)."""

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


def graphs(net: FastSpeech) -> tuple[Graph, ...]:
    """Return the encoder, pitch and decoder graphs of a net."""
    config = net.config
    n, frames = 7, 19
    ids = torch.ones(1, n, dtype=torch.int64)
    spread = torch.zeros(1, frames, config.dim)
    place = torch.zeros(1, frames, PLACE_FEATURES)
    contour = torch.zeros(1, frames)
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
        Graph(
            "decoder",
            Decoder(net),
            {
                "frames": spread,
                "place": place,
                "f0": contour,
                "unvoiced": contour,
                "speaker": torch.zeros(1, config.decoder_dim),
            },
            {"frames": {1: "F"}, "place": {1: "F"}, "f0": {1: "F"}, "unvoiced": {1: "F"}},
            ("mel",),
        ),
    )


def pitch_context_frames(config: FastSpeechConfig) -> int:
    """Return the frames either side of a frame that its pitch depends on."""
    return config.pitch_layers * (config.pitch_kernel // 2)


def decoder_context_frames(config: FastSpeechConfig) -> int:
    """Return the frames either side of a frame that its mel depends on."""
    return config.pitch_embedding_kernel // 2 + config.decoder_layers * (KERNEL // 2)
