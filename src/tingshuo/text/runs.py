"""Marked-up text between parsing and speaking: a list of `Run`, and the `Block` that one list between two borders becomes.

SSML, inline pinyin and the user's lexicon all say the same few things: speak this stretch so (prosody), say these words
instead, use this pronunciation, pause here, a sentence or paragraph ends here. A run says one of them about a stretch of text.
A block is what remains when everything between two borders is laid out as one string to be read, with the marks as character
offsets into that string.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tingshuo.types import PLAIN, Prosody

Border = Literal["sentence", "line", "paragraph"]
"""What ends a block: ``</s>``, a newline, or a blank line or ``</p>``."""

PLACEHOLDER = "\ue000"
"""Stands in a block's text for each syllable of a word whose pronunciation is given whole (private use area of Unicode)."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text that is spoken in one manner, or a pause, or a border.

    ``text`` is as written. ``spoken`` replaces it for the ear only. ``pinyin`` is the pronunciation, one syllable with tone
    digit each: for every hanzi of the text one, or any number for the text as a whole; or the ARPAbet of English syllables
    (``L OW1``), always for the text as a whole. ``break_ms`` makes the run a pause and
    ``border`` the end of a block; both have no text.
    """

    text: str = ""
    prosody: Prosody = PLAIN
    spoken: str | None = None
    pinyin: tuple[str, ...] = ()
    break_ms: int | None = None
    border: Border | None = None


def is_hanzi(text: str) -> bool:
    """Tell whether every character is a Chinese character (and there is one)."""
    return bool(text) and all(
        "\u4e00" <= c <= "\u9fff" or c == "〇" or "\u3400" <= c <= "\u4dbf" or c >= "\U00020000" for c in text
    )


def is_arpabet(syllable: str) -> bool:
    """Tell whether a given syllable is ARPAbet, in capitals, and not pinyin."""
    return syllable[:1].isupper()


class Span(NamedTuple):
    """Characters ``start`` to ``end`` of a block's text that come from one run; ``written`` is None where text = writing."""

    start: int
    end: int
    prosody: Prosody
    written: str | None


class Given(NamedTuple):
    """Characters ``start`` to ``end`` are placeholders of a word written ``text`` and pronounced ``pinyin``, as in `Run`."""

    start: int
    end: int
    text: str
    pinyin: tuple[str, ...]


@dataclass(slots=True)
class Block:
    """What is between two borders, laid out as one string.

    Offsets are characters of ``text``. ``fixed`` maps the offset of a hanzi to its pinyin. ``breaks`` are pairs of offset and
    milliseconds, in order. ``border`` is what ends the block, None at the end of the text.
    """

    text: str = ""
    spans: list[Span] = field(default_factory=list)
    fixed: dict[int, str] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)
    breaks: list[tuple[int, int]] = field(default_factory=list)
    border: Border | None = None

    def add(self, run: Run) -> None:
        """Append a run that has text."""
        start = len(self.text)
        if not run.pinyin:
            said, written = (run.text, None) if run.spoken is None else (run.spoken, run.text)
        elif len(run.pinyin) == len(run.text) and is_hanzi(run.text) and not is_arpabet(run.pinyin[0]):
            said, written = run.text, None
            self.fixed.update(enumerate(run.pinyin, start))
        else:
            said, written = PLACEHOLDER * len(run.pinyin), run.text
            self.given.append(Given(start, start + len(said), run.text, run.pinyin))
        self.text += said
        self.spans.append(Span(start, len(self.text), run.prosody, written))

    def fixed_within(self, start: int, end: int) -> list[tuple[int, str]]:
        """Return the offsets from ``start`` to ``end`` that have pinyin, with it, in order."""
        if not self.fixed:
            return []
        return [(i, self.fixed[i]) for i in range(start, end) if i in self.fixed]

    def overlapping(self, start: int, end: int) -> Iterator[Span]:
        """Iterate over the spans that have a character from ``start`` to ``end``."""
        first = max(bisect_right(self.spans, start, key=lambda span: span.start) - 1, 0)
        for i in range(first, len(self.spans)):
            span = self.spans[i]
            if span.start >= end:
                return
            if span.end > start:
                yield span

    def source(self, start: int, end: int) -> str:
        """Return what was written for the characters ``start`` to ``end``: the text without marks."""
        parts = []
        for span in self.overlapping(start, end):
            if span.written is None:
                parts.append(self.text[max(start, span.start) : min(end, span.end)])
            elif span.start >= start:
                parts.append(span.written)
        return "".join(parts).strip()


def blocks(runs: Iterable[Run]) -> Iterator[Block]:
    """Lay out runs as blocks, one at a time.

    A pause that stands between two borders belongs to the end of the block before it, or, when it opens the text, to the start of
    the first block; so every block that comes out has text. The stronger of two borders in a row is kept.
    """
    block = Block()
    for run in runs:
        if run.border is not None:
            if block.text and (block.border is None or run.border == "paragraph"):
                block.border = run.border
        elif run.break_ms is not None:
            block.breaks.append((len(block.text), run.break_ms))
        elif run.text or run.spoken:
            if block.border is not None and not run.text.isspace():
                yield block
                block = Block()
            if block.border is None and (block.text or not run.text.isspace()):
                block.add(run)
    if block.text:
        yield block
