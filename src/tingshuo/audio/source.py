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

from tingshuo.audio.noise import NoiseFrames
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
BLOCK_FRAMES = 96
"""Frames per pass: enough to spread the cost of the calls, few enough to keep the working arrays (2.3 MB) near the processor.

Each call lets go of Python's lock and waits for it again: with 64, two threads together were 8 % slower, and one thread as fast.
"""


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
        self._phase = np.zeros((1, 1), np.uint64)
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
        phase = self._advance(level, slope)
        voiced = np.maximum(f0[:-1], f0[1:]) > VOICED_ABOVE_HZ
        if voiced.all():
            return self._voiced(level, slope, phase).reshape(-1)
        pulses = np.zeros((len(level), self._hop), np.float32)
        if voiced.any():
            pulses[voiced] = self._voiced(level[voiced], slope[voiced], phase[voiced])
        return pulses.reshape(-1)

    def _voiced(self, level: NDArray[np.float32], slope: NDArray[np.float32], phase: NDArray[np.float64]) -> Wav:
        """Return hops that are voiced at least in part, shape (hops, hop_length); phase in turns at the start of each."""
        hz = slope * self._fraction
        hz += level
        partly = np.flatnonzero(np.minimum(level, level + slope) <= VOICED_ABOVE_HZ)
        unvoiced = hz[partly] <= VOICED_ABOVE_HZ
        np.maximum(hz, np.float32(VOICED_ABOVE_HZ), out=hz)
        turns = level * self._level_turns
        part = slope * self._slope_turns
        turns += part
        turns += phase
        turns -= np.rint(turns, out=part)
        # Radians of the sinc: pi times the distance to the nearest pulse in samples.
        x = turns.astype(np.float32)
        x *= np.float32(self._sample_rate * np.pi)
        x /= hz
        x += np.float32(1e-20)  # the sinc of 0 is 1
        pulses = np.sin(x)
        pulses /= x
        hz *= np.float32(PULSE_GAIN**2 / self._sample_rate)
        pulses *= np.sqrt(hz, out=hz)
        pulses[partly] *= ~unvoiced
        return pulses

    def _advance(self, level: NDArray[np.float32], slope: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the phase at the start of each hop, in turns, shape (hops, 1), and keep the phase after the last.

        A sum modulo one turn of integers in units of 2**-64 turns: exact, however it is grouped.
        """
        hops = level * self._level_turns[-1] + slope * self._slope_turns[-1]
        steps = (hops * 2.0**53).astype(np.uint64) << np.uint64(11)  # whole turns are shifted out
        phase = np.cumsum(np.concatenate([self._phase, steps]), axis=0, dtype=np.uint64)
        self._phase = phase[-1:]
        turns: NDArray[np.float64] = (phase[:-1] >> np.uint64(11)).astype(np.float64)
        return turns * 2.0**-53


def _limited(log_gain: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return log gains of at most `MAX_LOG_GAIN`; looking is cheaper than limiting, and few frames need it."""
    return np.minimum(log_gain, MAX_LOG_GAIN) if log_gain.max(initial=0) > MAX_LOG_GAIN else log_gain


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
    steady_noise : bool
        Whether the noise does not flicker, see `tingshuo.audio.noise`.
    """

    def __init__(
        self,
        n_fft: int,
        hop_length: int,
        sample_rate: int,
        seed: int = 0,
        start_samples: int = 0,
        *,
        steady_noise: bool = False,
    ) -> None:
        self._n_fft, self._hop, self._bins = n_fft, hop_length, n_fft // 2 + 1
        self._pulses = PulseTrain(sample_rate, hop_length)
        self._noise = NoiseFrames(seed, n_fft, hop_length, start_samples, steady_noise)
        self._frames = CenteredFrames(n_fft, hop_length)
        self._samples = self._done = 0
        self._output = OverlapAdd(n_fft, hop_length)
        self._analysis, self._synthesis = analysis_window(n_fft, n_fft), hann_window(n_fft)
        capacity = BLOCK_FRAMES + n_fft // hop_length
        self._pending = 0
        self._pulse_filter = np.empty((capacity, self._bins), np.complex64)
        self._noise_filter = np.empty((capacity, self._bins), np.float32)
        self._work = np.empty((2, capacity, self._bins), np.float32)
        self._windowed = np.empty((capacity, n_fft), np.float32)
        self._spectra = np.empty((capacity, self._bins), np.complex64)

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
            pulses = self._pulses.extend(f0[part])
            self._samples += len(pulses)
            ends = last and part.stop >= len(f0)
            self._frames.push(pulses[None], ends)
            pieces.append(self._filter(ends))
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _add_filters(self, gain: NDArray[np.float32], phase: NDArray[np.float32], noise_gain: NDArray[np.float32]) -> None:
        rows = slice(self._pending, self._pending + len(gain))
        self._pending = rows.stop
        level, angle = self._work[:, : len(gain)]
        np.exp(_limited(gain), out=level)
        np.multiply(phase, PI, out=angle)
        pulse_filter = self._pulse_filter[rows]
        np.multiply(np.cos(angle), level, out=pulse_filter.real)
        np.sin(angle, out=angle)
        np.multiply(angle, level, out=pulse_filter.imag)
        noise_filter = self._noise_filter[rows]
        np.add(_limited(noise_gain), NOISE_OFFSET, out=noise_filter)
        np.exp(noise_filter, out=noise_filter)

    def _filter(self, last: bool) -> Wav:
        count = min(self._frames.ready, self._pending)
        if not count:  # too little is in, or a single frame, which has no samples
            return np.zeros(0, np.float32)
        assert not last or count == self._pending
        windowed, spectra, used = self._windowed[:count], self._spectra[:count], self._pulse_filter[:count]
        np.multiply(self._frames.take(count)[0], self._analysis, out=windowed)
        forward(windowed, out=spectra)
        spectra *= used
        # The filter of the pulses has done its work: its rows hold the noise.
        np.multiply(self._noise.spectra(self._done, count, self._samples), self._noise_filter[:count], out=used)
        spectra += used
        inverse(spectra, self._n_fft, out=windowed)
        windowed *= self._synthesis
        self._done += count
        self._keep(count)
        return self._output.push(windowed, last)

    def _keep(self, used: int) -> None:
        """Move the filters of frames whose samples are not in yet to the front."""
        left = slice(used, self._pending)
        self._pending -= used
        self._pulse_filter[: self._pending] = self._pulse_filter[left]
        self._noise_filter[: self._pending] = self._noise_filter[left]
