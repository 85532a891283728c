"""Convolutions in tiles compute what they computed, at every length, dilation and padding."""

import numpy as np
import pytest

pytest.importorskip("torch")

from onnx import helper
from tests.port.passes.graphs import ops, stack, subject

from tingshuo.port.passes import tiles
from tingshuo.port.passes.subject import NotApplicableError
from tingshuo.port.passes.tiles import apply
from tingshuo.port.passes.wide import apply as widen
from tingshuo.tasks.golden import error_db

pytestmark = pytest.mark.train
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setattr(tiles, "LEAST_CHANNELS", dict.fromkeys((3, 5, 7, 9, 11), 4))


def conv(width: int, dilation: int = 1, pads: tuple[int, int] = (0, 0), bias: bool = True, **attributes):
    tensors = {"w": RNG.standard_normal((6, 5, width), np.float32)} | ({"b": RNG.standard_normal(6, np.float32)} if bias else {})
    node = helper.make_node("Conv", ["x", *tensors], ["y"], dilations=[dilation], pads=pads, **attributes)
    return subject([node], {"x": (1, 5, "T")}, tensors)


@pytest.mark.parametrize("width", [3, 5, 7, 9, 11])
@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("causal", [False, True])
def test_every_length_gives_what_it_gave(width, dilation, causal):
    reach = (width - 1) * dilation
    one = conv(width, dilation, (reach, 0) if causal else (reach // 2, reach - reach // 2))
    fast = apply(one)
    assert "Conv" not in ops(fast)
    before, after = one.open(), fast.open()
    for length in (1, 5, 6, 7, 18, 19, 40, 101):
        x = {"x": RNG.standard_normal((1, 5, length), np.float32)}
        assert error_db(after.run(x)["y"], before.run(x)["y"]) < -85, length


def test_without_padding_or_bias_and_after_pictures():
    one = conv(7, 2, bias=False)
    for start in (one, widen(one)):
        x = {"x": RNG.standard_normal((1, 5, 50), np.float32)}
        assert error_db(apply(start).open().run(x)["y"], start.open().run(x)["y"]) < -85


@pytest.mark.parametrize("one", [conv(7, strides=[2]), conv(4), conv(13), stack(dim=3)])
def test_others_stay(one):
    with pytest.raises(NotApplicableError, match="no convolution over time with the width"):
        apply(one)
