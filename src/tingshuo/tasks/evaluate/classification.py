"""How good is a recogniser that says one of a few words: accuracy, precision and recall of each, and what is taken for what.

Works on answers alone, so whatever hears may be judged: a model of keywords, or a recogniser on a corpus of single words.

::

    found = classify([Answer("开灯", "开灯", 0.93), Answer("关灯", "开灯", 0.55)])
    found.accuracy, found.macro_f1, found.matrix
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import DataError
from tingshuo.tasks.evaluate.calibration import Calibration, calibrate
from tingshuo.tasks.evaluate.significance import Interval, rate_interval
from tingshuo.text.metrics import FORMS

OTHER = "其他 other"
"""What texts that are none of the classes are called."""
MOST_TEXTS = 60
"""A corpus of more different texts is no list of words."""
FEWEST_OF_EACH = 3
"""Utterances of a text, on average, that make a corpus a list of words."""


class Answer(NamedTuple):
    """What was said, what was heard, how sure that is (0 to 1, NaN where it is not known), and by whom it was said."""

    said: str
    heard: str
    confidence: float = float("nan")
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Class:
    """A word: ``n`` times said, ``heard`` times heard, ``hits`` times both.

    Precision is 0 for a word that is never heard, recall 0 for one that is never said, and F1 0 where there is no hit.
    """

    name: str
    n: int
    heard: int
    hits: int

    @property
    def precision(self) -> float:
        """Of what was heard as this word, the share that is it."""
        return self.hits / self.heard if self.heard else 0.0

    @property
    def recall(self) -> float:
        """Of what is this word, the share that was heard as it."""
        return self.hits / self.n if self.n else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.hits / (self.n + self.heard) if self.hits else 0.0


@dataclass(frozen=True, slots=True)
class Classification:
    """What became of ``n`` answers.

    ``matrix`` (C, C) counts answers, what was said by row and what was heard by column, in the order of ``classes``. ``interval``
    is the 95 % interval of the accuracy. Macro means are over the classes that were said, each with the same weight.
    """

    classes: tuple[Class, ...]
    matrix: NDArray[np.int64]
    accuracy: float
    interval: Interval
    calibration: Calibration | None

    @property
    def n(self) -> int:
        """Answers."""
        return int(self.matrix.sum())

    @property
    def macro_precision(self) -> float:
        """The mean precision."""
        return float(np.mean([one.precision for one in self._said]))

    @property
    def macro_recall(self) -> float:
        """The mean recall."""
        return float(np.mean([one.recall for one in self._said]))

    @property
    def macro_f1(self) -> float:
        """The mean F1."""
        return float(np.mean([one.f1 for one in self._said]))

    @property
    def _said(self) -> list[Class]:
        return [one for one in self.classes if one.n]


def classify(answers: Iterable[Answer | tuple[str, str, float]], classes: Sequence[str] = ()) -> Classification:
    """Judge answers.

    Parameters
    ----------
    answers : iterable of Answer or tuple
        At least one; a tuple has what was said, what was heard, and how sure that is.
    classes : sequence of str
        Words, in the order in which they are to be shown; others that are said or heard come after them, sorted.

    Raises
    ------
    DataError
        There is no answer.
    """
    found = [Answer(*one) for one in answers]
    if not found:
        raise DataError("there is no answer to judge")
    said, heard = Counter(one.said for one in found), Counter(one.heard for one in found)
    names = dict.fromkeys([*classes, *sorted(said), *sorted(heard)])
    places = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)), np.int64)
    for one in found:
        matrix[places[one.said], places[one.heard]] += 1
    wrong = [one.said != one.heard for one in found]
    low, high = rate_interval(wrong, np.ones(len(found)), [one.speaker for one in found])
    return Classification(
        tuple(Class(name, said[name], heard[name], int(matrix[place, place])) for name, place in places.items()),
        matrix,
        1 - sum(wrong) / len(found),
        Interval(1 - high, 1 - low),
        calibrate([one.confidence for one in found], [not one for one in wrong]),
    )


class Heard(Protocol):
    """What `of_texts` needs of an utterance."""

    @property
    def text(self) -> str:
        """What was said."""

    @property
    def heard(self) -> str:
        """What was heard."""

    @property
    def confidence(self) -> float:
        """How sure that is."""

    @property
    def speaker(self) -> str:
        """Who said it."""


def of_texts(utterances: Sequence[Heard], form: str) -> Classification | None:
    """Judge utterances as single words where their texts are a list that is said again and again; None where they are not.

    Parameters
    ----------
    utterances : sequence
        Such as `tingshuo.tasks.evaluate.listening.Listened`.
    form : str
        One of `tingshuo.text.metrics.FORMS`; a text that is heard and is none of those said is `OTHER`.
    """
    write = FORMS[form]
    words = [write(one.text) for one in utterances]
    known = sorted(set(words))
    if not 1 < len(known) <= MOST_TEXTS or len(words) < FEWEST_OF_EACH * len(known):
        return None
    heard = [write(one.heard) for one in utterances]
    return classify(
        [
            Answer(word, told if told in known else OTHER, one.confidence, one.speaker)
            for word, told, one in zip(words, heard, utterances, strict=True)
        ],
        known,
    )
