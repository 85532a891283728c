"""The pronouncing lexicon: readings of characters, and words with readings, frequency and part of speech.

The data files are zlib-compressed UTF-8 text made by ``scripts/build_lexicon.py`` (sources and licences there), one line for
each first character: ``char tag cost readings``, then its words as ``rest tag cost readings`` separated by blanks. ``tag`` is
one letter (jieba's part of speech; N person, S place, T organisation, Z other name), ``cost`` one printable character from
``!`` (0) on, in quarters of -ln(probability), ``readings`` are written together, after ``=`` when they were checked by us:
``长a3chang2,zhang3 大v5zhang3da4``. A line is parsed when its first character is first met, so that loading takes about 30 ms.
"""

import re
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_WORD = re.compile(r"([^\x00-\x7f]+)([A-Za-z])([!-~])(=?)([a-z0-9]*)")
_SYLLABLE = re.compile(r"[a-z]+[1-5]")


class Entry(NamedTuple):
    """A word as the lexicon has it.

    ``cost`` in quarters of -ln(probability), ``tag`` of one letter, ``sure`` when the readings were checked by us and no context
    changes them, ``pinyin`` written together, "" when nobody has written down how the word is read.
    """

    cost: int
    tag: str
    sure: bool
    pinyin: str

    @property
    def readings(self) -> tuple[str, ...]:
        """One reading a character, without sandhi."""
        return tuple(_SYLLABLE.findall(self.pinyin))


class Head(NamedTuple):
    """What the lexicon has under a first character.

    ``readings`` of the character alone, the usual one first; ``entry`` of the character as a word; ``words`` by what follows
    the first character; ``longest`` length of these words in characters.
    """

    readings: tuple[str, ...]
    entry: Entry
    words: dict[str, Entry]
    longest: int


class Lexicon:
    """Read-only table of characters and words; `load_lexicon` makes the one that everybody shares."""

    def __init__(self) -> None:
        self._lines = _read("lexicon.txt.z")
        self._rare: dict[str, str] | None = None
        self._heads: dict[str, Head | None] = {}

    def head(self, char: str) -> Head | None:
        """Return what is known under a character, None when it is not a Chinese character with a reading."""
        try:
            return self._heads[char]
        except KeyError:
            head = self._heads[char] = self._parse(char)
            return head

    def readings(self, char: str) -> tuple[str, ...]:
        """Return the readings of a character, the usual one first; empty when there is none."""
        head = self.head(char)
        return head.readings if head else ()

    def word(self, text: str) -> Entry | None:
        """Return the entry of a word, None when the lexicon does not have it."""
        head = self.head(text[0])
        if head is None:
            return None
        return head.entry if len(text) == 1 else head.words.get(text[1:])

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Yield all characters and words that have a frequency of their own, with their entries."""
        for char in self._lines:
            head = self.head(char)
            if head is not None:
                yield char, head.entry
                for rest, entry in head.words.items():
                    yield char + rest, entry

    def _parse(self, char: str) -> Head | None:
        line = self._lines.get(char)
        if line is None:
            if self._rare is None:
                self._rare = _read("rare.txt.z")
            line = self._rare.get(char)
            if line is None:
                return None
        first, _, rest = line.partition(" ")
        words = {text: Entry(ord(cost) - 33, tag, bool(sure), pinyin) for text, tag, cost, sure, pinyin in _WORD.findall(rest)}
        readings = tuple(first[3:].split(","))
        entry = Entry(ord(first[2]) - 33, first[1], len(readings) == 1, readings[0])
        return Head(readings, entry, words, 1 + max(map(len, words), default=0))


def _read(name: str) -> dict[str, str]:
    data = (files("tingshuo.text") / "data" / name).read_bytes()
    return {line[0]: line for line in zlib.decompress(data).decode("utf-8").split("\n")}


@cache
def load_lexicon() -> Lexicon:
    """Return the shared lexicon, read at the first call."""
    return Lexicon()
