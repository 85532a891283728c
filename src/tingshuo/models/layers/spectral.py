"""Losses between waves in the frequency domain, at several resolutions, from transforms that are computed once.

Log-mel L1 follows what is heard; it does not see between the harmonics of a high voice, so an L1 of the logarithm of every bin
and the spectral convergence (norm of the difference over norm of the target) stand beside it. The transforms are handed around,
as the critics of resolution (`tingshuo.models.layers.discriminators`) look at the same ones.

Letters: B batch, T samples, K bins, F frames. Sources: R. Yamamoto, E. Song and J.-M. Kim 2020, "Parallel WaveGAN"; S. O. Arik,
H. Jun and G. Diamos 2019, "Fast spectrogram inversion using multi-head convolutional neural networks".
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from tingshuo.config import MelConfig
from tingshuo.models.layers.mel import mel_filterbank
from tingshuo.models.layers.stft import magnitude, spectrum

MEL_BANDS: Mapping[int, int] = {512: 40, 1024: 80, 2048: 120}
"""FFT size to mel bands; the hop is a quarter of the size."""
MEL_FLOOR = 1e-5
LINEAR_FLOOR = 1e-3
"""Magnitudes below these are all the same to the logarithms: far below what is heard, and most of what quantisation leaves."""
ROLL_OFF = 0.05
"""Share of the bandwidth over which `band_limited` falls to nothing."""


class Spectra(NamedTuple):
    """Transforms of waves by FFT size: ``complex`` (B, K, F) complex64, ``magnitude`` their absolute values."""

    complex: dict[int, Tensor]
    magnitude: dict[int, Tensor]


def spectra_of(wav: Tensor) -> Spectra:
    """Return the transforms of waves (B, T) at every resolution."""
    transforms = {n_fft: spectrum(wav, n_fft, n_fft // 4) for n_fft in MEL_BANDS}
    return Spectra(transforms, {n_fft: magnitude(transform) for n_fft, transform in transforms.items()})


def spectral_losses(fake: Spectra, real: Spectra, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Compare waves by their transforms.

    Parameters
    ----------
    fake, real : Spectra
        From `spectra_of`; gradients reach ``fake``.
    sample_rate : int
        Hz.

    Returns
    -------
    mel, linear : Tensor
        Means over the resolutions: L1 of log-mel in nepers; L1 of log magnitude plus spectral convergence.
    """
    mels, linears = [], []
    for n_fft, bands in MEL_BANDS.items():
        ours, theirs = fake.magnitude[n_fft], real.magnitude[n_fft]
        bank = mel_filterbank(_mel_config(sample_rate, n_fft, bands), ours.device)
        mels.append((_log(bank @ ours, MEL_FLOOR) - _log(bank @ theirs, MEL_FLOOR)).abs().mean())
        convergence = torch.linalg.vector_norm(ours - theirs) / torch.linalg.vector_norm(theirs).clamp(min=LINEAR_FLOOR)
        linears.append((_log(ours, LINEAR_FLOOR) - _log(theirs, LINEAR_FLOOR)).abs().mean() + convergence)
    return torch.stack(mels).mean(), torch.stack(linears).mean()


def band_limited(wav: Tensor, bandwidth_hz: Tensor, sample_rate: int) -> Tensor:
    """Return waves without what lies above their bandwidths, as recordings of that bandwidth would have heard them.

    Parameters
    ----------
    wav : Tensor
        (B, T); taken as periodic, so the filter's short ringing wraps around.
    bandwidth_hz : Tensor
        (B,); half the sample rate or more leaves a wave as it is.
    sample_rate : int
        Hz.
    """
    size = wav.shape[1]
    hz = torch.arange(size // 2 + 1, device=wav.device) * (sample_rate / size)
    edge = bandwidth_hz[:, None].float()
    gain = ((edge - hz) / (ROLL_OFF * edge)).clamp(0, 1)
    gain = torch.where(edge >= sample_rate / 2, torch.ones_like(gain), gain)
    limited: Tensor = torch.fft.irfft(torch.fft.rfft(wav.float()) * gain, n=size)
    return limited


def _mel_config(sample_rate: int, n_fft: int, bands: int) -> MelConfig:
    return MelConfig(
        sample_rate=sample_rate, n_fft=n_fft, hop_length=n_fft // 4, win_length=n_fft, n_mels=bands, fmax=sample_rate / 2
    )


def _log(values: Tensor, floor: float) -> Tensor:
    return torch.log(values.clamp(min=floor))
