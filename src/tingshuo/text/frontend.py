"""From text or SSML to sentences of words with pinyin, manner and pauses: the whole text side of a synthesis.

Text goes through markup (`tingshuo.text.ssml`, `tingshuo.text.inline`, `tingshuo.text.userlexicon`), is laid out as blocks, cut
into sentences (`tingshuo.text.split`), and each sentence is normalised and pronounced when it is asked for, so that the first
can be spoken while the rest is still text (`tingshuo.text.phrase`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from tingshuo.errors import TextError, TooLargeError
from tingshuo.text.inline import inline_runs
from tingshuo.text.phrase import speak_piece
from tingshuo.text.runs import Block, Border, Run, Span, blocks
from tingshuo.text.split import BUDGET, FIRST_BUDGET, Piece, split
from tingshuo.text.userlexicon import EMPTY, load_user_lexicon
from tingshuo.types import MAX_CHARACTERS, PLAIN, Sentence

MAX_WARNINGS = 20
"""Warnings that are kept; of the rest the number is told."""
KEPT_PIECES = 256
"""Sentences without marks that are known by heart, in this process: what was said once is often said again, in another manner."""
BORDER_PAUSES_MS: dict[Border, int] = {"sentence": 400, "line": 450, "paragraph": 700}
"""Shortest pause at the end of a block, milliseconds."""

# What nothing speaks and nobody sees: controls except tab and line ends, surrogates, private use, noncharacters, byte order mark.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_LINE_END = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]\s*")
_NEWLINE = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

_ENGLISH = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,\"'")


class Frontend:
    """The text side of one request after another.

    Parameters
    ----------
    lexicon_path : Path or None
        The user's lexicon (`tingshuo.text.userlexicon`); read once as long as it does not change.
    budget : int
        Spoken characters of a sentence, by estimate.
    first_budget : int
        When the first sentence has more, it is cut at a comma, if there is one; 0 never cuts it.
    english : bool
        Say Latin words with English phones, for voices that have them; else with the nearest Mandarin syllables.
    check_emotion : callable or None
        Raises RequestError for an emotion in markup that the voice does not have; None accepts `tingshuo.types.EMOTIONS`.

    Raises
    ------
    TextError
        The lexicon cannot be read or has a wrong line.
    """

    def __init__(
        self,
        lexicon_path: Path | None = None,
        *,
        budget: int = BUDGET,
        first_budget: int = FIRST_BUDGET,
        english: bool = False,
        check_emotion: Callable[[str], None] | None = None,
    ) -> None:
        self._lexicon = EMPTY if lexicon_path is None else load_user_lexicon(lexicon_path)
        self._budget = budget
        self._first_budget = first_budget
        self._english = english
        self._check_emotion = check_emotion
        self._seen: set[str] = set()
        self._warnings: list[str] = []

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the text so far asked for and did not get, each thing once: a sentence each; complete when the sentences are."""
        unlisted = len(self._seen) - len(self._warnings)
        return (*self._warnings, f"And {unlisted} more warnings.") if unlisted else tuple(self._warnings)

    def sentences(self, text: str) -> Iterator[Sentence]:
        """Turn a text into sentences, one when it is asked for.

        Parameters
        ----------
        text : str
            Plain text with inline pinyin, or SSML when it begins with ``<speak``; up to `MAX_CHARACTERS` characters.

        Yields
        ------
        Sentence
            At least one; every one has syllables. ``source`` is the text as written without markup.

        Raises
        ------
        TooLargeError
            The text has too many characters.
        SsmlError
            Malformed or unknown markup.
        TextError
            The text is empty or nothing in it can be spoken.
        """
        self._seen, self._warnings = set(), []
        if len(text) > MAX_CHARACTERS:
            raise TooLargeError(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} are spoken at once", "text")
        text = self._clean(text)
        if not text.strip():
            raise TextError("text is empty; give at least one character that can be spoken")
        spoken = False
        skipped = ""
        for block in self._blocks(text):
            skipped += "\n" if skipped else ""
            for sentence in self._block_sentences(block, 0 if spoken else self._first_budget):
                if not any(word.syllables for word in sentence.words):
                    skipped += sentence.source
                    continue
                spoken = True
                yield replace(sentence, source=skipped + sentence.source) if skipped else sentence
                skipped = ""
        if not spoken:
            skipped = skipped.strip()
            found = skipped if len(skipped) <= 20 else skipped[:20] + "…"
            what = f"found only {found!r}" if found else "the markup has no text"
            raise TextError(f"there is nothing to speak: {what}; give letters, digits or Chinese characters")

    def _warn(self, warning: str) -> None:
        if warning not in self._seen and len(self._warnings) < MAX_WARNINGS:
            self._warnings.append(warning)
        self._seen.add(warning)

    def _clean(self, text: str) -> str:
        """Remove what is not text, with a warning."""
        found = _UNWANTED.findall(text)
        if not found:
            return text.removeprefix("\ufeff")
        codes = " ".join(f"U+{ord(c):04X}" for c in sorted(set(found))[:5])
        self._warn(f"Removed {len(found)} characters that are not text ({codes}{' …' if len(set(found)) > 5 else ''}).")
        return _UNWANTED.sub("", text).removeprefix("\ufeff")

    def _blocks(self, text: str) -> Iterator[Block]:
        """Lay out the text, with markup and the user's lexicon applied."""
        runs = _markup_runs(text, self._warn, self._check_emotion)
        if runs is None:
            runs = _plain_runs(text, self._warn)
        return blocks(entry for run in runs for entry in self._lexicon.apply(run))

    def _block_sentences(self, block: Block, first_budget: int) -> Iterator[Sentence]:
        """Cut a block and turn its pieces into sentences; the last gets the pause of the block's border."""
        waiting: Piece | None = None
        kept = [(span.start, span.end) for span in block.spans if span.written is not None]
        for piece in split(block.text, budget=self._budget, first_budget=first_budget, kept=kept):
            if waiting is not None:
                yield from self._speak(block, *waiting)
            waiting = piece
        if waiting is not None:
            pause_ms = BORDER_PAUSES_MS[block.border] if block.border else 0
            yield from self._speak(block, *waiting, pause_ms)

    def _speak(self, block: Block, start: int, end: int, pause_ms: int = 0) -> Iterator[Sentence]:
        """Turn a piece into sentences, from memory if it can be."""
        if self._lexicon is not EMPTY or not _is_plain(block, start, end):
            yield from speak_piece(block, start, end, self._lexicon, self._warn, pause_ms=pause_ms, english=self._english)
            return
        sentences, warnings = spoken_plainly(block.text[start:end], pause_ms, english=self._english)
        for warning in warnings:
            self._warn(warning)
        yield from sentences


