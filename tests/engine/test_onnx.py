from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tingshuo.voices
from tingshuo.engine.onnx import open_graph
from tingshuo.errors import EngineError
from tingshuo.store.tensors import read_tensors

BUNDLE = Path(tingshuo.voices.__file__).parent / "default"
PITCH = BUNDLE / "graphs/onnx/fp32/pitch.onnx"


@pytest.fixture(scope="module")
def tensors():
    return read_tensors(BUNDLE / "weights/acoustic.safetensors")


@pytest.fixture(scope="module")
def session(tensors):
    return open_graph(PITCH, tensors)


def _inputs(frames, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "frames": rng.standard_normal((1, frames, 256), dtype=np.float32),
        "place": rng.standard_normal((1, frames, 8), dtype=np.float32),
        "style": np.zeros((1, 256), np.float32),
    }


def test_spec_names_types_and_shapes(session):
    assert session.spec.inputs == {
        "frames": ("float32", (1, "F", 256)),
        "place": ("float32", (1, "F", 8)),
        "style": ("float32", (1, 256)),
    }
    assert session.spec.outputs == {"pitch": ("float32", (1, "F", 2))}


def test_runs_at_any_length(session):
    for frames in (1, 7, 100):
        assert session.run(_inputs(frames))["pitch"].shape == (1, frames, 2)


def test_one_session_serves_several_threads(session):
    expected = [session.run(_inputs(40, seed))["pitch"] for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda seed: session.run(_inputs(40, seed))["pitch"], range(8))
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def test_tensors_may_be_dropped_after_opening(tensors):
    copies = {name: tensor.copy() for name, tensor in tensors.items() if name.startswith("pitch")}
    session = open_graph(PITCH, copies)
    expected = session.run(_inputs(5))["pitch"]
    for tensor in copies.values():
        tensor.fill(0)
    copies.clear()
    assert np.array_equal(session.run(_inputs(5))["pitch"], expected)


def test_a_missing_tensor_is_named(tensors):
    without = {name: tensor for name, tensor in tensors.items() if name != "pitch.out.bias"}
    with pytest.raises(EngineError, match=r"no tensor 'pitch\.out\.bias'"):
        open_graph(PITCH, without)


def test_a_tensor_of_another_shape_is_refused(tensors):
    with pytest.raises(EngineError, match=r"pitch\.onnx: cannot be opened"):
        open_graph(PITCH, {**tensors, "pitch.out.bias": np.zeros(3, np.float16)})


def test_a_file_that_is_no_graph_is_refused(tmp_path):
    path = tmp_path / "broken.onnx"
    with pytest.raises(EngineError, match=r"broken\.onnx: cannot be read"):
        open_graph(path, {})
    path.write_bytes(b"not a graph at all")
    with pytest.raises(EngineError, match=r"broken\.onnx: cannot be"):
        open_graph(path, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"style": np.zeros((1, 9), np.float32)}, "style"),
        ({"style": np.zeros((1, 256), np.float64)}, "double"),
        ({"stile": np.zeros((1, 256), np.float32)}, "stile"),
    ],
)
def test_a_wrong_input_is_refused_with_the_reason(session, change, message):
    with pytest.raises(EngineError, match=message):
        session.run({**_inputs(3), **change})


def test_a_missing_input_is_named(session):
    with pytest.raises(EngineError, match="style"):
        session.run({name: value for name, value in _inputs(3).items() if name != "style"})
