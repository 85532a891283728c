"""How the graphs of a stranger's voice are used while they are proved: it says a sentence, or the begin of its table.

There is no torch here: see `tingshuo.port.convert.rehearsals`, one of whose rows this is.
"""

from collections.abc import Mapping
from typing import cast

import numpy as np

from tingshuo.config.graph_voice import GraphVoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import TextError
from tingshuo.port.convert.rehearsals import Tensors
from tingshuo.tasks.graph_voice.acoustic import Manner, speak
from tingshuo.tasks.graph_voice.model import ACOUSTIC, VOCODER, GraphVoice
from tingshuo.tasks.graph_voice.symbols import Spelt
from tingshuo.tasks.graph_voice.vocoder import render_mel
from tingshuo.text.frontend import Frontend
from tingshuo.types import Runs

SENTENCE = "今天真好。"
ROWS = 24
"""Symbols that a voice says which cannot say the sentence: one of another language."""


def say(config: GraphVoiceConfig, tensors: Tensors, graphs: Mapping[str, Runs]) -> None:
    """Let a voice speak once, in pieces where it can be streamed."""
    model = GraphVoice("rehearsal", config, cast(Mapping[str, Session], graphs), tensors)
    try:
        spelt = model.speller.spell(next(Frontend(english=model.english).sentences(SENTENCE)))
    except TextError:
        rows = [*config.text.tokens.values(), *(row for rows in config.text.phoneme_ids.values() for row in rows)]
        ids = np.resize(np.array(sorted(set(rows)), np.int64), ROWS)
        spelt = Spelt(ids, np.zeros_like(ids), np.zeros_like(ids), None, ())
    made = speak(graphs[ACOUSTIC], model.spec, config, spelt, Manner(config.scales), np.random.default_rng(0))
    if made.mel is not None and config.vocoder is not None:
        for _ in render_mel(graphs[VOCODER], config.vocoder, made.mel, first=True):
            pass
