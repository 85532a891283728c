"""Times of words and characters from the durations of their phones."""

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.types import Sentence, TimedCharacter, TimedSentence, TimedWord, Word

Times = NDArray[np.floating]


class Owned(Protocol):
    """N phones, or whatever a voice reads: the word and the syllable of it that each belongs to, -1 for silence."""

    @property
    def word_index(self) -> NDArray[np.int64]:
        """(N,)."""
        ...

    @property
    def syllable_index(self) -> NDArray[np.int64]:
        """(N,)."""
        ...


def time_sentence(
    sentence: Sentence,
    phones: Owned,
    durations: NDArray[np.int64],
    *,
    frame_s: float,
    start_s: float,
) -> TimedSentence:
    """Place the words and characters of a sentence in the audio.

    Parameters
    ----------
    sentence : Sentence
        Its ``source`` becomes the subtitle's text.
    phones : Owned
        Its words, encoded as the voice reads them.
    durations : ndarray (N,)
        Frames of each phone.
    frame_s : float
        Seconds of a frame.
    start_s : float
        Where the sentence begins in the audio.

    Returns
    -------
    TimedSentence
        Pauses are not words: they are the gaps between.
    """
    frames = np.cumsum(durations)
    # Each from whole frames: an end and the start that follows it are then the same number, and rounded alike.
    starts, ends = (start_s + place * frame_s for place in (frames - durations, frames))
    timed = []
    for w, word in enumerate(sentence.words):
        if word.syllables:
            characters = _time_characters(word, starts, ends, phones.word_index == w, phones.syllable_index)
            timed.append(TimedWord(word.text, characters[0].start_s, characters[-1].end_s, characters))
    return TimedSentence(sentence.source.strip(), timed[0].start_s, timed[-1].end_s, tuple(timed))


def _time_characters(
    word: Word, starts: Times, ends: Times, mine: NDArray[np.bool_], syllable_index: NDArray[np.int64]
) -> tuple[TimedCharacter, ...]:
    """Place a word's characters; one that is spoken with several syllables, such as W, spans them all."""
    characters: list[TimedCharacter] = []
    start_s = end_s = _rounded(starts[mine][0])
    for k, syllable in enumerate(word.syllables):
        of = np.flatnonzero(mine & (syllable_index == k))
        # A voice that reads letters has no symbols for the later syllables of W.
        start_s, end_s = (_rounded(starts[of[0]]), _rounded(ends[of[-1]])) if len(of) else (end_s, end_s)
        if syllable.hanzi or not characters:
            characters.append(TimedCharacter(syllable.hanzi, syllable.pinyin, start_s, end_s))
        else:
            whole = characters[-1]
            characters[-1] = replace(whole, pinyin=f"{whole.pinyin} {syllable.pinyin}", end_s=end_s)
    return tuple(characters)


def _rounded(seconds: np.floating) -> float:
    """To the tenth of a millisecond: finer is noise, and longer in every reply."""
    return round(float(seconds), 4)
