"""Short-time Fourier transform and its inverse, whole or as a stream, equal to torch's with ``center=True``.

Frame k is centred at sample ``k * hop_length`` and windowed by a periodic Hann window; the signal is reflected at its
two ends. T samples give ``T // hop_length + 1`` frames. Spectra are frames first, ``(frames, n_fft // 2 + 1)`` complex64,
so that one call of the FFT does a batch.

Source: D. Griffin and J. Lim, "Signal estimation from modified short-time Fourier transform", 1984 (division by the sum of
squared windows).
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from tingshuo.types import Wav

Spectrum = NDArray[np.complex64]


@lru_cache(maxsize=16)
def hann_window(length: int) -> Wav:
    """Return the periodic Hann window, shape (length,), read-only."""
    window: Wav = np.square(np.sin(np.arange(length) * (np.pi / length))).astype(np.float32)
    window.flags.writeable = False
    return window


@lru_cache(maxsize=16)
def analysis_window(n_fft: int, win_length: int) -> Wav:
    """Return the Hann window of ``win_length`` samples, centred in ``n_fft`` and times ``n_fft``, which `forward` divides by."""
    window = np.zeros(n_fft, np.float32)
    start = (n_fft - win_length) // 2
    window[start : start + win_length] = hann_window(win_length) * np.float32(n_fft)
    window.flags.writeable = False
    return window


def forward(windowed: Wav, out: Spectrum | None = None) -> Spectrum:
    """Return the FFT of real frames divided by ``n_fft``, shape (..., n_fft // 2 + 1), computed in float32.

    NumPy's unscaled forward FFT is computed in float64 whatever its input (NumPy 2.0 to 2.4), in twice the time; the scaled
    one keeps float32. `analysis_window` carries the inverse of the scale: exact when ``n_fft`` is a power of two.
    """
    spectrum: Any = np.fft.rfft(windowed, norm="forward", out=out)  # type: ignore[arg-type]
    return spectrum  # type: ignore[no-any-return]


def inverse(spectrum: Spectrum, n_fft: int, out: Wav | None = None) -> Wav:
    """Return the real frames of spectra, shape (..., n_fft), computed in float32."""
    frames: Any = np.fft.irfft(spectrum, n_fft, out=out)  # type: ignore[arg-type]
    return frames  # type: ignore[no-any-return]


def frames_of(wav: Wav, n_fft: int, hop_length: int) -> Wav:
    """Return overlapping frames as a read-only view.

    Parameters
    ----------
    wav : Wav
        Shape (..., T), contiguous along time.
    n_fft : int
        Samples per frame, at most T.
    hop_length : int
        Samples between frames.

    Returns
    -------
    Wav
        Shape (..., 1 + (T - n_fft) // hop_length, n_fft).
    """
    count = 1 + (wav.shape[-1] - n_fft) // hop_length
    step = wav.strides[-1]
    shape, strides = (*wav.shape[:-1], count, n_fft), (*wav.strides[:-1], hop_length * step, step)
    return as_strided(wav, shape, strides, writeable=False)


def stft(wav: Wav, n_fft: int, hop_length: int, win_length: int | None = None) -> Spectrum:
    """Transform a whole signal.

    Parameters
    ----------
    wav : Wav
        Shape (T,), at least one sample. A signal shorter than half a frame is reflected as often as it takes.
    n_fft, hop_length : int
        Samples of a frame and between frames.
    win_length : int or None
        Samples of the window, centred in the frame; None is ``n_fft``.

    Returns
    -------
    Spectrum
        Shape (T // hop_length + 1, n_fft // 2 + 1).
    """
    padded = np.pad(np.asarray(wav, np.float32), n_fft // 2, mode="reflect")
    windowed = frames_of(padded, n_fft, hop_length) * analysis_window(n_fft, win_length or n_fft)
    return forward(windowed)


def istft(spectrum: Spectrum, n_fft: int, hop_length: int) -> Wav:
    """Return the signal whose transform is nearest to a spectrum, shape ((frames - 1) * hop_length,).

    Parameters
    ----------
    spectrum : Spectrum
        Shape (frames, n_fft // 2 + 1).
    n_fft, hop_length : int
        Samples of a frame and between frames; ``n_fft`` is an even multiple of ``hop_length``.
    """
    frames = inverse(spectrum, n_fft)
    frames *= hann_window(n_fft)
    return OverlapAdd(n_fft, hop_length).push(frames, last=True)


def _overlap(n_fft: int, hop_length: int) -> int:
    overlap, rest = divmod(n_fft, hop_length)
    assert (rest, overlap % 2) == (0, 0), f"{n_fft=} is not an even multiple of {hop_length=}"
    assert overlap >= 4, f"{n_fft=} is less than four times {hop_length=}"
    return overlap


class CenteredFrames:
    """A stream of samples in, a stream of centred frames out; the state of a forward transform.

    Parameters
    ----------
    n_fft, hop_length : int
        Samples of a frame and between frames; ``n_fft`` is an even multiple of ``hop_length``, at least 4.
    channels : int
        Signals that are framed side by side.
    """

    def __init__(self, n_fft: int, hop_length: int, channels: int = 1) -> None:
        _overlap(n_fft, hop_length)
        self._n_fft, self._hop, self._pad = n_fft, hop_length, n_fft // 2
        self._buffer = np.zeros((channels, 0), np.float32)
        self._start = 0
        self._open = False

    @property
    def ready(self) -> int:
        """Frames that can be taken now."""
        spare = self._buffer.shape[1] - self._start - self._n_fft
        return spare // self._hop + 1 if self._open and spare >= 0 else 0

    def push(self, wav: Wav, last: bool = False) -> None:
        """Append samples of shape (channels, n); ``last`` ends the signal and reflects its end."""
        pieces = [self._buffer[:, self._start :], wav]
        self._start = 0
        if not self._open:
            head = np.concatenate(pieces, axis=1)
            if head.shape[1] > self._pad:
                pieces = [head[:, self._pad : 0 : -1], head]
                self._open = True
            elif last and head.shape[1]:
                pieces = [np.pad(head, ((0, 0), (self._pad, self._pad)), mode="reflect")]
                self._open, last = True, False
        self._buffer = np.concatenate(pieces, axis=1)
        if last and self._open:
            tail = self._buffer[:, -2 : -self._pad - 2 : -1]
            self._buffer = np.concatenate([self._buffer, tail], axis=1)

    def take(self, count: int) -> Wav:
        """Return the next ``count`` frames, at most `ready`: a view of shape (channels, count, n_fft)."""
        assert count <= self.ready
        stop = self._start + (count - 1) * self._hop + self._n_fft
        frames = frames_of(self._buffer[:, self._start : stop], self._n_fft, self._hop)
        self._start += count * self._hop
        return frames


class OverlapAdd:
    """A stream of windowed frames in, a stream of samples out; the state of an inverse transform.

    A sample leaves as soon as every frame that covers it is in. The sums run from the earliest frame to the latest however the
    frames are cut into pieces, so the samples do not depend on it, bit for bit.

    Parameters
    ----------
    n_fft, hop_length : int
        Samples of a frame and between frames; ``n_fft`` is an even multiple of ``hop_length``, at least 4.
    beyond : int
        Hops before the centre of the first frame and after that of the last that come out too, fewer than half a frame has.
    """

    def __init__(self, n_fft: int, hop_length: int, beyond: int = 0) -> None:
        self._overlap = _overlap(n_fft, hop_length)
        self._hop, self._beyond = hop_length, beyond
        self._carry = np.zeros((self._overlap - 1, hop_length), np.float32)
        self._frames = 0
        self._squares = np.square(hann_window(n_fft), dtype=np.float64).reshape(self._overlap, hop_length)
        self._scale = self._reciprocal(0, self._overlap)

    def _reciprocal(self, first: int, stop: int) -> Wav:
        """Return one over the sum of the window's squares over hops first to stop - 1 of the frames."""
        reciprocal: Wav = np.reciprocal(self._squares[first:stop].sum(0)).astype(np.float32)
        return reciprocal

    def push(self, frames: Wav, last: bool = False) -> Wav:
        """Add frames of shape (n, n_fft), already windowed, and return the samples that are complete.

        ``last`` ends the stream: all the samples up to the centre of its last frame, and the hops beyond it, come out.
        """
        count, overlap, half = len(frames), self._overlap, self._overlap // 2
        first = self._frames
        sums = np.empty((count + overlap - 1, self._hop), np.float32)
        sums[: overlap - 1] = self._carry
        sums[overlap - 1 :] = frames[:, -self._hop :]
        for part in reversed(range(overlap - 1)):
            sums[part : part + count] += frames[:, part * self._hop : (part + 1) * self._hop]
        self._frames += count
        self._carry = sums[count:]
        stop = max(count + half - 1 + self._beyond, 0) if last else count
        begin = min(max(half - self._beyond - first, 0), stop)
        blocks = sums[begin:stop]
        head = min(max(overlap - 1 - first, begin), stop)
        tail = max(min(count, stop), head)
        sums[head:tail] *= self._scale
        for index in (*range(begin, head), *range(tail, stop)):
            hop = first + index
            sums[index] *= self._reciprocal(max(hop - self._frames + 1, 0), min(hop + 1, overlap))
        return blocks.reshape(-1)
