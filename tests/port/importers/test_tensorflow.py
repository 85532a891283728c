"""What TensorFlow converts in its own environment comes back as a graph that was compared."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
from onnx import TensorProto, helper

from tingshuo.errors import EngineNotInstalledError, PortError, VerifyError
from tingshuo.port import environments
from tingshuo.port.importers import tensorflow
from tingshuo.port.importers.tensorflow import to_onnx


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "net.keras").write_bytes(b"x")
    return tmp_path / "net.keras"


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stands in for the other environment: ``converter(status, error, factor)`` of y = 2 x."""

    def install(status: int = 0, error: dict[str, str] | None = None, factor: float | None = 2.0, operator: str = "Add") -> None:
        def run(name: str, program: Path, arguments: list[Any], *, timeout_s: float) -> Any:
            assert (name, program.is_file(), arguments[2]) == ("tensorflow", True, "serving_default")
            folder = Path(arguments[1])
            values = [helper.make_tensor_value_info(one, TensorProto.FLOAT, [1, "T"]) for one in "xy"]
            graph = helper.make_graph([helper.make_node(operator, ["x", "x"], ["y"])], "g", values[:1], values[1:])
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
            (folder / "model.onnx").write_bytes(model.SerializeToString())
            (folder / "model.json").write_text(json.dumps({"kind": "keras"}))
            x = np.ones((1, 4), np.float32)
            np.savez(
                folder / "examples.npz", **({} if factor is None else {"0/input/x": x, "0/output/y": x * np.float32(factor)})
            )
            (folder / "error.json").write_text(json.dumps(error) if error else "")
            return subprocess.CompletedProcess([], status, "", "first\nlast words")

        monkeypatch.setattr(environments, "run", run)

    return install


def test_a_graph_comes_back_compared(converter: Any, source: Path) -> None:
    converter()
    made = to_onnx(source)
    assert (made.kind, made.model.graph.node[0].op_type) == ("keras", "Add")
    assert made.error_db is not None
    assert made.error_db < -120
    converter(factor=None)  # what the model did not like made-up inputs
    assert to_onnx(source).error_db is None


def test_another_answer_is_refused(converter: Any, source: Path) -> None:
    converter(factor=2.1)
    with pytest.raises(VerifyError, match=r"net.keras: as ONNX its output 'y' differs"):
        to_onnx(source)


def test_what_goes_wrong_is_told(converter: Any, source: Path) -> None:
    converter(1, {"reason": "net.keras has a Lambda layer,\nwhich is code"})
    with pytest.raises(PortError, match=r"cannot be converted by TensorFlow: net.keras has a Lambda layer, which is code"):
        to_onnx(source)
    converter(137)
    with pytest.raises(PortError, match="cannot be converted by TensorFlow: last words"):
        to_onnx(source)
    converter(operator="Teleport")
    with pytest.raises(PortError, match=r"net.keras, as ONNX: has operators that opset 18 of ONNX does not know: Teleport"):
        to_onnx(source)


def test_without_the_environment(source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    with pytest.raises(EngineNotInstalledError, match=r"`tingshuo env make tensorflow` makes it \(it fetches 1.6 GB"):
        to_onnx(source)


MAKE = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, tensorflow as tf
mel = keras.Input((None, 20), name="mel")
net = keras.Model(mel, keras.layers.Reshape((-1,))(keras.layers.Conv1D(8, 3, padding="same", activation="tanh")(mel)))
net.save(sys.argv[1] + "/a.keras"); net.save(sys.argv[1] + "/a.h5"); net.export(sys.argv[1] + "/saved", verbose=False)
open(sys.argv[1] + "/a.tflite", "wb").write(tf.lite.TFLiteConverter.from_keras_model(net).convert())
keras.Model(mel, keras.layers.Lambda(lambda x: x)(mel)).save(sys.argv[1] + "/code.keras")
class Evil(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def __call__(self, x):
        tf.io.write_file(sys.argv[1] + "/pwned", "x")
        return x
tf.saved_model.save(Evil(), sys.argv[1] + "/evil", signatures=Evil().__call__)
"""


@pytest.mark.slow
@pytest.mark.skipif(not environments.report("tensorflow").made, reason="the environment 'tensorflow' has not been made")
def test_real_models(tmp_path: Path) -> None:
    python = environments.folder_of("tensorflow") / "bin/python"
    subprocess.run([python, "-c", MAKE, tmp_path], check=True, capture_output=True)
    for name, kind in (("saved", "saved_model"), ("a.keras", "keras"), ("a.h5", "h5"), ("a.tflite", "tflite")):
        made = tensorflow.to_onnx(tmp_path / name)
        assert made.kind == kind
        assert made.error_db is not None
        assert made.error_db < -100
    for name, reason in (("code.keras", "Lambda layer"), ("evil", "has the operator WriteFile")):
        with pytest.raises(PortError, match=reason):
            tensorflow.to_onnx(tmp_path / name)
    assert not (tmp_path / "pwned").exists()
