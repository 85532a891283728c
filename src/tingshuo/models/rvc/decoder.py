"""From latents of a speaker to the wave: transposed convolutions, into each of which the source is fed.

Source: J. Kong, J. Kim and J. Bae 2020, "HiFi-GAN"; the source as in X. Wang et al. 2019 (`tingshuo.models.rvc.source`).
Letters: B batch, C channels, N frames, T steps. Inside, everything is a picture one row high (`tingshuo.models.layers.row_conv`).
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.row_conv import RowConv, RowConvTranspose
from tingshuo.models.rvc.config import RvcConfig

SLOPE = 0.1
LAST_SLOPE = 0.01
"""Before the last convolution."""
EDGE_KERNEL = 7
"""Width of the first and the last convolution."""


class Block(nn.Module):
    """For each dilation a dilated and a plain convolution, added to their input."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(
            RowConv(channels, channels, kernel, dilation=dilation, padding=dilation * (kernel // 2)) for dilation in dilations
        )
        self.plain = nn.ModuleList(RowConv(channels, channels, kernel, padding=kernel // 2) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, 1, T)."""
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            y = dilated(nn.functional.leaky_relu(x, SLOPE))
            x = x + plain(nn.functional.leaky_relu(y, SLOPE))
        return x


class Stage(nn.Module):
    """An upsampling, the source at its rate, and the residual blocks.

    Parameters
    ----------
    config : RvcConfig
        Sizes.
    index : int
        Which of the upsamplings.
    """

    def __init__(self, config: RvcConfig, index: int) -> None:
        super().__init__()
        width, rate, kernel = config.channels >> (index + 1), config.upsample_rates[index], config.upsample_kernels[index]
        self.up = RowConvTranspose(2 * width, width, kernel, rate, padding=(kernel - rate) // 2)
        stride = config.source_strides[index]
        taps = 1 if stride == 1 else 2 * stride
        self.source = RowConv(1, width, taps, stride, padding=(taps - stride) // 2) if config.pitched else None
        kinds = zip(config.block_kernels, config.block_dilations, strict=True)
        self.blocks = nn.ModuleList(Block(width, *kind) for kind in kinds)

    def forward(self, x: Tensor, excitation: Tensor | None) -> Tensor:
        """Transform ``x`` (B, 2 C, 1, T) with the excitation (B, 1, 1, samples); returns (B, C, 1, rate * T)."""
        x = self.up(nn.functional.leaky_relu(x, SLOPE))
        if self.source is not None:
            x = x + self.source(excitation)
        total = self.blocks[0](x)
        for block in self.blocks[1:]:
            total = total + block(x)
        mean: Tensor = total / len(self.blocks)
        return mean


class Decoder(nn.Module):
    """The vocoder of a voice.

    Parameters
    ----------
    config : RvcConfig
        Sizes.
    """

    def __init__(self, config: RvcConfig) -> None:
        super().__init__()
        self.first = RowConv(config.latent, config.channels, EDGE_KERNEL, padding=EDGE_KERNEL // 2)
        self.speaker = RowConv(config.speaker_dim, config.channels, 1)
        self.stages = nn.ModuleList(Stage(config, index) for index in range(len(config.upsample_rates)))
        last = config.channels >> len(config.upsample_rates)
        self.last = RowConv(last, 1, EDGE_KERNEL, padding=EDGE_KERNEL // 2, bias=False)

    def forward(self, latent: Tensor, speaker: Tensor, excitation: Tensor | None = None) -> Tensor:
        """Return the samples of every frame.

        Parameters
        ----------
        latent : Tensor
            (B, latent, N), of the flow.
        speaker : Tensor
            (B, speaker_dim).
        excitation : Tensor or None
            (B, N, hop_length), of the source; None where the voice is not told the pitch.

        Returns
        -------
        Tensor
            (B, N * hop_length), in [-1, 1].
        """
        x = self.first(latent[:, :, None]) + self.speaker(speaker[:, :, None, None])  # the speaker after the convolution
        if excitation is not None:
            excitation = excitation.flatten(1)[:, None, None]
        for stage in self.stages:
            x = stage(x, excitation)
        wav: Tensor = torch.tanh(self.last(nn.functional.leaky_relu(x, LAST_SLOPE)))
        return wav[:, 0, 0]
