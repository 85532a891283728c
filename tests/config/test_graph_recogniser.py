"""The contract of a graph that came as it is."""

from typing import Any

import pytest

from tingshuo.config.families import config_of
from tingshuo.config.fbank import FbankConfig
from tingshuo.config.graph_recogniser import (
    Choice,
    GraphFeatures,
    GraphInput,
    GraphInputs,
    GraphOutputs,
    GraphRecogniserConfig,
)
from tingshuo.errors import ConfigError

LOW_RATE = GraphFeatures(fbank=FbankConfig(n_mels=10), stack=7, stride=6)
SAMPLES = GraphFeatures(samples_hz=8000, layout="bt")


def config(**fields: Any) -> GraphRecogniserConfig:
    whole: dict[str, Any] = {
        "family": "graph_recogniser", "output": "ctc", "inputs": GraphInputs(GraphInput("x", "float32")),
        "outputs": GraphOutputs("y"), "features": LOW_RATE, "units": ("<blk>", "a"),
    }  # fmt: skip
    return GraphRecogniserConfig(**(whole | fields))


def test_it_is_read_as_it_was_written_and_is_of_its_family():
    choice = Choice(GraphInput("language", "int32"), {"auto": 0, "zh": 3}, "auto")
    held = config(choices={"language": choice}, tags=("language",), silent=(1,))
    assert GraphRecogniserConfig.check(held.fields(), "config.json") == held
    assert config_of("graph_recogniser") is GraphRecogniserConfig


@pytest.mark.parametrize(
    ("fields", "rate", "frame_s"),
    [
        ({}, 16000, 0.06),
        ({"subsampling": 2}, 16000, 0.12),
        ({"output": "paraformer", "subsampling": 2}, 16000, 0.02),
        ({"features": SAMPLES, "subsampling": 160}, 8000, 0.02),
    ],
)
def test_a_frame_lasts_as_long_as_its_features(fields, rate, frame_s):
    held = config(**fields)
    assert held.sample_rate == rate
    assert held.frame_s == pytest.approx(frame_s)


def test_sizes_are_of_what_the_graph_is_given():
    assert (LOW_RATE.size, LOW_RATE.step_samples) == (70, 960)
    assert (SAMPLES.size, SAMPLES.step_samples) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "either a filter bank"),
        ({"fbank": {}, "samples_hz": 16000}, "either a filter bank"),
        ({"fbank": {}, "layout": "bt"}, "the layout bt is not one of a filter bank"),
        ({"samples_hz": 16000}, "the layout btd is not one of samples"),
        ({"fbank": {}, "stride": 0}, "stride: Expected `int` >= 1"),
        ({"fbank": {"frame_shift_ms": 0.01}}, "a filter bank has one band or more"),
        ({"fbank": {"n_mels": 0}}, "a filter bank has one band or more"),
        ({"samples_hz": 16000, "layout": "bt", "stack": 2}, "samples are not stacked"),
    ],
)
def test_what_contradicts_itself_is_refused(fields, sentence):
    with pytest.raises(ConfigError, match=sentence):
        GraphFeatures.check(fields, "config.json")


def test_a_unit_has_to_be_there():
    for wrong in ({"blank": 2}, {"eos": -1}, {"silent": (0, 5)}):
        with pytest.raises(ConfigError, match=r"there is no unit (2|-1|5) among 2"):
            GraphRecogniserConfig.check(config().fields() | wrong, "config.json")


def test_a_default_is_one_of_the_values():
    with pytest.raises(ConfigError, match="'ko' is none of auto, zh"):
        Choice.check({"input": {"name": "l", "dtype": "int32"}, "values": {"auto": 0, "zh": 3}, "default": "ko"}, "config.json")
