import numpy as np
import pytest

pytest.importorskip("torch")

from onnx import helper
from tests.port.passes.graphs import frames, ops, stack, subject

from tingshuo.port.passes.dynamic import convolutions, products
from tingshuo.port.passes.subject import NotApplicableError
from tingshuo.tasks.golden import error_db

pytestmark = pytest.mark.train


def test_products_alone():
    weight = np.random.default_rng(0).standard_normal((8, 8), np.float32)
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1)
    one = subject([node], {"x": (1, 8)}, {"w": weight, "b": np.ones(8, np.float32)})
    small = products(one)
    assert "MatMulInteger" in ops(small)
    x = {"x": np.linspace(-1, 1, 8, dtype=np.float32)[None]}
    assert error_db(small.open().run(x)["y"], one.open().run(x)["y"]) < -30
    with pytest.raises(NotApplicableError, match="no convolution"):
        convolutions(one)


def test_convolutions_alone():
    small = convolutions(stack())
    assert "ConvInteger" in ops(small)
    assert error_db(small.open().run(frames())["y"], stack().open().run(frames())["y"]) < -25
    with pytest.raises(NotApplicableError, match="no matrix product"):
        products(stack())
