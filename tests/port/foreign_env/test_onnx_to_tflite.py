import json
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
from tingshuo.port.foreign_env import onnx_to_tflite


@pytest.fixture(autouse=True)
def keep_variables(monkeypatch):
    for name in ("TF_CPP_MIN_LOG_LEVEL", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.setenv(name, "")


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (onnx_to_tflite.MissingOperatorError("LSTM"), {"operator": "LSTM", "reason": "", "graph": "a"}),
        (ValueError("axes"), {"operator": "", "reason": "ValueError: axes", "graph": "a"}),
    ],
)
def test_what_goes_wrong_is_written_for_the_other_side(monkeypatch, tmp_path, raised, told):
    def convert(path):
        raise raised

    monkeypatch.setattr(onnx_to_tflite, "convert", convert)
    (tmp_path / "a.onnx").touch()
    assert onnx_to_tflite.main([str(tmp_path)]) == 1
    assert json.loads((tmp_path / "error.json").read_text()) == told


def test_every_graph_of_a_folder_is_converted(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(onnx_to_tflite, "convert", lambda path: seen.append(path.name))
    for name in ("b.onnx", "a.onnx", "c.txt"):
        (tmp_path / name).touch()
    assert onnx_to_tflite.main([str(tmp_path)]) == 0
    assert seen == ["a.onnx", "b.onnx"]


def test_attributes_of_one_dimension_become_those_of_two():
    node = {"pads": [3, 1], "strides": [2]}
    assert onnx_to_tflite._plane(node, "pads", True) == [0, 3, 0, 1]
    assert onnx_to_tflite._plane(node, "strides", True) == [1, 2]
    assert onnx_to_tflite._plane({}, "dilations", True) == [1, 1]
    assert onnx_to_tflite._plane({}, "output_padding", True) == [0, 0]
    assert onnx_to_tflite._plane({"pads": [1, 2, 3, 4]}, "pads", False) == [1, 2, 3, 4]


def test_sizes_that_are_not_constants_are_said():
    tf = SimpleNamespace(get_static_value=lambda value, partial=False: value)
    assert onnx_to_tflite._numbers(tf, np.array([2, 3])) == [2, 3]
    assert onnx_to_tflite._partly(tf, np.array([2, None], object)) == [2, None]
    with pytest.raises(ValueError, match="not constants"):
        onnx_to_tflite._numbers(tf, None)
