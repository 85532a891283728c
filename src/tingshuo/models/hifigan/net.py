"""HiFi-GAN's generator: transposed convolutions from frames to samples, each followed by residual blocks of several reaches.

Parameter names are those of the published checkpoints (``conv_pre``, ``ups.0``, ``resblocks.0.convs1.0``, ``conv_post``).
Training reparametrises the weights by norm and direction (`add_weight_norm`); a bundle and a graph hold the plain ones
(`without_weight_norm`).

Letters: B batch, F frames, T samples. Source: J. Kong, J. Kim and J. Bae 2020, "HiFi-GAN: Generative adversarial networks for
efficient and high fidelity speech synthesis".
"""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from tingshuo.models.hifigan.config import HiFiGanConfig

SLOPE = 0.1
LAST_SLOPE = 0.01
"""Before the last convolution."""
EDGE_KERNEL = 7
"""Width of the first and the last convolution."""
INITIAL_STD = 0.01


def _same(channels: int, kernel: int, dilation: int) -> nn.Conv1d:
    return nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=dilation * (kernel // 2))


class ResBlock1(nn.Module):
    """For each dilation a dilated and a plain convolution, added to their input."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_same(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_same(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, T)."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            y = dilated(nn.functional.leaky_relu(x, SLOPE))
            x = x + plain(nn.functional.leaky_relu(y, SLOPE))
        return x


class ResBlock2(nn.Module):
    """For each dilation one convolution, added to its input."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_same(channels, kernel, dilation) for dilation in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, T)."""
        for conv in self.convs:
            x = x + conv(nn.functional.leaky_relu(x, SLOPE))
        return x


BLOCKS = {1: ResBlock1, 2: ResBlock2}


class HiFiGan(nn.Module):
    """The vocoder.

    Parameters
    ----------
    config : HiFiGanConfig
        Sizes.
    """

    def __init__(self, config: HiFiGanConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.channels >> stage for stage in range(len(config.upsample_rates) + 1)]
        self.conv_pre = nn.Conv1d(config.mels, widths[0], EDGE_KERNEL, padding=EDGE_KERNEL // 2)
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(widths[stage], widths[stage + 1], kernel, rate, padding=(kernel - rate) // 2)
            for stage, (rate, kernel) in enumerate(zip(config.upsample_rates, config.upsample_kernels, strict=True))
        )
        kinds = list(zip(config.block_kernels, config.block_dilations, strict=True))
        self.resblocks = nn.ModuleList(BLOCKS[config.block](width, *kind) for width in widths[1:] for kind in kinds)
        self.conv_post = nn.Conv1d(widths[-1], 1, EDGE_KERNEL, padding=EDGE_KERNEL // 2)
        for conv in (*self.ups, self.conv_post):
            nn.init.normal_(conv.weight, std=INITIAL_STD)

    def forward(self, mel: Tensor) -> Tensor:
        """Return the samples of every frame.

        Parameters
        ----------
        mel : Tensor
            (B, mels, F), natural logarithm of magnitude.

        Returns
        -------
        Tensor
            (B, F * hop_length), in [-1, 1]; the middle of frame k is half a hop after sample ``k * hop_length``.
        """
        x = self.conv_pre(mel)
        per_stage = len(self.config.block_kernels)
        for stage, up in enumerate(self.ups):
            x = up(nn.functional.leaky_relu(x, SLOPE))
            blocks = [self.resblocks[stage * per_stage + index] for index in range(per_stage)]
            total = blocks[0](x)
            for block in blocks[1:]:
                total = total + block(x)
            x = total / per_stage
        wav: Tensor = torch.tanh(self.conv_post(nn.functional.leaky_relu(x, LAST_SLOPE)))[:, 0]
        # A kernel that is an odd number wider than its rate makes a step too many at the end.
        return wav[:, : mel.shape[2] * self.config.hop_length] if self.config.is_uneven else wav

    def synthesize(self, mel: Tensor, f0: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        """Return the wave between the middles of the first and the last frame.

        Parameters
        ----------
        mel : Tensor
            As for `forward`.
        f0, noise : Tensor or None
            Not read: every vocoder is called alike, and this one needs the mel alone.

        Returns
        -------
        Tensor
            (B, (F - 1) * hop_length), in [-1, 1].
        """
        hop = self.config.hop_length
        wav: Tensor = self(mel)
        return wav[:, hop // 2 : hop // 2 + (mel.shape[2] - 1) * hop].float()


def convolutions(net: nn.Module) -> Iterator[nn.Module]:
    """Yield every convolution of a net."""
    return (module for module in net.modules() if isinstance(module, nn.Conv1d | nn.ConvTranspose1d))


def add_weight_norm(net: HiFiGan) -> HiFiGan:
    """Split every weight of a net into norm and direction, in place, without changing what it computes; returns the net."""
    for conv in convolutions(net):
        weight_norm(conv)
    return net


def without_weight_norm(net: HiFiGan) -> HiFiGan:
    """Return a copy with plain weights; a net that has them already is copied as it is."""
    plain = copy.deepcopy(net)
    for conv in convolutions(plain):
        if is_parametrized(conv):
            remove_parametrizations(conv, "weight")
    return plain
