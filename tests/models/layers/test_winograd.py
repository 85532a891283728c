"""Convolutions in tiles equal the plain ones, forward and in every gradient."""

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from tingshuo.models.layers.time_conv import convolve  # noqa: E402
from tingshuo.models.layers.winograd import MAX_TAPS, convolve_tiles, matrices  # noqa: E402

pytestmark = pytest.mark.train


def plain(x: Tensor, weight: Tensor, bias: Tensor, edge: int) -> Tensor:
    return nn.functional.conv1d(x.transpose(1, 2), weight, bias, padding=edge).transpose(1, 2)


@pytest.mark.parametrize("taps", [1, 2, 4, 5, 7])
@pytest.mark.parametrize("steps", [1, 3, 4, 5, 22, 31])
def test_outputs_and_gradients_are_those_of_the_plain_convolution(taps: int, steps: int) -> None:
    torch.manual_seed(taps * 100 + steps)
    edge = taps // 2
    inputs = torch.randn(3, steps, 8), torch.randn(6, 8, taps), torch.randn(6)
    ours = [tensor.clone().requires_grad_() for tensor in inputs]
    exact = [tensor.double().requires_grad_() for tensor in inputs]
    answer, expected = convolve_tiles(*ours, edge), plain(*exact, edge)
    assert answer.shape == expected.shape
    torch.testing.assert_close(answer.double(), expected, rtol=0, atol=2e-3)
    slope = torch.randn_like(answer)
    answer.backward(slope)
    expected.backward(slope.double())
    for one, other in zip(ours, exact, strict=True):
        assert one.grad is not None
        assert other.grad is not None
        torch.testing.assert_close(one.grad.double(), other.grad, rtol=0, atol=4e-3)


def test_width_seven_loses_less_than_two_digits() -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(1, 200, 64), torch.randn(64, 64, 7), torch.zeros(64)
    exact = plain(x.double(), weight.double(), bias.double(), 3)
    error = (convolve_tiles(x, weight, bias, 3).double() - exact).abs().mean() / exact.abs().mean()
    assert error < 5e-5


def test_a_kernel_that_is_too_wide_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at most {MAX_TAPS}"):
        matrices(MAX_TAPS + 1)


def test_a_wide_layer_trains_in_tiles_but_never_in_bfloat16() -> None:
    torch.manual_seed(0)
    conv, x = nn.Conv1d(128, 128, 7, padding=3), torch.randn(1, 16, 128, requires_grad=True)
    tiled = convolve_tiles(x, conv.weight, conv.bias, 3)
    assert torch.equal(convolve(conv, x), tiled)
    with torch.autocast("cpu", torch.bfloat16):
        coarse = convolve(conv, x)
    assert coarse.dtype == torch.bfloat16
    assert (coarse.float() - tiled).abs().max() < 0.05
