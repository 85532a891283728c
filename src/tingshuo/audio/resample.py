"""Change the sample rate of a signal with libsoxr (linear phase, quality HQ: flat to 0.91 of the new band, -120 dB beyond it)."""

import numpy as np

from tingshuo.errors import AudioError
from tingshuo.types import Wav


def resample(wav: Wav, from_rate: int, to_rate: int) -> Wav:
    """Return a signal at another sample rate.

    Parameters
    ----------
    wav : Wav
        Shape (T,) or (channels, T).
    from_rate, to_rate : int
        Hz, above 0.

    Returns
    -------
    Wav
        About ``T * to_rate / from_rate`` samples in the same layout; the same array when the rates are equal.

    Raises
    ------
    AudioError
        A rate is not above 0.
    """
    if min(from_rate, to_rate) <= 0:
        raise AudioError(f"sample rates must be above 0 Hz, got {from_rate} and {to_rate}")
    if from_rate == to_rate:
        return wav
    import soxr

    resampled = soxr.resample(np.ascontiguousarray(wav.T), from_rate, to_rate, quality="HQ")
    return np.ascontiguousarray(resampled.T, np.float32)
