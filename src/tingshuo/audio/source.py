"""The signal path of the source-filter vocoder: pulses at F0 and noise, filtered frame by frame in the STFT domain.

A network gives, per frame and frequency, the log gain and the phase of the filter of the pulses and the log gain of the
filter of the noise; everything else is computed here, as a stream, in float32. F frames make ``(F - 1) * hop_length`` samples.
No sample depends on how the frames were cut into chunks: the noise is a function of the seed and the absolute sample, the
phase of the pulses is kept in 64-bit fixed point and so never drifts, and the transforms add in a fixed order.

Sources: a harmonic and a noise part after J. Engel et al., "DDSP", 2020; a frame-rate network with an inverse STFT after
H. Siuzdak, "Vocos", 2023.
"""

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.stft import CenteredFrames, OverlapAdd, analysis_window, forward, hann_window, inverse
from tingshuo.types import Wav

VOICED_ABOVE_HZ = 40.0
"""F0 below this is unvoiced: no pulses."""
PULSE_GAIN = 4.0
NOISE_GAIN = 0.3
PI = np.float32(3.1416)
"""As the network was trained with; not a rounder pi, or its phases shift."""
MAX_LOG_GAIN = np.float32(6.0)
NOISE_OFFSET = np.float32(np.log(NOISE_GAIN) - 2.0)
"""Added to the noise's log gain: the network's output is relative to e**-2, its noise to 0.3 times a standard normal."""
BLOCK_FRAMES = 32
"""Frames per pass: the working arrays of a pass stay in the processor's second-level cache."""


class PulseTrain:
    """Band-limited pulses that follow F0.

    F0 is linear between frame centres: sample n lies between frames ``n // hop_length`` and the next. Each period is one
    sinc pulse; the train's power does not depend on F0.

    Parameters
    ----------
    sample_rate : int
        Hz.
    hop_length : int
        Samples between frames of F0.
    """

    def __init__(self, sample_rate: int, hop_length: int) -> None:
        self._sample_rate, self._hop = sample_rate, hop_length
        self._fraction = (np.arange(hop_length) / hop_length).astype(np.float32)
        steps = np.arange(1, hop_length + 1, dtype=np.float64) / sample_rate
        self._level_turns = steps
        self._slope_turns = steps * (np.arange(hop_length) / (2 * hop_length))
        self._phase = np.zeros(1, np.uint64)
        self._f0 = np.zeros(0, np.float32)

    def extend(self, f0: NDArray[np.float32]) -> Wav:
        """Return the samples between the last frame so far and the last of ``f0``.

        Parameters
        ----------
        f0 : NDArray
            The next frames in Hz, 0 = unvoiced, shape (F,).

        Returns
        -------
        Wav
            Shape (F * hop_length,), one hop less on the first call.
        """
        f0 = np.concatenate([self._f0, f0], dtype=np.float32)
        self._f0 = f0[-1:]
        level, slope = f0[:-1, None], np.diff(f0)[:, None]
        if not len(level):
            return np.zeros(0, np.float32)
        hz = slope * self._fraction
        hz += level
        safe = np.maximum(hz, np.float32(VOICED_ABOVE_HZ))
        x = self._distance(level.astype(np.float64), slope.astype(np.float64))
        x *= np.float32(self._sample_rate * np.pi)
        x /= safe
        np.abs(x, out=x)
        np.maximum(x, np.float32(1e-20), out=x)
        pulses = np.sin(x)
        pulses /= x
        safe *= np.float32(PULSE_GAIN**2 / self._sample_rate)
        pulses *= np.sqrt(safe, out=safe)
        pulses *= hz > VOICED_ABOVE_HZ
        return pulses.reshape(-1)

    def _distance(self, level: NDArray[np.float64], slope: NDArray[np.float64]) -> Wav:
        """Return each sample's distance to the nearest pulse in turns, -0.5 to 0.5, shape (frames, hop); advance the phase."""
        turns = slope * self._slope_turns
        turns += level * self._level_turns
        # The phase at the start of each hop: a sum modulo one turn in units of 2**-64 turns, exact in any grouping.
        whole_hops = turns[:, -1]
        steps = ((whole_hops - np.floor(whole_hops)) * 2.0**53).astype(np.uint64) << np.uint64(11)
        phase = np.cumsum(np.concatenate([self._phase, steps]), dtype=np.uint64)
        self._phase = phase[-1:]
        turns += (phase[:-1, None] >> np.uint64(11)) * 2.0**-53
        turns -= np.rint(turns)
        return turns.astype(np.float32)


