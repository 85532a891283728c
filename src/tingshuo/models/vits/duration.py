"""How long each phoneme is: drawn by a flow that turns noise into durations, or plainly predicted.

Letters: B batch, C channels, N phonemes.

Source: J. Kim et al. 2021, "Conditional Variational Autoencoder with Adversarial Learning for End-to-End Text-to-Speech",
sections 2.2.2 and 2.5.2.
"""

import math

import torch
from torch import Tensor, nn

from tingshuo.models.layers.time_conv import convolve
from tingshuo.models.vits.config import VitsConfig
from tingshuo.models.vits.spline import inverse_spline


class DilatedLayers(nn.Module):
    """Per layer a convolution of every channel for itself and one of every phoneme for itself, added to their input.

    Parameters
    ----------
    config : VitsConfig
        Sizes.
    """

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        dim, kernel = config.duration_dim, config.duration_kernel
        layers = range(config.duration_layers)
        self.depthwise = nn.ModuleList(
            nn.Conv1d(dim, dim, kernel, groups=dim, dilation=kernel**layer, padding=kernel**layer * (kernel // 2))
            for layer in layers
        )
        self.pointwise = nn.ModuleList(nn.Conv1d(dim, dim, 1) for _ in layers)
        self.depthwise_norm = nn.ModuleList(nn.LayerNorm(dim) for _ in layers)
        self.pointwise_norm = nn.ModuleList(nn.LayerNorm(dim) for _ in layers)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, dim, N)."""
        parts = (self.depthwise, self.depthwise_norm, self.pointwise, self.pointwise_norm)
        for depthwise, depthwise_norm, pointwise, pointwise_norm in zip(*parts, strict=True):
            y = nn.functional.gelu(depthwise_norm(depthwise(x).transpose(1, 2))).transpose(1, 2)
            x = x + nn.functional.gelu(pointwise_norm(pointwise(y).transpose(1, 2))).transpose(1, 2)
        return x


class SplineCoupling(nn.Module):
    """One step of the flow: the first of two channels says by which curve the second is bent.

    Parameters
    ----------
    config : VitsConfig
        Sizes.
    """

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        self.bins = config.duration_bins
        self.scale = 1 / math.sqrt(config.duration_dim)
        self.enter = nn.Conv1d(1, config.duration_dim, 1)
        self.layers = DilatedLayers(config)
        self.leave = nn.Conv1d(config.duration_dim, 3 * self.bins - 1, 1)

    def forward(self, z: Tensor, given: Tensor) -> Tensor:
        """Undo the step: ``z`` (B, 2, N), ``given`` (B, dim, N)."""
        curve = self.leave(self.layers(self.enter(z[:, :1]) + given)).transpose(1, 2)
        # Of the curve's numbers the shares are scaled down, the slopes are not.
        widths, heights = curve[..., : self.bins] * self.scale, curve[..., self.bins : 2 * self.bins] * self.scale
        bent = inverse_spline(z[:, 1], widths, heights, curve[..., 2 * self.bins :])
        return torch.stack([z[:, 0], bent], 1)


class StochasticDurations(nn.Module):
    """Log durations from noise.

    Parameters
    ----------
    config : VitsConfig
        Sizes.
    """

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        self.enter = nn.Conv1d(config.dim, config.duration_dim, 1)
        self.speaker = nn.Conv1d(config.speaker_dim, config.duration_dim, 1) if config.speaker_dim else None
        self.layers = DilatedLayers(config)
        self.leave = nn.Conv1d(config.duration_dim, config.duration_dim, 1)
        # Trained is one step more: run backwards it would bend what nobody hears, so it is left out, the turn after it is not.
        self.couplings = nn.ModuleList(SplineCoupling(config) for _ in range(config.duration_steps))
        self.shift = nn.Parameter(torch.zeros(2, 1))
        self.log_scale = nn.Parameter(torch.zeros(2, 1))

    def forward(self, hidden: Tensor, noise: Tensor, speaker: Tensor | None = None) -> Tensor:
        """Draw durations.

        Parameters
        ----------
        hidden : Tensor
            (B, dim, N), of the encoder.
        noise : Tensor
            (B, 2, N), normal and scaled.
        speaker : Tensor or None
            (B, speaker_dim); None where there is only one.

        Returns
        -------
        Tensor
            (B, N), the natural logarithm of frames.
        """
        x = self.enter(hidden)
        if self.speaker is not None and speaker is not None:
            x = x + self.speaker(speaker[:, :, None])
        given = self.leave(self.layers(x))
        z = noise
        for coupling in reversed(self.couplings):
            z = coupling(z.flip(1), given)
        z = (z.flip(1) - self.shift) * torch.exp(-self.log_scale)
        return z[:, 0]


class PlainDurations(nn.Module):
    """Log durations by two convolutions.

    Parameters
    ----------
    config : VitsConfig
        Sizes.
    """

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        dim, kernel = config.duration_dim, config.duration_kernel
        self.speaker = nn.Conv1d(config.speaker_dim, config.dim, 1) if config.speaker_dim else None
        self.convs = nn.ModuleList(nn.Conv1d(inside, dim, kernel, padding=kernel // 2) for inside in (config.dim, dim))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.leave = nn.Conv1d(dim, 1, 1)

    def forward(self, hidden: Tensor, speaker: Tensor | None = None) -> Tensor:
        """Predict durations: as `StochasticDurations`, without noise."""
        x = hidden if self.speaker is None or speaker is None else hidden + self.speaker(speaker[:, :, None])
        x = x.transpose(1, 2)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = norm(torch.relu(convolve(conv, x)))
        out: Tensor = convolve(self.leave, x)[..., 0]
        return out
