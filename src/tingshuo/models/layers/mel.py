"""Log-mel spectrogram in torch: `tingshuo.audio.mel.log_mel` for batches on any device, differentiable, for losses and features.

The filters are those of the reference in numpy; a test holds both equal. Computed in float32 under autocast too.
"""

from functools import lru_cache

import torch
from torch import Tensor

from tingshuo.audio import mel
from tingshuo.config import MelConfig
from tingshuo.models.layers.stft import magnitude, spectrum


@lru_cache(maxsize=16)
def mel_filterbank(config: MelConfig, device: torch.device) -> Tensor:
    """Return the triangular filters (n_mels, n_fft // 2 + 1), float32; shared, so not to be written to."""
    with torch.inference_mode(False):
        return torch.from_numpy(mel.mel_filterbank(config).copy()).to(device)


def log_mel(wav: Tensor, config: MelConfig) -> Tensor:
    """Return the log-mel spectrograms of signals.

    Parameters
    ----------
    wav : Tensor
        (B, T) at ``config.sample_rate``, at least one sample.
    config : MelConfig
        The convention.

    Returns
    -------
    Tensor
        (B, n_mels, T // hop_length + 1), float32, at least ``log(floor)``.
    """
    spectra = spectrum(wav, config.n_fft, config.hop_length, config.win_length)
    return log_mel_of(magnitude(spectra), config)


def log_mel_of(magnitudes: Tensor, config: MelConfig) -> Tensor:
    """Return the log-mel spectrograms (B, n_mels, F) of magnitudes (B, n_fft // 2 + 1, F) that are at hand."""
    with torch.autocast(magnitudes.device.type, enabled=False):
        return torch.log((mel_filterbank(config, magnitudes.device) @ magnitudes.float()).clamp(min=config.floor))
