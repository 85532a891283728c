from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import tingshuo.voices
from tingshuo.engine.embed import embed, graph_spec
from tingshuo.engine.onnx import open_graph
from tingshuo.engine.structure import external_names
from tingshuo.store.tensors import read_tensors

BUNDLE = Path(tingshuo.voices.__file__).parent / "default"
PITCH = BUNDLE / "graphs/onnx/fp32/pitch.onnx"


@pytest.fixture(scope="module")
def tensors():
    return read_tensors(BUNDLE / "weights/acoustic.safetensors")


@pytest.fixture(scope="module")
def whole(tensors):
    return embed(PITCH.read_bytes(), tensors, {"licence": "CC-BY-SA-4.0", "说明": "合成语音" * 60})


def inputs():
    rng = np.random.default_rng(0)
    shapes = {"frames": (1, 9, 256), "place": (1, 9, 8), "style": (1, 256)}
    return {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}


def test_a_graph_with_its_tensors_runs_alone_and_answers_as_before(whole, tensors):
    session = onnxruntime.InferenceSession(whole, providers=["CPUExecutionProvider"])
    expected = open_graph(PITCH, tensors).run(inputs())["pitch"]
    assert np.array_equal(session.run(["pitch"], inputs())[0], expected)


def test_no_tensor_lies_outside_any_more(whole):
    assert external_names(PITCH.read_bytes())
    assert external_names(whole) == []


def test_metadata_is_in_the_file(whole):
    session = onnxruntime.InferenceSession(whole, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {"licence": "CC-BY-SA-4.0", "说明": "合成语音" * 60}


def test_a_tensor_that_is_not_given_is_named():
    with pytest.raises(KeyError, match=r"pitch\."):
        embed(PITCH.read_bytes(), {})


@pytest.mark.parametrize("wrong", [np.zeros(3, np.float16), np.zeros(2, np.float32)])
def test_a_tensor_of_another_kind_is_refused(tensors, wrong):
    with pytest.raises(ValueError, match=r"'pitch\.out\.bias' is float\d\d .* wants float16 \(2,\)"):
        embed(PITCH.read_bytes(), {**tensors, "pitch.out.bias": wrong})


@pytest.mark.parametrize("graph", ["encoder", "pitch", "decoder", "vocoder"])
def test_inputs_and_outputs_are_those_that_the_runtime_finds(tensors, graph):
    every = tensors | read_tensors(BUNDLE / "weights/vocoder.safetensors")
    path = BUNDLE / f"graphs/onnx/fp32/{graph}.onnx"
    assert graph_spec(path.read_bytes()) == open_graph(path, every).spec


def test_what_is_no_graph_is_refused():
    with pytest.raises(ValueError, match="no protobuf message"):
        embed(b"not a graph at all", {})
