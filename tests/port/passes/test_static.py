import numpy as np
import pytest

pytest.importorskip("torch")

from onnx import helper
from tests.port.passes.graphs import frames, ops, stack, subject

from tingshuo.port.passes.static import everything, gemms_apart, heavy
from tingshuo.port.passes.subject import NotApplicableError, embedded
from tingshuo.tasks.golden import error_db

pytestmark = pytest.mark.train


@pytest.mark.parametrize(("quantise", "limit"), [(heavy, -25), (everything, -18)])
def test_int8_is_near_and_the_ends_stay_float32(quantise, limit):
    one = stack(n=4, calibration=[frames()])
    small = quantise(one)
    assert small.precision == "int8"
    made, wanted = small.open().run(frames())["y"], one.open().run(frames())["y"]
    assert error_db(made, wanted) < limit
    assert not np.array_equal(made, wanted)
    whole = {node.input[1] for node in small.model.graph.node if node.op_type == "Conv"}
    assert {"w0", "w3"} <= whole
    assert not {"w1", "w2"} & whole
    assert "QuantizeLinear" in ops(small)


def test_products_with_several_matrices_at_once_stay_as_they_are():
    rng = np.random.default_rng(0)
    weights = {f"w{k}": rng.standard_normal((2, 8, 8) if k == 1 else (8, 8), np.float32) for k in range(4)}
    nodes = [helper.make_node("MatMul", [f"x{k}" if k else "x", f"w{k}"], [f"x{k + 1}" if k < 3 else "y"]) for k in range(4)]
    x = {"x": rng.standard_normal((2, 5, 8), np.float32)}
    one = subject(nodes, {"x": (2, "N", 8)}, weights, calibration=[x])
    small = heavy(one)
    assert {node.input[1] for node in small.model.graph.node if node.op_type == "MatMul"} >= {"w0", "w1", "w3"}
    assert error_db(small.open().run(x)["y"], one.open().run(x)["y"]) < -25


def test_too_few_layers_or_no_sentences():
    with pytest.raises(NotApplicableError, match="no sentences"):
        heavy(stack())
    with pytest.raises(NotApplicableError, match=r"its layers with weights \(2\)"):
        heavy(stack(n=2, calibration=[frames()]))


@pytest.mark.parametrize("turned", [0, 1])
def test_a_gemm_comes_apart(turned):
    weight = np.arange(6, dtype=np.float32).reshape(3, 2)
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=turned)
    one = subject([node], {"x": (1, 2)}, {"w": weight if turned else weight.T.copy(), "b": np.ones(3, np.float32)})
    model = embedded(one)
    gemms_apart(model.graph)
    assert [node.op_type for node in model.graph.node] == ["MatMul", "Add"]
    x = {"x": np.array([[1, 2]], np.float32)}
    apart = one.changed(model)
    assert np.array_equal(apart.open().run(x)["y"], one.open().run(x)["y"])
