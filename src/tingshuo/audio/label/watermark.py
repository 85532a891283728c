"""An inaudible watermark in the sound itself: 32 bits under a key, found without the original.

The sound's spectrum is cut into tiles of 20 ms by 150 Hz, and each tile is made a little louder or softer: 0.5 dB below 1.2 kHz,
1.5 dB above, where the ear resolves less. What changes is a share of what is there, so silence stays silence. Which tile goes
which way is drawn from the key and repeats every 2.56 s. Four bytes of payload are four symbols; each picks one of 256 orthogonal
codes and owns a quarter of the tiles. The detector takes the level of each tile against its neighbours, adds up what should be
equal, tries every shift in time and every code, and reports what stands out of chance by more than a million to one.

The idea of keyed changes of levels is that of patchwork and spread spectrum (W. Bender et al., "Techniques for data hiding", IBM
Systems Journal 35, 1996; I. Cox et al., "Secure spread spectrum watermarking for multimedia", 1997); orthogonal codes are
textbook M-ary signalling.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.resample import resample
from tingshuo.errors import RequestError
from tingshuo.types import AudioChunk, Wav

SHORTEST_KEY = 16
"""Bytes."""
LARGEST_PAYLOAD = 2**32 - 1
FALSE_ALARM = 1e-6
"""Chance that audio without the watermark, or with another key, is taken for marked, for one file."""
TILES_A_SECOND = 50
PERIOD = 128
"""Tiles in time after which the pattern repeats: 2.56 s."""
LOWEST_HZ, WIDTH_HZ, BANDS = 400.0, 150.0, 44
CALM_HZ = 1200.0
CALM_DB, STRONG_DB = 0.5, 1.5
"""Change of a tile below and above `CALM_HZ`."""
SYMBOLS, CODES = 4, 256
SURE = 4.5
"""Score of a symbol below which another code may have won by chance (one in a thousand at this score)."""

RATE = 16000
FRAME, HOP = 480, 80
"""Of the detector, samples at `RATE`: 30 ms frames at four places in each tile."""
SHIFTS = RATE // TILES_A_SECOND // HOP
NEAR_FRAMES, NEAR_BANDS = 3, 1
LARGEST_DB = 9.0
DEEPEST_DB = 55.0
"""Tiles so far below the loud ones hold nothing that can be relied on."""
QUIET_PERCENT, ABOVE_QUIET_DB = 10, 6.0
"""Nor do those that hardly stand out of the steady noise of their band: its level is that of its quietest tenth."""
STRETCH_TILES = 8 * PERIOD
"""The detector looks at stretches of 20.48 s, each alone and all together."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WatermarkReading:
    """What a detector found: whether the mark is there and, if so, its 32 bits; None where one of them is not sure.

    ``score`` is in standard deviations of chance, ``threshold`` the score from which on the chance of a false alarm is below
    `FALSE_ALARM` for this file.
    """

    present: bool
    payload: int | None
    score: float
    threshold: float


