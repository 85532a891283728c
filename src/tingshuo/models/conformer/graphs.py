"""The graphs that a bundle carries for this family; `tingshuo.tasks.recognise` runs them.

================  =====================  =========================================================================================
graph             run                    what it does
================  =====================  =========================================================================================
encoder           once an utterance      normalised features to frames
encoder_chunk     once a chunk           the same with what is kept of the chunks before; of nets that were trained with chunks
ctc               on any frames          frames to log probabilities of the units
decoder           once an utterance      log probabilities of texts, any number at once
reverse_decoder   once an utterance      the same for texts from right to left; not every net has it
================  =====================  =========================================================================================
"""

import torch
from torch import Tensor, nn

from tingshuo.models.conformer.net import Conformer
from tingshuo.models.layers.graph import Graph

_FRAMES, _ENCODED, _PAST, _CHUNK, _TEXTS, _UNITS = 67, 13, 5, 4, 3, 6
"""Sizes of the example inputs; all are free in a graph. In use, there may be no past."""


class _Part(nn.Module):
    def __init__(self, net: Conformer) -> None:
        super().__init__()
        self.net = net


class Whole(_Part):
    """features (1, T, M) -> encoded (1, N, D)."""

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        encoded: Tensor = self.net.encoder(features)
        return encoded


class Chunk(_Part):
    """features (1, T, M), offset (1,), memory (L, H, P, E)[, rest (L, K, D)] -> encoded (1, N, D), next_memory[, next_rest]."""

    def forward(self, features: Tensor, offset: Tensor, memory: Tensor, rest: Tensor | None = None) -> tuple[Tensor, ...]:
        """See the class."""
        encoded, next_memory, next_rest = self.net.encoder.step(features, offset, memory, rest)
        return (encoded, next_memory) if next_rest is None else (encoded, next_memory, next_rest)


class Ctc(_Part):
    """encoded (1, N, D) -> log_probs (1, N, units)."""

    def forward(self, encoded: Tensor) -> Tensor:
        """See the class."""
        return self.net.classify(encoded)


class Judge(nn.Module):
    """encoded (1, N, D), before, units (B, U) int64 -> log_probs (B, U)."""

    def __init__(self, net: Conformer, reverse: bool) -> None:
        super().__init__()
        self.net, self.reverse = net, reverse

    def forward(self, encoded: Tensor, before: Tensor, units: Tensor) -> Tensor:
        """See the class."""
        decoder = self.net.reverse_decoder if self.reverse else self.net.decoder
        assert decoder is not None
        log_probs: Tensor = decoder(encoded, before, units)
        return log_probs


def graphs(net: Conformer) -> tuple[Graph, ...]:
    """Return the graphs of a net, those that it has parts for."""
    config = net.config
    features = torch.zeros(1, _FRAMES, config.features)
    encoded = torch.zeros(1, _ENCODED, config.dim)
    made = [Graph("encoder", Whole(net), {"features": features}, {"features": {1: "T"}}, ("encoded",))]
    if config.streams:
        made.append(_chunk(net))
    made.append(Graph("ctc", Ctc(net), {"encoded": encoded}, {"encoded": {1: "N"}}, ("log_probs",)))
    texts = torch.ones(_TEXTS, _UNITS, dtype=torch.int64)
    for name, decoder in (("decoder", net.decoder), ("reverse_decoder", net.reverse_decoder)):
        if decoder is not None:
            judge = Judge(net, decoder is net.reverse_decoder)
            inputs = {"encoded": encoded, "before": texts, "units": texts}
            free = {"encoded": {1: "N"}, "before": {0: "B", 1: "U"}, "units": {0: "B", 1: "U"}}
            made.append(Graph(name, judge, inputs, free, ("log_probs",)))
    return tuple(made)


def _chunk(net: Conformer) -> Graph:
    config = net.config
    inputs = {
        # A frame that fills no window, so that nothing takes lengths for multiples of the subsampling.
        "features": torch.zeros(1, config.window_frames(_CHUNK) + 1, config.features),
        "offset": torch.zeros(1, dtype=torch.int64),
        "memory": torch.zeros(config.layers, config.heads, _PAST, config.memory_dim),
    }
    outputs = ["encoded", "next_memory"]
    if config.past_frames:
        inputs["rest"] = torch.zeros(config.layers, config.past_frames, config.dim)
        outputs.append("next_rest")
    return Graph("encoder_chunk", Chunk(net), inputs, {"features": {1: "T"}, "memory": {2: "P"}}, tuple(outputs))
