"""Wide convolutions over time with a third of the products, for training on a processor.

Six neighbouring outputs of a kernel of width r need 6 r products; polynomials say them with r + 5: windows of r + 5 inputs and
the kernel are taken to as many points, multiplied there feature by feature, and taken back. At width seven that leaves 12 of 42
products, forward and in both gradients. Float32 loses one and a half decimal digits by it (a mean error of 2e-5 against 7e-7 at
256 features), which is far below the noise of a batch; bfloat16 would lose everything, and graphs are exported with the plain
kernel.

Sources: Winograd 1980, "Arithmetic Complexity of Computations"; Lavin and Gray 2015, "Fast Algorithms for Convolutional Neural
Networks", https://arxiv.org/abs/1509.09308; the matrices are those of Toom and Cook, transposed.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

OUTPUTS = 6
"""Steps that are computed together. Four and five save fewer products and lose fewer digits: errors of 5e-6 and 1e-5."""
POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 1.5, -1.5, 3.0, -3.0)
"""Where polynomials are evaluated, those first that lose least; infinity is the last one."""
MAX_TAPS = len(POINTS) + 2 - OUTPUTS
"""Widest kernel."""


def convolve_tiles(x: Tensor, weight: Tensor, bias: Tensor, edge: int) -> Tensor:
    """Convolve over time with stride 1.

    Parameters
    ----------
    x : Tensor
        (B, N, D_in), float32, on the processor.
    weight : Tensor
        (D_out, D_in, r), r up to `MAX_TAPS`.
    bias : Tensor
        (D_out,).
    edge : int
        Zeros at either end.

    Returns
    -------
    Tensor
        (B, N + 2 edge - r + 1, D_out).
    """
    convolved: Tensor = _Tiles.apply(x, weight, edge)  # type: ignore[no-untyped-call]
    return convolved + bias


class _Tiles(torch.autograd.Function):
    """Letters: n points, B batch, T tiles of `OUTPUTS` steps, D and O features in and out, r taps."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, edge: int) -> Tensor:
        """Return the convolution without its bias."""
        batch, steps, features = x.shape
        taps = weight.shape[2]
        outputs, n = steps + 2 * edge - taps + 1, OUTPUTS + taps - 1
        tiles = -(-outputs // OUTPUTS)
        to_points, kernel_to_points, from_points = matrices(taps)
        windows = _windows(nn.functional.pad(x, (0, 0, edge, _blocks(n, tiles) * OUTPUTS - edge - steps)), n, tiles)
        inputs = (to_points @ windows.view(n, -1)).view(n, batch * tiles, features)
        kernels = (kernel_to_points @ weight.permute(2, 1, 0).reshape(taps, -1)).view(n, features, -1)
        products = torch.bmm(inputs, kernels)
        ctx.save_for_backward(inputs, kernels)
        ctx.edge, ctx.steps, ctx.taps, ctx.batch = edge, steps, taps, batch
        answer = (from_points @ products.view(n, -1)).view(OUTPUTS, batch, tiles, -1)
        return answer.permute(1, 2, 0, 3).reshape(batch, tiles * OUTPUTS, -1)[:, :outputs]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return the gradients of input and weights: every matrix of the way forward, transposed."""
        inputs, kernels = ctx.saved_tensors
        n, of_all, features = inputs.shape
        tiles = of_all // ctx.batch
        to_points, kernel_to_points, from_points = matrices(ctx.taps)
        padded = nn.functional.pad(gradient, (0, 0, 0, tiles * OUTPUTS - gradient.shape[1]))
        answers = padded.view(ctx.batch, tiles, OUTPUTS, -1).permute(2, 0, 1, 3).reshape(OUTPUTS, -1)
        products = (from_points.t() @ answers).view(n, of_all, -1)
        of_kernels = torch.bmm(inputs.transpose(1, 2), products)
        of_weight = (kernel_to_points.t() @ of_kernels.view(n, -1)).view(ctx.taps, features, -1).permute(2, 1, 0)
        of_inputs = torch.bmm(products, kernels.transpose(1, 2))
        of_windows = (to_points.t() @ of_inputs.view(n, -1)).view(n, ctx.batch, tiles, features)
        of_x = _overlap(of_windows)[:, ctx.edge : ctx.edge + ctx.steps]
        return of_x, of_weight, None


def _blocks(n: int, tiles: int) -> int:
    """How many blocks of `OUTPUTS` steps the windows of all tiles reach over."""
    return tiles - 1 + -(-n // OUTPUTS)


def _windows(x: Tensor, n: int, tiles: int) -> Tensor:
    """Cut (B, blocks * OUTPUTS, D) into windows of n steps that begin `OUTPUTS` apart: (n, B, T, D)."""
    batch, steps, features = x.shape
    blocks = x.view(batch, steps // OUTPUTS, OUTPUTS, features).permute(2, 0, 1, 3)
    parts = [blocks[: n - begin, :, begin // OUTPUTS :][:, :, :tiles] for begin in range(0, n, OUTPUTS)]
    return torch.cat(parts)


def _overlap(windows: Tensor) -> Tensor:
    """Add windows up where they overlap, the transpose of `_windows`: (n, B, T, D) to (B, blocks * OUTPUTS, D)."""
    n, batch, tiles, features = windows.shape
    blocks = windows.new_zeros(batch, _blocks(n, tiles), OUTPUTS, features)
    for begin in range(0, n, OUTPUTS):
        part = windows[begin : begin + OUTPUTS].permute(1, 2, 0, 3)
        blocks[:, begin // OUTPUTS :][:, :tiles, : part.shape[2]] += part
    return blocks.view(batch, -1, features)


@cache
def matrices(taps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return what takes windows (n, n) and a kernel (n, taps) to the points, and products back (`OUTPUTS`, n); n = taps + 5.

    Raises
    ------
    ValueError
        There are not enough points for so wide a kernel.
    """
    if taps > MAX_TAPS:
        raise ValueError(f"a kernel of {taps} taps is too wide, at most {MAX_TAPS}")
    n = OUTPUTS + taps - 1
    # A product of polynomials is their values at n points multiplied, then interpolated. Transposing that with regard to one of
    # the two gives sliding sums of products, which a convolution of a network is.
    values = [np.vander(POINTS[: n - 1], size, increasing=True) for size in (n, taps, OUTPUTS)]
    all_points, kernel, outputs = (np.vstack([rows, np.eye(rows.shape[1])[-1]]) for rows in values)
    to_points = np.linalg.inv(all_points).T
    size = np.abs(to_points).max(1, keepdims=True)  # no point shall weigh more than another in float32
    found = (to_points / size, kernel * size, outputs.T)
    return tuple(torch.from_numpy(np.ascontiguousarray(matrix, np.float32)) for matrix in found)  # type: ignore[return-value]
