"""The graphs that a bundle carries for this family.

What lies between them is left to the caller, so that durations, pitch and energy are open to control: whole frames from log
durations and the weights that spread tokens over frames (`tingshuo.models.emotivoice.net.durations` and ``spread``). The decoder
looks at all frames of a sentence, so it is run once for a sentence; the vocoder's graph, of
`tingshuo.models.hifigan.graphs`, takes the latent in pieces.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.emotivoice.net import EmotiVoice
from tingshuo.models.layers.graph import Graph

_TOKENS, _FRAMES = 7, 19
"""Sizes of the example inputs; both are free in a graph."""


class Encoder(nn.Module):
    """token_ids (B, N), speaker (B, D), style, content (B, P) -> hidden (B, N, D), log_duration, pitch, energy (B, N)."""

    def __init__(self, net: EmotiVoice) -> None:
        super().__init__()
        self.net = net

    def forward(self, token_ids: Tensor, speaker: Tensor, style: Tensor, content: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        hidden = self.net.condition(self.net.encode(token_ids), speaker, style, content)
        return hidden, *self.net.predict(hidden)


class Decoder(nn.Module):
    """hidden (B, N, D), pitch, energy (B, N), weights (B, F, N) -> latent (B, latent, F)."""

    def __init__(self, net: EmotiVoice) -> None:
        super().__init__()
        self.net = net

    def forward(self, hidden: Tensor, pitch: Tensor, energy: Tensor, weights: Tensor) -> Tensor:
        """See the class."""
        return self.net.decode(hidden, pitch, energy, weights)


def graphs(net: EmotiVoice) -> tuple[Graph, ...]:
    """Return the encoder and decoder graphs of a net."""
    config = net.config
    contour, prompt = torch.zeros(1, _TOKENS), torch.zeros(1, config.prompt)
    hidden = torch.zeros(1, _TOKENS, config.dim)
    return (
        Graph(
            "encoder",
            Encoder(net),
            {
                "token_ids": torch.ones(1, _TOKENS, dtype=torch.int64),
                "speaker": torch.zeros(1, config.dim),
                "style": prompt,
                "content": prompt,
            },
            {"token_ids": {1: "N"}},
            ("hidden", "log_duration", "pitch", "energy"),
        ),
        Graph(
            "decoder",
            Decoder(net),
            {"hidden": hidden, "pitch": contour, "energy": contour, "weights": torch.zeros(1, _FRAMES, _TOKENS)},
            {"hidden": {1: "N"}, "pitch": {1: "N"}, "energy": {1: "N"}, "weights": {1: "F", 2: "N"}},
            ("latent",),
        ),
    )
