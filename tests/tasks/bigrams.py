"""A language model whose nets are a table: how likely a unit is after the one before it."""

import numpy as np

from tingshuo.config.language import LanguageBundleConfig
from tingshuo.tasks.language_model import NeuralLanguage
from tingshuo.types import GraphSpec

CHARACTERS = ("天", "气", "汽", "很", "好", " ", *"adno")


class Judge:
    """``texts`` to log probabilities."""

    spec = GraphSpec({}, {})

    def __init__(self, table):
        self.table, self.asked = table, []

    def run(self, inputs):
        texts = inputs["texts"]
        self.asked.append(texts.shape)
        return {"log_probs": self.table[texts[:, :-1], texts[:, 1:]]}


class Step(Judge):
    """Keeps all units so far, as a transformer would."""

    spec = GraphSpec({"unit": ("int64", ("B",)), "memory": ("float32", ("B", 1, "P"))}, {})

    def run(self, inputs):
        self.asked.append(inputs["memory"].shape)
        unit = inputs["unit"]
        memory = np.concatenate([inputs["memory"], unit[:, None, None].astype(np.float32)], 2)
        return {"log_probs": self.table[unit], "next_memory": memory}


def bigrams(likely="天气很好", others=10):
    """A model to which what ``likely`` says is likely; returns it and its two graphs."""
    settings = LanguageBundleConfig(family="language", characters=CHARACTERS, others=others, architecture={})
    probs = np.ones((len(CHARACTERS) + 2,) * 2, np.float32)
    language = NeuralLanguage(settings, {"judge": Judge(probs), "step": Step(probs)})
    row = [0, *language.units(likely), 0]
    probs[row[:-1], row[1:]] = 20
    table = np.log(probs / probs.sum(1, keepdims=True))
    graphs = Judge(table), Step(table)
    return NeuralLanguage(settings, dict(zip(("judge", "step"), graphs, strict=True))), *graphs
