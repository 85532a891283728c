"""Live recognition: samples as they come -> what is being said so far -> what was said, as soon as somebody pauses.

::

    session = LiveSession(recogniser, 48000)
    for block in microphone:
        for event in session.feed(block): ...           # Began, Partial, Final
    session.finish()

Samples are worked on in steps of `STEP_S`, counted from the first, so that the events are the same whatever the sizes of the
blocks. Memory is bounded by the longest utterance. Where nobody speaks nothing is heard and nothing is told.

Each utterance is heard once more as a whole when it is over, unless `Live.second_pass` says otherwise: that is better than what
was heard in chunks (Yao et al. 2021, "WeNet", two passes).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tingshuo.audio.mono import HIGHEST_HZ, LOWEST_HZ
from tingshuo.audio.resample import Resampled
from tingshuo.audio.vad import SAMPLE_RATE, SpeechFinder, Stretch
from tingshuo.errors import RequestError
from tingshuo.tasks.recognise.hearing import Hears
from tingshuo.tasks.recognise.model import CHUNK_S
from tingshuo.tasks.recognise.transcribe import Listening, prepared, segment_of, warnings_of
from tingshuo.tasks.recognise.transcript import Segment
from tingshuo.tasks.recognise.utterance import Ear, Utterance
from tingshuo.types import Wav

STEP_S = 0.04
"""What is worked on at a time: two frames of the net that hears speech."""
SHORTEST_CHUNK_S, LONGEST_CHUNK_S = 0.04, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """How to listen live.

    Parameters
    ----------
    partials : bool
        Whether texts are told before they are over.
    second_pass : bool
        Whether an utterance is heard once more, as a whole, when it is over, if it is not longer than `SECOND_MOST_S`.
    chunk_s : float
        `SHORTEST_CHUNK_S` to `LONGEST_CHUNK_S` seconds that are heard at a time, by a recogniser of chunks of any length.

    Raises
    ------
    RequestError
        A length outside its range.
    """

    partials: bool = True
    second_pass: bool = True
    chunk_s: float = CHUNK_S

    def __post_init__(self) -> None:
        """Check the length."""
        if not SHORTEST_CHUNK_S <= self.chunk_s <= LONGEST_CHUNK_S:
            raise RequestError(
                f"chunk_s must be {SHORTEST_CHUNK_S:g} to {LONGEST_CHUNK_S:g} seconds, got {self.chunk_s:g}", "chunk_s"
            )


@dataclass(frozen=True, slots=True)
class Began:
    """Somebody speaks, since ``start_s`` seconds; utterances are counted from 0, and each ends with a `Final`."""

    utterance: int
    start_s: float


@dataclass(frozen=True, slots=True)
class Partial:
    """What was said so far, as it was heard.

    ``end_s`` is how far was listened. The first ``stable`` characters will hardly change in later partials; the final text may
    still differ, as it was heard as a whole.
    """

    utterance: int
    start_s: float
    end_s: float
    text: str
    stable: int


@dataclass(frozen=True, slots=True)
class Final:
    """What was said; its text is empty where it turned out to be no words."""

    utterance: int
    segment: Segment


Event = Began | Partial | Final


def check_rate(sample_rate: int) -> None:
    """Raise `RequestError` unless sound may have so many samples a second."""
    if not LOWEST_HZ <= sample_rate <= HIGHEST_HZ:
        raise RequestError(f"sample_rate must be {LOWEST_HZ} to {HIGHEST_HZ} Hz, got {sample_rate}", "sample_rate")


class LiveSession:
    """One speaker's live recognition; not to be shared by threads.

    Parameters
    ----------
    recogniser : Hears
        Who hears; it may be shared.
    sample_rate : int
        Hz of what is fed, one channel.
    listening : Listening or None
        How; ``vad.silence_s`` is the quiet that ends an utterance, ``vad.longest_s`` its longest.
    live : Live or None
        How partials come about.

    Raises
    ------
    RequestError
        An unbelievable sample rate, or hotwords or a language model for a recogniser that searches for nothing.

    Attributes
    ----------
    fed_s : float
        Seconds that were fed.
    utterances : int
        How many have begun.
    """

    def __init__(
        self, recogniser: Hears, sample_rate: int = SAMPLE_RATE, listening: Listening | None = None, live: Live | None = None
    ) -> None:
        check_rate(sample_rate)
        self.recogniser, self.sample_rate = recogniser, sample_rate
        self.listening, self.live = listening or Listening(), live or Live()
        self._expected, self._adviser = prepared(recogniser, self.listening)
        self._waiting: Wav = np.zeros(0, np.float32)
        self._step = round(STEP_S * sample_rate)
        self._resampled = Resampled(sample_rate, SAMPLE_RATE)
        self._finder = SpeechFinder(self.listening.vad)
        self._utterance: Utterance | None = None
        self._fed = self._wrong = 0
        self.utterances = 0

    @property
    def fed_s(self) -> float:
        """See the class."""
        return self._fed / self.sample_rate

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was wrong and did not stop the work."""
        return warnings_of(self._expected, self._wrong)

    def feed(self, wav: Wav) -> list[Event]:
        """Go on by samples (T,) in [-1, 1], any number; return what is known now.

        Raises
        ------
        EngineError
            The recogniser's graphs cannot be run.
        """
        self._fed += len(wav)
        self._waiting = np.concatenate([self._waiting, self._sane(np.asarray(wav, np.float32))])
        whole = len(self._waiting) // self._step * self._step
        steps, self._waiting = self._waiting[:whole], self._waiting[whole:]
        found: list[Event] = []
        for first in range(0, whole, self._step):
            found += self._hear(self._resampled.feed(steps[first : first + self._step]))
        return found

    def finish(self) -> list[Event]:
        """End the session; return what was still under way. Errors as above."""
        rest = np.concatenate([self._resampled.feed(self._waiting), self._resampled.finish()])
        self._waiting = self._waiting[:0]
        return [*self._hear(rest), *self._close(self._finder.finish())]

    def _hear(self, wav: Wav) -> Iterator[Event]:
        """Go on by samples at the rate of the net that hears speech."""
        yield from self._close(self._finder.feed(wav))
        open_ = self._finder.open
        if open_ is None:
            self._utterance = None  # what began was too short to be speech
            return
        if self._utterance is None or self._utterance.begin != open_.begin:
            self._utterance = self._new(open_.begin)
        utterance = self._utterance
        if open_.is_sure and utterance.number is None:
            yield self._begin(utterance)
        if self.live.partials or not self.live.second_pass:
            utterance.follow(self._finder.since(utterance.end))
        news = utterance.news() if self.live.partials and utterance.number is not None else None
        if news is not None and utterance.number is not None:
            yield Partial(utterance.number, utterance.begin / SAMPLE_RATE, utterance.end / SAMPLE_RATE, *news)

    def _new(self, begin: int) -> Utterance:
        beam, live = max(self.listening.beam, self.listening.best), self.live
        ear = Ear(self.recogniser, beam, self._expected, live.partials, live.second_pass, live.chunk_s)
        return Utterance(ear, begin)

    def _begin(self, utterance: Utterance) -> Began:
        utterance.number = self.utterances
        self.utterances += 1
        return Began(utterance.number, utterance.begin / SAMPLE_RATE)

    def _close(self, stretches: list[Stretch]) -> Iterator[Event]:
        """End utterances."""
        for stretch in stretches:
            utterance, self._utterance = self._utterance, None
            if utterance is None or utterance.begin != round(stretch.begin_s * SAMPLE_RATE):
                utterance = self._new(round(stretch.begin_s * SAMPLE_RATE))
            if utterance.number is None:
                yield self._begin(utterance)
            assert utterance.number is not None
            yield Final(utterance.number, self._segment(stretch, utterance))

    def _segment(self, stretch: Stretch, utterance: Utterance) -> Segment:
        open_, best, finish = self._finder.open, self.listening.best, self.listening.finish
        is_cut = open_ is not None and open_.begin == round(stretch.end_s * SAMPLE_RATE)
        found = utterance.texts(stretch.wav, is_cut=is_cut)
        if self._adviser is not None:
            found = self._adviser.rescored(found, self.recogniser)
        segment = segment_of(self.recogniser, found, stretch, best=best, expected=self._expected)
        if segment is None:
            return Segment("", stretch.begin_s, stretch.end_s, 0.0, speech=stretch.likely)
        return segment if finish is None else finish(segment)

    def _sane(self, wav: Wav) -> Wav:
        good = np.isfinite(wav)
        self._wrong += int(good.size - np.count_nonzero(good))
        return np.clip(wav if good.all() else np.where(good, wav, np.float32(0)), -1, 1)
