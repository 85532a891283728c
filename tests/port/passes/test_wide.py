import numpy as np
import pytest

pytest.importorskip("torch")

from onnx import helper
from tests.port.passes.graphs import difference, frames, ops, stack, subject

from tingshuo.port.passes.subject import NotApplicableError
from tingshuo.port.passes.wide import apply, pads_inside, weight_shapes

pytestmark = pytest.mark.train


def test_a_stack_goes_wide_with_one_way_in_and_one_out_and_computes_the_same():
    one = stack()
    wide = apply(one)
    assert "Pad" not in ops(wide)
    assert ops(wide).count("Squeeze") == 0 or ops(wide)[-1] == "Squeeze"
    assert all(len(shape) == 4 for shape in weight_shapes(wide.model.graph).values())
    made = wide.open().run(frames())["y"]
    assert np.allclose(made.reshape(1, 4, -1), one.open().run(frames())["y"], atol=1e-5)


def test_what_is_flat_meets_what_is_wide():
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1]),
        helper.make_node("Softmax", ["x"], ["s"], axis=1),
        helper.make_node("Add", ["c", "s"], ["sum"]),
        helper.make_node("ReduceMean", ["sum"], ["y"], keepdims=1),
    ]
    one = subject(nodes, {"x": (1, 4, "T")}, {"w": np.ones((4, 4, 3), np.float32)})
    assert difference(one, apply(one), frames()) < 1e-5


def test_zeros_that_are_no_zeros_stay_outside():
    one = stack()
    one.model.graph.node[0].input.append("filling")
    one.model.graph.initializer.append(__import__("onnx").numpy_helper.from_array(np.float32(1), "filling"))
    assert pads_inside(one.model.graph) == 0


def test_it_is_said_where_there_is_nothing_to_do():
    with pytest.raises(NotApplicableError, match="already"):
        apply(apply(stack()))
    with pytest.raises(NotApplicableError, match="no convolution"):
        apply(subject([helper.make_node("Tanh", ["x"], ["y"])], {"x": (1, 2)}, {}))
