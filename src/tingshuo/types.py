"""What the rooms hand to each other: words, sentences, requests, audio.

Arrays: ``wav`` is float32 in [-1, 1], shape (T,). Times in seconds carry ``_s``, levels ``_db``, intervals ``_semitones``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import RequestError

Wav = NDArray[np.float32]

EMOTIONS = ("neutral", "happy", "sad", "angry", "surprised", "fearful", "gentle", "serious")
LONGEST_EMOTION = 200
"""Characters."""
MAX_CHARACTERS = 100_000
"""Longest text of one request, in characters (a long novel chapter has about 10,000)."""


@dataclass(frozen=True, slots=True)
class Prosody:
    """How a stretch of text is to be spoken, relative to the request; inherited by nesting.

    ``rate`` multiplies the speed, ``pitch_semitones`` adds to the pitch, ``volume_db`` to the level. ``emotion`` and
    ``strength`` replace the request's when they are not None. ``emphasis`` is 0 (none), 1 (moderate), 2 (strong) or -1 (reduced).
    """

    rate: float = 1.0
    pitch_semitones: float = 0.0
    volume_db: float = 0.0
    emotion: str | None = None
    strength: float | None = None
    emphasis: int = 0


PLAIN = Prosody()


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable as it is to be spoken, after sandhi.

    ``pinyin`` is letters plus tone digit 1-5 (5 = neutral), ``v`` for u-umlaut, a trailing ``r`` before the digit for
    erhua: ``dianr3``.
    ``initial`` and ``final`` are phone symbols of `tingshuo.text.symbols` (``final`` is spelled out: ``iou`` for ``liu``).
    ``hanzi`` is the written character, or for foreign words the letters that this syllable stands for.

    An English syllable has its phone symbols in ``phones`` (``("en:L", "en:OW")``), which are empty in Mandarin; its ``pinyin``
    is ARPAbet (``L OW1``), its ``tone`` the stress (6 none, 7 secondary, 8 primary), ``initial`` and ``final`` are empty.
    """

    hanzi: str
    pinyin: str
    initial: str
    final: str
    tone: int
    erhua: bool = False
    phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its syllables, or a pause (``syllables`` empty, ``pause_ms`` > 0).

    ``text`` is the spoken form (hanzi, letters, or the punctuation that caused a pause).
    """

    text: str
    syllables: tuple[Syllable, ...] = ()
    pause_ms: int = 0
    prosody: Prosody = PLAIN


@dataclass(frozen=True, slots=True)
class Sentence:
    """A piece of text that is spoken in one breath: the unit of acoustic inference and of a subtitle line.

    ``source`` is the text as written, ``spoken`` as normalised. A trailing pause is the last word.
    """

    source: str
    spoken: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class TimedCharacter:
    """A spoken character with its pinyin and place in the audio."""

    text: str
    pinyin: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A spoken word and its characters with their places in the audio."""

    text: str
    start_s: float
    end_s: float
    characters: tuple[TimedCharacter, ...] = ()


@dataclass(frozen=True, slots=True)
class TimedSentence:
    """A sentence as written, with its place in the audio: one subtitle line."""

    text: str
    start_s: float
    end_s: float
    words: tuple[TimedWord, ...] = ()


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of a stream: ``wav`` starts at absolute sample ``start_samples``.

    ``sentence`` is set on the first chunk of each sentence and carries the times of all its words.
    """

    wav: Wav
    sample_rate: int
    start_samples: int
    sentence: TimedSentence | None = None
    warnings: tuple[str, ...] = ()


RANGES: dict[str, tuple[float, float, str]] = {
    "strength": (0.0, 1.5, ""),
    "speed": (0.5, 2.0, ""),
    "pitch": (-12.0, 12.0, " semitones"),
    "volume": (-20.0, 20.0, " dB"),
}
"""Lowest and highest value of each control of a request, and its unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRequest:
    """What is to be spoken and how; checked once, here.

    Parameters
    ----------
    text : str
        Text, or SSML when it starts with ``<speak``.
    emotion : str
        One of `EMOTIONS`, or another that the voice was taught; whether it was is known when the voice is.
    strength : float
        0 (neutral) to 1.5.
    speed : float
        0.5 to 2; durations are divided by it.
    pitch : float
        -12 to 12 semitones.
    volume : float
        -20 to 20 dB relative to the voice's fixed level.
    style : str or None
        Whose rhythm and melody; None is the voice's default.
    speaker : str or None
        Whose timbre, a speaker of the voice; None is its first.
    seed : int
        Fixes the vocoder's noise, 0 to 2**32 - 1.

    Raises
    ------
    RequestError
        A value outside its range; the message lists what is accepted.
    """

    text: str
    emotion: str = "neutral"
    strength: float = 1.0
    speed: float = 1.0
    pitch: float = 0.0
    volume: float = 0.0
    style: str | None = None
    speaker: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every field."""
        if not isinstance(self.text, str):
            raise RequestError(f"text must be a string, got {type(self.text).__name__}", "text")
        if not isinstance(self.emotion, str) or not is_phrase(self.emotion):
            known = ", ".join(EMOTIONS)
            raise RequestError(f"emotion must be a name or a few words, such as {known}; got {self.emotion!r}", "emotion")
        for name, (low, high, unit) in RANGES.items():
            value = getattr(self, name)
            if not _is_number(value) or not low <= value <= high:
                raise RequestError(f"{name} must be a number from {low:g} to {high:g}{unit}, got {value!r}", name)
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or not 0 <= self.seed < 2**32:
            raise RequestError(f"seed must be an integer from 0 to {2**32 - 1}, got {self.seed!r}", "seed")


def is_phrase(text: str) -> bool:
    """Whether a text may name an emotion: a few words on one line."""
    return 0 < len(text) <= LONGEST_EMOTION and text.isprintable() and bool(text.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True)
class Stages:
    """Milliseconds of each stage of a synthesis, and the real-time factor (work seconds / audio seconds)."""

    text_ms: float = 0.0
    speaker_ms: float = 0.0
    acoustic_ms: float = 0.0
    vocoder_ms: float = 0.0
    ttfb_ms: float = 0.0
    rtf: float = 0.0


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """Inputs and outputs of a graph file: name to (dtype, shape), a str in a shape is a free dimension."""

    inputs: dict[str, tuple[str, tuple[int | str, ...]]] = field(default_factory=dict)
    outputs: dict[str, tuple[str, tuple[int | str, ...]]] = field(default_factory=dict)


class Runs(Protocol):
    """An open graph, or whatever stands in for one: an engine's session, a net, a session that is listened to."""

    def run(self, inputs: Mapping[str, NDArray[Any]], /) -> dict[str, NDArray[Any]]:
        """Return every output by name; ``inputs`` by name, with the types and shapes that the graph's manifest entry tells.

        Raises
        ------
        EngineError
            An input is missing, unknown, or of the wrong type or shape.
        """
        ...
