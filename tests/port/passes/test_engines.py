import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import stack

from tingshuo.port.passes.engines import openvino, openvino_bf16
from tingshuo.port.passes.subject import NotApplicableError

pytestmark = pytest.mark.train


def test_the_graph_stays_and_the_engine_changes():
    made = openvino(stack())
    assert (made.engine, made.precision) == ("openvino", "fp32")
    assert openvino_bf16(stack()).precision == "bf16"


def test_operators_of_another_engine_are_refused():
    one = stack()
    one.model.graph.node[0].domain = "com.microsoft"
    with pytest.raises(NotApplicableError, match="ONNX Runtime"):
        openvino(one)
