import numpy as np
import pytest

pytest.importorskip("torch")

from onnx import helper
from tests.port.passes.graphs import difference, frames, ops, stack, subject

from tingshuo.port.passes.repeats import apply
from tingshuo.port.passes.subject import NotApplicableError

pytestmark = pytest.mark.train


def repeated(shape: list[int]):
    nodes = [helper.make_node("Unsqueeze", ["x", "axis"], ["u"]), helper.make_node("Expand", ["u", "shape"], ["y"])]
    return subject(nodes, {"x": (1, 4, "T")}, {}, {"axis": np.array([3]), "shape": np.array(shape)})


def test_repetition_becomes_a_product_and_is_exact():
    one = repeated([1, 1, 1, 5])
    fast = apply(one)
    assert "Expand" not in ops(fast)
    assert difference(one, fast, frames()) == 0


@pytest.mark.parametrize("one", [repeated([2, 1, 1, 5]), stack()])
def test_other_expansions_stay(one):
    with pytest.raises(NotApplicableError):
        apply(one)
