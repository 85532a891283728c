"""From a recording of any length to what was said in it: blocks -> stretches of speech -> `Hears.hear` -> segments.

::

    for segment in Transcription("talk.mp3", recogniser): print(segment.start_s, segment.text)
    transcribe("talk.mp3").write("srt")

One block of the recording and one stretch of speech are in memory at a time. Where nobody speaks nothing is heard.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tingshuo.audio.enhance import Enhancement, check_enhancement, enhanced
from tingshuo.audio.mono import MonoBlocks, Source
from tingshuo.audio.resample import resample
from tingshuo.audio.vad import SAMPLE_RATE, SpeechFinder, Stretch, VadConfig
from tingshuo.errors import RequestError
from tingshuo.tasks.recognise.find import DEFAULT, load_recogniser, only_language
from tingshuo.tasks.recognise.hearing import Hears, heard
from tingshuo.tasks.recognise.hotwords import WEIGHT, Expected
from tingshuo.tasks.recognise.rescoring import WEIGHT as LM_WEIGHT
from tingshuo.tasks.recognise.rescoring import Adviser, open_adviser
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.tasks.recognise.transcript import Alternative, Segment, Transcript, main_language
from tingshuo.tasks.recognise.words import geometric_mean, pauses_of, words_of
from tingshuo.text.readable import readable

WIDEST_BEAM, MOST_TEXTS = 100, 50
GREATEST_BONUS = 20.0
"""Of a unit of a hotword; e**20 makes anything certain."""
Finish = Callable[[Segment], Segment]
"""Makes what was heard readable: punctuation, figures. The words of a segment stay as they were heard."""


def made_readable(segment: Segment) -> Segment:
    """Return a segment with punctuation and figures in its text."""
    return replace(segment, text=readable(segment.text, pauses_of(segment.text, segment.words)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How to listen.

    Parameters
    ----------
    beam : int
        How many texts are kept on the way, 1 to `WIDEST_BEAM`.
    best : int
        How many texts of a segment are told, 1 to `MOST_TEXTS`; more than ``beam`` are never found.
    hotwords : Mapping[str, float]
        Words that are likely to be said, and the bonus of each of their units, see `tingshuo.tasks.recognise.hotwords`.
    vad : VadConfig
        What counts as a stretch of speech.
    enhance : str
        What is taken away before anything is heard, see `tingshuo.audio.enhance`.
    finish : callable or None
        Makes the text of a segment readable; None leaves it as it was heard.
    language : str or None
        What is spoken, where the recogniser does not tell.
    lm : Adviser or None
        A language model that has a say in which text it was, see `tingshuo.tasks.recognise.rescoring`.

    Raises
    ------
    RequestError
        A value outside its range.
    """

    beam: int = 10
    best: int = 1
    hotwords: Mapping[str, float] = field(default_factory=dict)
    vad: VadConfig = field(default_factory=VadConfig)
    enhance: Enhancement = "none"
    finish: Finish | None = made_readable
    language: str | None = None
    lm: Adviser | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, value, most in (("beam", self.beam, WIDEST_BEAM), ("best", self.best, MOST_TEXTS)):
            if not 1 <= value <= most:
                raise RequestError(f"{name} must be 1 to {most}, got {value}", name)
        check_enhancement(self.enhance)


