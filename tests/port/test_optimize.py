import pytest

torch = pytest.importorskip("torch")

from tingshuo.port.optimize import optimize  # noqa: E402
from tingshuo.port.verify import compare, open_model  # noqa: E402

pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", ["encoder", "pitch", "decoder", "vocoder"])
def test_nothing_changes_but_speed(name, exported, tensors, inputs):
    expected = open_model(exported[name], tensors).run(inputs[name])
    errors = compare(open_model(optimize(exported[name]), tensors), inputs[name], expected)
    assert max(errors.values()) < -110


def test_linear_layers_become_gemm_and_depthwise_goes_wide(exported):
    before = exported["decoder"].SerializeToString()
    fast = optimize(exported["decoder"])
    ops = [node.op_type for node in fast.graph.node]
    assert ops.count("Gemm") == 4  # in, expand, project, mel
    assert "MatMul" not in ops
    wide = next(node for node in fast.graph.node if node.op_type == "Conv" and "depthwise" in node.input[2])
    assert next(list(item.ints) for item in wide.attribute if item.name == "pads") == [0, 3, 0, 3]
    assert exported["decoder"].SerializeToString() == before
