"""Find the rhythm 短长短短 in audio.

A tone of a label is purer than speech ever is for so long: nearly all power of a frame lies in a few neighbouring bins. Four such
tones of one pitch and one level, whose lengths are as 1 to 3 to 1 to 1, make the rhythm, whatever its pitch and speed; the gap
in its middle may be that of Morse (three dots) or that of the others (one).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.resample import resample
from tingshuo.types import Wav

RATE = 16000
WINDOW, HOP = 512, 128
LOWEST_HZ, HIGHEST_HZ = 250.0, 3000.0
LOBE = 2
"""Bins on each side of a peak that a tone fills with a Hann window."""
PURITY = 0.7
"""Share of a frame's power in the peak; noise 20 dB below leaves 0.98, vowels mostly have below 0.5."""
QUIETEST_DB = -62.0
DROP_DB = 8.0
"""Where the tone falls so far below its neighbourhood, it has ended, even if an echo of it goes on."""
SHORTEST_UNIT_S, LONGEST_UNIT_S = 0.04, 0.25
ONE, THREE, GAP, MIDDLE = (0.65, 1.4), (2.2, 3.8), (0.5, 1.7), (0.5, 4.6)
"""Accepted lengths in units: of a dot, a dash, the gaps inside letters and the one in the middle."""
ALIKE_DB = 5.0
ALONE_UNITS = 1.8
"""No other tone of the pitch may be so near, or it is a longer message."""
BLOCK = 4096
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A rhythm that was found: its place, the pitch, and the length of a dot, between the points of half amplitude."""

    start_s: float
    end_s: float
    tone_hz: float
    unit_s: float


class _Tone(NamedTuple):
    start_s: float
    end_s: float
    bin: float
    level_db: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def find_rhythms(wav: Wav, sample_rate: int) -> list[Rhythm]:
    """Return the rhythms of a recording in the order of time.

    Parameters
    ----------
    wav : Wav
        Shape (T,), any level.
    sample_rate : int
        Hz, at least 8000.

    Returns
    -------
    list
        Starts and ends are right to about 10 ms.
    """
    tones = _tones(resample(wav, sample_rate, RATE) if sample_rate != RATE else wav)
    found, at = [], 0
    while at + 4 <= len(tones):
        rhythm = _match(tones, at)
        if rhythm is not None:
            found.append(rhythm)
        at += 1 if rhythm is None else 4
    return found


def _match(tones: list[_Tone], at: int) -> Rhythm | None:
    """Return the rhythm of four tones in a row, if they make one."""
    four = tones[at : at + 4]
    unit = (four[0].length_s + four[2].length_s + four[3].length_s) / 3
    if not SHORTEST_UNIT_S <= unit <= LONGEST_UNIT_S or not _alike(four):
        return None
    lengths = [tone.length_s / unit for tone in four]
    gaps = [(after.start_s - before.end_s) / unit for before, after in pairwise(four)]
    wanted = zip((*lengths, *gaps), (ONE, THREE, ONE, ONE, GAP, MIDDLE, GAP), strict=True)
    if not all(low <= value <= high for value, (low, high) in wanted):
        return None
    near = ALONE_UNITS * unit
    before = at > 0 and four[0].start_s - tones[at - 1].end_s < near and _alike([tones[at - 1], four[0]])
    after = at + 4 < len(tones) and tones[at + 4].start_s - four[3].end_s < near and _alike([four[3], tones[at + 4]])
    if before or after:
        return None
    hz = float(np.mean([tone.bin for tone in four])) * RATE / WINDOW
    return Rhythm(four[0].start_s, four[3].end_s, hz, unit)


def _alike(tones: list[_Tone]) -> bool:
    bins, levels = [tone.bin for tone in tones], [tone.level_db for tone in tones]
    return max(bins) - min(bins) <= 0.75 and max(levels) - min(levels) <= ALIKE_DB


def _tones(wav: Wav) -> list[_Tone]:
    """Return the pure tones of a recording at `RATE`."""
    peak, level, purity = _spectra(wav)
    pure = (purity > PURITY) & (level > QUIETEST_DB) & (peak > 0)
    tones = []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], pure, [0]]).astype(np.int8)))
    # Two runs of frames are one when a single frame between them was spoilt.
    runs: list[list[int]] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        if runs and start - runs[-1][1] <= 2:
            runs[-1][1] = stop
        else:
            runs.append([start, stop])
    for start, stop in runs:
        tones += _parts(peak, level, start, stop)
    return tones


def _parts(peak: Floats, level: Floats, start: int, stop: int) -> list[_Tone]:
    """Cut a run of pure frames where its level falls or its pitch jumps."""
    levels, bins = level[start:stop], peak[start:stop]
    reach = round(LONGEST_UNIT_S * RATE / HOP)
    around = np.array([levels[max(0, k - reach) : k + reach + 1].max() for k in range(len(levels))])
    on = levels > around - DROP_DB
    jumps = np.abs(np.diff(bins, prepend=bins[:1])) > 1.0
    parts, first = [], None
    for k in range(len(levels) + 1):
        ends = k == len(levels) or not on[k] or jumps[k]
        if first is not None and ends:
            parts.append(_tone(bins[first:k], level, start + first, start + k))
            first = None
        if k < len(levels) and on[k] and first is None:
            first = k
    return parts


def _tone(bins: Floats, level: Floats, start: int, stop: int) -> _Tone:
    """Return a tone with its edges where half its amplitude is reached."""
    loud = float(np.median(level[start:stop]))
    loud = float(np.median(level[start:stop][level[start:stop] >= loud]))
    above = np.flatnonzero(level[start:stop] >= loud - 6.0) + start
    first, last = int(above[0]), int(above[-1])
    begin = first - _fraction(level, first, -1, loud - 6.0)
    end = last + _fraction(level, last, 1, loud - 6.0)
    # A frame's level is that of its middle.
    middle = WINDOW / 2 / RATE
    return _Tone(begin * HOP / RATE + middle, end * HOP / RATE + middle, float(np.median(bins)), loud)


def _fraction(level: Floats, at: int, step: int, threshold: float) -> float:
    """Return how far beyond a frame the level crosses a threshold, in frames."""
    beyond = at + step
    if not 0 <= beyond < len(level) or level[beyond] >= threshold:
        return 0.5
    return float((level[at] - threshold) / (level[at] - level[beyond]))


def _spectra(wav: Wav) -> tuple[Floats, Floats, Floats]:
    """Return of each frame the peak's place in bins, its level in dB and its share of the power; zeros of a short recording."""
    count = max(0, (len(wav) - WINDOW) // HOP + 1)
    peak, level, purity = np.zeros(count), np.full(count, -200.0), np.zeros(count)
    window = np.hanning(WINDOW + 1)[:-1]
    low, high = round(LOWEST_HZ * WINDOW / RATE), round(HIGHEST_HZ * WINDOW / RATE)
    for start in range(0, count, BLOCK):
        stop = min(count, start + BLOCK)
        stretch = wav[start * HOP : (stop - 1) * HOP + WINDOW]
        frames = np.lib.stride_tricks.sliding_window_view(stretch, WINDOW)[::HOP] * window
        power = np.abs(np.fft.rfft(frames)) ** 2
        rows = np.arange(stop - start)
        best = power[:, low:high].argmax(axis=1) + low
        lobe = best[:, None] + np.arange(-LOBE, LOBE + 1)
        near = np.take_along_axis(power, lobe, axis=1)
        sums = near.sum(axis=1)
        total = power[:, 3:].sum(axis=1)
        peak[start:stop] = (near * lobe).sum(axis=1) / np.maximum(sums, 1e-30)
        purity[start:stop] = sums / np.maximum(total, 1e-30)
        # A sine of amplitude 1 has WINDOW**2 / 16 in its peak and half as much again around it.
        level[start:stop] = 10 * np.log10(np.maximum(sums[rows] / (WINDOW**2 * 3 / 32) / 2, 1e-20))
    return peak, level, purity
