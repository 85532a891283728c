"""One sentence of a block spoken: normalised, pronounced, with the manner and pauses that its marks ask for.

Normalisation and pronunciation get the sentence as plain text, so that they see what stands left and right of a mark. `align`
then tells which character of the block each spoken character comes from, and by that every word finds its manner and every
pause its place.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tingshuo.text.align import align
from tingshuo.text.arpabet import english_syllable, to_notation
from tingshuo.text.english import share_out
from tingshuo.text.g2p import g2p_report
from tingshuo.text.lang.en import spell_english
from tingshuo.text.loanwords import phones_to_syllables
from tingshuo.text.normalize import normalize_report
from tingshuo.text.runs import Block, Given, is_arpabet
from tingshuo.text.symbols import make_syllable
from tingshuo.text.userlexicon import UserLexicon
from tingshuo.types import PLAIN, Sentence, Syllable, Word

MAX_SYLLABLES = 60
"""No sentence has more syllables; what comes out longer than estimated is cut between words."""
_SHORTEST_PART = 20

Warn = Callable[[str], None]


class _Language(NamedTuple):
    """How words are read: the user's lexicon, who is told what was not spoken as written, and whether English is English."""

    lexicon: UserLexicon
    warn: Warn
    english: bool


@dataclass(slots=True)
class _Item:
    """A word and the place of each of its characters in the block; ``exact`` marks a pause that markup asks for."""

    word: Word
    places: Sequence[int]
    exact: bool = False

    @property
    def place(self) -> int:
        return self.places[0]


def speak_piece(
    block: Block, start: int, end: int, lexicon: UserLexicon, warn: Warn, *, pause_ms: int = 0, english: bool = False
) -> Iterator[Sentence]:
    """Turn characters ``start`` to ``end`` of a block into a sentence, or into several if it has too many syllables.

    Parameters
    ----------
    block : Block
        Text and marks.
    start, end : int
        A piece of `tingshuo.text.split.split`.
    lexicon : UserLexicon
        Readings of the user's words.
    warn : callable
        Is given a sentence for everything that was not spoken as written.
    pause_ms : int
        Shortest pause at the end, milliseconds, unless markup asks for an exact one there.
    english : bool
        Say Latin words with English phones.

    Yields
    ------
    Sentence
        Without syllables if nothing in the piece can be spoken.
    """
    language = _Language(lexicon, warn, english)
    spoken, items = _words(block, start, end, language, pause_ms)
    if sum(len(item.word.syllables) for item in items) <= MAX_SYLLABLES:
        yield Sentence(block.source(start, end), spoken, tuple(item.word for item in items))
        return
    _, items = _words(block, start, end, language, pause_ms, exact=True)
    parts = list(_parts(items))
    borders = [start, *(part[0].place for part in parts[1:]), end]
    for part, left, right in zip(parts, borders, borders[1:], strict=False):
        yield Sentence(block.source(left, right), "".join(item.word.text for item in part), tuple(item.word for item in part))


def _words(
    block: Block, start: int, end: int, language: _Language, pause_ms: int, *, exact: bool = False
) -> tuple[str, list[_Item]]:
    """Return the spoken form of a piece and its words with all pauses."""
    breaks = [b for b in block.breaks if start < b[0] <= end or b[0] == start == 0]
    spoken, items = _Speaker(block, start, end, language, exact=exact or bool(breaks)).speak()
    items = _with_breaks(items, breaks)
    while items and not items[0].word.syllables and not items[0].exact:
        items.pop(0)
    if pause_ms and items and not items[-1].exact:
        last = items[-1]
        if last.word.syllables:
            items.append(_Item(Word("", pause_ms=pause_ms, prosody=last.word.prosody), [end]))
        elif last.word.pause_ms < pause_ms:
            last.word = replace(last.word, pause_ms=pause_ms)
    return spoken, items


