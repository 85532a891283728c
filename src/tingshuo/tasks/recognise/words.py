"""Words with their times, made of the units that a recogniser heard."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from tingshuo.tasks.recognise.hearing import HeardText, Hears
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.tasks.recognise.transcript import LEAST, Word

BEFORE_S, AFTER_S = 0.12, 0.24
"""A unit lasts at most so long before and after the frame in which it was heard; less where the next one is nearer."""


def words_of(recogniser: Hears, found: Hypothesis, told: HeardText, begin_s: float, end_s: float) -> tuple[Word, ...]:
    """Return the words of a text that was heard between ``begin_s`` and ``end_s`` seconds.

    A Chinese character is a word, and so is what stands between blanks. A unit begins half-way to the one before and ends
    half-way to the one after, `BEFORE_S` and `AFTER_S` away at most.
    """
    times = [unit.start_s for unit in told.units if unit.start_s is not None]
    if not times or len(times) != len(told.units):
        return ()
    middles = [(a + b) / 2 for a, b in pairwise(times)]
    begins = [max(time - BEFORE_S, edge) + begin_s for time, edge in zip(times, [0.0, *middles], strict=True)]
    ends = [min(begin_s + min(time + AFTER_S, edge), end_s) for time, edge in zip(times, [*middles, np.inf], strict=True)]
    words: list[Word] = []
    sure: list[list[float]] = []
    for n, written in enumerate(_pieces(recogniser, found.units, told.text)):
        text, confidence = written.strip(), told.units[n].confidence
        if not text and not words:
            continue
        if words and not _begins(words[-1].text, written):
            before = words.pop()
            text, begin = before.text + text, before.start_s
            confidences = [*sure.pop(), confidence]
        else:
            begin, confidences = begins[n], [confidence]
        words.append(Word(text, begin, max(ends[n], begin), geometric_mean(confidences)))
        sure.append(confidences)
    return tuple(words)


def pauses_of(text: str, words: Sequence[Word]) -> list[float] | None:
    """Return the seconds of silence after each character of a text that is made of words; None where there are none."""
    if not words:
        return None
    pauses, end = [0.0] * len(text), 0
    for word, following in pairwise(words):
        end = text.index(word.text, end) + len(word.text)
        pauses[end - 1] = max(following.start_s - word.end_s, 0.0)
    return pauses


def _pieces(recogniser: Hears, units: tuple[int, ...], text: str) -> Iterator[str]:
    """Yield what each unit adds to the text; of units that are parts of a character, the last one adds it."""
    done = 0
    for n in range(1, len(units) + 1):
        so_far = recogniser.text(units[:n]) if n < len(units) else text
        known = len(so_far) if text.startswith(so_far) else done
        yield text[done:known]
        done = max(done, known)


def _begins(before: str, piece: str) -> bool:
    """Whether a piece of text begins a word after another."""
    text = piece.strip()
    return bool(text) and (piece[0].isspace() or _stands_alone(before[-1]) or _stands_alone(text[0]))


def _stands_alone(character: str) -> bool:
    """Whether a character is a word by itself: a Chinese one, a kana, of Hangul none."""
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"


def geometric_mean(confidences: list[float]) -> float:
    """Return the geometric mean; 0 of none."""
    return float(np.exp(np.mean(np.log(np.maximum(confidences, LEAST))))) if confidences else 0.0
