"""KAN-TTS's HiFi-GAN generator.

It differs from the published one: every stage begins with x + sin x and adds two ways up, a transposed convolution and a
repetition with a convolution; residual blocks have four dilations; convolutions can be causal; and a source of sines can be
added at every stage. Weights are plain: the norm that training splits off is folded in before they come here.

Letters: B batch, F frames, T samples, H harmonics. Source: J. Kong, J. Kim and J. Bae 2020, "HiFi-GAN", and KAN-TTS (MIT).
"""

import torch
from torch import Tensor, nn

from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig

LAST_SLOPE = 0.01
"""Before the last convolution: torch's default, not the slope of the others."""


class Conv(nn.Conv1d):
    """A convolution that pads to keep the length, on both sides or, causal, on the left only.

    Parameters
    ----------
    dim_in, dim, kernel : int
        Channels and width.
    causal : bool
        Whether all of the padding lies before.
    stride, dilation : int
        Of the convolution.
    padding : int or None
        Zeros on either side where it is not causal; None keeps the length of a stride of 1.
    """

    def __init__(
        self, dim_in: int, dim: int, kernel: int, causal: bool, *, stride: int = 1, dilation: int = 1, padding: int | None = None
    ) -> None:
        reach = (kernel - 1) * dilation
        both = reach // 2 if padding is None else padding
        super().__init__(dim_in, dim, kernel, stride, 0 if causal else both, dilation)
        self.before = reach if causal else 0

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, dim_in, T)."""
        return super().forward(nn.functional.pad(x, (self.before, 0)) if self.before else x)


class Up(nn.ConvTranspose1d):
    """A transposed convolution whose result has exactly ``rate`` steps per step."""

    def __init__(self, dim_in: int, dim: int, kernel: int, rate: int, causal: bool) -> None:
        # Where kernel - rate is odd (11 and 5), one step too many is made; where it is causal, kernel - rate too many.
        super().__init__(dim_in, dim, kernel, rate, 0 if causal else (kernel - rate) // 2)
        self.rate = rate

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Transform (B, dim_in, T) into (B, dim, T * rate); ``output_size`` is not used."""
        return super().forward(x)[..., : x.shape[-1] * self.rate]


class ResBlock(nn.Module):
    """For each dilation a dilated and a plain convolution, added to their input."""

    def __init__(self, config: KanHiFiGanConfig, dim: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.slope = config.slope
        self.dilated = nn.ModuleList(Conv(dim, dim, kernel, config.causal, dilation=dilation) for dilation in dilations)
        self.plain = nn.ModuleList(Conv(dim, dim, kernel, config.causal) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, C, T)."""
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            y = dilated(nn.functional.leaky_relu(x, self.slope))
            x = x + plain(nn.functional.leaky_relu(y, self.slope))
        return x


class Stage(nn.Module):
    """One upsampling and the residual blocks after it."""

    def __init__(self, config: KanHiFiGanConfig, index: int) -> None:
        super().__init__()
        dim_in, dim = config.widths[index], config.widths[index + 1]
        self.slope, self.rate = config.slope, config.upsample_rates[index]
        self.up = Up(dim_in, dim, config.upsample_kernels[index], self.rate, config.causal)
        self.repeat = Conv(dim_in, dim, config.kernel, config.causal)
        kinds = zip(config.block_kernels, config.block_dilations, strict=True)
        self.blocks = nn.ModuleList(ResBlock(config, dim, *kind) for kind in kinds)
        self.source = _source_down(config, index, dim) if config.harmonics else None

    def forward(self, x: Tensor, excitation: Tensor | None) -> Tensor:
        """Transform (B, C, T) into (B, C / 2, T * rate); ``excitation`` (B, 1, samples) where there is a source."""
        x = nn.functional.leaky_relu(torch.sin(x) + x, self.slope)
        repeated = x[..., None].expand(-1, -1, -1, self.rate).flatten(2)
        x = self.up(x) + self.repeat(repeated)
        if self.source is not None:
            x = x + self.source(excitation)
        total = self.blocks[0](x)
        for block in self.blocks[1:]:
            total = total + block(x)
        y: Tensor = total / len(self.blocks)
        return y


def _source_down(config: KanHiFiGanConfig, index: int, dim: int) -> Conv:
    stride = config.source_strides[index]
    kernel = 2 * stride if stride > 1 else 1
    return Conv(1, dim, kernel, config.causal, stride=stride, padding=stride // 2)


class KanHiFiGan(nn.Module):
    """The vocoder.

    Parameters
    ----------
    config : KanHiFiGanConfig
        Sizes.
    """

    def __init__(self, config: KanHiFiGanConfig) -> None:
        super().__init__()
        self.config = config
        self.conv_pre = Conv(config.mels, config.channels, config.kernel, config.causal)
        self.stages = nn.ModuleList(Stage(config, index) for index in range(len(config.upsample_rates)))
        self.conv_post = Conv(config.widths[-1], 1, config.kernel, config.causal)
        self.source = nn.Conv1d(config.harmonics, 1, 1) if config.harmonics else None

    def excite(self, sines: Tensor) -> Tensor:
        """Join the sines of the source: (B, H, F, hop_length), of `tingshuo.tasks.sambert.source`, -> (B, 1, T)."""
        assert self.source is not None
        return torch.tanh(self.source(sines.flatten(2)))

    def forward(self, mel: Tensor, sines: Tensor | None = None) -> Tensor:
        """Return the samples of every frame.

        Parameters
        ----------
        mel : Tensor
            (B, mels, F), as the acoustic model gives it; values beyond 0..1 are not clipped.
        sines : Tensor or None
            (B, H, F, hop_length) where there is a source.

        Returns
        -------
        Tensor
            (B, F * hop_length), in [-1, 1].
        """
        excitation = None if sines is None else self.excite(sines)
        x = self.conv_pre(mel)
        for stage in self.stages:
            x = stage(x, excitation)
        wav: Tensor = torch.tanh(self.conv_post(nn.functional.leaky_relu(x, LAST_SLOPE)))
        return wav[:, 0]
