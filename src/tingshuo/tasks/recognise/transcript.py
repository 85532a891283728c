"""What was said in a recording: segments, words with their times, and the files that tell of them.

``text`` has a segment a line, ``json`` everything that is known, ``verbose_json`` what OpenAI's ``/v1/audio/transcriptions``
answers when asked for it (https://platform.openai.com/docs/api-reference/audio/verbose-json-object), ``srt`` and
``vtt`` are subtitles.
"""

import json
import math
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tingshuo.errors import RequestError
from tingshuo.text.subtitles import subtitles
from tingshuo.types import TimedSentence, TimedWord

DIGITS = 3
"""Of seconds and confidences that are written; a frame is longer than a millisecond."""
LEAST = 1e-6
"""A confidence is at least this where its logarithm is taken."""
LANGUAGES = {"zh": "chinese", "en": "english", "ja": "japanese", "ko": "korean", "yue": "cantonese"}
"""Names that OpenAI's API has for languages, by their codes."""
_ENDINGS = frozenset("。，、；：？！…—”’》」』）,.;:?!")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a Chinese character, and when it was said; ``confidence`` is 0 to 1."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another text that may have been said; scores compare those of one segment alone, higher is likelier."""

    text: str
    score: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Segment:
    """What was said between two pauses.

    Parameters
    ----------
    text : str
        As it is to be read.
    start_s, end_s : float
        Seconds from the begin of the recording.
    confidence : float
        0 to 1: the geometric mean of its units'.
    words : tuple of Word
        As they were heard; empty where the recogniser does not tell when it heard them.
    alternatives : tuple of Alternative
        Other texts, the likeliest first, as many as were asked for.
    tags : Mapping[str, str]
        What the recogniser says of the whole: ``{"language": "zh", "emotion": "HAPPY"}``.
    hotwords : tuple of str
        Which of the hotwords were said.
    speech : float
        How likely it is that somebody speaks, 0 to 1.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float
    words: tuple[Word, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    hotwords: tuple[str, ...] = ()
    speech: float = 1.0


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything that was said in a recording.

    Parameters
    ----------
    segments : tuple of Segment
        In the order of their times.
    duration_s : float
        Of the recording.
    language : str or None
        A code such as ``zh``, where it is known.
    warnings : tuple of str
        What was wrong with the recording or the request, and did not stop the work.
    """

    segments: tuple[Segment, ...]
    duration_s: float
    language: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All that was said; where no mark ends a segment, a blank stands for the pause."""
        said = ""
        for segment in self.segments:
            gap = " " if said and not (said[-1] in _ENDINGS and ord(said[-1]) > 127) else ""
            said += gap + segment.text
        return said

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all segments."""
        return tuple(word for segment in self.segments for word in segment.words)

    def write(self, format: str) -> str:
        """Return the text of a file of a format in `FORMATS`, lines ended by a line feed; to be written as UTF-8.

        Raises
        ------
        RequestError
            Unknown format.
        """
        if format not in _WRITERS:
            raise RequestError(f"unknown format {format!r}; accepted: {', '.join(FORMATS)}", "format")
        return _WRITERS[format](self)


def main_language(segments: Sequence[Segment], otherwise: str | None = None) -> str | None:
    """Return the language in which most time was spoken, as the tags tell; ``otherwise`` where none does."""
    spoken: Counter[str] = Counter()
    for segment in segments:
        if "language" in segment.tags:
            spoken[segment.tags["language"]] += segment.end_s - segment.start_s  # type: ignore[assignment]
    return spoken.most_common(1)[0][0] if spoken else otherwise


def segment_to_json(segment: Segment) -> dict[str, Any]:
    """Return everything that is known of a segment, for JSON."""
    told: dict[str, Any] = _rounded(asdict(segment))
    return told


def to_json(transcript: Transcript) -> dict[str, Any]:
    """Return everything that is known of a transcript, for JSON."""
    return {
        "text": transcript.text,
        "language": transcript.language,
        "duration_s": round(transcript.duration_s, DIGITS),
        "segments": [segment_to_json(segment) for segment in transcript.segments],
        "warnings": list(transcript.warnings),
    }


def to_verbose_json(transcript: Transcript) -> dict[str, Any]:
    """Return OpenAI's shape: there are no tokens nor a temperature here, so the one is empty and the other 0."""
    language = transcript.language
    return {
        "task": "transcribe",
        "language": None if language is None else LANGUAGES.get(language, language),
        "duration": round(transcript.duration_s, DIGITS),
        "text": transcript.text,
        "segments": [_openai_segment(number, segment) for number, segment in enumerate(transcript.segments)],
        "words": [
            {"word": word.text, "start": round(word.start_s, DIGITS), "end": round(word.end_s, DIGITS)}
            for word in transcript.words
        ],
    }


def _openai_segment(number: int, segment: Segment) -> dict[str, Any]:
    """As Whisper's: ``seek`` counts hundredths of a second, the compression is of zlib."""
    data = segment.text.encode()
    return {
        "id": number,
        "seek": round(segment.start_s * 100),
        "start": round(segment.start_s, DIGITS),
        "end": round(segment.end_s, DIGITS),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(math.log(max(segment.confidence, LEAST)), DIGITS),
        "compression_ratio": round(len(data) / len(zlib.compress(data)), DIGITS),
        "no_speech_prob": round(1 - segment.speech, DIGITS),
    }


def _rounded(value: Any) -> Any:
    """Round the numbers in what `asdict` returned."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def _sentences(transcript: Transcript) -> list[TimedSentence]:
    return [
        TimedSentence(one.text, one.start_s, one.end_s, tuple(TimedWord(w.text, w.start_s, w.end_s) for w in one.words))
        for one in transcript.segments
    ]


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


_WRITERS: dict[str, Callable[[Transcript], str]] = {
    "text": lambda transcript: "".join(f"{segment.text}\n" for segment in transcript.segments),
    "json": lambda transcript: _json(to_json(transcript)),
    "srt": lambda transcript: subtitles(_sentences(transcript), "srt"),
    "vtt": lambda transcript: subtitles(_sentences(transcript), "vtt"),
    "verbose_json": lambda transcript: _json(to_verbose_json(transcript)),
}
FORMATS = tuple(_WRITERS)
EXTENSIONS = {"text": "txt", "json": "json", "srt": "srt", "vtt": "vtt", "verbose_json": "json"}
"""Of the files of each format."""
