"""The graphs that a bundle carries for this family; `tingshuo.tasks.sambert.loop` runs them.

===========  ==============================  =================================================================================
graph        run                             what it does
===========  ==============================  =================================================================================
encoder      once a sentence                 symbols to hidden vectors, pitch and energy
duration     once a symbol                   the next symbol's log-duration and the state after it
memory       once a sentence                 keys and values of the text for every block of the decoder
decoder      once a step, three frames       the step's frames, and the keys and values that later steps see
context      once a piece of frames          the convolutions of the postnet
postnet      once a piece of frames          the rest of it, with the state of its LSTM
===========  ==============================  =================================================================================
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.graph import Graph
from tingshuo.models.sambert.net import Sambert

_SYMBOLS, _FRAMES, _STEPS, _PAST, _AHEAD = 7, 19, 11, 5, 3
"""Sizes of the example inputs; all are free in a graph. In use, there may be no past."""


class _Part(nn.Module):
    def __init__(self, net: Sambert) -> None:
        super().__init__()
        self.net = net


class Encoder(_Part):
    """ids (1, N, tables), emotion (1, N, E), speaker (1, N, S) -> symbols (1, N, C), pitch, energy (1, N).

    Emotion and speaker are rows of their tables, so that what lies between two rows can be asked for as well.
    """

    def forward(self, ids: Tensor, emotion: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        return self.net.describe(ids, emotion, speaker)


class Duration(_Part):
    """last (1, 1, 1), symbol (1, 1, C), hidden, cell (2, 1, D) -> log_duration (1, 1, 1), next_hidden, next_cell."""

    def forward(self, last: Tensor, symbol: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        return self.net.predict_duration(last, symbol, hidden, cell)


class Memory(_Part):
    """text (S, memory_dim) -> memory (L, 2, S, D)."""

    def forward(self, text: Tensor) -> Tensor:
        """See the class."""
        return self.net.remember(text)


class Step(_Part):
    """frame (1, mels), text (1, memory_dim), past (L, 2, P, D), memory (L, 2, M, D) -> frames (r, mels), new (L, 2, 1, D)."""

    def forward(self, frame: Tensor, text: Tensor, past: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        return self.net.step(frame, text, past, memory)


class Context(_Part):
    """frames (1, F, mels) -> around (1, F, D)."""

    def forward(self, frames: Tensor) -> Tensor:
        """See the class."""
        return self.net.look_around(frames)


class Finish(_Part):
    """frames (1, F, mels), around (1, F, D), hidden, cell (1, 1, D) -> mel (1, F, mels), next_hidden, next_cell."""

    def forward(self, frames: Tensor, around: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        return self.net.finish(frames, around, hidden, cell)


def graphs(net: Sambert) -> tuple[Graph, ...]:
    """Return the six graphs of a net."""
    return (*_symbol_graphs(net), *_step_graphs(net), *_frame_graphs(net))


def _symbol_graphs(net: Sambert) -> tuple[Graph, Graph]:
    config = net.config
    symbols = {
        "ids": torch.zeros(1, _SYMBOLS, len(config.tables), dtype=torch.int64),
        "emotion": torch.zeros(1, _SYMBOLS, config.emotion_dim),
        "speaker": torch.zeros(1, _SYMBOLS, config.speaker_dim),
    }
    state = torch.zeros(2, 1, config.duration_lstm)
    symbol = torch.zeros(1, 1, config.symbol_dim)
    return (
        Graph("encoder", Encoder(net), symbols, {name: {1: "N"} for name in symbols}, ("symbols", "pitch", "energy")),
        Graph(
            "duration",
            Duration(net),
            {"last": torch.zeros(1, 1, 1), "symbol": symbol, "hidden": state, "cell": state},
            {},
            ("log_duration", "next_hidden", "next_cell"),
        ),
    )


def _step_graphs(net: Sambert) -> tuple[Graph, Graph]:
    config = net.config
    blocks, dim = config.decoder_layers, config.decoder_dim
    return (
        Graph("memory", Memory(net), {"text": torch.zeros(_STEPS, config.memory_dim)}, {"text": {0: "S"}}, ("memory",)),
        Graph(
            "decoder",
            Step(net),
            {
                "frame": torch.zeros(1, config.mels),
                "text": torch.zeros(1, config.memory_dim),
                "past": torch.zeros(blocks, 2, _PAST, dim),
                "memory": torch.zeros(blocks, 2, _AHEAD, dim),
            },
            {"past": {2: "P"}, "memory": {2: "M"}},
            ("frames", "new"),
        ),
    )


def _frame_graphs(net: Sambert) -> tuple[Graph, Graph]:
    config = net.config
    frames = torch.zeros(1, _FRAMES, config.mels)
    state = torch.zeros(1, 1, config.postnet_lstm)
    around = torch.zeros(1, _FRAMES, config.postnet_dim)
    return (
        Graph("context", Context(net), {"frames": frames}, {"frames": {1: "F"}}, ("around",)),
        Graph(
            "postnet",
            Finish(net),
            {"frames": frames, "around": around, "hidden": state, "cell": state},
            {"frames": {1: "F"}, "around": {1: "F"}},
            ("mel", "next_hidden", "next_cell"),
        ),
    )
