import numpy as np
import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import frames, stack

from tingshuo.port.passes.engines import openvino, openvino_bf16, openvino_int8
from tingshuo.port.passes.subject import NotApplicableError
from tingshuo.tasks.golden import error_db

pytestmark = pytest.mark.train


def test_the_graph_stays_and_the_engine_changes():
    made = openvino(stack())
    assert (made.engine, made.precision) == ("openvino", "fp32")
    assert openvino_bf16(stack()).precision == "bf16"
    made = openvino_int8(stack(calibration=[frames()]))
    assert (made.engine, made.precision) == ("openvino", "int8")


@pytest.mark.parametrize(("apply", "limit_db"), [(openvino, -90), (openvino_int8, -15)])
def test_it_computes_the_same(apply, limit_db):
    pytest.importorskip("openvino")
    one = stack(calibration=[frames(32, dim=8)], dim=8)
    for n in (24, 32):
        ours, expected = (graph.open().run(frames(n, dim=8))["y"] for graph in (apply(one), one))
        assert error_db(ours, expected) < limit_db
        assert not np.array_equal(ours, np.zeros_like(ours))


@pytest.mark.parametrize("apply", [openvino, openvino_bf16, openvino_int8])
def test_operators_of_another_engine_are_refused(apply):
    one = stack()
    one.model.graph.node[0].domain = "com.microsoft"
    with pytest.raises(NotApplicableError, match="ONNX Runtime"):
        apply(one)
