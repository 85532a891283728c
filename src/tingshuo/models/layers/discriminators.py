"""Critics of waves: by period and by resolution, their losses, and feature matching.

Each critic tells recordings from made waves. Hinge loss: scores of recordings should exceed 1, those of made waves fall below
-1; an idle critic stays at a loss of 2. Three things keep them from idling: weights start so that the variance of a signal
survives every layer, waves come scaled to a level of about one, and magnitudes are raised to the power 0.3, so that weak high
bands weigh too.

Most of a vocoder's training is spent here, so the order of axes is chosen for speed: the axis that is long or not strided comes
last, channels lie last in memory, and no operation mixes two orders, which costs ten times the time. The weights keep the order
of the papers, so checkpoints know one order only.

Letters: B batch, T samples, K bins, F frames, P period, H rows of a folded wave. Sources: periods from J. Kong, J. Kim and
J. Bae 2020, "HiFi-GAN"; several resolutions from W. Jang et al. 2021, "UnivNet"; complex input cut into bands from R. Kumar et
al. 2023, "High-fidelity audio compression with improved RVQGAN".
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

SLOPE = 0.1
PERIODS = (2, 3, 5, 7, 11)
PERIOD_CHANNELS = (16, 64, 128, 256, 256)
PERIOD_SCALE = 5.0
"""Speech at its usual level then has a variance of about one."""
RESOLUTIONS = (2048, 1024, 512)
RESOLUTION_CHANNELS = 16
BANDS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
"""Borders of the bands, as shares of the bins; each has convolutions of its own."""
PEAK = 0.8
COMPRESSION = 0.3
QUIET = 1e-6
"""Added to squared magnitudes before compression."""
BARELY = 1e-12
"""Distance up to which the smooth L1 distance is rounded: less than float32 resolves."""
EDGE_SAMPLES = 1024
"""At either end of a segment, whose frames lack their neighbours: samples and frame centres there are not looked at."""


class Judgement(NamedTuple):
    """What a critic says: ``scores`` (B, N), and the ``features`` of its layers."""

    scores: Tensor
    features: list[Tensor]


def _conv(n_in: int, n_out: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1)) -> nn.Module:
    """Return a convolution, reparametrised by norm and direction, that keeps the variance of its input."""
    layer = nn.Conv2d(n_in, n_out, kernel, stride, padding=(kernel[0] // 2, kernel[1] // 2))
    nn.init.kaiming_normal_(layer.weight, a=SLOPE)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    normed: nn.Module = weight_norm(layer)
    return normed


def _activated(x: Tensor) -> Tensor:
    """Apply the activation in place: a convolution does not need what it made for its own gradient."""
    return nn.functional.leaky_relu(x, SLOPE, inplace=True)


def _turned(conv: nn.Module, x: Tensor) -> Tensor:
    """Apply a convolution to pictures whose last two axes are in the other order than in its weights."""
    assert isinstance(conv, nn.Conv2d)
    stride, padding = conv.stride, conv.padding
    assert not isinstance(padding, str)
    turned = (stride[1], stride[0]), (padding[1], padding[0])
    return nn.functional.conv2d(x, conv.weight.transpose(2, 3), conv.bias, *turned)


def _first(conv: nn.Module, x: Tensor) -> Tensor:
    """Apply a convolution of one channel (5, 1), stride (3, 1) as a product of windows, in an eighth of the time.

    ``x`` is (B, P, H); the result (B, C, P, H / 3) has its channels last in memory.
    """
    weight, bias = conv.weight, conv.bias
    assert isinstance(weight, Tensor)
    assert isinstance(bias, Tensor)
    taps, stride = weight.shape[2], 3
    half, size = taps // 2, -(-x.shape[2] // stride)
    # A window is one triple of samples and the beginning of the next.
    triples = nn.functional.pad(x, (half, (size + 1) * stride - half - x.shape[2])).contiguous()
    triples = triples.view(*x.shape[:2], size + 1, stride)
    windows = torch.cat([triples[:, :, :-1], triples[:, :, 1:, : taps - stride]], 3)
    return nn.functional.linear(windows, weight.flatten(1), bias).permute(0, 3, 1, 2)


class PeriodCritic(nn.Module):
    """Folds a wave into rows of P samples and looks down the columns.

    Parameters
    ----------
    period : int
        Samples of a row.
    channels : sequence of int
        After each convolution; all but the last shorten the columns three times.
    """

    def __init__(self, period: int, channels: Sequence[int] = PERIOD_CHANNELS) -> None:
        super().__init__()
        self.period = period
        last = len(channels) - 1
        self.convs = nn.ModuleList(
            _conv(a, b, (5, 1), (1 if index == last else 3, 1)) for index, (a, b) in enumerate(pairwise((1, *channels)))
        )
        self.out = _conv(channels[-1], 1, (3, 1))

    def forward(self, wav: Tensor) -> Judgement:
        """Judge waves (B, T)."""
        x = PERIOD_SCALE * wav
        missing = -wav.shape[1] % self.period
        if missing:
            x = nn.functional.pad(x[:, None], (0, missing), "reflect")[:, 0]
        x = x.reshape(len(x), -1, self.period).transpose(1, 2)
        features = []
        for index, conv in enumerate(self.convs):
            x = _activated(_turned(conv, x) if index else _first(conv, x))
            features.append(x)
        return Judgement(_turned(self.out, x).flatten(1), features)


class ResolutionCritic(nn.Module):
    """Looks at a complex spectrogram, band by band.

    Parameters
    ----------
    n_fft : int
        FFT size; the hop is a quarter of it.
    channels : int
        Of every convolution.
    """

    def __init__(self, n_fft: int, channels: int = RESOLUTION_CHANNELS) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.bands = nn.ModuleList(
            nn.ModuleList(
                [
                    _conv(2, channels, (3, 9)),
                    *(_conv(channels, channels, (3, 9), (1, 2)) for _ in range(3)),
                    _conv(channels, channels, (3, 3)),
                ]
            )
            for _ in BANDS[1:]
        )
        self.out = _conv(channels, 1, (3, 3))

    def forward(self, spectra: Tensor, scale: Tensor) -> Judgement:
        """Judge waves by their transforms ``spectra`` (B, K, F) of `n_fft`, times ``scale`` (B,)."""
        picture = _compressed(spectra, scale)
        bins = picture.shape[2]
        outputs, features = [], []
        for (low, high), convs in zip(pairwise(BANDS), self.bands, strict=True):
            x = picture[:, :, int(low * bins) : int(high * bins)].contiguous(memory_format=torch.channels_last)
            assert isinstance(convs, nn.ModuleList)
            for conv in convs:
                x = _activated(_turned(conv, x))
                features.append(x)
            outputs.append(x)
        return Judgement(_turned(self.out, torch.cat(outputs, 2)).flatten(1), features)


def _compressed(spectra: Tensor, scale: Tensor) -> Tensor:
    """Return real and imaginary parts (B, 2, K, F), magnitudes to the power 0.3, in float32."""
    with torch.autocast(spectra.device.type, enabled=False):
        parts = torch.view_as_real(spectra) * scale[:, None, None, None]
        energy = parts.square().sum(3, keepdim=True) + QUIET
        return (parts * energy ** ((COMPRESSION - 1) / 2)).permute(0, 3, 1, 2)


class Critics(nn.Module):
    """Critics of several periods and resolutions.

    Parameters
    ----------
    periods, resolutions : sequence of int
        One critic for each.
    period_channels : sequence of int
        See `PeriodCritic`.
    resolution_channels : int
        See `ResolutionCritic`.
    """

    def __init__(
        self,
        periods: Sequence[int] = PERIODS,
        resolutions: Sequence[int] = RESOLUTIONS,
        period_channels: Sequence[int] = PERIOD_CHANNELS,
        resolution_channels: int = RESOLUTION_CHANNELS,
    ) -> None:
        super().__init__()
        self.periods = nn.ModuleList(PeriodCritic(period, period_channels) for period in periods)
        self.resolutions = nn.ModuleList(ResolutionCritic(n_fft, resolution_channels) for n_fft in resolutions)

    def forward(self, wav: Tensor, spectra: Mapping[int, Tensor], chosen: Sequence[nn.Module] | None = None) -> list[Judgement]:
        """Judge waves.

        Parameters
        ----------
        wav : Tensor
            (B, T), more than 2 * 1024 samples.
        spectra : Mapping[int, Tensor]
            Its transforms by FFT size, (B, K, F), hop a quarter of the size, from `tingshuo.models.layers.spectral.spectra_of`.
        chosen : sequence of nn.Module or None
            The critics that are asked; None is all.
        """
        inner = wav[:, EDGE_SAMPLES:-EDGE_SAMPLES]
        scale = PEAK / (inner.detach().abs().amax(1) + 1e-9)
        judgements = []
        for critic in self.all if chosen is None else chosen:
            if isinstance(critic, ResolutionCritic):
                edge = 4 * EDGE_SAMPLES // critic.n_fft
                judgements.append(critic(spectra[critic.n_fft][:, :, edge:-edge], scale))
            else:
                judgements.append(critic(inner))
        return judgements

    @property
    def all(self) -> list[nn.Module]:
        """Every critic."""
        return [*self.periods, *self.resolutions]

    def choose(self, rng: np.random.Generator, periods: int, resolutions: int) -> list[nn.Module]:
        """Return a random subset of so many critics of each kind; at most all of them."""
        parts = ((self.periods, periods), (self.resolutions, resolutions))
        return [part[int(index)] for part, count in parts for index in rng.permutation(len(part))[:count]]


def critic_loss(real: Sequence[Judgement], fake: Sequence[Judgement]) -> Tensor:
    """Return the hinge loss of critics, 0 to about 2, 2 when they know nothing; the mean over critics."""
    parts = [
        torch.relu(1 - ours.scores.float()).mean() + torch.relu(1 + theirs.scores.float()).mean()
        for ours, theirs in zip(real, fake, strict=True)
    ]
    return torch.stack(parts).mean()


def adversarial_loss(fake: Sequence[Judgement]) -> Tensor:
    """Return what a generator is told: the mean hinge of the scores of its waves."""
    return torch.stack([torch.relu(1 - judgement.scores.float()).mean() for judgement in fake]).mean()


def matching_loss(real: Sequence[Judgement], fake: Sequence[Judgement]) -> Tensor:
    """Return the mean L1 distance between the features of recordings, held fixed, and of made waves."""
    pairs = [(theirs, ours) for a, b in zip(real, fake, strict=True) for theirs, ours in zip(a.features, b.features, strict=True)]
    return torch.stack([_distance(ours.float(), theirs.detach().float()) for theirs, ours in pairs]).mean()


def _distance(ours: Tensor, theirs: Tensor) -> Tensor:
    """Return the mean L1 distance, in fewer passes through memory than `l1_loss` and in the order of memory."""
    if ours.dim() == 4:
        ours, theirs = ours.permute(0, 2, 3, 1), theirs.permute(0, 2, 3, 1)
    return nn.functional.smooth_l1_loss(ours, theirs, beta=BARELY)