class Watermarker:
    """Marks a stream piece by piece; the pieces together are what `mark` makes of the whole.

    Parameters
    ----------
    sample_rate : int
        Hz, at least 8000; up to 7 kHz are used.
    key : bytes
        The secret, at least 16 bytes; the detector needs it.
    payload : int
        0 to 2**32 - 1.

    Raises
    ------
    RequestError
        A short key, or a payload that does not fit.
    """

    def __init__(self, sample_rate: int, key: bytes, payload: int) -> None:
        if not 0 <= payload <= LARGEST_PAYLOAD:
            raise RequestError(f"the payload of a watermark is 0 to {LARGEST_PAYLOAD}, got {payload}", "watermark")
        self._rate, self._hop = sample_rate, round(sample_rate / TILES_A_SECOND / 2)
        frame = 2 * self._hop
        self._window = np.sin(np.pi * (np.arange(frame) + 0.5) / frame)
        self._gains = _gains(key, payload)
        band = np.floor((np.fft.rfftfreq(frame, 1 / sample_rate) - LOWEST_HZ) / WIDTH_HZ).astype(int)
        self._used = (band >= 0) & (band < BANDS)
        self._band = band[self._used]
        # The first frame lies half before the first sample.
        self._input = np.zeros(self._hop)
        self._tail = np.zeros(self._hop)
        self._frames = 0
        self._in_samples = self._out_samples = 0

    def push(self, wav: Wav) -> Wav:
        """Add samples of shape (T,); return those that are ready, 10 to 20 ms fewer than have come."""
        self._in_samples += len(wav)
        return self._advance(wav)

    def finish(self) -> Wav:
        """Return the rest."""
        rest = self._advance(np.zeros(2 * self._hop, np.float32))
        return rest[: self._in_samples - (self._out_samples - len(rest))]

    def _advance(self, wav: Wav) -> Wav:
        self._input = np.concatenate([self._input, wav])
        count = max(0, (len(self._input) - len(self._window)) // self._hop + 1)
        if not count:
            return np.zeros(0, np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(self._input, len(self._window))[:: self._hop][:count]
        spectra = np.fft.rfft(frames * self._window)
        centres = (self._frames + np.arange(count)) * self._hop
        rows = centres * TILES_A_SECOND // self._rate % PERIOD
        spectra[:, self._used] *= self._gains[rows][:, self._band]
        made = np.fft.irfft(spectra, len(self._window)) * self._window
        halves = made.reshape(count, 2, self._hop)
        before = np.concatenate([self._tail[None], halves[:-1, 1]])
        out = (halves[:, 0] + before).ravel()
        self._tail = halves[-1, 1]
        skipped = self._hop if not self._frames else 0
        self._frames += count
        self._input = self._input[count * self._hop :]
        self._out_samples += len(out) - skipped
        made_now: Wav = out[skipped:].astype(np.float32)
        return made_now


def mark(wav: Wav, sample_rate: int, key: bytes, payload: int) -> Wav:
    """Return whole audio with the watermark, shape (T,) as given.

    Raises
    ------
    RequestError
        As for `Watermarker`.
    """
    marker = Watermarker(sample_rate, key, payload)
    return np.concatenate([marker.push(wav), marker.finish()])


def mark_chunks(chunks: Iterable[AudioChunk], key: bytes, payload: int) -> Iterator[AudioChunk]:
    """Yield the chunks of a stream with the watermark; up to 20 ms of each come with the next, and the last ones alone.

    Raises
    ------
    RequestError
        As for `Watermarker`, at the first chunk.
    """
    marker, start, rate = None, 0, 0
    for chunk in chunks:
        rate = chunk.sample_rate
        marker = marker or Watermarker(rate, key, payload)
        wav = marker.push(chunk.wav)
        yield replace(chunk, wav=wav, start_samples=start)
        start += len(wav)
    if marker is not None:
        yield AudioChunk(marker.finish(), rate, start)


def read_watermark(wav: Wav, sample_rate: int, key: bytes) -> WatermarkReading:
    """Look for the watermark of a key.

    Parameters
    ----------
    wav : Wav
        Shape (T,), any level; three seconds are enough where no codec was in between, opus at 24 kbit/s needs ten.
    sample_rate : int
        Hz.
    key : bytes
        That of the `Watermarker`.

    Raises
    ------
    RequestError
        The key is too short.
    """
    signs, owner, place = _pattern(key)
    sound = resample(wav, sample_rate, RATE)
    step = STRETCH_TILES * RATE // TILES_A_SECOND
    total, looks = np.zeros((SHIFTS, PERIOD, BANDS)), []
    for start in range(0, max(1, len(sound)), step):
        sums = _fold(_deviations(sound[start : start + step]))
        total += sums
        looks.append(_decode(sums, signs, owner, place))
    if len(looks) > 1:
        looks.append(_decode(total, signs, owner, place))
    score, payload, sure = max(looks)
    guesses = float(len(looks)) * SHIFTS * PERIOD * (LARGEST_PAYLOAD + 1)
    threshold = -NormalDist().inv_cdf(FALSE_ALARM / guesses)
    present = score >= threshold
    return WatermarkReading(present, payload if present and sure else None, score, threshold)


@lru_cache(maxsize=8)
def _pattern(key: bytes) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return of each tile its sign, the symbol that owns it, and its place in that symbol's code, shapes (PERIOD, BANDS)."""
    if len(key) < SHORTEST_KEY:
        raise RequestError(f"the key of a watermark has at least {SHORTEST_KEY} bytes, this one {len(key)}", "key")
    raw = np.frombuffer(hashlib.shake_256(b"tingshuo watermark 1" + key).digest(4 * PERIOD * BANDS), "<u4")
    order = np.argsort(raw >> 1, kind="stable")
    rank = np.empty(len(raw), np.int64)
    rank[order] = np.arange(len(raw))
    shape = (PERIOD, BANDS)
    signs = np.where(raw & 1, 1.0, -1.0)
    return signs.reshape(shape), (rank % SYMBOLS).reshape(shape), (rank // SYMBOLS % CODES).reshape(shape)


@lru_cache(maxsize=1)
def _codes() -> Floats:
    """Return the Hadamard matrix of 256 rows, each orthogonal to the others."""
    codes = np.ones((1, 1))
    while len(codes) < CODES:
        codes = np.block([[codes, codes], [codes, -codes]])
    return codes


def _strengths() -> Floats:
    """Return the change of each band in dB."""
    return np.where(LOWEST_HZ + WIDTH_HZ * np.arange(BANDS) < CALM_HZ, CALM_DB, STRONG_DB)


def _gains(key: bytes, payload: int) -> Floats:
    """Return the factor of each tile, shape (PERIOD, BANDS)."""
    signs, owner, place = _pattern(key)
    symbols = np.frombuffer(payload.to_bytes(SYMBOLS, "big"), np.uint8).astype(np.int64)
    chips = signs * _codes()[symbols[owner], place]
    gains: Floats = 10 ** (chips * _strengths() / 20)
    return gains


def _deviations(sound: Wav) -> Floats:
    """Return how far each tile is above its neighbours in dB, weighted by what it is changed by; shape (frames, BANDS)."""
    padded = np.concatenate([np.zeros(FRAME // 2), sound, np.zeros(FRAME)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    band = np.floor((np.fft.rfftfreq(FRAME, 1 / RATE) - LOWEST_HZ) / WIDTH_HZ).astype(int)
    first = np.searchsorted(band, np.arange(BANDS))
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME))) ** 2
    last = int(np.searchsorted(band, BANDS))
    levels = 10 * np.log10(np.add.reduceat(power[:, :last], first, axis=1) + 1e-12)
    quiet = np.percentile(levels, QUIET_PERCENT, axis=0) + ABOVE_QUIET_DB
    floor = np.maximum(np.percentile(levels, 98) - DEEPEST_DB, quiet)
    kept = np.maximum(levels, floor)
    widths = ((NEAR_FRAMES, NEAR_FRAMES), (NEAR_BANDS, NEAR_BANDS))
    shape = (2 * NEAR_FRAMES + 1, 2 * NEAR_BANDS + 1)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(kept, widths, mode="edge"), shape).mean(axis=(2, 3))
    deviations: Floats = np.where(levels > floor, np.clip(kept - around, -LARGEST_DB, LARGEST_DB), 0.0)
    return deviations * _strengths()


def _fold(deviations: Floats) -> Floats:
    """Return sums over all periods, for each place of a frame in its tile, (SHIFTS, PERIOD, BANDS)."""
    span = SHIFTS * PERIOD
    rows = np.zeros((-(-len(deviations) // span) * span, BANDS))
    rows[: len(deviations)] = deviations
    sums: Floats = rows.reshape(-1, PERIOD, SHIFTS, BANDS).sum(axis=0).transpose(1, 0, 2)
    return sums


def _decode(sums: Floats, signs: Floats, owner: NDArray[np.int64], place: NDArray[np.int64]) -> tuple[float, int, bool]:
    """Return the best score over all shifts and codes, the payload that has it, and whether all of its bytes are sure.

    With signs of another key a correlation is a sum of random signs, whose variance is the sum of squares, whatever the sound.
    """
    cell = (owner * CODES + place).ravel()
    best = (-np.inf, 0, False)
    for shift in range(SHIFTS):
        # Row s: the pattern begins s tiles into the stretch.
        turned = [np.roll(sums[shift], -s, axis=0).ravel() * signs.ravel() for s in range(PERIOD)]
        chips = np.stack([np.bincount(cell, row, SYMBOLS * CODES) for row in turned]).reshape(PERIOD, SYMBOLS, CODES)
        spread = np.stack([np.bincount(owner.ravel(), row**2, SYMBOLS) for row in turned])
        scores = chips @ _codes() / np.sqrt(np.maximum(spread, 1e-9))[:, :, None]
        symbols, tops = scores.argmax(axis=2), scores.max(axis=2)
        joint = tops.sum(axis=1) / np.sqrt(SYMBOLS)
        at = int(joint.argmax())
        if joint[at] > best[0]:
            payload = int.from_bytes(symbols[at].astype(np.uint8).tobytes(), "big")
            best = (float(joint[at]), payload, bool(tops[at].min() >= SURE))
    return best
