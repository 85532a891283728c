import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tingshuo.voices
from tingshuo.errors import EngineError, RequestError
from tingshuo.store.tensors import read_tensors

pytest.importorskip("openvino", reason="the openvino extra is not installed")
from tingshuo.engine import openvino as engine

BUNDLE = Path(tingshuo.voices.__file__).parent / "default"


@pytest.fixture(scope="module")
def tensors():
    return read_tensors(BUNDLE / "weights/acoustic.safetensors")


def test_an_operator_that_it_lacks_is_named(tensors):
    with pytest.raises(EngineError, match=r"pitch\.onnx: .*OpenVINO has no operator com\.microsoft\.QGemm; take"):
        engine.open_graph(BUNDLE / "graphs/onnx/int8/pitch.onnx", tensors)


def test_only_precisions_that_it_knows(tensors):
    with pytest.raises(RequestError, match="accepted: f32, bf16"):
        engine.open_graph(BUNDLE / "graphs/onnx/fp32/pitch.onnx", tensors, precision="f16")


def test_bf16_only_where_the_processor_has_it(tensors, monkeypatch):
    class Old:
        def get_property(self, device, name):
            return ["FP32", "INT8"]

    monkeypatch.setattr(engine, "_CORE", Old())
    with pytest.raises(RequestError, match=r"does not multiply bfloat16 .*AVX512-BF16"):
        engine.open_graph(BUNDLE / "graphs/onnx/fp32/pitch.onnx", tensors, precision="bf16")


def test_frames_that_do_not_fit_together_are_refused():
    weights = read_tensors(BUNDLE / "weights/vocoder.safetensors")
    session = engine.open_graph(BUNDLE / "graphs/onnx/fp32/vocoder.onnx", weights)
    with pytest.raises(EngineError, match="F of its input 'f0' is 7, but 5 of 'mel'"):
        session.run({"mel": np.zeros((1, 100, 5), np.float32), "f0": np.zeros((1, 7), np.float32)})


def test_an_input_that_no_node_reads_may_be_given(tmp_path):
    onnx = pytest.importorskip("onnx")
    value = {name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N"]) for name in ("x", "length", "y")}
    graph = onnx.helper.make_graph([onnx.helper.make_node("Neg", ["x"], ["y"])], "g", [value["x"], value["length"]], [value["y"]])
    opset = [onnx.helper.make_opsetid("", 17)]
    (tmp_path / "g.onnx").write_bytes(onnx.helper.make_model(graph, ir_version=8, opset_imports=opset).SerializeToString())
    session = engine.open_graph(tmp_path / "g.onnx", {})
    given = {name: np.ones(3, np.float32) for name in ("x", "length")}
    assert session.run(given)["y"].tolist() == [-1, -1, -1]
    with pytest.raises(EngineError, match="length"):
        session.run({"x": given["x"]})


def test_what_the_runtime_refuses_is_told_and_the_next_run_goes_on(tensors):
    class Broken:
        def infer(self, inputs, share_inputs):
            raise RuntimeError("Exception from src/inference/infer.cpp:224:\nCheck 'a' failed at b.cpp:1:\nno memory")

    session = engine.open_graph(BUNDLE / "graphs/onnx/fp32/pitch.onnx", tensors)
    session._idle.append(Broken())
    given = {"frames": np.zeros((1, 5, 256), np.float32), "place": np.zeros((1, 5, 8), np.float32)}
    given["style"] = np.zeros((1, 256), np.float32)
    with pytest.raises(EngineError, match=r"^graph 'pitch' cannot be run: no memory$"):
        session.run(given)
    assert session.run(given)["pitch"].shape == (1, 5, 2)


def test_what_reports_to_its_maker_is_never_imported():
    code = (
        "import sys; import tingshuo.engine.openvino\n"
        "assert 'openvino' in sys.modules\n"
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
