import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("onnx")
from onnx import TensorProto, helper

from tingshuo.port.foreign_env import tensorflow_to_onnx
from tingshuo.port.foreign_env.tensorflow_to_onnx import RefusedError, check_keras, kind_of


@pytest.fixture(autouse=True)
def keep_variables(monkeypatch):
    for name in ("TF_CPP_MIN_LOG_LEVEL", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.setenv(name, "")


def keras_file(path, config):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    return path


def test_a_model_is_known_by_what_its_files_are(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved/saved_model.pb").touch()
    (tmp_path / "a").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "b").write_bytes(b"\x1c\0\0\0TFL3")
    keras_file(tmp_path / "c", {})
    assert [kind_of(tmp_path / name) for name in ("saved", "a", "b", "c")] == ["saved_model", "h5", "tflite", "keras"]
    (tmp_path / "d.h5").write_bytes(b"hello")
    for other in ("d.h5", "none"):
        with pytest.raises(RefusedError, match="no SavedModel"):
            kind_of(tmp_path / other)


@pytest.mark.parametrize("name", ["Lambda", "__lambda__"])
def test_a_layer_that_is_code_is_refused(tmp_path, name):
    check_keras(keras_file(tmp_path / "good.keras", {"config": {"layers": [{"class_name": "Dense"}]}}), "keras")
    bad = keras_file(tmp_path / "bad.keras", {"config": {"layers": [{"class_name": "Dense"}, {"class_name": name}]}})
    with pytest.raises(RefusedError, match=r"bad\.keras has a Lambda layer, which is code"):
        check_keras(bad, "keras")


def test_a_file_that_is_no_model_of_keras_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        archive.writestr("other", "")
    with pytest.raises(RefusedError, match=r"x\.keras is no model of Keras"):
        check_keras(tmp_path / "x.keras", "keras")


@pytest.fixture
def walls(monkeypatch):
    """Whether walls can be raised, in place of those that this process could not take down again."""
    raised = []
    monkeypatch.setattr(tensorflow_to_onnx, "raise_walls", lambda: raised.append(1) is None and walls.possible)
    walls = SimpleNamespace(possible=True, raised=raised)
    return walls


def told(folder, name="error.json"):
    return json.loads((folder / name).read_text())


def test_what_goes_wrong_is_written_for_the_other_side(tmp_path, walls):
    (tmp_path / "x").write_bytes(b"hello")
    assert tensorflow_to_onnx.main([str(tmp_path / "x"), str(tmp_path)]) == 1
    assert told(tmp_path) == {"reason": "x is no SavedModel, .keras, .h5 or .tflite"}
    keras_file(tmp_path / "y", {"class_name": "Lambda"})
    assert tensorflow_to_onnx.main([str(tmp_path / "y"), str(tmp_path)]) == 1
    assert "Lambda layer" in told(tmp_path)["reason"]
    assert walls.raised == [1]  # before the model is looked into


def test_what_was_converted_is_described(tmp_path, monkeypatch, walls):
    keras_file(tmp_path / "x", {})
    made = (b"graph", {"kind": "keras"}, {"0/input/x": np.ones(3)})
    monkeypatch.setattr(
        tensorflow_to_onnx, "convert", lambda source, kind, signature: (*made[:1], {"kind": kind, "of": signature}, made[2])
    )
    assert tensorflow_to_onnx.main([str(tmp_path / "x"), str(tmp_path), "speak"]) == 0
    assert told(tmp_path, "model.json") == {"kind": "keras", "of": "speak"}
    assert (tmp_path / "model.onnx").read_bytes() == b"graph"
    assert np.load(tmp_path / "examples.npz")["0/input/x"].sum() == 3
    assert (tmp_path / "error.json").read_bytes() == b""


def test_a_program_is_not_loaded_where_there_are_no_walls(tmp_path, monkeypatch, walls):
    walls.possible = False
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved/saved_model.pb").touch()
    assert tensorflow_to_onnx.main([str(tmp_path / "saved"), str(tmp_path)]) == 1
    assert "this system cannot lock a process in" in told(tmp_path)["reason"]


def test_examples_have_two_lengths_or_there_are_none():
    spec = SimpleNamespace(name="x", shape=(None, None, 3), dtype=SimpleNamespace(as_numpy_dtype=np.float32))
    made = tensorflow_to_onnx.run_examples(lambda x: {"y": x + 1}, [spec])
    assert [made[f"{place}/input/x"].shape for place in (0, 1)] == [(1, 23, 3), (1, 37, 3)]
    np.testing.assert_allclose(made["1/output/y"], made["1/input/x"] + 1)
    assert tensorflow_to_onnx.run_examples(lambda x: 1 / 0, [spec]) == {}


def gelu_graph(approximate=0):
    value = helper.make_tensor_value_info
    node = helper.make_node("TFL_GELU", ["x"], ["y"], approximate=approximate)
    sides = [value("x", TensorProto.FLOAT, [5])], [value("y", TensorProto.FLOAT, [5])]
    graph = helper.make_graph([node], "g", *sides)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", tensorflow_to_onnx.OPSET)], ir_version=10)


def test_gelu_is_spelt_out():
    import onnxruntime

    model = gelu_graph()
    with pytest.raises(RefusedError, match="TFL_GELU, which tf2onnx cannot convert"):
        tensorflow_to_onnx._check_operators(model)
    tensorflow_to_onnx._spell_out_gelu(model.graph)
    tensorflow_to_onnx._check_operators(model)
    x = np.array([-3, -1, 0, 1, 3], np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = [-0.00404951, -0.15865529, 0, 0.8413447, 2.9959507]  # x times the normal distribution's integral up to x
    np.testing.assert_allclose(session.run(None, {"x": x})[0], expected, atol=1e-6)
    with pytest.raises(RefusedError, match="tanh"):
        tensorflow_to_onnx._spell_out_gelu(gelu_graph(1).graph)


def test_values_are_renamed_wherever_they_are():
    model = gelu_graph()
    tensorflow_to_onnx._rename(model.graph, {"x": "mel", "y": "wav"})
    assert (model.graph.input[0].name, model.graph.output[0].name) == ("mel", "wav")
    assert (model.graph.node[0].input[0], model.graph.node[0].output[0]) == ("mel", "wav")


def test_operators_that_reach_out_are_listed():
    assert {"PyFunc", "ReadFile", "WriteFile"} <= tensorflow_to_onnx._REACH_OUT
