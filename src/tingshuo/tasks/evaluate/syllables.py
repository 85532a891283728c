"""Objective listening: does every syllable sound, and does F0 follow the tones.

Each check works on the finished samples and the times that the synthesis promised for them, so a fault anywhere between text and
samples shows. F0 is tracked from the samples by `audio.f0`, not taken from the model.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.f0 import track_f0
from tingshuo.audio.metrics import frame_rms_db
from tingshuo.tasks.tts import Speech
from tingshuo.types import TimedCharacter

TONE_CONTOURS = {1: (5.0, 5.0, 5.0), 2: (3.0, 3.2, 5.0), 3: (2.5, 1.2, 1.5), 4: (5.0, 3.5, 1.0)}
"""Pitch levels 1 to 5 at the start, middle and end of a full tone in connected speech.

Chao's tone letters (Y. R. Chao, A Grammar of Spoken Chinese, 1968): 55, 35, 214, 51; the third tone without its final rise, which
only comes before a pause.
"""
SHORTEST_S, LONGEST_S = 0.05, 0.75
QUIETEST_DB = -32.0
"""A syllable's loudest 20 ms may lie this far below the sentence's loud parts (95th percentile of 20 ms levels)."""
POINTS = 12


@dataclass(frozen=True, slots=True)
class SyllableCheck:
    """One syllable as heard.

    ``duration_s``; ``peak_db`` its loudest 20 ms relative to the loud parts of the speech; ``f0_semitones`` its contour of
    `POINTS` points relative to the median of the speech, None when too little is voiced.
    """

    text: str
    pinyin: str
    duration_s: float
    peak_db: float
    f0_semitones: NDArray[np.float64] | None

    @property
    def tone(self) -> int:
        """1 to 5."""
        return int(self.pinyin[-1])

    @property
    def audible(self) -> bool:
        """Whether length and level are those of a spoken syllable."""
        return SHORTEST_S <= self.duration_s <= LONGEST_S and self.peak_db >= QUIETEST_DB


@dataclass(frozen=True, slots=True)
class ToneReport:
    """How the contours of one tone agree with what is expected.

    ``n`` syllables; ``correlation`` the mean Pearson correlation of their contours with the expected one (NaN for the level first
    tone, whose expected contour has no shape); ``slope_semitones`` the median change from first to last third;
    ``height_semitones`` the median height.
    """

    n: int
    correlation: float
    slope_semitones: float
    height_semitones: float


def check_syllables(speech: Speech) -> list[SyllableCheck]:
    """Measure every syllable of a synthesis."""
    rate = speech.sample_rate
    hop = rate // 100
    levels = frame_rms_db(speech.wav, 2 * hop, hop)
    loud_db = float(np.percentile(levels, 95))
    f0 = track_f0(speech.wav, rate, hop)
    semitones = np.where(f0 > 0, 12 * np.log2(np.maximum(f0, 1.0)), np.nan)
    middle = float(np.nanmedian(semitones)) if (f0 > 0).any() else 0.0
    out = []
    for character in _characters(speech):
        a, b = round(character.start_s * 100), max(round(character.start_s * 100) + 1, round(character.end_s * 100))
        out.append(
            SyllableCheck(
                character.text,
                character.pinyin,
                character.end_s - character.start_s,
                float(levels[a:b].max(initial=-120.0)) - loud_db,
                _contour(semitones[a:b] - middle),
            )
        )
    return out


@dataclass(frozen=True, slots=True)
class ToneShapes:
    """The contours of one tone, one value a syllable, each (N,), and their mean contour (`POINTS`,), semitones.

    ``correlations`` with the expected contour (NaN for the level first tone), ``slopes`` from the first to the last third,
    ``heights`` relative to the median of the speech.
    """

    correlations: NDArray[np.float64]
    slopes: NDArray[np.float64]
    heights: NDArray[np.float64]
    contour: NDArray[np.float64]


def tone_shapes(syllables: Iterable[SyllableCheck]) -> dict[int, ToneShapes]:
    """Measure the contours of the four full tones, by tone; a tone that does not occur is left out."""
    by_tone: dict[int, list[NDArray[np.float64]]] = {tone: [] for tone in TONE_CONTOURS}
    for s in syllables:
        if s.tone in by_tone and s.f0_semitones is not None:
            by_tone[s.tone].append(s.f0_semitones)
    return {tone: _shapes(tone, np.stack(contours)) for tone, contours in by_tone.items() if contours}


def tone_report(syllables: Iterable[SyllableCheck]) -> dict[int, ToneReport]:
    """Summarise the contours of the four full tones, by tone."""
    return {
        tone: ToneReport(
            len(shapes.slopes),
            float(shapes.correlations.mean()),
            float(np.median(shapes.slopes)),
            float(np.median(shapes.heights)),
        )
        for tone, shapes in tone_shapes(syllables).items()
    }


def _characters(speech: Speech) -> list[TimedCharacter]:
    """Characters of one Mandarin syllable; a letter such as W may have several, and English has no tones (``AY1``)."""
    characters = (character for word in speech.words for character in word.characters)
    return [character for character in characters if character.pinyin.islower() and " " not in character.pinyin]


def _contour(semitones: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The longest voiced stretch of a syllable at `POINTS` points, None below 50 ms."""
    voiced = np.flatnonzero(~np.isnan(semitones))
    if len(voiced) < 5:
        return None
    runs = np.split(voiced, np.flatnonzero(np.diff(voiced) > 2) + 1)
    run = max(runs, key=len)
    if len(run) < 5:
        return None
    return np.interp(np.linspace(run[0], run[-1], POINTS), run, semitones[run])


def _shapes(tone: int, contours: NDArray[np.float64]) -> ToneShapes:
    third = POINTS // 3
    slopes = contours[:, -third:].mean(axis=1) - contours[:, :third].mean(axis=1)
    expected = np.interp(np.linspace(0, 2, POINTS), [0, 1, 2], TONE_CONTOURS[tone])
    if np.ptp(expected) == 0:
        correlations = np.full(len(contours), np.nan)
    else:
        shaped = contours - contours.mean(axis=1, keepdims=True)
        target = (expected - expected.mean()) / np.linalg.norm(expected - expected.mean())
        correlations = (shaped @ target) / np.maximum(np.linalg.norm(shaped, axis=1), 1e-9)
    return ToneShapes(correlations, slopes, contours.mean(axis=1), contours.mean(axis=0))
