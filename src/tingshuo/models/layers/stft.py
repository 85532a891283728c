"""Short-time Fourier transform for losses: the frames of `tingshuo.audio.stft`, in torch, differentiable.

Frame k is centred at sample ``k * hop_length`` under a periodic Hann window; the signal is reflected at its ends. Everything here
is computed in float32 whatever autocast says: half precision has no transforms, and a log of what it rounds to zero is lost.
Windows are made once per size and device.
"""

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=32)
def hann_window(length: int, device: torch.device) -> Tensor:
    """Return the periodic Hann window (length,), float32; shared, so not to be written to."""
    with torch.inference_mode(False):
        return torch.hann_window(length, device=device)


def spectrum(wav: Tensor, n_fft: int, hop_length: int, win_length: int | None = None) -> Tensor:
    """Transform signals.

    Parameters
    ----------
    wav : Tensor
        (B, T), at least two samples. A signal no longer than half a frame is reflected as often as it takes.
    n_fft, hop_length : int
        Samples of a frame and between frames.
    win_length : int or None
        Samples of the window, centred in the frame; None is ``n_fft``.

    Returns
    -------
    Tensor
        (B, n_fft // 2 + 1, T // hop_length + 1), complex64.
    """
    with torch.autocast(wav.device.type, enabled=False):
        wav = reflected(wav.float(), n_fft // 2)
        window = hann_window(win_length or n_fft, wav.device)
        return torch.stft(wav, n_fft, hop_length, len(window), window, center=False, return_complex=True)


def magnitude(spectra: Tensor) -> Tensor:
    """Return the absolute values of a complex tensor; the gradient at zero is zero."""
    return spectra.abs()


def reflected(wav: Tensor, pad: int) -> Tensor:
    """Return signals (B, T) with ``pad`` samples mirrored before and after, (B, T + 2 * pad)."""
    size = wav.shape[1]
    if size > pad:
        return torch.nn.functional.pad(wav[:, None], (pad, pad), "reflect")[:, 0]
    period = max(1, 2 * (size - 1))
    place = (torch.arange(-pad, size + pad, device=wav.device)) % period
    return wav[:, torch.minimum(place, period - place)]
