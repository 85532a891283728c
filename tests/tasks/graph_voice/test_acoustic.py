"""A graph gets what it takes in its own types and axes, and what it gives is understood."""

from typing import Any

import numpy as np
import pytest

from tingshuo.config import FrameConfig
from tingshuo.config.graph_voice import GraphVoiceConfig, InputsConfig, OutputsConfig, ScalesConfig, TextConfig
from tingshuo.errors import EngineError
from tingshuo.tasks.graph_voice.acoustic import DRAWS_PER_SYMBOL, Manner, inputs_of, speak, whole_frames
from tingshuo.tasks.graph_voice.symbols import Spelt
from tingshuo.types import GraphSpec

SPELT = Spelt(np.array([5, 6, 7]), np.array([1, 2, 3]), np.array([4, 4, 0]), None, ())
MANNER = Manner(ScalesConfig(noise=0.5, length=2.0, duration_noise=0.25), speaker=3, emotion=2)


def config(inputs: dict[str, Any], outputs: dict[str, Any] | None = None) -> GraphVoiceConfig:
    return GraphVoiceConfig(
        family="graph_voice", frames=FrameConfig(100, 4), inputs=InputsConfig.check({"symbols": "x", **inputs}, "contract"),
        outputs=OutputsConfig.check(outputs or {"wav": "y"}, "contract"), text=TextConfig(kind="characters"),
    )  # fmt: skip


def given(inputs: dict[str, Any], **spec: tuple[str, tuple[int | str, ...]]) -> dict[str, Any]:
    shapes = GraphSpec({"x": ("int64", ("N", "L")), **spec})
    return inputs_of(shapes, config(inputs), SPELT, MANNER, np.random.default_rng(0))


def plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: (value.dtype.name, value.tolist()) for name, value in values.items()}


def test_each_input_has_its_type_and_its_axes():
    found = given(
        {"lengths": "n", "speaker": "sid", "tones": "t", "noise": "a", "length": "b", "duration_noise": "c",
         "fixed": {"k": 1.5, "m": 2}},
        n=("int32", ("N",)), sid=("int64", ()), t=("int32", ("L",)), a=("float32", (1,)), b=("float16", ()),
        c=("float32", (1, 1)), k=("float32", (1, 2)), m=("int64", ("N",)),
    )  # fmt: skip
    assert plain(found) == {
        "x": ("int64", [[5, 6, 7]]), "n": ("int32", [3]), "sid": ("int64", 3), "t": ("int32", [1, 2, 3]), "a": ("float32", [0.5]),
        "b": ("float16", 2.0), "c": ("float32", [[0.25]]), "k": ("float32", [[1.5, 1.5]]), "m": ("int64", [2]),
    }  # fmt: skip


def test_scales_may_be_one_vector_in_an_order_of_its_own():
    found = given({"scales": "s", "scales_order": ["noise", "length"], "emotion": "e"}, s=("float32", (2,)), e=("int64", (1,)))
    assert plain(found)["s"] == ("float32", [0.5, 2.0])
    assert plain(found)["e"] == ("int64", [2])


def test_a_language_is_told_once_or_for_every_symbol():
    assert plain(given({"languages": "l"}, l=("int64", ("N", "L"))))["l"] == ("int64", [[4, 4, 0]])
    assert plain(given({"languages": "l"}, l=("int64", (1,))))["l"] == ("int64", [4])


def test_draws_are_as_many_as_a_sentence_may_want_and_the_same_for_a_seed():
    first, again = (given({"draws": "d"}, d=("float32", ("K",)))["d"] for _ in range(2))
    assert first.shape == (3 * DRAWS_PER_SYMBOL,)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)


class Graph:
    """A graph that always gives the same."""

    def __init__(self, **outputs: Any) -> None:
        self.outputs = outputs

    def run(self, inputs: Any) -> dict[str, Any]:
        return self.outputs


def made(outputs: dict[str, Any], **values: Any):
    spec = GraphSpec({"x": ("int64", (1, "L"))})
    return speak(Graph(**values), spec, config({}, outputs), SPELT, MANNER, np.random.default_rng(0))


def test_samples_come_in_any_shape():
    found = made({"wav": "y"}, y=np.ones((1, 1, 1, 8), np.float16))
    assert found.wav is not None
    assert (found.wav.shape, found.wav.dtype, found.mel, found.durations) == ((8,), np.float32, None, None)


def test_a_mel_is_bands_first_whichever_it_was():
    mel = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    assert made({"mel": "m"}, m=mel).mel.tolist() == mel[0].tolist()  # type: ignore[union-attr]
    assert made({"mel": "m", "frames_first": True}, m=mel).mel.tolist() == mel[0].T.tolist()  # type: ignore[union-attr]


def test_durations_are_whole_frames_that_end_where_they_did():
    assert whole_frames(np.array([[[1.3, 1.3, 1.3, 0.1]]])).tolist() == [1, 2, 1, 0]
    assert made({"wav": "y", "durations": "w"}, y=np.zeros(8), w=np.array([[1.0, 2.0, 4.0]])).durations.tolist() == [1, 2, 4]  # type: ignore[union-attr]


def test_what_a_graph_does_not_give_is_said():
    with pytest.raises(EngineError, match="gives no 'z'; it gives y"):
        made({"wav": "z"}, y=np.zeros(3))
    with pytest.raises(EngineError, match="gives 2 durations for 3 symbols"):
        made({"wav": "y", "durations": "w"}, y=np.zeros(3), w=np.ones(2))
