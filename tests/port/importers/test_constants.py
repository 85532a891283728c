import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.constants import Constants, attribute  # noqa: E402

OPSETS = [helper.make_opsetid("", 15)]


def graph_of(nodes, **initializers):
    values = [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in initializers.items()]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])]
    return helper.make_graph(nodes, "g", given, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], values)


def test_what_is_made_of_initializers_alone_is_fixed():
    nodes = [
        helper.make_node("Exp", ["a"], ["e"]),
        helper.make_node("Mul", ["e", "b"], ["eb"]),
        helper.make_node("Add", ["x", "eb"], ["y"]),
        helper.make_node("RandomNormalLike", ["a"], ["drawn"]),
        helper.make_node("Neg", ["drawn"], ["after"]),
    ]
    constants = Constants(graph_of(nodes, a=[0, 1], b=[2, 3], c=[4]), OPSETS)
    assert [name for name in ("a", "e", "eb", "x", "y", "drawn", "after") if constants.has(name)] == ["a", "e", "eb"]
    assert constants.names() == ["a", "b", "c", "e", "eb"]
    assert constants.sources(["eb"]) == {"a", "b"}
    values = constants.values(["eb", "c"])
    np.testing.assert_allclose(values["eb"], [2, 3 * np.e], rtol=1e-6)
    assert values["c"].tolist() == [4]


def test_what_cannot_be_computed_is_said():
    constants = Constants(graph_of([helper.make_node("MatMul", ["a", "b"], ["ab"])], a=[[1, 2]], b=[[1, 2]]), OPSETS)
    with pytest.raises(PortError, match="its fixed values cannot be computed"):
        constants.values(["ab"])


def test_attributes_have_defaults():
    node = helper.make_node("Conv", ["x", "w"], ["y"], strides=[3])
    assert attribute(node, "strides", [1]) == [3]
    assert attribute(node, "dilations", [1]) == [1]
