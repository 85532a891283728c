import numpy as np
import pytest

pytest.importorskip("torch")

from onnx import helper, numpy_helper
from tests.port.passes.graphs import difference, frames, stack, subject

from tingshuo.port.passes.subject import embedded, is_external, outside

pytestmark = pytest.mark.train


def test_tensors_go_inside_and_come_out_under_their_names():
    one = stack()
    inside = embedded(one)
    assert not any(is_external(tensor) for tensor in inside.graph.initializer)
    back = outside(inside, one, ".new")
    assert set(back.named()) == set(one.named())
    assert difference(one, back, frames()) == 0


def test_half_precision_is_widened_inside_and_cast_outside():
    weight = np.ones((600, 2), np.float16)
    nodes = [helper.make_node("Cast", ["w"], ["w.float32"], to=1), helper.make_node("Gemm", ["x", "w.float32"], ["y"], transB=1)]
    one = subject(nodes, {"x": (1, 2)}, {"w": weight})
    inside = embedded(one)
    assert [node.op_type for node in inside.graph.node] == ["Gemm"]
    assert numpy_helper.to_array(inside.graph.initializer[0]).dtype == np.float32
    back = outside(inside, one, ".new")
    assert back.named()["w"].dtype == np.float16
    assert difference(one, back, {"x": np.ones((1, 2), np.float32)}) == 0


def test_what_is_new_has_a_name_of_its_own():
    one = stack()
    inside = embedded(one)
    large = next(tensor for tensor in inside.graph.initializer if tensor.name == "w0")
    large.CopyFrom(numpy_helper.from_array(np.zeros((4, 4, 3), np.float32), "w0"))
    made = outside(inside, one, ".new").named()
    assert "w0" not in made
    assert not made["w0.new"].any()
