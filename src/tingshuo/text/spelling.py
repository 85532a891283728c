"""From syllables to characters, as one who takes dictation does: among the words that sound so, those that make a likely text.

For each place in the text the best few ways to have written it so far are kept; a way ends in a word and remembers what the
language model has to know of the words before. A syllable is added by looking for all words that may end with it, among those
that sound like the last one, two, ... syllables. So a text can be written while it is still being said, and several beginnings
that are alive in a search share what they have in common.

What is heard is not always what a dictionary says: a third tone rises before another, 一 and 不 change theirs, any syllable may
lose its tone. Such differences cost something, others more.
"""

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from itertools import islice
from typing import NamedTuple

from tingshuo.errors import DataError
from tingshuo.text.lexicon import Lexicon
from tingshuo.text.lm.ngram import BEGIN, END, UNKNOWN, NGram
from tingshuo.text.lm.states import State, States

CHANGING = {"一": frozenset("124"), "不": frozenset("245")}
"""Characters whose tone goes by what comes after."""
RISEN, LOST, GAINED, WRONG = 1.0, 1.5, 2.0, 6.0
"""What it costs, in natural logarithms, that a third tone rises, one is lost, a toneless syllable has one, or it is another."""
MISHEARD = 7.0
"""What tones may cost at most in a word; so one of them may be another altogether."""
UNUSUAL = 2.5
"""What it costs that a character stands alone and is read in its second way; each further one costs 1 more."""
UNHEARD = 20.0
"""What it costs that a syllable is written that no word has."""
_UNWRITTEN = -1
_TO_BLANKS = str.maketrans(dict.fromkeys("12345", " "))
_TO_NOTHING = str.maketrans(dict.fromkeys("abcdefghijklmnopqrstuvwxyz"))
_KEPT = 1 << 14
"""Sounds of which the words are kept."""


class Sounding(NamedTuple):
    """A word in one of its readings: its unit, the tones it has in the dictionary, and what this reading costs."""

    unit: int
    tones: str
    cost: float


class Vocabulary:
    """Words by how they sound.

    Parameters
    ----------
    words : sequence of str
        Their places are their units, as a language model has them.
    readings : sequence of str
        Of each word, the syllables written together, several ways apart by commas, the usual one first: ``chang2,zhang3``;
        empty for what is not written.
    """

    def __init__(self, words: Sequence[str], readings: Sequence[str]) -> None:
        if len(words) != len(readings):
            raise DataError("each word of a vocabulary needs its readings")
        self.words, self.readings = tuple(words), tuple(readings)
        self._sounding: dict[str, list[Sounding]] = {}
        self.longest = 0
        for unit, ways in enumerate(readings):
            for rank, reading in enumerate(ways.split(",") if ways else ()):
                self._add(unit, reading, UNUSUAL + rank - 1 if rank else 0.0)

    def sounding(self, sound: str) -> Sequence[Sounding]:
        """Return the words that sound so, by syllables without tones, each with a blank behind: ``"ni hao "``."""
        return self._sounding.get(sound, ())

    @property
    def said(self) -> Iterator[str]:
        """The words that can be said, without what a language model marks begins and ends with."""
        return (word for word, reading in zip(self.words, self.readings, strict=True) if reading)

    def with_words(self, words: Sequence[str], readings: Sequence[str]) -> "Vocabulary":
        """Return this vocabulary and some more words, whose units follow on."""
        more = object.__new__(Vocabulary)
        more.words, more.readings = (*self.words, *words), (*self.readings, *readings)
        more._sounding, more.longest = {}, self.longest
        for unit, ways in enumerate(readings, len(self.words)):
            for reading in ways.split(","):
                more._add(unit, reading, 0.0)
        for sound, found in more._sounding.items():
            found[:0] = self._sounding.get(sound, ())
        more._sounding = self._sounding | more._sounding
        return more

    def packed(self) -> bytes:
        """Return the vocabulary as bytes, for a file."""
        rows = (f"{word} {reading}" for word, reading in zip(self.words, self.readings, strict=True))
        return zlib.compress("\n".join(rows).encode(), 9)

    @classmethod
    def unpacked(cls, packed: bytes) -> "Vocabulary":
        """Return the vocabulary of what `packed` gave.

        Raises
        ------
        DataError
            It did not give this.
        """
        try:
            rows = [row.split(" ") for row in zlib.decompress(packed).decode().split("\n")]
            words, readings = zip(*rows, strict=True)
        except (zlib.error, UnicodeDecodeError, ValueError):
            raise DataError("the words of a recogniser cannot be read") from None
        return cls(words, readings)

    def _add(self, unit: int, reading: str, cost: float) -> None:
        sound, tones = _apart(reading)
        self._sounding.setdefault(sound, []).append(Sounding(unit, tones, cost))
        self.longest = max(self.longest, len(tones))


