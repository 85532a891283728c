"""Graphs are used as the voice uses them: with a sentence, or, where it speaks another language, with its table."""

from typing import Any

import numpy as np
import pytest

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.graph_voice import GraphVoiceConfig, InputsConfig, OutputsConfig, TextConfig, VocoderRoles
from tingshuo.port.convert.graph_voice_rehearsal import ROWS, say
from tingshuo.port.convert.rehearsals import rehearse
from tingshuo.types import GraphSpec


class Graph:
    """Notes what it was given."""

    def __init__(self, output: str) -> None:
        self.output, self.calls = output, []
        self.spec = GraphSpec({"x": ("int64", (1, "L"))}, {})

    def run(self, inputs: Any) -> dict[str, Any]:
        self.calls.append(inputs)
        frames = 2 * inputs["x"].shape[1] if "x" in inputs else inputs["m"].shape[2] * 4
        return {self.output: np.zeros((1, 3, frames) if self.output == "m" else (1, frames), np.float32)}


def config(**changes: Any) -> GraphVoiceConfig:
    made = GraphVoiceConfig(
        family="graph_voice", speakers=(PersonConfig("a", "unspecified"),), styles=ONE_STYLE, frames=FrameConfig(100, 4),
        inputs=InputsConfig(symbols="x"), outputs=OutputsConfig(mel="m"), vocoder=VocoderRoles(mel="m", wav="y"),
        text=TextConfig(kind="characters", tokens={"今": 5, "天": 6}),
    )  # fmt: skip
    return made.replace(**changes)


def test_a_sentence_goes_through_both_graphs():
    graphs = {"acoustic": Graph("m"), "vocoder": Graph("y")}
    rehearse(config(), {}, graphs)  # by the registry
    assert graphs["acoustic"].calls[0]["x"].tolist() == [[5, 6]]
    assert graphs["vocoder"].calls[0]["m"].shape == (1, 3, 4)


@pytest.mark.parametrize(
    "text", [TextConfig(kind="characters", tokens={"a": 3, "b": 4}), TextConfig(kind="piper", phoneme_ids={"a": (3, 4)})]
)
def test_a_voice_of_another_language_says_its_table(text: TextConfig):
    graphs = {"acoustic": Graph("y")}
    say(config(outputs=OutputsConfig(wav="y"), vocoder=None, text=text), {}, graphs)
    assert graphs["acoustic"].calls[0]["x"].shape == (1, ROWS)
    assert set(graphs["acoustic"].calls[0]["x"].flat) == {3, 4}