class Transcription:
    """The segments of a recording, each as soon as it is known; to be gone through once.

    Parameters
    ----------
    source : Source
        A path, a binary file that can be sought, or samples and their rate in Hz.
    recogniser : Hears
        Who hears; it may be shared.
    listening : Listening or None
        How.
    progress : callable or None
        Is told which share of the recording has been read, 0 to 1, where the recording says how long it is.

    Attributes
    ----------
    blocks : MonoBlocks
        The recording: how long it says it is, how much of it was heard.
    """

    def __init__(
        self,
        source: Source,
        recogniser: Hears,
        listening: Listening | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.listening, self.recogniser, self._progress = listening or Listening(), recogniser, progress
        self.blocks = MonoBlocks(source, SAMPLE_RATE)
        self._expected, self._rescored = prepared(recogniser, self.listening)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was wrong and did not stop the work, as far as it is known."""
        return warnings_of(self._expected, self.blocks.wrong_samples)

    def __iter__(self) -> Iterator[Segment]:
        """Yield the segments in which something was said.

        Raises
        ------
        AudioError
            The recording cannot be read.
        EngineError
            The recogniser's graphs cannot be run.
        """
        return (segment for segment in self.steps() if segment is not None)

    def steps(self) -> Iterator[Segment | None]:
        """Yield the same, and None after each block of the recording: for those who share a thread. Errors as above."""
        finder = SpeechFinder(self.listening.vad)
        for block in enhanced(self.blocks, self.listening.enhance, SAMPLE_RATE):
            yield from self._heard(finder.feed(block))
            yield None
            if self._progress is not None and self.blocks.promised_s:
                self._progress(min(self.blocks.heard_s / self.blocks.promised_s, 1.0))
        yield from self._heard(finder.finish())

    def transcript(self, tell: Callable[[Segment], None] | None = None) -> Transcript:
        """Go through all segments and gather them; ``tell`` gets each as soon as it is known. Errors as above."""
        segments: list[Segment] = []
        for segment in self:
            segments.append(segment)
            if tell is not None:
                tell(segment)
        language = main_language(segments, self.listening.language)
        return Transcript(tuple(segments), self.blocks.heard_s, language, self.warnings)

    def _heard(self, stretches: list[Stretch]) -> Iterator[Segment]:
        for stretch in stretches:
            segment = self._segment(stretch)
            if segment is not None:
                yield segment if self.listening.finish is None else self.listening.finish(segment)

    def _segment(self, stretch: Stretch) -> Segment | None:
        """Return what was said in a stretch of speech, None where that is nothing."""
        listening, recogniser = self.listening, self.recogniser
        wav = resample(stretch.wav, SAMPLE_RATE, recogniser.sample_rate)
        found = recogniser.hear(wav, max(listening.beam, listening.best), self._expected)
        if self._rescored is not None:
            found = self._rescored.rescored(found, recogniser)
        return segment_of(recogniser, found, stretch, best=listening.best, expected=self._expected)


def prepared(recogniser: Hears, listening: Listening) -> tuple[Expected | None, Adviser | None]:
    """Return what a recogniser is to expect, and who is asked about its texts when they are known.

    Raises
    ------
    RequestError
        The recogniser does not search, so that neither hotwords nor a language model can have a say.
    """
    if listening.lm is not None:
        expected, fused = listening.lm.expected(recogniser, listening.hotwords)
        return expected, None if fused else listening.lm
    return (recogniser.expect(listening.hotwords) if listening.hotwords else None), None


def warnings_of(expected: Expected | None, wrong_samples: int) -> tuple[str, ...]:
    """Return what was wrong with the words that a recogniser was to expect, and with the samples it heard."""
    told = []
    if expected is not None and expected.unknown:
        told.append(f"hotwords without units, which the recogniser will never write: {', '.join(expected.unknown)}")
    if wrong_samples:
        told.append(f"{wrong_samples} samples are no numbers or infinite; they were taken for silence")
    return tuple(told)


def segment_of(
    recogniser: Hears, found: Sequence[Hypothesis], stretch: Stretch, *, best: int = 1, expected: Expected | None = None
) -> Segment | None:
    """Return what was said in a stretch of speech, None where that is nothing.

    Parameters
    ----------
    recogniser : Hears
        Who heard it.
    found : sequence of Hypothesis
        The likeliest texts, the best first.
    stretch : Stretch
        Where it was said.
    best : int
        How many texts are told.
    expected : Expected or None
        The words that the recogniser expected.
    """
    if not found or not (told := heard(recogniser, found[0])).text.strip():
        return None
    return Segment(
        text=told.text.strip(),
        start_s=stretch.begin_s,
        end_s=stretch.end_s,
        confidence=geometric_mean([unit.confidence for unit in told.units]),
        words=words_of(recogniser, found[0], told, stretch.begin_s, stretch.end_s),
        alternatives=tuple(
            Alternative(recogniser.text(one.units).strip(), one.score, geometric_mean(list(one.confidences)))
            for one in found[1:best]
        ),
        tags=told.tags,
        hotwords=() if expected is None else expected.said(found[0].units),
        speech=stretch.likely,
    )


def transcribe(
    source: Source,
    model: Hears | str | Path = DEFAULT,
    *,
    language: str | None = None,
    threads: int = 1,
    beam: int = 10,
    best: int = 1,
    hotwords: Mapping[str, float] | None = None,
    vad: VadConfig | None = None,
    enhance: Enhancement = "none",
    finish: Finish | None = made_readable,
    lm: Adviser | str | Path | None = None,
    lm_weight: float = LM_WEIGHT,
) -> Transcript:
    """Return what is said in a recording.

    Parameters
    ----------
    source : Source
        A path, a binary file that can be sought, or samples and their rate in Hz.
    model : Hears, str or Path
        A recogniser, or what `tingshuo.tasks.recognise.find.find_recogniser` takes.
    language : str or None
        What is spoken, for a recogniser that can be told; None leaves it to the recogniser.
    threads : int
        Threads inside each graph.
    beam, best, hotwords, vad, enhance, finish
        As of `Listening`.
    lm : Adviser, str, Path or None
        A language model, or what `tingshuo.tasks.recognise.rescoring.open_adviser` takes.
    lm_weight : float
        How much one counts that is opened here.

    Raises
    ------
    UnknownVoiceError
        No such recogniser.
    AudioError
        The recording cannot be read.
    RequestError
        A value outside its range, a language that cannot be chosen, or a language model that is not there or has no say.
    """
    spoken = language
    if isinstance(model, str | Path):
        spoken = language or only_language(model)
        model = load_recogniser(model, threads=threads, chosen={"language": language} if language else None)
    if isinstance(lm, str | Path):
        lm = open_adviser(lm, lm_weight, threads=threads)
    listening = Listening(
        beam=beam, best=best, hotwords=hotwords or {}, vad=vad or VadConfig(), enhance=enhance, finish=finish, language=spoken,
        lm=lm,
    )  # fmt: skip
    return Transcription(source, model, listening).transcript()


def read_hotwords(text: str) -> dict[str, float]:
    """Return hotwords and their bonuses as they are written: ``听说, 北京:3``, separated by commas or on lines of their own.

    A line that begins with ``#`` is a remark.

    Raises
    ------
    RequestError
        A bonus is no number, or outside -`GREATEST_BONUS` to `GREATEST_BONUS`.
    """
    words: dict[str, float] = {}
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for entry in re.split("[,，、\n]", "\n".join(lines)):
        word, colon, bonus = entry.strip().replace("：", ":").rpartition(":")
        if not colon:
            word, bonus = bonus, str(WEIGHT)
        if not word.strip():
            continue
        try:
            words[word.strip()] = float(bonus)
        except ValueError:
            raise RequestError(f"hotword {entry.strip()!r}: {bonus!r} is no number; write 词 or 词:3", "hotwords") from None
        if not abs(words[word.strip()]) <= GREATEST_BONUS:
            raise RequestError(f"hotword {entry.strip()!r}: a bonus is -{GREATEST_BONUS:g} to {GREATEST_BONUS:g}", "hotwords")
    return words
