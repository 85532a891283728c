import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import ops, stack

from tingshuo.port.passes.gemm import apply
from tingshuo.port.passes.subject import NotApplicableError, Subject
from tingshuo.port.verify import compare

pytestmark = pytest.mark.train


def test_linear_layers_of_an_exported_graph_become_gemm(exported, tensors, inputs):
    one = Subject("decoder", exported["decoder"], tensors)
    fast = apply(one)
    assert "MatMul" not in ops(fast)
    assert max(compare(fast.open(), inputs["decoder"], one.open().run(inputs["decoder"])).values()) < -110
    with pytest.raises(NotApplicableError):
        apply(fast)


def test_convolutions_that_change_the_number_of_frames_are_said():
    with pytest.raises(NotApplicableError, match="changes the number of frames"):
        apply(stack())
