import numpy as np
import pytest

pytest.importorskip("torch")

from onnx import helper
from tests.port.passes.graphs import ops, stack, subject

from tingshuo.port.passes.blocks import BLOCK, ZERO, apply, in_blocks
from tingshuo.port.passes.subject import NotApplicableError
from tingshuo.tasks.golden import error_db

pytestmark = pytest.mark.train


def layers(dim=100):
    rng = np.random.default_rng(0)
    weights = {"w0": rng.standard_normal((dim, dim), np.float32), "b0": rng.standard_normal(dim, np.float32),
               "w1": rng.standard_normal((dim, dim), np.float32)}  # fmt: skip
    nodes = [helper.make_node("Gemm", ["x", "w0", "b0"], ["h"], transB=1), helper.make_node("MatMul", ["h", "w1"], ["y"])]
    return subject(nodes, {"x": ("N", dim)}, weights)


def rows(n, dim=100):
    return {"x": np.random.default_rng(1).standard_normal((n, dim), np.float32)}


def test_linear_layers_keep_their_answers_with_a_quarter_of_the_bytes():
    small = apply(layers())
    assert ops(small) == ["MatMulNBits", "MatMulNBits"]
    assert small.precision == "int8"
    assert error_db(small.open().run(rows(5))["y"], layers().open().run(rows(5))["y"]) < -35
    held, before = (sum(tensor.nbytes for tensor in one.named().values()) for one in (small, layers()))
    assert held < before / 3


def test_a_row_is_answered_alike_alone_and_among_others():
    session = apply(layers()).open()
    whole = session.run(rows(7))["y"]
    alone = np.concatenate([session.run({"x": row[None]})["y"] for row in rows(7)["x"]])
    assert error_db(alone, whole) < -100


def test_an_unusual_weight_spoils_its_own_block_alone():
    weight = np.full((2 * BLOCK, 1), 0.01, np.float32)
    weight[0] = 10
    packed, scales = in_blocks(weight)
    restored = (packed.astype(np.float32) - ZERO) * scales.reshape(1, -1, 1)
    assert restored[0, 0, 0] == pytest.approx(10)
    np.testing.assert_allclose(restored[0, 1], 0.01, rtol=0.01)


def test_zeros_stay_zeros():
    packed, scales = in_blocks(np.zeros((BLOCK, 3), np.float32))
    assert np.isfinite(scales).all()
    assert (packed == ZERO).all()


def test_convolutions_and_small_layers_are_left_alone():
    with pytest.raises(NotApplicableError, match="no linear layer"):
        apply(stack())
    with pytest.raises(NotApplicableError, match="no linear layer"):
        apply(layers(16))
