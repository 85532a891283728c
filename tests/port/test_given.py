"""A stranger's graph stays what it was; its weights lie in the bundle's files, and it is proved against itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.draft import GivenGraph  # noqa: E402
from tingshuo.port.given import move, precision_of, save_original  # noqa: E402
from tingshuo.port.lean import open_mapped  # noqa: E402
from tingshuo.port.verify import open_model  # noqa: E402

pytestmark = pytest.mark.train
RNG = np.random.default_rng(0)
WIDE = RNG.standard_normal((16, 32)).astype(np.float32)
"""2 KiB."""


def graph_of(nodes: list[Any], weights: dict[str, Any], **more: Any) -> Any:
    """Return a model from x (1, T, 16) to y."""
    graph = helper.make_graph(
        nodes,
        "stranger's/graph",
        more.get("inputs", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, None, 16])]),
        [helper.make_tensor_value_info("y", more.get("gives", TensorProto.FLOAT), None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="their exporter")


def plain(**more: Any) -> Any:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Add", ["h", "b"], ["y"])]
    return graph_of(nodes, {"w": WIDE, "b": np.arange(32, dtype=np.float32)}, **more)


def original(model: Any, folder: Path) -> Any:
    """Return what runs a model as it came."""
    save_original(model, folder / "g.onnx")
    return open_mapped(folder / "g.onnx", "g")


def x(frames: int = 5) -> dict[str, Any]:
    return {"x": RNG.standard_normal((1, frames, 16)).astype(np.float32)}


def test_large_weights_lie_outside_and_small_ones_stay(tmp_path: Path) -> None:
    model = plain()
    model.graph.node[0].doc_string = "export.py of someone"
    moved = move("encoder", GivenGraph(model, "acoustic"), {})
    assert list(moved.tensors) == ["w"]
    np.testing.assert_array_equal(moved.tensors["w"], WIDE)
    outside = {one.name: one.data_location == TensorProto.EXTERNAL for one in moved.model.graph.initializer}
    assert outside == {"w": True, "b": False}
    text = moved.model.SerializeToString()
    assert len(text) < 1024
    assert b"someone" not in text
    assert (moved.model.graph.name, moved.precision, moved.draws) == ("encoder", "fp32", False)
    assert [size.dim_param or size.dim_value for size in moved.model.graph.input[0].type.tensor_type.shape.dim] == [1, "x_1", 16]
    given = x()
    found = open_model(moved.model, moved.tensors).run(given)["y"]
    np.testing.assert_allclose(found, original(model, tmp_path).run(given)["y"], rtol=1e-5)


def test_constants_of_nodes_go_along_and_masks_of_infinities_stay() -> None:
    mask = np.where(np.arange(16 * 32).reshape(16, 32) % 2, -np.inf, 0).astype(np.float32)
    nodes = [
        helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(WIDE, "inner")),
        helper.make_node("ReduceMax", ["m"], ["top"], keepdims=0),
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Add", ["h", "top"], ["y"]),
    ]
    moved = move("g", GivenGraph(graph_of(nodes, {"m": mask}), "acoustic"), {})
    assert list(moved.tensors) == ["w"]
    assert [node.op_type for node in moved.model.graph.node] == ["ReduceMax", "MatMul", "Add"]
    assert open_model(moved.model, moved.tensors).run(x())["y"].shape == (1, 5, 32)


def test_what_two_graphs_share_is_stored_once_and_names_do_not_clash() -> None:
    taken = {"w": WIDE}
    assert move("a", GivenGraph(plain(), "p"), taken).tensors.keys() == {"w"}
    other = move("b", GivenGraph(plain(), "p"), {"w": WIDE + 1})
    assert other.tensors.keys() == {"b/w"}
    assert open_model(other.model, other.tensors).run(x())["y"].shape == (1, 5, 32)


def test_weights_that_an_old_exporter_lists_as_inputs_are_none() -> None:
    inputs = [("x", [1, "T", 16]), ("w", [16, 32]), ("b", [32])]
    model = plain(inputs=[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs])
    model.ir_version = 3
    moved = move("g", GivenGraph(model, "p"), {})
    assert [value.name for value in moved.model.graph.input] == ["x"]
    assert list(open_model(moved.model, moved.tensors).spec.inputs) == ["x"]


def test_graphs_that_draw_are_given_seeds_and_say_the_same_again(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("RandomNormalLike", ["h"], ["n"]),
        helper.make_node("Add", ["h", "n"], ["y"]),
    ]
    given = GivenGraph(graph_of(nodes, {"w": WIDE}), "p")
    moved = move("g", given, {})
    assert moved.draws
    fed = x()
    sessions = (open_model(moved.model, moved.tensors), open_model(moved.model, moved.tensors), original(given.model, tmp_path))
    one, two, theirs = (session.run(fed)["y"] for session in sessions)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_allclose(one, theirs, atol=1e-5)


def test_arithmetic_is_told_by_what_counts() -> None:
    quantized = graph_of(
        [
            helper.make_node("DequantizeLinear", ["w", "s"], ["f"]),
            helper.make_node("MatMul", ["x", "f"], ["y"]),
        ],
        {"w": (WIDE * 30).astype(np.int8), "s": np.float32(0.03)},
    )
    halves = graph_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": WIDE.astype(np.float16)})
    assert [precision_of(model) for model in (plain(), halves, quantized)] == ["fp32", "fp16", "int8"]


@pytest.mark.parametrize("kind", ["external", "nan", "unknown"])
def test_what_cannot_be_kept_is_named(kind: str, tmp_path: Path) -> None:
    model = plain()
    if kind == "external":
        model.graph.initializer[0].data_location = TensorProto.EXTERNAL
        message = "graph 'g': its weight 'w' lies in another file, which was not read"
    elif kind == "nan":
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(WIDE * np.nan, "w"))
        message = "graph 'g': its weight 'w' has a NaN"
    else:
        model.graph.node[0].op_type = "Conjure"
        message = "graph 'g' cannot be opened: .*Conjure"
    given = GivenGraph(model, "p")

    def keep() -> None:
        move("g", given, {})
        original(model, tmp_path)

    with pytest.raises(PortError, match=message):
        keep()
