import numpy as np
import pytest

pytest.importorskip("torch")

from onnx import helper, numpy_helper
from tests.port.passes.graphs import stack

from tingshuo.port.passes.constants import constants

pytestmark = pytest.mark.train


def test_constants_are_those_inside_and_those_that_nodes_make():
    graph = stack().model.graph
    graph.node.append(helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.array(7))))
    found = constants(graph)
    assert set(found) == {"pads", "c"}
    assert found["c"] == 7