def vocabulary_of(lexicon: Lexicon, words: Iterable[str]) -> Vocabulary:
    """Return the words of a language model with the readings that a lexicon has of them."""
    listed = tuple(words)
    return Vocabulary(listed, [",".join(_readings(lexicon, word)) for word in listed])


class Way(NamedTuple):
    """A way to have written the syllables so far: ends in a word, ``unit``, that began where ``before`` ended."""

    cost: float
    state: State
    unit: int
    before: "Way | None"


class _Fitting(NamedTuple):
    """Words that may have been heard: what their readings cost each, and, the cheapest first, what they cost by themselves."""

    costs: dict[int, float]
    by_themselves: list[tuple[float, int]]


class Column(NamedTuple):
    """A place in a text: the last syllable, how the text before it can be written, and how all of it can, the best first."""

    before: "Column | None"
    syllable: str
    ways: tuple[Way, ...]

    @property
    def cost(self) -> float:
        """Of the best way."""
        return self.ways[0].cost


@dataclass(frozen=True, slots=True)
class Spelled:
    """A text: a character for each syllable, nothing for one that no word has.

    ``cost`` is the negative log probability of the words, and what it costs that they sound so.
    """

    characters: tuple[str, ...]
    cost: float

    @property
    def text(self) -> str:
        """The whole."""
        return "".join(self.characters)