class _Speaker:
    """The words of one piece; their places in the block are worked out if ``exact``, or if marks in the text need them."""

    def __init__(self, block: Block, start: int, end: int, language: _Language, *, exact: bool) -> None:
        self._block, self._start, self._end = block, start, end
        self._lexicon, self._warn, self._english = language.lexicon, language.warn, language.english
        manners = {span.prosody for span in block.overlapping(start, end)}
        self._only_manner = manners.pop() if len(manners) == 1 else None
        self._exact = exact or self._only_manner is None

    def speak(self) -> tuple[str, list[_Item]]:
        """Return the spoken form and the words of the piece, those of given pronunciation between the others."""
        spoken, items, done = "", list[_Item](), self._start
        for given in self._block.given:
            if not self._start <= given.start < self._end:
                continue
            for text, found in (self._text(done, given.start), self._given(given)):
                spoken += text
                items += found
            done = given.end
        text, found = self._text(done, self._end)
        return spoken + text, items + found

    def _given(self, given: Given) -> tuple[str, list[_Item]]:
        """Build the word whose pronunciation is given whole; its letters are shared out over its syllables."""
        n, size = len(given.pinyin), len(given.text)
        letters = [given.text[i * size // n : (i + 1) * size // n] for i in range(n)]
        syllables = tuple(_given_syllables(letters, given.pinyin, self._english))
        prosody = next(self._block.overlapping(given.start, given.end)).prosody
        return given.text, [_Item(Word(given.text, syllables, prosody=prosody), range(given.start, given.end))]

    def _text(self, start: int, end: int) -> tuple[str, list[_Item]]:
        """Normalise and pronounce the characters ``start`` to ``end``."""
        raw = self._block.text[start:end]
        start += len(raw) - len(raw.lstrip())
        raw = raw.strip()
        if not raw:
            return "", []
        normal = normalize_report(spell_english(raw) if self._english else raw)
        for warning in normal.warnings:
            self._warn(warning)
        marks = self._block.fixed_within(start, start + len(raw))
        places = [start + place for place in align(raw, normal.text)] if marks or self._exact else [start] * len(normal.text)
        fixed = self._fixed(marks, places, normal.text)
        result = g2p_report(normal.text, self._lexicon.readings_in(normal.text), fixed, english=self._english)
        for dropped in result.dropped:
            self._warn(f"Skipped {dropped!r}, which this voice cannot speak.")
        return normal.text, list(self._located(result.words, normal.text, places))

    def _fixed(self, marks: Sequence[tuple[int, str]], places: Sequence[int], text: str) -> dict[int, str]:
        """Carry the pinyin marks over into the normalised text."""
        fixed: dict[int, str] = {}
        for marked, pinyin in marks:
            at = bisect_left(places, marked)
            if at < len(text) and places[at] == marked and (at + 1 == len(text) or places[at + 1] != marked):
                fixed[at] = pinyin
            else:
                char = self._block.text[marked]
                self._warn(f"The pinyin {pinyin} of {char!r} was not used, because the text around it is spoken as {text!r}.")
        return fixed

    def _located(self, words: Sequence[Word], text: str, places: Sequence[int]) -> Iterator[_Item]:
        """Find where each word stands, and give it the manner of its first character."""
        at = 0
        for word in words:
            found = text.find(word.text, at) if word.text else -1
            at = at if found < 0 else found
            here = places[at : at + max(len(word.text), 1)] or places[-1:] or [self._start]
            manner = self._only_manner or next(self._block.overlapping(here[0], here[0] + 1)).prosody
            yield _Item(word if manner is PLAIN else replace(word, prosody=manner), here)
            at += len(word.text) if found >= 0 else 0


def _given_syllables(letters: Sequence[str], readings: Sequence[str], english: bool) -> Iterator[Syllable]:
    """Build syllables from pinyin or ARPAbet; a voice without English phones says ARPAbet with the nearest Mandarin syllables."""
    if not is_arpabet(readings[0]):
        yield from map(make_syllable, letters, readings)
    elif english:
        yield from (english_syllable(*pair) for pair in zip(letters, map(str.split, readings), strict=True))
    else:
        pinyin = phones_to_syllables(to_notation(" ".join(readings).split()))
        shared = share_out("".join(letters), [1] * len(pinyin))
        yield from map(make_syllable, shared, pinyin)


def _with_breaks(items: list[_Item], breaks: Sequence[tuple[int, int]]) -> list[_Item]:
    """Put the pauses that markup asks for in their places, instead of those of the punctuation there."""
    for offset, ms in breaks:
        at = next((i for i, item in enumerate(items) if item.places[-1] >= offset), len(items))
        if at < len(items) and items[at].place < offset:
            items[at : at + 1] = _halves(items[at], offset)
            at += 1
        first, last = at, at
        while first and not items[first - 1].word.syllables:
            first -= 1
        while last < len(items) and not items[last].word.syllables:
            last += 1
        ms += sum(item.word.pause_ms for item in items[first:last] if item.exact)
        manner = items[min(at, len(items) - 1)].word.prosody if items else PLAIN
        items[first:last] = [_Item(Word("", pause_ms=ms, prosody=manner), [offset], exact=True)] if ms else []
    return items


def _halves(item: _Item, offset: int) -> list[_Item]:
    """Cut a word before the character at a place of the block; a word that is not one syllable a character stays whole."""
    word, k = item.word, bisect_left(item.places, offset)
    if len(word.syllables) != len(word.text):
        return [item]
    return [
        _Item(replace(word, text=word.text[:k], syllables=word.syllables[:k]), item.places[:k]),
        _Item(replace(word, text=word.text[k:], syllables=word.syllables[k:]), item.places[k:]),
    ]


def _parts(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    """Cut words into parts of at most `MAX_SYLLABLES` syllables, after a pause where one is near."""
    part: list[_Item] = []
    count = 0
    for item in items:
        for chunk in _chunks(item):
            size = len(chunk.word.syllables)
            if count + size > MAX_SYLLABLES:
                cut = _last_pause(part)
                yield part[:cut]
                part = part[cut:]
                count = sum(len(one.word.syllables) for one in part)
            part.append(chunk)
            count += size
    if part:
        yield part


def _chunks(item: _Item) -> Iterator[_Item]:
    """Cut a word that alone has too many syllables."""
    word = item.word
    if len(word.syllables) <= MAX_SYLLABLES:
        yield item
        return
    for i in range(0, len(word.syllables), MAX_SYLLABLES):
        syllables = word.syllables[i : i + MAX_SYLLABLES]
        place = item.places[min(i * len(item.places) // len(word.syllables), len(item.places) - 1)]
        yield _Item(replace(word, text="".join(one.hanzi for one in syllables), syllables=syllables), [place])


def _last_pause(part: Sequence[_Item]) -> int:
    """Return after how many words of a full part to cut: after its last pause, else at its end."""
    count = sum(len(item.word.syllables) for item in part)
    for i in range(len(part), 0, -1):
        if count < _SHORTEST_PART:
            break
        if not part[i - 1].word.syllables:
            return i
        count -= len(part[i - 1].word.syllables)
    return len(part)
