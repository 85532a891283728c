"""Every engine of the registry opens the same graphs, gives the same answers and refuses the same things."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tingshuo.voices
from tingshuo.engine.engines import ENGINES
from tingshuo.engine.onnx import open_graph as open_with_onnx
from tingshuo.errors import EngineError, EngineNotInstalledError
from tingshuo.store.tensors import read_tensors

BUNDLE = Path(tingshuo.voices.__file__).parent / "default"
GRAPHS = BUNDLE / "graphs/onnx/fp32"
NAMES = ("encoder", "pitch", "decoder", "vocoder")


@pytest.fixture(scope="module")
def tensors():
    return read_tensors(BUNDLE / "weights/acoustic.safetensors") | read_tensors(BUNDLE / "weights/vocoder.safetensors")


@pytest.fixture(scope="module", params=list(ENGINES))
def open_graph(request):
    try:
        return ENGINES.load(request.param)
    except EngineNotInstalledError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def pitch(open_graph, tensors):
    return open_graph(GRAPHS / "pitch.onnx", tensors)


def golden(graph):
    with np.load(BUNDLE / f"golden/{graph}.npz") as arrays:
        return {name.removeprefix("input/"): arrays[name] for name in arrays.files if name.startswith("input/")}


def frames(count, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "frames": rng.standard_normal((1, count, 256), dtype=np.float32),
        "place": rng.standard_normal((1, count, 8), dtype=np.float32),
        "style": np.zeros((1, 256), np.float32),
    }


@pytest.mark.parametrize("graph", NAMES)
def test_every_graph_of_a_voice_answers_as_with_onnxruntime(open_graph, tensors, graph):
    ours, theirs = (engine(GRAPHS / f"{graph}.onnx", tensors) for engine in (open_graph, open_with_onnx))
    assert ours.spec == theirs.spec
    found, expected = ours.run(golden(graph)), theirs.run(golden(graph))
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert np.abs(found[name] - array).max() < 1e-5 * np.abs(array).max(), name


def test_a_graph_runs_at_any_length(pitch):
    for count in (1, 7, 100):
        assert pitch.run(frames(count))["pitch"].shape == (1, count, 2)


def test_one_session_serves_several_threads(pitch):
    expected = [pitch.run(frames(40, seed))["pitch"] for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: pitch.run(frames(40, seed))["pitch"], range(8)))
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def test_more_threads_give_the_same_answer(open_graph, tensors, pitch):
    wide = open_graph(GRAPHS / "pitch.onnx", tensors, threads=2)
    np.testing.assert_allclose(wide.run(frames(40))["pitch"], pitch.run(frames(40))["pitch"], rtol=0, atol=1e-4)


def test_an_answer_is_not_overwritten_by_the_next(pitch):
    first = pitch.run(frames(9, 0))["pitch"]
    kept = first.copy()
    pitch.run(frames(9, 1))
    assert np.array_equal(first, kept)


def test_inputs_may_lie_in_memory_in_any_order(pitch):
    given = frames(9)
    turned = {name: np.asfortranarray(array) for name, array in given.items()}
    assert not turned["frames"].flags.c_contiguous
    np.testing.assert_allclose(pitch.run(turned)["pitch"], pitch.run(given)["pitch"], rtol=0, atol=1e-6)


def test_tensors_may_be_dropped_after_opening(open_graph, tensors):
    copies = {name: tensor.copy() for name, tensor in tensors.items() if name.startswith("pitch")}
    session = open_graph(GRAPHS / "pitch.onnx", copies)
    expected = session.run(frames(5))["pitch"]
    for tensor in copies.values():
        tensor.fill(0)
    copies.clear()
    assert np.array_equal(session.run(frames(5))["pitch"], expected)


def test_a_missing_tensor_is_named(open_graph, tensors):
    without = {name: tensor for name, tensor in tensors.items() if name != "pitch.out.bias"}
    with pytest.raises(EngineError, match=r"no tensor 'pitch\.out\.bias'"):
        open_graph(GRAPHS / "pitch.onnx", without)


def test_a_tensor_of_another_shape_is_refused(open_graph, tensors):
    with pytest.raises(EngineError, match=r"pitch\.onnx: cannot be opened"):
        open_graph(GRAPHS / "pitch.onnx", {**tensors, "pitch.out.bias": np.zeros(3, np.float16)})


@pytest.mark.parametrize("content", [None, b"", b"not a graph at all"])
def test_a_file_that_is_no_graph_is_refused(open_graph, tmp_path, content):
    path = tmp_path / "broken.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EngineError, match=r"broken\.onnx: cannot be"):
        open_graph(path, {})


@pytest.mark.parametrize(
    "change",
    [
        {"style": np.zeros((1, 9), np.float32)},
        {"style": np.zeros((256,), np.float32)},
        {"style": np.zeros((1, 256), np.float64)},
        {"style": None},
        {"stile": np.zeros((1, 256), np.float32)},
    ],
)
def test_a_wrong_input_is_refused(pitch, change):
    given = {name: array for name, array in {**frames(3), **change}.items() if array is not None}
    with pytest.raises(EngineError, match=f"graph 'pitch' cannot be run.*(?:{next(iter(change))}|double)"):
        pitch.run(given)
    assert pitch.run(frames(3))["pitch"].shape == (1, 3, 2), "and the session goes on"
