"""Tables of the voices of sherpa-onnx: ``tokens.txt`` (a symbol and its id a line) and ``lexicon.txt`` (a word and its symbols).

A line of tokens with nothing but a number is the space. Where a voice has tones beside its symbols, a line of the lexicon has as
many numbers after the symbols as there are symbols. Of a word that is there twice the first line counts.

Source: ``symbol-table.cc``, ``lexicon.cc``, ``character-lexicon.cc`` and ``melo-tts-lexicon.cc`` of
https://github.com/k2-fsa/sherpa-onnx (Apache-2.0).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tingshuo.errors import DataError

SPACE = " "
MAX_ID = 1_000_000
_SHOWN = 3
_BLANKS = re.compile("[ \t]+")


class Entry(NamedTuple):
    """What a word is said with: its symbols, and the tones of them where those are told apart."""

    tokens: tuple[str, ...]
    tones: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadLexicon:
    """A lexicon: words, lower case, to what they are said with, and the symbols in it that no table of tokens has."""

    entries: dict[str, Entry]
    unknown: dict[str, str]
    """Symbol to the first word that wants it."""


def read_tokens(text: str) -> dict[str, int]:
    """Read ``tokens.txt``.

    Raises
    ------
    DataError
        A line is no symbol with its id; the message names it.
    """
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        parts = _BLANKS.split(line.strip(" \t\r"))  # the wide space of Chinese is a symbol
        if parts == [""]:
            continue
        if len(parts) > 2 or not parts[-1].isdecimal() or int(parts[-1]) > MAX_ID:
            raise DataError(f"line {number}: {line.strip()[:40]!r} is no symbol with its id, such as 'zh 12'")
        found.setdefault(parts[0] if len(parts) == 2 else SPACE, int(parts[-1]))
    if not found:
        raise DataError("there is no symbol in it")
    return found


def read_lexicon(text: str, tokens: Mapping[str, int], *, tones: bool = False) -> ReadLexicon:
    """Read ``lexicon.txt``.

    Parameters
    ----------
    text : str
        Of the file.
    tokens : mapping
        The symbols that there are; a word with another one is left out, and told.
    tones : bool
        Whether the second half of a line are the tones of the first.

    Raises
    ------
    DataError
        A line that should have tones has not; the message names it.
    """
    entries: dict[str, Entry] = {}
    unknown: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        word, *rest = line.split() or ("",)
        word = word.lower()
        if not rest or word in entries:
            continue
        entry = _with_tones(rest, f"line {number}: {line.strip()[:40]!r}") if tones else Entry(tuple(rest))
        missing = next((token for token in entry.tokens if token not in tokens), None)
        if missing is None:
            entries[word] = entry
        else:
            unknown.setdefault(missing, word)
    return ReadLexicon(entries, unknown)


def _with_tones(rest: list[str], where: str) -> Entry:
    half = len(rest) // 2
    if len(rest) % 2 or not all(tone.isdecimal() for tone in rest[half:]):
        raise DataError(f"{where} is no word with symbols and as many tones")
    return Entry(tuple(rest[:half]), tuple(map(int, rest[half:])))


def tell_unknown(unknown: Mapping[str, str]) -> str:
    """Say in a few words which symbols of a lexicon no table has."""
    such = ", ".join(f"{token!r} of {word!r}" for token, word in list(unknown.items())[:_SHOWN])
    return f"{len(unknown)} symbols of its lexicon are not among its tokens, such as {such}"
