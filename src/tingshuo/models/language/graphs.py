"""The graphs that a bundle carries for this family; `tingshuo.tasks.language_model` runs them.

======  ==========================  ====================================================================================
graph   run                         what it does
======  ==========================  ====================================================================================
judge   on whole texts, any number  log probability of each unit after those before it; of a transformer
step    once a unit, any number     log probabilities of all units, and the state behind the one that was given
======  ==========================  ====================================================================================

An LSTM goes through whole texts step by step too, many texts at a time: its time is a loop anyway, and the exporter of torch 2.13
fixes the length of an LSTM's sequence to that of the example where the number of texts is free.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.language.net import STATES, Language
from tingshuo.models.layers.graph import Graph

_TEXTS, _UNITS, _PAST = 3, 6, 5
"""Sizes of the example inputs; all are free in a graph. In use, a transformer may have no past."""


class Judge(nn.Module):
    """texts (B, N) int64 -> log_probs (B, N - 1) of each unit but the first."""

    def __init__(self, net: Language) -> None:
        super().__init__()
        self.net = net

    def forward(self, texts: Tensor) -> Tensor:
        """See the class."""
        logits, _ = self.net(texts[:, :-1])
        return torch.log_softmax(logits, -1).gather(2, texts[:, 1:, None])[..., 0]


class _Step(nn.Module):
    def __init__(self, net: Language) -> None:
        super().__init__()
        self.net = net

    def _go_on(self, unit: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        logits, following = self.net(unit[:, None], state)
        return torch.log_softmax(logits[:, 0], -1), *following


class RecurrentStep(_Step):
    """unit (B,) int64, hidden, cell (B, L, D) -> log_probs (B, units) of what follows, next_hidden, next_cell."""

    def forward(self, unit: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        return self._go_on(unit, hidden, cell)


class AttentiveStep(_Step):
    """unit (B,) int64, memory (B, L, H, P, 2E) -> log_probs (B, units) of what follows, next_memory with P + 1."""

    def forward(self, unit: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        return self._go_on(unit, memory)


def graphs(net: Language) -> tuple[Graph, ...]:
    """Return the graphs of a net."""
    texts = torch.ones(_TEXTS, _UNITS, dtype=torch.int64)
    names = STATES[net.config.kind]
    state = dict(zip(names, _example_state(net), strict=True))
    lengths: dict[int, str] = {0: "B"} if net.config.kind == "lstm" else {0: "B", 3: "P"}
    free = {"unit": {0: "B"}} | dict.fromkeys(names, lengths)
    outputs = ("log_probs", *(f"next_{name}" for name in names))
    made = RecurrentStep(net) if net.config.kind == "lstm" else AttentiveStep(net)
    step = Graph("step", made, {"unit": texts[:, 0].contiguous(), **state}, free, outputs)
    if net.config.kind == "lstm":
        return (step,)
    return Graph("judge", Judge(net), {"texts": texts}, {"texts": {0: "B", 1: "N"}}, ("log_probs",)), step


def _example_state(net: Language) -> tuple[Tensor, ...]:
    """Return a state such as there is behind some units, which may be on a device without numbers."""
    shapes = [tuple(one.shape) for one in net.start(_TEXTS)]
    if net.config.kind == "transformer":
        shapes = [(*shape[:3], _PAST, shape[4]) for shape in shapes]
    return tuple(torch.zeros(shape) for shape in shapes)