class Speller:
    """Writes syllables down.

    Parameters
    ----------
    model : NGram
        Of words.
    vocabulary : Vocabulary
        The same words in the same order.
    beam : int
        Ways that are kept at each place.
    """

    def __init__(self, model: NGram, vocabulary: Vocabulary, beam: int = 8) -> None:
        if tuple(model.units) != vocabulary.words[: len(model.units)]:
            raise DataError("the words of the language model and those of the vocabulary are not the same")
        self.model, self.vocabulary, self.beam = model, vocabulary, beam
        self._states = States(model)
        self._raised: dict[int, float] = {}
        self._fitting = lru_cache(_KEPT)(self._find)

    @property
    def start(self) -> Column:
        """The place before the first syllable."""
        return Column(None, "", (Way(0.0, self._states.start, self.model.begin, None),))

    def with_words(self, words: Mapping[str, float], readings: Mapping[str, str]) -> "Speller":
        """Return a speller that knows, or expects, some words more.

        Parameters
        ----------
        words : Mapping[str, float]
            Words, and by how much the log probability of each is raised.
        readings : Mapping[str, str]
            Of those the model does not have: see `Vocabulary`. They are as likely as a word that was never seen, and raised.
        """
        new = [word for word in words if word in readings]
        more = Speller(self.model, self.vocabulary.with_words(new, [readings[word] for word in new]), self.beam)
        more._states = self._states
        known = {self.model.id(word): raised for word, raised in words.items() if word not in readings}
        more._raised = self._raised | known | {unit: words[word] for unit, word in enumerate(new, len(self.vocabulary.words))}
        return more

    def extend(self, column: Column, syllable: str) -> Column:
        """Return the place behind one more syllable: pinyin with a tone, 1 to 5."""
        best: dict[tuple[int, ...], Way] = {}
        sound = tones = ""
        heard, at = syllable, column
        for _ in range(self.vocabulary.longest):
            sound, tones = f"{heard[:-1]} {sound}", heard[-1] + tones
            words = self._fitting(sound, tones)
            for way in at.ways if words.costs else ():
                self._go_on(way, words, best)
            if at.before is None:
                break
            heard, at = at.syllable, at.before
        if not best:
            return Column(column, syllable, tuple(Way(way.cost + UNHEARD, way.state, _UNWRITTEN, way) for way in column.ways))
        return Column(column, syllable, tuple(nsmallest(self.beam, best.values(), key=_cost)))

    def ended(self, column: Column) -> list[Spelled]:
        """Return the texts that a place may stand behind, if it is the last, the best first."""
        ends = [Spelled(self._characters(way), way.cost - way.state.log_prob(self.model.end)) for way in column.ways]
        return sorted(ends, key=lambda one: one.cost)

    def spell(self, syllables: Iterable[str]) -> list[Spelled]:
        """Return how a text can be written, the best first."""
        column = self.start
        for syllable in syllables:
            column = self.extend(column, syllable)
        return self.ended(column)

    def _find(self, sound: str, tones: str) -> "_Fitting":
        """Return the words that may have been heard so."""
        words, ((alone, _),) = self.vocabulary.words, self._states.at(()).known
        unknown = alone[self.model.unknown]
        costs: dict[int, float] = {}
        for unit, own, cost in self.vocabulary.sounding(sound):
            whole = cost if own == tones else cost + _tones_cost(words[unit], own, tones)
            if whole <= MISHEARD:
                costs[unit] = min(whole, costs.get(unit, math.inf)) - self._raised.get(unit, 0.0)
        by_themselves = ((cost - alone.get(unit, unknown), unit) for unit, cost in costs.items())
        return _Fitting(costs, sorted(by_themselves))

    def _go_on(self, way: Way, words: "_Fitting", best: dict[tuple[int, ...], Way]) -> None:
        """Offer a way and each of some words behind it, as far as these have a chance to be among the best."""
        state, costs = way.state, words.costs
        offered: set[int] = set()
        for units, weight in state.known[:-1]:
            for unit in units.keys() & costs.keys():
                if unit not in offered:
                    offered.add(unit)
                    self._offer(way, unit, way.cost + costs[unit] - weight - units[unit], best)
        # What is left goes by its own probability and is equally unlikely here, so those behind the best few have no chance.
        weight, left = state.known[-1][1], self.beam
        for cost, unit in words.by_themselves:
            if unit not in offered:
                self._offer(way, unit, way.cost + cost - weight, best)
                left -= 1
                if not left:
                    break

    def _offer(self, way: Way, unit: int, cost: float, best: dict[tuple[int, ...], Way]) -> None:
        following = way.state.after(unit if unit < len(self.model.units) else self.model.unknown)
        other = best.get(following.context)
        if other is None or cost < other.cost:
            best[following.context] = Way(cost, following, unit, way)

    def _characters(self, way: Way) -> tuple[str, ...]:
        words: list[Sequence[str]] = []
        at: Way | None = way
        while at is not None and at.before is not None:
            words.append(("",) if at.unit == _UNWRITTEN else self.vocabulary.words[at.unit])
            at = at.before
        return tuple(character for word in reversed(words) for character in word)


def _cost(way: Way) -> float:
    return way.cost


def _tones_cost(word: str, own: str, heard: str) -> float:
    cost = 0.0
    for char, tone, other in zip(word, own, heard, strict=True):
        if tone != other and not (char in CHANGING and other in CHANGING[char]):
            risen = tone == "3" and other == "2"
            cost += RISEN if risen else LOST if other == "5" else GAINED if tone == "5" else WRONG
    return cost


def _apart(reading: str) -> tuple[str, str]:
    """Return the syllables of a reading without tones, each with a blank behind, and the tones."""
    return reading.translate(_TO_BLANKS), reading.translate(_TO_NOTHING)


def _readings(lexicon: Lexicon, word: str) -> tuple[str, ...]:
    """Return how a word can be read."""
    if word in (BEGIN, END, UNKNOWN):
        return ()
    if len(word) == 1:
        return lexicon.readings(word)
    entry = lexicon.word(word)
    if entry is not None and len(entry.readings) == len(word):
        return (entry.pinyin,)
    each = [tuple(islice(lexicon.readings(char), 1)) for char in word]
    return ("".join(one[0] for one in each),) if all(each) else ()
