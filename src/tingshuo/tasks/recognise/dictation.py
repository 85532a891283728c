"""A recogniser of syllables writes characters: words and what is likely among them have their say while it searches.

The search is for syllables. How the syllables of a text are written best is worked out with it, place by place, and what that
costs counts beside what was heard; so a word that makes sense wins over one that only sounds a little more like it.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import inf

from tingshuo.tasks.recognise.hotwords import Hotwords
from tingshuo.tasks.recognise.prefixes import PrefixBeam
from tingshuo.tasks.recognise.search import Hypothesis, hypotheses
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.spelling import Column, Speller, Way, vocabulary_of

ALTERNATIVES = 4
"""Ways of writing that are taken of each text that was heard."""


_TO_BLANKS = str.maketrans(dict.fromkeys("12345", " "))


class Dictation:
    """Has its say in a search for syllables, see `tingshuo.tasks.recognise.prefixes.Scorer`, and writes down what was found.

    Parameters
    ----------
    speller : Speller
        Writes.
    units : sequence of str
        Of the recogniser: syllables with tones.
    weight : float
        Share of the log probability of words that counts beside what was heard.
    bonus : float
        Added for each syllable, as every further one makes a text less likely.
    written : sequence of str or None
        All characters that may be written; None for those of the speller's words.
    begun : sequence of Beginnings
        Of the speller's words, where they are known; else they are gathered when they are asked for.

    Attributes
    ----------
    written : tuple of str
        All characters that may be written.
    """

    def __init__(
        self,
        speller: Speller,
        units: Sequence[str],
        weight: float,
        bonus: float,
        written: Sequence[str] | None = None,
        begun: "Sequence[Beginnings]" = (),
    ) -> None:
        self.speller, self.units, self.weight, self.bonus = speller, tuple(units), weight, bonus
        self.written = tuple(written or sorted({character for word in speller.vocabulary.said for character in word}))
        self._ids = {character: n for n, character in enumerate(self.written)}
        self._begun = tuple(begun)

    def extend(self, state: Column | None, unit: int) -> tuple[float, Column]:
        """See `Scorer`."""
        before = state or self.speller.start
        column = self.speller.extend(before, self.units[unit])
        return self.weight * (before.cost - column.cost) + self.bonus, column

    def finish(self, state: Column | None) -> float:
        """See `Scorer`."""
        column = state or self.speller.start
        return self.weight * (column.cost - self.speller.ended(column)[0].cost)

    def write(
        self, found: Sequence[Hypothesis], best: int, columns: Sequence[Column | None] | None = None
    ) -> tuple[Hypothesis, ...]:
        """Return the likeliest texts in characters, up to ``best`` of them, of the likeliest in syllables.

        ``columns`` are the states in which a search has left those, if one has; they need not be spelled again then.
        """
        written: dict[tuple[int, ...], Hypothesis] = {}
        for n, heard in enumerate(found):
            column = None if columns is None else columns[n]
            ways = self.speller.ended(column) if column else self.speller.spell(self.units[unit] for unit in heard.units)
            for way in ways[:ALTERNATIVES]:
                kept = [n for n, character in enumerate(way.characters) if character]
                units = tuple(self._ids[way.characters[n]] for n in kept)
                score = heard.score - self.weight * (way.cost - ways[0].cost)
                if units not in written or written[units].score < score:
                    frames, sure = tuple(heard.frames[n] for n in kept), tuple(heard.confidences[n] for n in kept)
                    written[units] = Hypothesis(units, score, frames, sure)
        return tuple(sorted(written.values(), key=lambda one: one.score, reverse=True)[:best])

    def read(self, search: PrefixBeam, best: int) -> tuple[Hypothesis, ...]:
        """Return the likeliest texts of a search in which this has had its say, as if they ended here."""
        return self.write(hypotheses(search), best, [ended.state for ended in search.ended()])

    def so_far(self, search: PrefixBeam) -> str:
        """Return the likeliest text of a search, if it goes on."""
        _, column = search.so_far()
        return self._characters(_path(column.ways[0])) if column else ""

    def settled(self, search: PrefixBeam, within: float = inf) -> str:
        """Return what the text begins with: words that all ways which may be gone on from have in common; see `PrefixBeam`."""
        ways = {id(way): way for column in self._growing(search.states(within)) for way in column.ways}
        if not ways:
            return ""
        first, *others = ways.values()
        path = _path(first)
        joined = {id(way): n for n, way in enumerate(path)}
        shared = len(path) - 1
        for way in others:
            passed: list[Way] = []
            at: Way | None = way
            while at is not None and id(at) not in joined:
                passed.append(at)
                at = at.before
            place = -1 if at is None else joined[id(at)]
            joined.update((id(one), place) for one in passed)
            shared = min(shared, place)
        return self._characters(path[: shared + 1])

    @cached_property
    def _beginnings(self) -> "tuple[Beginnings, ...]":
        return self._begun or (Beginnings(self.speller.vocabulary.readings),)

    def _growing(self, columns: Sequence[Column | None]) -> Iterator[Column]:
        """Yield the places behind which the next word may begin: the last ones, and those that a longer word began at."""
        seen = set[int]()
        for last in columns:
            column, sound = last, ""
            for _ in range(self.speller.vocabulary.longest):
                if column is None:
                    break
                if id(column) not in seen and (not sound or any(sound in known for known in self._beginnings)):
                    seen.add(id(column))
                    yield column
                sound = f"{column.syllable[:-1]} {sound}"
                column = column.before

    def _characters(self, ways: Sequence[Way]) -> str:
        words = self.speller.vocabulary.words
        return "".join(words[way.unit] for way in ways if way.before is not None and way.unit >= 0)

    def expecting(self, words: Mapping[str, float]) -> "Dictation":
        """Return the same for somebody who expects some words; see `Hotwords`. Those that cannot be written are left out."""
        units = set(self.speller.model.units)
        raised = {word: bonus * len(word) for word, bonus in words.items() if word and not set(word) - self._ids.keys()}
        new = [word for word in raised if word not in units]
        readings = dict(zip(new, vocabulary_of(load_lexicon(), new).readings, strict=True))
        begun = (*self._beginnings, Beginnings(tuple(readings.values())))
        return Dictation(self.speller.with_words(raised, readings), self.units, self.weight, self.bonus, self.written, begun)


class Beginnings:
    """Tells whether a longer word begins with what was heard.

    Parameters
    ----------
    readings : sequence of str
        Of words, see `tingshuo.text.spelling.Vocabulary`.
    """

    def __init__(self, readings: Sequence[str]) -> None:
        ways = (way for several in readings for way in several.split(","))
        self._sounds = sorted({way.translate(_TO_BLANKS) for way in ways if way})

    def __contains__(self, sound: str) -> bool:
        """Whether some word goes on after this: syllables without tones, each with a blank behind."""
        after = bisect_right(self._sounds, sound)
        return after < len(self._sounds) and self._sounds[after].startswith(sound)


def _path(way: Way) -> list[Way]:
    """Return the ways that one goes on from, the first one first, and itself."""
    path, at = [way], way.before
    while at is not None:
        path.append(at)
        at = at.before
    return path[::-1]


class ExpectedWords:
    """Words that a recogniser of syllables expects; see `tingshuo.tasks.recognise.hotwords.Expected`.

    Parameters
    ----------
    dictation : Dictation
        Of the recogniser.
    words : Mapping[str, float]
        See `Hotwords`.
    """

    def __init__(self, dictation: Dictation, words: Mapping[str, float]) -> None:
        self.dictation = dictation.expecting(words)
        self._hotwords = Hotwords(words, self.dictation.written)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Words that will never be written."""
        return self._hotwords.unknown

    def said(self, units: Sequence[int]) -> tuple[str, ...]:
        """Return which words are in a text."""
        return self._hotwords.said(units)
