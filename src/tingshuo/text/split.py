"""Sentences: text is cut where a speaker would breathe, under a budget of spoken characters, in linear time.

A cut is made after ``。！？；`` and their ASCII forms with the closing quotes and brackets that follow; a sentence over the
budget is cut into parts of about equal length at ``，：——``, else at ``、`` or a blank, else between words. Brackets stay
whole, and so do decimals, addresses, abbreviations and ``“好。”他说`` . Pieces are half-open ranges of the text that join
without gap, so the text can be put together again from them.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.segment import segment

BUDGET = 48
"""Spoken characters of a sentence that are not exceeded, by estimate; about 12 s of speech."""
FIRST_BUDGET = 12
"""The same for the first sentence where it can be cut at a comma, so that speech begins early."""
_FIRST_SHORTEST = 6
_FIRST_REST = 4

_GLUED, _WORD, _BLANK, _CLAUSE, _SENTENCE = range(5)
_PENALTY = {_WORD: 0.9, _BLANK: 0.3, _CLAUSE: 0.0, _SENTENCE: -0.25}
"""What a cut of a rank costs, in budgets of distance from the ideal place."""
_ENDS_PHRASE, _BEGINS_PHRASE, _PHRASE_BONUS = (
    frozenset("的了着过呢吧吗啊呀"),
    frozenset("在把被对从向和与或而但并因如虽使让给跟以将"),
    0.2,
)

_OPENERS = "“‘「『《〈（([【〔｛{"
_CLOSERS = "”’」』》〉）)]】〕｝}"
_BRACKETS = dict(zip("（([【〔｛{《〈", "）)]】〕｝}》〉", strict=True))
_FINAL = "。！？；!?;｡"
_ADDRESS = r"[^\s“”‘’，。；、！？（）《》【】「」<>\u4e00-\u9fff]"
_ATOM = re.compile(
    rf"(?P<address>(?:(?:https?|ftp|file)://|www\.){_ADDRESS}*[A-Za-z0-9_/#=&%+-])"
    r"|(?P<token>[0-9A-Za-zÀ-ɏ]+(?:(?:[.:'’\-/&@+_~]|(?<=[0-9])[,：](?=[0-9]))[0-9A-Za-zÀ-ɏ]+)*)"
    rf"|(?P<marks>(?:[{_FINAL}…，,、：:—.]|--)(?:[{re.escape(_FINAL + _CLOSERS)}…，,、：:—.\"'\s]|--)*)"
    rf"|(?P<closers>[{re.escape(_CLOSERS)}][{re.escape(_CLOSERS)}\s]*)"
    rf"|(?P<openers>[{re.escape(_OPENERS)}])"
    r"|(?P<blank>\s+)"
    r"|(?P<glyph>[^\s])",
)
_ABBREVIATION = re.compile(
    r"(?i:mr|mrs|ms|dr|prof|st|vs|etc|no|vol|fig|inc|ltd|co|jr|sr|e\.g|i\.e|a\.m|p\.m|jan|feb|apr|aug|sept?|oct|nov|dec|[a-z](?:\.[a-z])*)"
)
_SPEECH_TAG = re.compile(
    r"[^\s，。！？；：“”「」…]{1,6}?(?:说道?|问道?|喊道?|叫道|答道?|笑道|骂道?|吼道?|嚷道?|道)[：:，。！？,.]"
)
_NUMBERING = re.compile(r"[0-9]{1,2}")
_NUMBERED = "1"
"""Stands for a number that may be that of a list item, ``2. 香蕉``."""
_LONGEST_ATOM = 200


class Piece(NamedTuple):
    """Characters ``start`` to ``end`` of the text are one sentence."""

    start: int
    end: int


class _Atom(NamedTuple):
    """A part of the text that is not cut.

    ``start`` to ``end`` is its place, ``before`` and ``total`` are the estimated spoken characters up to its two ends, and
    ``rank`` is how well a cut after it suits.
    """

    start: int
    end: int
    before: float
    total: float
    rank: int


def split(
    text: str, *, budget: int = BUDGET, first_budget: int = FIRST_BUDGET, kept: Sequence[tuple[int, int]] = ()
) -> Iterator[Piece]:
    """Cut a text into sentences.

    Parameters
    ----------
    text : str
        A line or paragraph; newlines count as blanks.
    budget : int
        Spoken characters (estimated) that a sentence may have.
    first_budget : int
        When the first sentence has more, it is cut at its first comma after six characters, if it has one; 0 or at least
        ``budget`` leaves it as it is.
    kept : sequence of pairs
        Ranges of the text, in order, that are not cut while they fit the budget.

    Yields
    ------
    Piece
        Consecutive ranges from the start to the end of the text, none for an empty text.
    """
    waiting: list[_Atom] = []
    early = 0 < first_budget < budget
    ranges = iter(kept)
    start, end = next(ranges, (len(text), len(text)))
    for atom in _atoms(text):
        while end <= atom.start:
            start, end = next(ranges, (len(text), len(text) + 1))
        if start < atom.end < end:
            atom = atom._replace(rank=_GLUED)
        waiting.append(atom)
        if atom.rank == _SENTENCE or atom.total - waiting[0].before > 2 * budget:
            cuts, waiting = _cut(text, waiting, budget, first_budget if early else 0, whole=atom.rank == _SENTENCE)
            yield from cuts
            early = early and not cuts
    yield from _cut(text, waiting, budget, first_budget if early else 0, whole=True)[0]


def _atoms(text: str) -> Iterator[_Atom]:
    """Cut a text into its atoms."""
    total, closing, token, fresh = 0.0, list[str](), "", True
    for match in _ATOM.finditer(text):
        kind, found = str(match.lastgroup), match[0]
        rank = _WORD
        if kind == "openers":
            rank = _GLUED
            if found in _BRACKETS:
                closing.append(_BRACKETS[found])
        elif kind == "blank":
            rank = _BLANK
        elif kind in ("marks", "closers"):
            while closing and closing[-1] in found:
                closing.pop()
            rank = _rank(text, match, token)
            if rank == _SENTENCE and closing:
                rank = _CLAUSE
        for start in range(match.start(), match.end(), _LONGEST_ATOM):
            end = min(start + _LONGEST_ATOM, match.end())
            before, total = total, total + _cost(kind, text[start:end])
            yield _Atom(start, end, before, total, rank if end == match.end() else _BLANK)
        if rank == _SENTENCE or (closing and len(closing) > 8):
            closing = []
        fresh_token = fresh and kind == "token" and _NUMBERING.fullmatch(found)
        fresh = rank == _SENTENCE or (kind == "blank" and (fresh or not token))
        token = _NUMBERED if fresh_token else found if kind == "token" else ""


def _rank(text: str, match: re.Match[str], token: str) -> int:
    """Say how well a cut suits after punctuation."""
    found, after = match[0], text[match.end() : match.end() + 12]
    marks = set(found)
    if marks & set(_FINAL):
        return _CLAUSE if marks & set(_CLOSERS + '"') and _SPEECH_TAG.match(after) else _SENTENCE
    if "…" in marks or "..." in found:
        return _SENTENCE if not after or (marks & set(_CLOSERS) and not _SPEECH_TAG.match(after)) else _CLAUSE
    if found[0] == ".":
        spaced = len(found.rstrip()) < len(found) or len(found) > 1 or not after
        if token and (token == _NUMBERED or _ABBREVIATION.fullmatch(token) or not spaced):
            return _GLUED if after else _SENTENCE
        return _SENTENCE
    if marks & set("，,：:—-"):
        return _CLAUSE
    return _BLANK if "、" in marks or found[-1].isspace() else _WORD


def _cost(kind: str, found: str) -> float:
    """Estimate how many Chinese characters it takes to speak an atom; never 0, so that what is not spoken cannot pile up."""
    if kind == "address":
        return 1.2 * len(found)
    if kind == "token":
        digits = sum(c.isdecimal() for c in found)
        letters = sum(c.isalpha() for c in found)
        joins = len(found) - digits - letters
        return (2 if digits <= 8 else 1) * digits + (1.5 if found.isupper() else 0.5) * letters + joins
    if kind == "glyph":
        return 1.0 if found >= "\u3040" else 2.0
    return max(0.05, 0.01 * len(found))


def _cut(text: str, atoms: list[_Atom], budget: int, first_budget: int, *, whole: bool) -> tuple[list[Piece], list[_Atom]]:
    """Cut atoms into pieces within the budget; return them and the atoms that are left, none when ``whole``."""
    pieces: list[Piece] = []
    if first_budget and atoms and (at := _first_cut(atoms, first_budget)):
        pieces.append(Piece(atoms[0].start, atoms[at - 1].end))
        atoms = atoms[at:]
    while atoms:
        total = atoms[-1].total - atoms[0].before
        if total <= budget:
            break
        at = _best_cut(text, atoms, budget, total, whole=whole)
        pieces.append(Piece(atoms[0].start, atoms[at - 1].end))
        atoms = atoms[at:]
        if not whole:
            return pieces, atoms
    if whole and atoms:
        pieces.append(Piece(atoms[0].start, atoms[-1].end))
        atoms = []
    return pieces, atoms


def _first_cut(atoms: list[_Atom], first_budget: int) -> int:
    """Return after how many atoms the first sentence is cut at a comma, 0 for not at all."""
    before, total = atoms[0].before, atoms[-1].total
    if total - before <= first_budget:
        return 0
    for i, atom in enumerate(atoms, 1):
        if atom.rank == _CLAUSE and atom.total - before >= _FIRST_SHORTEST and total - atom.total >= _FIRST_REST:
            return i
    return 0


def _best_cut(text: str, atoms: list[_Atom], budget: int, total: float, *, whole: bool) -> int:
    """Return after how many atoms to cut: near equal parts, at the best rank."""
    before = atoms[0].before
    parts = -int(-total // budget)
    ideal = total / parts if whole else 0.8 * budget
    best, at, furthest = float("inf"), 0, 1
    borders: set[int] | None = None
    for i, atom in enumerate(atoms[:-1], 1):
        length = atom.total - before
        if length > budget and i > 1:
            break
        furthest = i
        if atom.rank == _GLUED:
            continue
        score = _PENALTY[atom.rank] * budget + abs(length - ideal)
        if atom.rank == _WORD and (text[atom.end - 1] in _ENDS_PHRASE or text[atom.end] in _BEGINS_PHRASE):
            score -= _PHRASE_BONUS * budget
        if score < best:
            if atom.rank == _WORD:
                borders = _word_borders(text, atoms) if borders is None else borders
                if atom.end not in borders:
                    continue
            best, at = score, i
    return at or furthest


def _word_borders(text: str, atoms: list[_Atom]) -> set[int]:
    """Return the places in the text where a word ends."""
    start = atoms[0].start
    return {start + token.start for token in segment(text[start : atoms[-1].end], load_lexicon())}
