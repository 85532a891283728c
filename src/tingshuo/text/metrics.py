"""How much of a text was heard right: errors of characters, words and syllables, by names that say what was compared.

A figure means something only beside how both texts were written before they were compared (`FORMS`) and into what they were cut
(`UNITS`). The rate is the usual one: substitutions, deletions and insertions over the units of the reference; it may pass 1.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tingshuo.errors import DataError
from tingshuo.text.g2p import g2p
from tingshuo.text.normalize import normalize
from tingshuo.text.runs import is_hanzi
from tingshuo.types import Word

MOST_CELLS = 25_000_000
"""Units of the reference times units that were heard: some seconds of work and 25 MB."""
_HANZI = "\u3400-\u9fff\U00020000-\U000323af"
_WORD = re.compile(f"[{_HANZI}]|[^\\s{_HANZI}]+")
_GAP = re.compile(r"\s+")
_BESIDE_HANZI = re.compile(f"(?<=[{_HANZI}]) | (?=[{_HANZI}])")
_SAME, _OTHER, _LOST, _ADDED = range(4)

Pair = tuple[str | None, str | None]
"""A unit of the reference and what was heard for it; None where it was lost, or where there was none."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Units that were heard right, as another, not at all, and those that nobody said."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        """Return the errors of two texts together."""
        return Errors(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    @property
    def reference(self) -> int:
        """Units of the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def count(self) -> int:
        """All errors."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors per unit of the reference; of an empty one 0, or infinity where something was heard nevertheless."""
        if self.reference:
            return self.count / self.reference
        return float("inf") if self.insertions else 0.0


def as_it_is(text: str) -> str:
    """Return a text as it is written."""
    return text


def plain(text: str) -> str:
    """Return a text without punctuation, case, widths, and blanks beside Chinese characters."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(" " if unicodedata.category(char)[0] in "PSZC" else char for char in text)
    return _BESIDE_HANZI.sub("", _GAP.sub(" ", text).strip())


def spoken(text: str) -> str:
    """Return a text as it is said, `plain`: ``2026年`` is 二零二六年, traditional characters are simplified."""
    return plain(normalize(text))


FORMS: Mapping[str, Callable[[str], str]] = {"written": as_it_is, "plain": plain, "spoken": spoken}
"""What is done with both texts before they are cut."""


def characters(text: str) -> list[str]:
    """Return all characters but blanks."""
    return [char for char in text if not char.isspace()]


def words(text: str) -> list[str]:
    """Return what stands between blanks, and each Chinese character for itself, as in texts of both languages."""
    return _WORD.findall(text)


def syllables(text: str) -> list[str]:
    """Return Chinese characters as pinyin with tones, as our front-end reads them, and other words as they are."""
    return [unit for word in g2p(text) for unit in _read(word, tones=True)]


def base_syllables(text: str) -> list[str]:
    """Return `syllables` without tones."""
    return [unit for word in g2p(text) for unit in _read(word, tones=False)]


def _read(word: Word, *, tones: bool) -> list[str]:
    if not is_hanzi(word.text):
        return [word.text] if word.syllables else []
    return [one.pinyin if tones else one.pinyin.rstrip("12345") for one in word.syllables]


UNITS: Mapping[str, Callable[[str], list[str]]] = {
    "character": characters,
    "word": words,
    "syllable": syllables,
    "base_syllable": base_syllables,
}
"""What texts are cut into."""


def compare(reference: str, heard: str, *, unit: str = "character", form: str = "plain") -> Errors:
    """Return the errors of a text that was heard.

    Parameters
    ----------
    reference, heard : str
        What was said, and what was heard.
    unit : str
        One of `UNITS`.
    form : str
        One of `FORMS`.

    Raises
    ------
    DataError
        No such unit or form, or the texts are too long to be compared at once.
    """
    if unit not in UNITS:
        raise DataError(f"unknown unit {unit!r}; accepted: {', '.join(UNITS)}")
    if form not in FORMS:
        raise DataError(f"unknown form {form!r}; accepted: {', '.join(FORMS)}")
    cut, write = UNITS[unit], FORMS[form]
    return count(pair_up(cut(write(reference)), cut(write(heard))))


def count(pairs: Sequence[Pair]) -> Errors:
    """Return the errors of units side by side."""
    lost = sum(heard is None for _, heard in pairs)
    added = sum(said is None for said, _ in pairs)
    same = sum(said == heard for said, heard in pairs)
    return Errors(same, len(pairs) - same - lost - added, lost, added)


def pair_up(reference: Sequence[str], heard: Sequence[str]) -> list[Pair]:
    """Return the units of two texts side by side, with as few errors as possible (Levenshtein 1966).

    Of several ways with as few errors, the one with most substitutions towards the end is taken, so the same texts always give
    the same pairs.

    Raises
    ------
    DataError
        They are too long: see `MOST_CELLS`.
    """
    if len(reference) * len(heard) > MOST_CELLS:
        raise DataError(
            f"texts of {len(reference)} and {len(heard)} units are too long to compare at once; compare utterance by utterance"
        )
    choices = _choices(reference, heard)
    pairs: list[Pair] = []
    i, j = len(reference), len(heard)
    while i or j:
        choice = choices[i][j]
        i -= choice != _ADDED
        j -= choice != _LOST
        pairs.append((None if choice == _ADDED else reference[i], None if choice == _LOST else heard[j]))
    return pairs[::-1]


def _choices(reference: Sequence[str], heard: Sequence[str]) -> list[bytearray]:
    """Return the last step of the cheapest way to each pair of beginnings."""
    costs = list(range(len(heard) + 1))
    choices = [bytearray([_ADDED]) * (len(heard) + 1)]
    for i, said in enumerate(reference, 1):
        row, following = bytearray([_LOST]) * (len(heard) + 1), [i]
        cost = i
        for j, unit in enumerate(heard, 1):
            same = said == unit
            best, choice = costs[j - 1] + (not same), _SAME if same else _OTHER
            if costs[j] + 1 < best:
                best, choice = costs[j] + 1, _LOST
            if cost + 1 < best:
                best, choice = cost + 1, _ADDED
            row[j] = choice
            cost = best
            following.append(best)
        costs = following
        choices.append(row)
    return choices