class SeededNoise:
    """Standard normal noise that is a function of a seed and the absolute sample, in any order of reading.

    Philox numbers (J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), whose raw stream NumPy promises
    never to change, through the Box-Muller transform; faster than NumPy's own normal numbers, whose stream is not promised.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    """

    BLOCK_SAMPLES = 2048
    """Samples that are made together; a Philox counter step makes four 64-bit words, each a pair of samples."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._next = -1
        self._index = -1
        self._words = np.random.Philox(key=seed)
        self._block = np.zeros(0, np.float32)

    def read(self, start: int, count: int) -> Wav:
        """Return samples ``start`` to ``start + count - 1``, shape (count,)."""
        out = np.empty(count, np.float32)
        done = 0
        while done < count:
            index, offset = divmod(start + done, self.BLOCK_SAMPLES)
            piece = self._read_block(index)[offset : offset + count - done]
            out[done : done + len(piece)] = piece
            done += len(piece)
        return out

    def _read_block(self, index: int) -> Wav:
        if index != self._index:
            words_per_block = self.BLOCK_SAMPLES // 2
            if index != self._next:
                self._words = np.random.Philox(key=self._seed, counter=index * words_per_block // 4)
            self._block = _normal(self._words.random_raw(words_per_block))
            self._index, self._next = index, index + 1
        return self._block


def _normal(words: NDArray[np.uint64]) -> Wav:
    """Return two standard normal numbers for each random 64-bit word: Box-Muller on its two halves."""
    uniform = words.view(np.uint32).astype(np.float32).reshape(-1, 2).T.copy()
    uniform += np.float32(0.5)
    radius, angle = uniform
    radius *= np.float32(2.0**-32)
    np.log(radius, out=radius)
    radius *= np.float32(-2)
    np.sqrt(radius, out=radius)
    angle *= np.float32(2 * np.pi * 2.0**-32)
    out = np.stack([np.cos(angle), np.sin(angle)])
    out *= radius
    return out.reshape(-1)


class SourceFilterSynthesizer:
    """Frames of F0 and filters in, samples out.

    Parameters
    ----------
    n_fft, hop_length : int
        Samples of a frame and between frames; ``n_fft`` is an even multiple of ``hop_length``, at least 4.
    sample_rate : int
        Hz.
    seed : int
        Fixes the noise.
    start_samples : int
        Absolute sample at which this signal starts: where the noise is read from.
    """

    def __init__(self, n_fft: int, hop_length: int, sample_rate: int, seed: int = 0, start_samples: int = 0) -> None:
        self._n_fft, self._hop, self._bins = n_fft, hop_length, n_fft // 2 + 1
        self._pulses = PulseTrain(sample_rate, hop_length)
        self._noise = SeededNoise(seed)
        self._position = start_samples
        self._frames = CenteredFrames(n_fft, hop_length, channels=2)
        self._output = OverlapAdd(n_fft, hop_length)
        self._analysis, self._synthesis = analysis_window(n_fft, n_fft), hann_window(n_fft)
        capacity = BLOCK_FRAMES + n_fft // hop_length
        self._pending = 0
        self._pulse_filter = np.empty((capacity, self._bins), np.complex64)
        self._noise_filter = np.empty((capacity, self._bins), np.float32)
        self._work = np.empty((2, capacity, self._bins), np.float32)
        self._windowed = np.empty((2, capacity, n_fft), np.float32)
        self._spectra = np.empty((2, capacity, self._bins), np.complex64)

    def push(
        self,
        f0: NDArray[np.float32],
        gain: NDArray[np.float32],
        phase: NDArray[np.float32],
        noise_gain: NDArray[np.float32],
        last: bool = False,
    ) -> Wav:
        """Add frames and return the samples that are complete.

        Parameters
        ----------
        f0 : NDArray
            Hz, 0 = unvoiced, shape (F,).
        gain, phase, noise_gain : NDArray
            Outputs of the network, shape (F, n_fft // 2 + 1): log gain and phase in half turns of the pulses' filter, log
            gain of the noise's filter. Log gains are cut at 6.
        last : bool
            These frames end the signal.

        Returns
        -------
        Wav
            Shape (n,). Without ``last`` the output lags the frames by one frame's length; all pieces together have
            ``(frames - 1) * hop_length`` samples.
        """
        assert len(f0) == len(gain) == len(phase) == len(noise_gain), "f0 and the filters differ in frames"
        pieces = []
        for start in range(0, max(len(f0), 1), BLOCK_FRAMES):
            part = slice(start, start + BLOCK_FRAMES)
            self._add_filters(gain[part], phase[part], noise_gain[part])
            self._add_sources(f0[part], last and part.stop >= len(f0))
            pieces.append(self._filter(last and part.stop >= len(f0)))
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _add_sources(self, f0: NDArray[np.float32], last: bool) -> None:
        pulses = self._pulses.extend(f0)
        noise = self._noise.read(self._position, len(pulses))
        self._position += len(pulses)
        self._frames.push(np.stack([pulses, noise]), last)

    def _add_filters(self, gain: NDArray[np.float32], phase: NDArray[np.float32], noise_gain: NDArray[np.float32]) -> None:
        rows = slice(self._pending, self._pending + len(gain))
        self._pending = rows.stop
        log_gain, angle = self._work[0, : len(gain)], self._work[1, : len(gain)]
        np.minimum(gain, MAX_LOG_GAIN, out=log_gain)
        np.exp(log_gain, out=log_gain)
        np.multiply(phase, PI, out=angle)
        pulse_filter = self._pulse_filter[rows]
        np.multiply(np.cos(angle), log_gain, out=pulse_filter.real)
        np.sin(angle, out=angle)
        np.multiply(angle, log_gain, out=pulse_filter.imag)
        noise_filter = self._noise_filter[rows]
        np.minimum(noise_gain, MAX_LOG_GAIN, out=noise_filter)
        noise_filter += NOISE_OFFSET
        np.exp(noise_filter, out=noise_filter)

    def _filter(self, last: bool) -> Wav:
        count = min(self._frames.ready, self._pending)
        assert not last or count == self._pending
        if not count:
            return np.zeros(0, np.float32)
        windowed, spectra = self._windowed[:, :count], self._spectra[:, :count]
        np.multiply(self._frames.take(count), self._analysis, out=windowed)
        forward(windowed, out=spectra)
        voiced, noisy = spectra
        voiced *= self._pulse_filter[:count]
        noisy *= self._noise_filter[:count]
        voiced += noisy
        frames = inverse(voiced, self._n_fft, out=windowed[0])
        frames *= self._synthesis
        self._keep(count)
        return self._output.push(frames, last)

    def _keep(self, used: int) -> None:
        """Move the filters of frames whose samples are not in yet to the front."""
        left = slice(used, self._pending)
        self._pending -= used
        self._pulse_filter[: self._pending] = self._pulse_filter[left]
        self._noise_filter[: self._pending] = self._noise_filter[left]
