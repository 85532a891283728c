"""An utterance that is being said: heard on and on, and as a whole when it is over.

A recogniser that was taught to hear in chunks goes on with each chunk, and what was said so far costs that chunk alone. One that
hears whole utterances is asked again after a while that grows with the utterance (`GROWTH`), so that all of its partials together
cost at most some times what the whole does.
"""

from dataclasses import dataclass

import numpy as np

from tingshuo.audio.resample import Resampled, resample
from tingshuo.audio.vad import SAMPLE_RATE
from tingshuo.tasks.recognise.hearing import Following, Hears
from tingshuo.tasks.recognise.hotwords import Expected
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.types import Wav

FIRST_S, GROWTH = 0.5, 0.3
"""A whole recogniser hears an utterance again when it is longer by so much, at least in seconds and as a share; so that all its
partials together cost less than 1 + 1 / GROWTH = 4.3 times the utterance."""
SECOND_MOST_S = 30.0
"""A longer utterance is not heard once more, as its end would be told too late."""


@dataclass(frozen=True, slots=True)
class Ear:
    """A recogniser, and how it is to hear samples at `SAMPLE_RATE`.

    Parameters
    ----------
    recogniser : Hears
        Who hears.
    beam, expected
        As of `Hears.hear`.
    partials, second_pass, chunk_s
        As of `tingshuo.tasks.recognise.live.Live`.
    """

    recogniser: Hears
    beam: int
    expected: Expected | None
    partials: bool
    second_pass: bool
    chunk_s: float

    def hear(self, wav: Wav) -> tuple[Hypothesis, ...]:
        """Hear an utterance as a whole."""
        return self.recogniser.hear(resample(wav, SAMPLE_RATE, self.recogniser.sample_rate), self.beam, self.expected)

    def follow(self) -> Following | None:
        """Begin to hear an utterance in chunks; None where that cannot be."""
        follow = getattr(self.recogniser, "follow", None)
        following: Following | None = follow and follow(self.beam, self.expected, self.chunk_s)
        return following


class Utterance:
    """What is being said.

    Parameters
    ----------
    ear : Ear
        Who hears it.
    begin : int
        Its first sample.

    Attributes
    ----------
    end : int
        Behind the last sample that was heard.
    number : int or None
        What it is counted as; None as long as it may be too short to be told.
    """

    def __init__(self, ear: Ear, begin: int) -> None:
        self.begin = self.end = begin
        self.number: int | None = None
        self._ear = ear
        self._following: Following | None = None
        self._resampled = Resampled(SAMPLE_RATE, ear.recogniser.sample_rate)
        self._is_new = False
        self._told = ("", 0)

    def follow(self, wav: Wav) -> None:
        """Go on by samples at `SAMPLE_RATE`."""
        if self._following is None:
            self._following = self._ear.follow() or _Rehearing(self._ear)
        self.end += len(wav)
        self._is_new |= self._following.feed(self._resampled.feed(wav))

    def news(self) -> tuple[str, int] | None:
        """Return what was said so far and how many of its characters are sure, if that is another than before."""
        if self._following is None or not self._is_new:
            return None
        self._is_new = False
        before, self._told = self._told, self._following.so_far()
        return None if self._told == before else self._told

    def texts(self, wav: Wav, *, is_cut: bool) -> tuple[Hypothesis, ...]:
        """End it, and return the likeliest texts of all its samples; where it ``is_cut``, it was followed on beyond them."""
        if self._ear.second_pass and len(wav) <= SECOND_MOST_S * SAMPLE_RATE:
            return self._ear.hear(wav)
        if self._following is not None and not is_cut:
            self._following.feed(self._resampled.finish())
            return self._following.finish()
        anew = self._ear.follow()
        if anew is None:
            return self._ear.hear(wav)
        anew.feed(resample(wav, SAMPLE_RATE, self._ear.recogniser.sample_rate))
        return anew.finish()


class _Rehearing:
    """An utterance that a recogniser of whole ones hears again and again; see `Following`."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._pieces: list[Wav] = []
        self._length = 0
        self._due = self._first = round(FIRST_S * ear.recogniser.sample_rate)
        self._text = ""

    def feed(self, wav: Wav) -> bool:
        """See `Following`."""
        self._pieces.append(wav)
        self._length += len(wav)
        if self._length < self._due or not self._ear.partials:
            return False
        self._due = self._length + max(self._first, round(GROWTH * self._length))
        found = self.finish()
        self._text = self._ear.recogniser.text(found[0].units).strip() if found else ""
        return True

    def so_far(self) -> tuple[str, int]:
        """See `Following`; nothing is sure, as more may change all of it."""
        return self._text, 0

    def finish(self) -> tuple[Hypothesis, ...]:
        """See `Following`."""
        self._pieces = [np.concatenate(self._pieces)]
        return self._ear.recogniser.hear(self._pieces[0], self._ear.beam, self._ear.expected)
