"""Log-mel spectrogram in torch: `tingshuo.audio.mel.log_mel` for batches on any device, differentiable, for losses and features.

The filters are those of the reference in numpy; a test holds both equal. Computed in float32 under autocast too.
"""

from functools import lru_cache

import torch
from torch import Tensor

from tingshuo.audio import mel
from tingshuo.config import MelConfig
from tingshuo.models.layers.stft import hann_window, magnitude, reflected, spectrum


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
        (B, n_mels, T // hop_length + 1), or a frame less where ``framing`` is ``same``, float32; at least ``log(floor)``, or 0
        to 1 where ``levels_db`` are given.
    """
    spectra = (
        spectrum(wav, config.n_fft, config.hop_length, config.win_length) if config.framing == "center" else _same(wav, config)
    )
    if config.power_offset:
        return log_mel_of(torch.sqrt(spectra.real.square() + spectra.imag.square() + config.power_offset), config)
    return log_mel_of(magnitude(spectra), config)


def log_mel_of(magnitudes: Tensor, config: MelConfig) -> Tensor:
    """Return the log-mel spectrograms (B, n_mels, F) of magnitudes (B, n_fft // 2 + 1, F) that are at hand."""
    with torch.autocast(magnitudes.device.type, enabled=False):
        logarithm = torch.log((mel_filterbank(config, magnitudes.device) @ magnitudes.float()).clamp(min=config.floor))
        if config.levels_db is None:
            return logarithm
        scale, shift = mel.levels(config.levels_db)
        return (logarithm * scale + shift).clamp(0, 1)


def _same(wav: Tensor, config: MelConfig) -> Tensor:
    """Transform signals whose frames stand for a hop each: (B, n_fft // 2 + 1, T // hop_length)."""
    with torch.autocast(wav.device.type, enabled=False):
        padded = reflected(wav.float(), (config.n_fft - config.hop_length) // 2)
        if padded.shape[1] < config.n_fft:
            return padded.new_zeros((len(wav), config.n_fft // 2 + 1, 0), dtype=torch.complex64)
        window = hann_window(config.win_length, wav.device)
        return torch.stft(padded, config.n_fft, config.hop_length, config.win_length, window, center=False, return_complex=True)
