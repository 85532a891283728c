"""A recogniser of syllables writes characters: words and what is likely among them have their say while it searches.

The search is for syllables. How the syllables of a text are written best is worked out with it, place by place, and what that
costs counts beside what was heard; so a word that makes sense wins over one that only sounds a little more like it.
"""

from collections.abc import Mapping, Sequence

from tingshuo.tasks.recognise.hotwords import Hotwords
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.spelling import Column, Speller, vocabulary_of

ALTERNATIVES = 4
"""Ways of writing that are taken of each text that was heard."""


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

    Attributes
    ----------
    written : tuple of str
        All characters that may be written.
    """

    def __init__(
        self, speller: Speller, units: Sequence[str], weight: float, bonus: float, written: Sequence[str] | None = None
    ) -> None:
        self.speller, self.units, self.weight, self.bonus = speller, tuple(units), weight, bonus
        self.written = tuple(written or sorted({character for word in speller.vocabulary.said for character in word}))
        self._ids = {character: n for n, character in enumerate(self.written)}

    def extend(self, state: Column | None, unit: int) -> tuple[float, Column]:
        """See `Scorer`."""
        before = state or self.speller.start
        column = self.speller.extend(before, self.units[unit])
        return self.weight * (before.cost - column.cost) + self.bonus, column

    def finish(self, state: Column | None) -> float:
        """See `Scorer`."""
        column = state or self.speller.start
        return self.weight * (column.cost - self.speller.ended(column)[0].cost)

    def write(self, found: Sequence[Hypothesis], best: int) -> tuple[Hypothesis, ...]:
        """Return the likeliest texts in characters, up to ``best`` of them, of the likeliest in syllables."""
        written: dict[tuple[int, ...], Hypothesis] = {}
        for heard in found:
            ways = self.speller.spell(self.units[unit] for unit in heard.units)
            for way in ways[:ALTERNATIVES]:
                kept = [n for n, character in enumerate(way.characters) if character]
                units = tuple(self._ids[way.characters[n]] for n in kept)
                score = heard.score - self.weight * (way.cost - ways[0].cost)
                if units not in written or written[units].score < score:
                    frames, sure = tuple(heard.frames[n] for n in kept), tuple(heard.confidences[n] for n in kept)
                    written[units] = Hypothesis(units, score, frames, sure)
        return tuple(sorted(written.values(), key=lambda one: one.score, reverse=True)[:best])

    def expecting(self, words: Mapping[str, float]) -> "Dictation":
        """Return the same for somebody who expects some words; see `Hotwords`. Those that cannot be written are left out."""
        units = set(self.speller.model.units)
        raised = {word: bonus * len(word) for word, bonus in words.items() if word and not set(word) - self._ids.keys()}
        new = [word for word in raised if word not in units]
        readings = dict(zip(new, vocabulary_of(load_lexicon(), new).readings, strict=True))
        return Dictation(self.speller.with_words(raised, readings), self.units, self.weight, self.bonus, self.written)


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
