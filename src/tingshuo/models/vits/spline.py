"""Monotonic curves of rational quadratic pieces, run backwards: from heights to places.

Outside [-`TAIL`, `TAIL`] the curve is the diagonal. Letters: B batch, N steps, K pieces.

Source: C. Durkan et al. 2019, "Neural Spline Flows", section 3 and appendix A; the least sizes are those of VITS.
"""

import math

import torch
from torch import Tensor, nn

TAIL = 5.0
LEAST_WIDTH = LEAST_HEIGHT = LEAST_SLOPE = 1e-3
_END = math.log(math.expm1(1 - LEAST_SLOPE))
"""What makes the slope at both ends 1, that of the diagonal."""


def inverse_spline(y: Tensor, widths: Tensor, heights: Tensor, slopes: Tensor) -> Tensor:
    """Return the places at which curves have given heights.

    Parameters
    ----------
    y : Tensor
        (B, N).
    widths, heights : Tensor
        (B, N, K), any numbers: shares of the pieces before the softmax.
    slopes : Tensor
        (B, N, K - 1), any numbers: slopes between pieces before the softplus.

    Returns
    -------
    Tensor
        (B, N).
    """
    lefts, breadths = _pieces(widths, LEAST_WIDTH)
    bottoms, rises = _pieces(heights, LEAST_HEIGHT)
    steepness = LEAST_SLOPE + nn.functional.softplus(nn.functional.pad(slopes, (1, 1), value=_END))
    inside = y.clamp(-TAIL, TAIL)
    # A piece begins at its lower edge; the first begins at the tail, the last ends there.
    piece = (inside[..., None] >= bottoms[..., 1:]).sum(-1, keepdim=True)

    def chosen(values: Tensor) -> Tensor:
        return values.gather(-1, piece)[..., 0]

    left, breadth, bottom, rise = map(chosen, (lefts, breadths, bottoms, rises))
    begin, end = chosen(steepness[..., :-1]), chosen(steepness[..., 1:])
    mean, up = rise / breadth, inside - bottom
    bend = begin + end - 2 * mean
    a, b, c = up * bend + rise * (mean - begin), rise * begin - up * bend, -mean * up
    # The root in the form that stays exact where a is next to nothing; rounding can push what lies under it below zero.
    root = 2 * c / (-b - torch.sqrt((b * b - 4 * a * c).clamp(min=0)))
    return torch.where(y.abs() <= TAIL, root * breadth + left, y)


def _pieces(shares: Tensor, least: float) -> tuple[Tensor, Tensor]:
    """Return where pieces begin and how large they are, (B, N, K) each; together they reach from tail to tail."""
    pieces = shares.shape[-1]
    sizes = least + (1 - least * pieces) * torch.softmax(shares, -1)
    ends = 2 * TAIL * torch.cumsum(sizes, -1)[..., :-1] - TAIL
    begins = nn.functional.pad(ends, (1, 0), value=-TAIL)
    return begins, nn.functional.pad(ends, (0, 1), value=TAIL) - begins
