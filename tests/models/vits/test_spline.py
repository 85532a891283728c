"""The curve against its definition run forwards: from places to heights, piece by piece."""

import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.vits.spline import LEAST_SLOPE, LEAST_WIDTH, TAIL, inverse_spline  # noqa: E402

pytestmark = pytest.mark.train
PIECES = 6


def height(x, widths, heights, slopes):
    """Of one curve at one place, by equation 4 of Durkan et al. 2019."""

    def edges(shares):
        sizes = LEAST_WIDTH + (1 - LEAST_WIDTH * PIECES) * torch.softmax(shares, 0)
        return [-TAIL, *(2 * TAIL * torch.cumsum(sizes, 0)[:-1] - TAIL).tolist(), TAIL]

    if abs(x) > TAIL:
        return x
    knots_x, knots_y = edges(widths), edges(heights)
    steep = [1.0, *(LEAST_SLOPE + torch.nn.functional.softplus(slopes)).tolist(), 1.0]
    k = max(index for index in range(PIECES) if x >= knots_x[index])
    run, rise = knots_x[k + 1] - knots_x[k], knots_y[k + 1] - knots_y[k]
    mean, t = rise / run, (x - knots_x[k]) / run
    over = rise * (mean * t * t + steep[k] * t * (1 - t))
    return knots_y[k] + over / (mean + (steep[k] + steep[k + 1] - 2 * mean) * t * (1 - t))


@torch.inference_mode()
def test_what_goes_forwards_comes_back():
    torch.manual_seed(0)
    places = torch.linspace(-6.5, 6.5, 53, dtype=torch.float64)
    widths, heights = torch.randn(53, PIECES, dtype=torch.float64), torch.randn(53, PIECES, dtype=torch.float64) * 2
    slopes = torch.randn(53, PIECES - 1, dtype=torch.float64) * 2
    curves = zip(places.tolist(), widths, heights, slopes, strict=True)
    ys = torch.tensor([height(*curve) for curve in curves], dtype=torch.float64)
    assert (ys - places).abs().max() > 1
    back = inverse_spline(ys[None], widths[None], heights[None], slopes[None])[0]
    assert torch.allclose(back, places, atol=1e-9)


@torch.inference_mode()
def test_the_ends_and_what_lies_beyond():
    y = torch.tensor([[-TAIL, TAIL, -5.01, 7.0]])
    curve = [torch.randn(1, 4, n) for n in (PIECES, PIECES, PIECES - 1)]
    assert torch.allclose(inverse_spline(y, *curve), y, atol=1e-5)
