"""What a recogniser is taught to hear: syllables with tones, or characters; and what is said where one of them is heard.

A character says what its usual reading says. So characters that sound alike are learnt together, as syllables are (see
`tingshuo.models.conformer.teaching`), and what is left to learn for each is where it stands.
"""

import re
from collections.abc import Sequence
from functools import cache

from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError, TextError
from tingshuo.models.conformer.teaching import BLANK, Syllables, syllables_of
from tingshuo.text.g2p import g2p
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.normalize import normalize
from tingshuo.text.symbols import split_syllable
from tingshuo.train.language import plain_text
from tingshuo.train.recogniser_config import Kind

_ERHUA = "er5"
"""What an r-coloured end is heard as: a syllable of its own, as it is written with a character of its own."""
_FOREIGN = "has words that are not Mandarin"
_LETTERS = re.compile(r"[^\W\d_㐀-鿿𠀀-𿿿]")


def units_of(row: Utterance, kind: Kind) -> tuple[str, ...]:
    """Return the units of a clip.

    Raises
    ------
    DataError
        There is nothing said, or not all of it is Mandarin.
    """
    return syllables_of_row(row) if kind == "syllables" else characters_of_row(row)


def syllables_of_row(row: Utterance) -> tuple[str, ...]:
    """Return the syllables of a clip as they are said, tones changed as speech changes them.

    The pinyin of a corpus, where there is some, says which of its readings a character has here; how tones change is up to the
    front-end, as corpora seldom write that.

    Raises
    ------
    DataError
        There is nothing said, or not all of it is Mandarin.
    """
    given = tuple(row.pinyin.replace("u:", "v").replace("ü", "v").split()) if row.pinyin else ()
    foreign = row.text is not None and _LETTERS.search(row.text) is not None
    said = _said(row.text) if row.text and not foreign else ()
    if not given:
        if not said:
            raise DataError(_FOREIGN if foreign else "has no text")
        return said
    if len(said) != len(given):
        return tuple(_checked(one) for one in given)
    # Of another reading than the front-end's, nobody knows how its tone changes.
    return tuple(own if own[:-1] == other[:-1] else _checked(other) for own, other in zip(said, given, strict=True))


def characters_of_row(row: Utterance) -> tuple[str, ...]:
    """Return the characters of a clip's text, with figures in words and without punctuation.

    Raises
    ------
    DataError
        There are none, there are words of other scripts, or nobody knows how one is read.
    """
    if not row.text:
        raise DataError("has no text")
    if _LETTERS.search(row.text):
        raise DataError(_FOREIGN)
    characters = tuple(plain_text(row.text))
    unread = [char for char in characters if not _reading(char)]
    if unread:
        raise DataError(f"has {unread[0]!r}, of which no reading is known")
    if not characters:
        raise DataError("has no text")
    return characters


@cache
def inventory() -> frozenset[str]:
    """Return the syllables that the lexicon's characters are read as."""
    lexicon = load_lexicon()
    readings = {reading for char, _ in lexicon.entries() if len(char) == 1 for reading in lexicon.readings(char)}
    return frozenset(one for one in readings if _is_syllable(one))


def taught_as(units: Sequence[str], kind: Kind) -> Syllables:
    """Return units with what they are made of; a unit that is not read, of a bundle that is gone on with, has no parts."""
    if kind == "syllables":
        return syllables_of(units)
    readings = {unit: reading for unit in units if len(unit) == 1 and (reading := _reading(unit))}
    read = syllables_of(tuple(readings.values()))
    places = {unit: n for n, unit in enumerate(readings, 1)}
    rows = [0, *(places.get(unit, 0) for unit in units)]  # the first row, of blank, has no parts and says nothing
    return Syllables((BLANK, *units), read.parts[rows], tuple(read.phones[row] for row in rows), read.names_of_phones)


@cache
def _reading(char: str) -> str:
    """Return how a character is usually read; nothing where nobody knows."""
    return next((one for one in load_lexicon().readings(char) if _is_syllable(one)), "")


def _said(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in g2p(normalize(text)):
        for syllable in word.syllables:
            if syllable.erhua:
                found += [syllable.pinyin[:-2] + syllable.pinyin[-1], _ERHUA]
            else:
                found.append(syllable.pinyin)
    return tuple(found)


def _checked(syllable: str) -> str:
    try:
        parts = split_syllable(syllable)
    except TextError as error:
        raise DataError(str(error)) from error
    if parts.erhua:
        raise DataError(f"{syllable}: an r-coloured end is to be written as a syllable of its own, {_ERHUA}")
    return syllable if syllable[-1].isdigit() else f"{syllable}5"


def _is_syllable(reading: str) -> bool:
    try:
        return not split_syllable(reading).erhua
    except TextError:  # some that are hummed, or not of the standard
        return False
