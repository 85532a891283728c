"""What an explanation holds: the syllables as they are spoken, and what each input does to them. S syllables of a sentence."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Measure(NamedTuple):
    """What is read off a syllable. ``scale`` is the influence that is drawn in the fullest colour."""

    chinese: str
    english: str
    unit: str
    scale: float
    digits: int


MEASURES = {
    "duration": Measure("时长", "duration", "%", 30.0, 0),
    "f0": Measure("音高", "F0", "半音 semitones", 3.0, 1),
    "energy": Measure("音量", "energy", "dB", 3.0, 1),
}
"""Of the influences of single tones in the sentences of `tingshuo.tasks.evaluate.sentences`, built-in voice, 95 % are below 56 %,
4.0 semitones and 4.1 dB on their own syllable, and below 10 %, 0.7 semitones and 0.9 dB on others: a scale has room for both."""


class Kind(NamedTuple):
    """A kind of input; ``local`` ones belong to one place of the sentence, the others to all of it."""

    chinese: str
    english: str
    local: bool


KINDS = {
    "tone": Kind("声调", "tone", True),
    "phones": Kind("音素", "phones", True),
    "boundary": Kind("词界", "word boundary", True),
    "pause": Kind("停顿", "pause", True),
    "style": Kind("风格", "style", False),
    "speaker": Kind("说话人", "speaker", False),
    "emotion": Kind("情感", "emotion", False),
}
LOCAL = tuple(name for name, kind in KINDS.items() if kind.local)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A syllable as it is spoken.

    ``word`` counts the words of the sentence that have syllables; ``start_s`` and ``end_s`` are on the grid of frames,
    ``duration_s`` is the model's, before rounding; ``f0_hz`` is the mean over voiced frames (of the logarithm), None where too
    few are (`tingshuo.tasks.explain.answer.voiced_enough`); ``level_db`` is relative to the mean power of all syllables.
    """

    text: str
    pinyin: str
    tone: int
    word: int
    start_s: float
    end_s: float
    duration_s: float
    f0_hz: float | None
    level_db: float


@dataclass(frozen=True, slots=True)
class Influence:
    """What one input does to every syllable: as spoken, against the same with this input replaced.

    ``of`` is the word, character, mark or name that has the input, ``value`` the input's value where it has one (a tone),
    ``instead`` what it was replaced with. ``span`` are the syllables that own it, from the first to before the last; empty for
    what lies between two syllables, and all of them for what is of the whole sentence.

    ``change`` holds, by measure, (S,): ``duration`` in percent of the replaced one's length, ``f0`` in semitones, NaN where too
    little is voiced, ``energy`` in dB. Positive: the input makes it longer, higher, louder.
    """

    kind: str
    of: str
    value: str
    instead: str
    span: tuple[int, int]
    change: dict[str, Floats]

    def distance(self, syllable: int) -> int:
        """Return how many syllables after the input one lies: 0 is its own, negative is before it."""
        first, stop = self.span
        return syllable - first if syllable < first else max(0, syllable - stop + 1)


@dataclass(frozen=True, slots=True)
class Together:
    """Inputs replaced at once, beside the sum of their single influences; ``kind`` is of `KINDS`, or ``all`` local ones.

    By measure, over the syllables: ``joint`` is the mean absolute influence of all of them, ``gap`` the mean absolute
    difference of that from the sum of the single ones. Influences that added up would leave a gap of 0. In the units of
    `Influence.change`, but durations as 100 times the natural logarithm.
    """

    kind: str
    n: int
    joint: dict[str, float]
    gap: dict[str, float]


@dataclass(frozen=True, slots=True)
class Explained:
    """One sentence: ``f0`` (F,) Hz, 0 where unvoiced, with ``frame_s`` seconds between frames."""

    text: str
    syllables: tuple[Spoken, ...]
    influences: tuple[Influence, ...]
    together: tuple[Together, ...]
    f0: NDArray[np.float32]
    frame_s: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A text explained.

    ``precision`` is that of the graphs, as they would be heard. ``floor`` is the noise, by measure: 95 % of the influences of
    single places change by less when the graphs compute in float32 instead; 0 where they do that already. ``warnings`` is what
    could not be spoken as written.
    """

    voice: str
    version: str
    precision: str
    style: str
    speaker: str
    emotion: str
    sentences: tuple[Explained, ...]
    floor: dict[str, float]
    warnings: tuple[str, ...] = ()
