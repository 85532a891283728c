import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import helper  # noqa: E402

from tingshuo.port.rewrite import Emitter, GraphView, attribute, drop_unused, replace_nodes  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture
def graph():
    nodes = [
        helper.make_node("Neg", ["x"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[1, 0]),
        helper.make_node("Add", ["a", "b"], ["y"]),
        helper.make_node("Abs", ["x"], ["unused"]),
    ]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2, 2]) for name in "xy"]
    return helper.make_graph(nodes, "g", values[:1], values[1:])


def _ops(graph):
    return [node.op_type for node in graph.node]


def test_view_knows_makers_and_users(graph):
    view = GraphView(graph)
    assert view.maker("b", "Transpose").output[0] == "b"
    assert view.maker("b", "Neg") is None
    assert view.maker("x", "Neg") is None
    assert view.only_user("b", "Add").output[0] == "y"
    assert view.only_user("a", "Add") is None  # two users
    assert [node.op_type for node in view.users["a"]] == ["Transpose", "Add"]


def test_a_result_of_the_graph_has_more_users_than_its_nodes(graph):
    graph.output.append(helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, [2, 2]))
    assert GraphView(graph).only_user("b", "Add") is None


def test_new_nodes_stand_where_the_old_one_stood(graph):
    emit = Emitter(graph, "new")
    half = emit.add("Mul", ["a", emit.constant("half", np.float32(0.5))], "half_a")
    emit.add("Exp", [half], "exp", output="b")
    replace_nodes(graph, [graph.node[1]], {"b": emit.nodes})
    assert _ops(graph) == ["Neg", "Mul", "Exp", "Add", "Abs"]
    assert [tensor.name for tensor in graph.initializer] == ["new/half"]
    assert list(graph.node[1].input) == ["a", "new/half"]


def test_what_no_output_needs_is_dropped(graph):
    Emitter(graph, "left").constant("over", np.zeros(3, np.float32))
    drop_unused(graph)
    assert _ops(graph) == ["Neg", "Transpose", "Add"]
    assert not graph.initializer


def test_attributes_have_defaults(graph):
    assert attribute(graph.node[1], "perm", []) == [1, 0]
    assert attribute(graph.node[0], "perm", "none") == "none"
