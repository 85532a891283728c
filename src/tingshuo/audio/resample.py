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


class Resampled:
    """A signal of one channel at another sample rate, piece by piece; its pieces are those of the whole.

    Parameters
    ----------
    from_rate, to_rate : int
        Hz, above 0; equal rates pass everything on as it is.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._stream = None
        if from_rate != to_rate:
            import soxr

            self._stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality="HQ")

    def feed(self, wav: Wav) -> Wav:
        """Go on by samples (T,), any number; return those that are known, which lag behind by some milliseconds."""
        return wav if self._stream is None else self._stream.resample_chunk(np.ascontiguousarray(wav, np.float32))

    def finish(self) -> Wav:
        """End the signal; return the samples that are left."""
        nothing = np.zeros(0, np.float32)
        return nothing if self._stream is None else self._stream.resample_chunk(nothing, last=True)
