import numpy as np
import pytest

pytest.importorskip("torch")

from tests.port.passes.graphs import frames, stack

from tingshuo.port.passes.half import apply
from tingshuo.port.passes.subject import NotApplicableError
from tingshuo.tasks.golden import error_db

pytestmark = pytest.mark.train


def test_tensors_take_half_the_room_and_arithmetic_stays_float32():
    one = stack()
    small = apply(one)
    assert {tensor.dtype for tensor in small.named().values()} == {np.dtype(np.float16)}
    assert small.precision == "fp32"
    error = error_db(small.open().run(frames())["y"], one.open().run(frames())["y"])
    assert -120 < error < -60
    with pytest.raises(NotApplicableError, match="already"):
        apply(small)


def test_what_half_precision_cannot_hold_is_named():
    one = stack()
    one.tensors["w1"][0] = 1e6
    with pytest.raises(NotApplicableError, match="w1"):
        apply(one)
