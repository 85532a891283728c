"""Inputs and outputs of a graph against what they should be."""

from typing import Any

import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

from tingshuo.config.fbank import FbankConfig  # noqa: E402
from tingshuo.config.graph_recogniser import GraphFeatures, GraphInput  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.recogniser_graph import (  # noqa: E402
    FLOATS,
    INTEGERS,
    Value,
    check_all_given,
    check_features,
    find_input,
    values_of,
)

pytestmark = pytest.mark.train
BANK = GraphFeatures(fbank=FbankConfig(n_mels=80))
SAMPLES = GraphFeatures(samples_hz=16000, layout="bt")


def test_values_are_told_without_weights_and_free_sizes_as_such():
    info = helper.make_tensor_value_info
    inputs = [info("x", TensorProto.FLOAT, ["N", None, 80]), info("w", TensorProto.FLOAT, [2])]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "g", inputs, [info("y", TensorProto.FLOAT16, None)],
        [helper.make_tensor("w", TensorProto.FLOAT, [2], [0, 1])],
    )  # fmt: skip
    given, made = values_of(helper.make_model(graph))
    assert given == {"x": Value("float32", ("N", "?", 80))}
    assert made == {"y": Value("float16", None)}


def test_an_input_is_found_with_its_type():
    given = {
        "x": Value("float16", ("N", "T", 80)),
        "n": Value("int32", ("N",)),
        "l": Value("int64", (1,)),
        "u": Value("int64", None),
    }
    assert find_input(given, "x", FLOATS, "m") == GraphInput("x", "float16")
    assert [find_input(given, name, INTEGERS, "m").dtype for name in "nlu"] == ["int32", "int64", "int64"]


@pytest.mark.parametrize(
    ("value", "dtypes", "sentence"),
    [
        (Value("int64", (1,)), FLOATS, "m: the graph's input 'x' is int64, and float32 or float16 is wanted"),
        (Value("float32", (1,)), INTEGERS, "m: the graph's input 'x' is float32, and int64 or int32 is wanted"),
        (Value("int64", ()), INTEGERS, r"m: the graph's input 'x' has shape \(\), and one number \(1,\) is wanted"),
        (Value("int64", (2,)), INTEGERS, r"has shape \(2\), and one number"),
        (Value("int64", ("N", 1)), INTEGERS, r"has shape \(N, 1\), and one number"),
    ],
)
def test_an_input_of_another_kind_is_named(value: Value, dtypes: Any, sentence: str):
    with pytest.raises(PortError, match=sentence):
        find_input({"x": value}, "x", dtypes, "m")
    with pytest.raises(PortError, match="m: the graph has no input 'y'; it has: x"):
        find_input({"x": value}, "y", dtypes, "m")


def test_every_input_is_given_something_once():
    given = {"x": Value("float32", None), "cached_len": Value("int64", None)}
    check_all_given(given, ["x", "cached_len"], "m")
    with pytest.raises(PortError, match="what the graph's input 'cached_len' is given; a graph that keeps a state"):
        check_all_given(given, ["x"], "m")
    with pytest.raises(PortError, match="gives the input 'x' two roles"):
        check_all_given(given, ["x", "x"], "m")


@pytest.mark.parametrize(
    ("features", "shape"),
    [(BANK, ("N", "T", 80)), (BANK, (1, "?", "?")), (BANK, None), (SAMPLES, ("N", "T"))],
)
def test_features_that_fit_are_taken(features: GraphFeatures, shape: Any):
    check_features(features, Value("float32", shape), "x", "m")


@pytest.mark.parametrize(
    ("features", "shape", "sentence"),
    [
        (BANK, ("N", "T", 40), "m: the graph's input 'x' takes 40 numbers a frame, and the features of its contract have 80"),
        (BANK, ("N", "T"), r"has shape \(N, T\), and features laid out as btd have 3 dimensions"),
        (BANK, (8, "T", 80), "takes 8 utterances at a time, and is given one"),
        (BANK, (1, 3000, 80), "takes 3000 frames alone, and no two utterances are as long"),
        (SAMPLES, ("N", "T", 1), r"laid out as bt have 2 dimensions"),
        (SAMPLES, (1, 16000), "takes 16000 frames alone"),
    ],
)
def test_features_that_do_not_fit_are_named(features: GraphFeatures, shape: Any, sentence: str):
    with pytest.raises(PortError, match=sentence):
        check_features(features, Value("float32", shape), "x", "m")
