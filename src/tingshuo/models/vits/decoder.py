"""From latents to the wave: transposed convolutions and residual blocks.

Source: J. Kong, J. Kim and J. Bae 2020, "HiFi-GAN". Letters: B batch, C channels, N frames, T steps. Inside, everything is a
picture one row high (`tingshuo.models.layers.row_conv`).
"""

import torch
from torch import Tensor, nn

from tingshuo.models.layers.row_conv import RowConv, RowConvTranspose
from tingshuo.models.vits.config import EDGE_KERNEL, VitsConfig

SLOPE = 0.1
LAST_SLOPE = 0.01
"""Before the last convolution."""


class Block(nn.Module):
    """Dilated convolutions, each added to its input; in kind 1 a plain one follows each, before the sum."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...], kind: int) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(
            RowConv(channels, channels, kernel, dilation=dilation, padding=dilation * (kernel // 2)) for dilation in dilations
        )
        plain = dilations if kind == 1 else ()
        self.plain = nn.ModuleList(RowConv(channels, channels, kernel, padding=kernel // 2) for _ in plain)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, 1, T)."""
        for layer, dilated in enumerate(self.dilated):
            y = dilated(nn.functional.leaky_relu(x, SLOPE))
            if len(self.plain):
                y = self.plain[layer](nn.functional.leaky_relu(y, SLOPE))
            x = x + y
        return x


class Stage(nn.Module):
    """An upsampling and the mean of residual blocks.

    Parameters
    ----------
    config : VitsConfig
        Sizes.
    index : int
        Which of the upsamplings.
    """

    def __init__(self, config: VitsConfig, index: int) -> None:
        super().__init__()
        width, rate, kernel = config.channels >> (index + 1), config.upsample_rates[index], config.upsample_kernels[index]
        self.up = RowConvTranspose(2 * width, width, kernel, rate, padding=(kernel - rate) // 2)
        kinds = zip(config.block_kernels, config.block_dilations, strict=True)
        self.blocks = nn.ModuleList(Block(width, *kind, config.block_kind) for kind in kinds)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, 2 C, 1, T); returns (B, C, 1, rate * T)."""
        x = self.up(nn.functional.leaky_relu(x, SLOPE))
        total = self.blocks[0](x)
        for block in self.blocks[1:]:
            total = total + block(x)
        mean: Tensor = total / len(self.blocks)
        return mean


class Decoder(nn.Module):
    """The vocoder of a voice.

    Parameters
    ----------
    config : VitsConfig
        Sizes.
    """

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        self.first = RowConv(config.latent, config.channels, EDGE_KERNEL, padding=EDGE_KERNEL // 2)
        self.speaker = RowConv(config.speaker_dim, config.channels, 1) if config.speaker_dim else None
        self.stages = nn.ModuleList(Stage(config, index) for index in range(len(config.upsample_rates)))
        last = config.channels >> len(config.upsample_rates)
        self.last = RowConv(last, 1, EDGE_KERNEL, padding=EDGE_KERNEL // 2, bias=False)

    def forward(self, latent: Tensor, speaker: Tensor | None = None) -> Tensor:
        """Return the samples of every frame.

        Parameters
        ----------
        latent : Tensor
            (B, latent, N), of the flow.
        speaker : Tensor or None
            (B, speaker_dim); None where there is only one.

        Returns
        -------
        Tensor
            (B, N * hop_length), in [-1, 1].
        """
        x = self.first(latent[:, :, None])
        if self.speaker is not None and speaker is not None:
            x = x + self.speaker(speaker[:, :, None, None])  # after the convolution
        for stage in self.stages:
            x = stage(x)
        wav: Tensor = torch.tanh(self.last(nn.functional.leaky_relu(x, LAST_SLOPE)))
        return wav[:, 0, 0]
