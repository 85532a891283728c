"""Times of words and characters from the durations of their phones."""

import numpy as np
from numpy.typing import NDArray

from tingshuo.text.symbols import PhoneSequence
from tingshuo.types import Sentence, TimedCharacter, TimedSentence, TimedWord


def time_sentence(
    sentence: Sentence,
    phones: PhoneSequence,
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
    phones : PhoneSequence
        Its words, encoded.
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
    ends = start_s + np.cumsum(durations) * frame_s
    starts = ends - durations * frame_s
    timed = []
    for w, word in enumerate(sentence.words):
        mine = np.flatnonzero(phones.word_index == w)
        if not word.syllables:
            continue
        characters = tuple(
            TimedCharacter(syllable.hanzi, syllable.pinyin, _ms(starts[of[0]]), _ms(ends[of[-1]]))
            for syllable, of in ((s, mine[phones.syllable_index[mine] == k]) for k, s in enumerate(word.syllables))
        )
        timed.append(TimedWord(word.text, characters[0].start_s, characters[-1].end_s, characters))
    return TimedSentence(sentence.source.strip(), timed[0].start_s, timed[-1].end_s, tuple(timed))


def _ms(seconds: float) -> float:
    """Rounded to the tenth of a millisecond: finer is noise, and longer in every reply."""
    return round(float(seconds), 4)
