"""Graphs on mapped weights compute what they compute on weights in memory, and do not all stay open."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port import lean  # noqa: E402
from tingshuo.port.lean import LeanGraphs, bind, open_mapped  # noqa: E402
from tingshuo.port.passes.subject import reference  # noqa: E402
from tingshuo.store.tensors import write_tensors  # noqa: E402

pytestmark = pytest.mark.train
WEIGHTS = {
    "odd": np.arange(3, dtype=np.int8),
    "a": np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32),
    "b": np.random.default_rng(1).standard_normal((4, 6)).astype(np.float32),
}
X = {"x": np.random.default_rng(2).standard_normal((2, 6)).astype(np.float32)}


def product(name: str) -> onnx.ModelProto:
    """Return x times a weight transposed, and a bias that lies in the graph."""
    nodes = [
        helper.make_node("Transpose", [name], ["t"], perm=[1, 0]),
        helper.make_node("MatMul", ["x", "t"], ["p"]),
        helper.make_node("Add", ["p", "one"], ["y"]),
    ]
    values = [helper.make_tensor_value_info(key, TensorProto.FLOAT, [2, n]) for key, n in (("x", 6), ("y", 4))]
    inside = onnx.numpy_helper.from_array(np.ones(4, np.float32), "one")
    graph = helper.make_graph(nodes, name, values[:1], values[1:], [reference(name, WEIGHTS[name]), inside])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tensors(WEIGHTS, tmp_path / "p.safetensors")
    return tmp_path


@pytest.mark.parametrize("optimized", [False, True])
def test_weights_are_found_in_their_file(folder: Path, optimized: bool) -> None:
    for name in "ab":
        model = product(name)
        assert bind(model, folder / "p.safetensors") == WEIGHTS[name].nbytes
        (folder / "g.onnx").write_bytes(model.SerializeToString())
        found = open_mapped(folder / "g.onnx", "g", optimized=optimized).run(X)["y"]
        np.testing.assert_allclose(found, X["x"] @ WEIGHTS[name].T + 1, rtol=1e-5)


def test_what_was_used_longest_ago_is_closed_for_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    open_one = lean.open_mapped

    def note(path: Path, name: str, *, optimized: bool = False) -> object:
        opened.append(name)
        return open_one(path, name, optimized=optimized)

    monkeypatch.setattr(lean, "open_mapped", note)
    for room, expected in ((1 << 20, ["a", "b"]), (1, ["a", "b", "a", "b"])):
        opened.clear()
        monkeypatch.setattr(lean, "LEAST_OPEN_BYTES", room)
        graphs = LeanGraphs(folder)
        runs = {name: graphs.add(name, product(name), "p") for name in "ab"}
        for name in ("a", "b", "a", "b"):
            runs[name].run(X)
            assert runs[name].spec.inputs["x"][1] == (2, 6)
        assert opened == expected
        runs["a"].run_anew(X)
        assert opened == [*expected, "a"]
        graphs.close()


def test_what_cannot_be_run_is_named(folder: Path) -> None:
    model = product("a")
    model.graph.node[0].op_type = "Conjure"
    bind(model, folder / "p.safetensors")
    (folder / "g.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(PortError, match=r"graph 'decoder' cannot be opened: .*Conjure"):
        open_mapped(folder / "g.onnx", "decoder")
