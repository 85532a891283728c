"""White noise that is a function of a seed and the absolute sample, and its spectra, computed once per seed.

Steady noise has the same spectra with every bin at its expected level: frames differ in phase alone, so the noise does not
flicker. What is filtered sounds smoother, and a steady background stays steady (J. Pumplin 1985, "Low-noise noise").

The noise repeats after `PERIOD_SAMPLES`, 5.5 s at 24 kHz: filtered by what is being said, nobody hears that. It means that
its spectra can be kept, and frames of noise cost a look-up instead of random numbers and a transform.
"""

from collections import deque
from threading import Lock
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.stft import Spectrum, analysis_window, forward, frames_of, hann_window
from tingshuo.types import Wav

PERIOD_SAMPLES = 1 << 17
BLOCK_SAMPLES = 1 << 12
"""Samples that are made together."""
SMALLEST = np.float32(1e-4)
"""Of a bin of noise, over what is expected: below it, its phase is not known to the precision of float32."""


class SeededNoise:
    """Standard normal noise, read in any order; what was read is kept, 512 KB at most. Threads may share it.

    Random words are a hash of their index (SplitMix64: G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number
    generators", 2014), so no library's next version changes them; the Box-Muller transform makes them normal.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    """

    def __init__(self, seed: int) -> None:
        self._key = _mixed(np.array([seed], np.uint64) + _STEP)
        self._blocks: dict[int, Wav] = {}

    def read(self, start: int, count: int) -> Wav:
        """Return samples ``start`` to ``start + count - 1``, shape (count,); ``start`` may be below 0."""
        out = np.empty(count, np.float32)
        done = 0
        while done < count:
            index, offset = divmod((start + done) % PERIOD_SAMPLES, BLOCK_SAMPLES)
            piece = self._read_block(index)[offset : offset + count - done]
            out[done : done + len(piece)] = piece
            done += len(piece)
        return out

    def _read_block(self, index: int) -> Wav:
        block = self._blocks.get(index)
        if block is None:
            words = BLOCK_SAMPLES // 2
            counters = np.arange(index * words, (index + 1) * words, dtype=np.uint64)
            counters *= _STEP
            counters += self._key
            block = self._blocks[index] = _normal(_mixed(counters))  # another thread may have made the same meanwhile
        return block


# The odd number next to 2**64 divided by the golden ratio, and the finaliser's two factors, of SplitMix64.
_STEP, _FACTORS, _SHIFTS = np.uint64(0x9E3779B97F4A7C15), (0xBF58476D1CE4E5B9, 0x94D049BB133111EB), (30, 27, 31)


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return SplitMix64's hash of each word, in place."""
    for shift, factor in zip(_SHIFTS, (*_FACTORS, 1), strict=True):
        words ^= words >> np.uint64(shift)
        words *= np.uint64(factor)
    return words


def _normal(words: NDArray[np.uint64]) -> Wav:
    """Return two standard normal numbers for each random 64-bit word: Box-Muller, radius and angle from 32 bits each."""
    radius, angle = words.view(np.int32).astype(np.float32).reshape(2, -1)
    np.abs(radius, out=radius)
    radius += np.float32(0.5)  # never the logarithm of 0
    radius *= np.float32(2.0**-31)
    np.log(radius, out=radius)
    radius *= np.float32(-2)
    np.sqrt(radius, out=radius)
    angle *= np.float32(np.pi * 2.0**-31)
    out = np.empty((2, len(radius)), np.float32)
    np.cos(angle, out=out[0])
    np.sin(angle, out=out[1])
    out *= radius
    return out.reshape(-1)


