"""What can be measured in one recording without knowing what is said: level, noise, silence, clipping, bandwidth.

Levels are dB relative to full scale (a square wave of full scale has 0). Frames are 25 ms long, 10 ms apart.
"""

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.level import FLOOR_DB, find_speech
from tingshuo.audio.metrics import clipped_samples, frame_rms_db
from tingshuo.audio.stft import forward, frames_of, hann_window
from tingshuo.types import Wav

FRAME_S, HOP_S = 0.025, 0.010
FLAT_TOP = 0.9999
"""Samples this near to a recording's peak, several in a row, are cut off: below full scale when the level was set afterwards."""
FLAT_TOP_RUN = 3
SPECTRUM_SAMPLES = 1024
SPECTRUM_FRAMES = 96
"""Frames of speech whose mean spectrum shows the bandwidth; as many, evenly spread, of a long recording as of a short one."""
BANDS = 64
"""Bands of equal width between 0 Hz and half the rate in which content is looked for."""
CONTENT_DB = -66.0
"""A band this far below the strongest is empty: hiss of consonants at 10 kHz lies at -45 dB, what resampling leaves lower."""


class Measures(NamedTuple):
    """Of one recording."""

    sample_rate: int
    """Of the file, Hz."""
    duration_s: float
    peak: float
    """Highest absolute sample."""
    clipped: float
    """Share of samples that are cut off, 0 to 1."""
    dc: float
    """Mean of the samples."""
    level_db: float
    """RMS of the speech, frames without speech left out."""
    noise_db: float
    """RMS of the quietest frames; of a recording without any pause, that of its weakest sounds."""
    snr_db: float
    """Speech over noise, an estimate: too low by some dB for a recording without any pause."""
    lead_s: float
    """Silence before the first speech."""
    tail_s: float
    """Silence after the last."""
    pause_s: float
    """Longest silence between."""
    bandwidth_hz: float
    """Highest frequency with content."""
    fingerprint: str
    """Hash of the samples at 16 bits: equal for copies of a recording."""

    @property
    def speech_s(self) -> float:
        """Seconds from the first speech to the last."""
        return self.duration_s - self.lead_s - self.tail_s


def measure_wav(wav: Wav, sample_rate: int) -> Measures:
    """Measure a recording.

    Parameters
    ----------
    wav : Wav
        (T,), at least one sample, all finite.
    sample_rate : int
        Hz.
    """
    hop = max(1, round(HOP_S * sample_rate))
    levels = frame_rms_db(wav, round(FRAME_S * sample_rate), hop, FLOOR_DB)
    speech, noise_db = find_speech(levels)
    power = 10 ** (levels.astype(np.float64) / 10)
    level_db = 10 * np.log10(power[speech].mean()) if speech.any() else float(levels.max())
    lead_s, tail_s, pause_s = _silences(speech, hop / sample_rate, len(wav) / sample_rate)
    peak = float(np.abs(wav).max())
    return Measures(
        sample_rate=sample_rate,
        duration_s=len(wav) / sample_rate,
        peak=peak,
        clipped=_clipped(wav, peak),
        dc=float(wav.mean(dtype=np.float64)),
        level_db=float(level_db),
        noise_db=noise_db,
        snr_db=max(0.0, float(level_db) - noise_db),
        lead_s=lead_s,
        tail_s=tail_s,
        pause_s=pause_s,
        bandwidth_hz=bandwidth(wav, sample_rate, np.flatnonzero(speech) * hop),
        fingerprint=hashlib.blake2b((wav * 32767).astype(np.int16).tobytes(), digest_size=16).hexdigest(),
    )


def bandwidth(wav: Wav, sample_rate: int, starts: NDArray[np.int64]) -> float:
    """Return the highest frequency with content, in Hz, to within a `BANDS`-th of half the rate.

    Parameters
    ----------
    wav : Wav
        (T,).
    sample_rate : int
        Hz.
    starts : NDArray
        Samples at which there is speech; none returns half the rate.
    """
    n = SPECTRUM_SAMPLES
    if len(wav) < n:
        wav = np.pad(wav, (0, n - len(wav)))
    if not len(starts):
        return sample_rate / 2
    chosen = starts[np.linspace(0, len(starts) - 1, min(SPECTRUM_FRAMES, len(starts))).astype(int)]
    frames = frames_of(wav, n, 1)[np.clip(chosen - n // 2, 0, len(wav) - n)]
    spectrum = forward(frames * hann_window(n))
    power = np.square(np.abs(spectrum[:, 1:])).mean(axis=0).reshape(BANDS, -1).mean(axis=1)
    full = np.flatnonzero(power > power.max() * 10 ** (CONTENT_DB / 10))
    return (int(full[-1]) + 1) / BANDS * sample_rate / 2 if len(full) else sample_rate / 2


def _silences(speech: NDArray[np.bool_], hop_s: float, duration_s: float) -> tuple[float, float, float]:
    """Return the silence at the beginning, at the end, and the longest between, in seconds."""
    at = np.flatnonzero(speech)
    if not len(at):
        return duration_s, 0.0, 0.0
    tail_s = max(0.0, duration_s - float(at[-1] + 1) * hop_s)
    longest = int(np.diff(at).max() - 1) if len(at) > 1 else 0
    return float(at[0]) * hop_s, tail_s, longest * hop_s


def _clipped(wav: Wav, peak: float) -> float:
    """Return the share of samples in runs at full scale, or at the peak of a recording that is not too quiet to tell."""
    count = clipped_samples(wav)
    if not count and peak > 0.1:
        top = np.float32(peak * FLAT_TOP)
        count = clipped_samples(np.where(np.abs(wav) >= top, np.float32(1), np.float32(0)), FLAT_TOP_RUN)
    return count / len(wav)