@lru_cache(maxsize=KEPT_PIECES)
def spoken_plainly(text: str, pause_ms: int, *, english: bool) -> tuple[tuple[Sentence, ...], tuple[str, ...]]:
    """Return the sentences of a piece without marks, and its warnings; shared by threads, as nobody can change them.

    Parameters
    ----------
    text : str
        A piece of `tingshuo.text.split.split`.
    pause_ms : int
        Shortest pause at the end, milliseconds.
    english : bool
        Say Latin words with English phones.
    """
    block, warnings = Block(text, [Span(0, len(text), PLAIN, None)]), list[str]()
    sentences = speak_piece(block, 0, len(text), EMPTY, warnings.append, pause_ms=pause_ms, english=english)
    return tuple(sentences), tuple(warnings)


def _is_plain(block: Block, start: int, end: int) -> bool:
    """Tell whether nothing is said of a piece but its text."""
    return (
        all(span.prosody == PLAIN and span.written is None for span in block.overlapping(start, end))
        and not block.fixed_within(start, end)
        and not any(start < given.end and given.start < end for given in block.given)
        and not any(start <= offset <= end for offset, _ in block.breaks)
    )


def _markup_runs(text: str, warn: Callable[[str], None], check_emotion: Callable[[str], None] | None) -> Iterator[Run] | None:
    """Read SSML, None if the text is something else; the parser is imported when a text looks like markup."""
    if not text.lstrip().startswith("<"):
        return None
    from tingshuo.text.ssml import is_ssml, parse

    return iter(parse(text, warn, check_emotion)) if is_ssml(text) else None


def _plain_runs(text: str, warn: Callable[[str], None]) -> Iterator[Run]:
    """Cut plain text at its line ends and pinyin marks; a line break inside an English sentence is a blank."""
    done = 0
    for match in _LINE_END.finditer(text):
        blank = len(_NEWLINE.findall(match[0])) > 1
        line = text[done : match.start()]
        yield from inline_runs(line, warn)
        done = match.end()
        if not blank and _goes_on(line, text[done : done + 1]):
            yield Run(" ")
        else:
            yield Run(border="paragraph" if blank else "line")
    yield from inline_runs(text[done:], warn)


def _goes_on(line: str, following: str) -> bool:
    """Tell whether a line of several English words goes on in the next line, which begins with ``following``."""
    last = line[-1:]
    return "a" <= following <= "z" and line[:1] in _ENGLISH and last in _ENGLISH and last != '"' and " " in line