class NoiseTable:
    """Spectra of the frames of a seed's endless noise; shared between threads, filled as far as it is read.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    n_fft, hop_length : int
        Samples of a frame and between frames; the hop divides `PERIOD_SAMPLES`.
    steady : bool
        Whether every bin is at its expected level.

    Attributes
    ----------
    noise : SeededNoise
        Its samples.
    """

    def __init__(self, seed: int, n_fft: int, hop_length: int, steady: bool = False) -> None:
        self.noise, self._steady = SeededNoise(seed), steady
        self._n_fft, self._hop = n_fft, hop_length
        self._frames = PERIOD_SAMPLES // hop_length
        self._rows = np.empty((self._frames, n_fft // 2 + 1), np.complex64)
        self._known = np.zeros(self._frames, bool)
        self._lock = Lock()

    def read(self, first: int, count: int) -> Spectrum:
        """Return the spectra of frames ``first`` to ``first + count - 1``; frame k is centred at sample ``k * hop_length``.

        Returns
        -------
        Spectrum
            Shape (count, n_fft // 2 + 1); not to be written to.
        """
        start = first % self._frames
        if start + count <= self._frames and self._known[start : start + count].all():
            return self._rows[start : start + count]
        index = np.arange(first, first + count) % self._frames
        if not self._known[index].all():
            with self._lock:
                missing = index[~self._known[index]]  # looked up again: another thread may have filled them meanwhile
                for run in np.split(missing, np.flatnonzero(np.diff(missing) != 1) + 1):
                    if len(run):
                        self._fill(int(run[0]), len(run))
        return self._rows[index]

    def _fill(self, first: int, count: int) -> None:
        wav = self.noise.read(first * self._hop - self._n_fft // 2, (count - 1) * self._hop + self._n_fft)
        windowed = frames_of(wav, self._n_fft, self._hop) * analysis_window(self._n_fft, self._n_fft)
        forward(windowed, out=self._rows[first : first + count])
        if self._steady:
            levelled(self._rows[first : first + count])
        self._known[first : first + count] = True


_tables: "WeakValueDictionary[tuple[int, int, int, bool], NoiseTable]" = WeakValueDictionary()
_recent: deque[NoiseTable] = deque(maxlen=4)
_lock = Lock()


def noise_table(seed: int, n_fft: int, hop_length: int, steady: bool = False) -> NoiseTable:
    """Return the table of a seed: 2 MB for frames of 1024 samples every 256.

    It is the same one as long as somebody holds it, and for a while after that.
    """
    key = (seed, n_fft, hop_length, steady)
    with _lock:
        table = _tables.get(key)
        if table is None:
            table = _tables[key] = NoiseTable(*key)
        if table in _recent:
            _recent.remove(table)
        _recent.append(table)
    return table


def levelled(spectra: Spectrum) -> Spectrum:
    """Bring every bin of the spectra (F, n_fft // 2 + 1) of noise of variance 1 to its expected magnitude, in place."""
    n_fft = 2 * (spectra.shape[1] - 1)
    expected = np.sqrt(np.square(hann_window(n_fft)).sum())
    spectra *= expected / np.maximum(np.abs(spectra), SMALLEST * expected)
    return spectra


class NoiseFrames:
    """Spectra of the noise of one signal, reflected at its ends as `CenteredFrames` does.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    n_fft, hop_length : int
        Samples of a frame and between frames; the hop divides `PERIOD_SAMPLES`.
    start_samples : int
        Absolute sample at which the signal starts.
    steady : bool
        Whether every bin is at its expected level.
    """

    def __init__(self, seed: int, n_fft: int, hop_length: int, start_samples: int, steady: bool = False) -> None:
        self._n_fft, self._hop, self._start, self._steady = n_fft, hop_length, start_samples, steady
        self._first, unaligned = divmod(start_samples, hop_length)
        self._table = None if unaligned else noise_table(seed, n_fft, hop_length, steady)
        self._noise = SeededNoise(seed) if self._table is None else self._table.noise

    def spectra(self, first: int, count: int, samples: int) -> Spectrum:
        """Return the spectra of frames ``first`` to ``first + count - 1`` of the signal, not to be written to.

        Parameters
        ----------
        first, count : int
            Which frames.
        samples : int
            Length of the signal: so far, when the frames end before it, in all when they do not.
        """
        half = self._n_fft // 2
        inside = first * self._hop >= half and (first + count - 1) * self._hop + half <= samples
        if inside and self._table is not None:
            return self._table.read(self._first + first, count)
        centers = np.arange(first, first + count) * self._hop
        if self._table is None:
            return self._reflected(centers, samples)
        rows = self._table.read(self._first + first, count).copy()
        outside = (centers < half) | (centers + half > samples)
        rows[outside] = self._reflected(centers[outside], samples)
        return rows

    def _reflected(self, centers: NDArray[np.int64], samples: int) -> Spectrum:
        """Return the spectra of frames centred at these samples of the signal, taken directly."""
        period = max(2 * (samples - 1), 1)
        index = (centers[:, None] + np.arange(-(self._n_fft // 2), self._n_fft // 2)) % period
        index = np.minimum(index, period - index)
        low = int(index.min(initial=0))
        wav = self._noise.read(self._start + low, int(index.max(initial=0)) - low + 1)
        rows = forward(wav[index - low] * analysis_window(self._n_fft, self._n_fft))
        return levelled(rows) if self._steady else rows
