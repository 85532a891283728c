import numpy as np
import pytest

pytest.importorskip("torch")

from onnx import helper
from tests.port.passes.graphs import difference, ops, subject

from tingshuo.port.passes.fold import apply
from tingshuo.port.passes.subject import NotApplicableError

pytestmark = pytest.mark.train


def make(domain: str = ""):
    nodes = [
        helper.make_node("Add", ["a", "a"], ["two"]),
        helper.make_node("Transpose", ["w"], ["turned"], perm=[1, 0]),
        helper.make_node("MatMul", ["x", "turned"], ["p"]),
        helper.make_node("Mul", ["p", "two"], ["y"], domain=domain),
    ]
    return subject(nodes, {"x": (1, 2)}, {"w": np.ones((3, 2), np.float32)}, {"a": np.float32(1)})


def test_constants_fold_and_tensors_stay_where_they_are():
    one = make()
    simple = apply(one)
    assert "Add" not in ops(simple)
    assert set(simple.named()) == {"w"}
    assert [value.name for value in simple.model.graph.input] == ["x"]
    assert difference(one, simple, {"x": np.ones((1, 2), np.float32)}) == 0


def test_a_graph_of_one_engine_is_left_alone():
    with pytest.raises(NotApplicableError, match="one engine"):
        apply(make("com.microsoft"))
