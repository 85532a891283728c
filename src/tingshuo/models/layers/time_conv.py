"""Convolutions over time of vectors that lie one after the other, (B, N, D), as all layers around them like it.

A graph is exported with the plain one-dimensional convolution. Training is dearer: there it is computed as a picture one row high
whose channels lie last in memory, which needs no transposed copies and leaves gradients in the order in which the layers around
read them; mixed orders make an elementwise product ten times slower. The bias of a depthwise convolution is added outside, as its
gradient inside costs more than that of the weights. A narrow kernel is a product with windows, which is twice as fast for few,
wide vectors; a wide one would copy too much, and is computed in tiles (`tingshuo.models.layers.winograd`) in float32.
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.winograd import MAX_TAPS, convolve_tiles

NARROW = 3
"""Steps of a kernel up to which windows are copied."""
WIDE = 128
"""Features from which the products of a wide kernel outweigh the ways to the points of its tiles and back."""


def convolve(conv: nn.Module, x: Tensor) -> Tensor:
    """Apply a convolution of stride 1 over time: ``x`` (B, N, D_in); returns (B, N, D_out)."""
    assert isinstance(conv, nn.Conv1d)
    if torch.compiler.is_exporting() or not torch.is_grad_enabled() or isinstance(conv.padding, str):
        plain: Tensor = conv(x.transpose(1, 2))
        return plain.transpose(1, 2)
    if conv.groups == 1 and conv.kernel_size[0] <= NARROW:
        return _product(conv, x, conv.padding[0])
    if _in_tiles(conv, x) and conv.bias is not None:
        return convolve_tiles(x, conv.weight, conv.bias, conv.padding[0])
    inside = conv.bias if conv.groups == 1 else None
    picture = x.transpose(1, 2)[:, :, None]
    y = nn.functional.conv2d(picture, conv.weight[:, :, None], inside, padding=(0, conv.padding[0]), groups=conv.groups)
    y = y[:, :, 0].transpose(1, 2)
    return y if inside is not None or conv.bias is None else y + conv.bias


def _in_tiles(conv: nn.Conv1d, x: Tensor) -> bool:
    exact = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    wide = conv.groups == 1 and min(conv.in_channels, conv.out_channels) >= WIDE and conv.kernel_size[0] <= MAX_TAPS
    return exact and wide and conv.dilation[0] == 1


def _product(conv: nn.Conv1d, x: Tensor, edge: int) -> Tensor:
    """Multiply the windows of a convolution, one after the other, with its weights."""
    padded = nn.functional.pad(x, (0, 0, edge, edge))
    taps = conv.kernel_size[0]
    windows = torch.cat([padded[:, tap : padded.shape[1] - taps + 1 + tap] for tap in range(taps)], 2)
    return nn.functional.linear(windows, conv.weight.transpose(1, 2).flatten(1), conv.bias)
