"""Normalised text to words with pinyin: what the voice is to say, syllable by syllable.

The text is scanned into Chinese runs, Latin words, digits and punctuation. A Chinese run is segmented; each character gets the
reading of its word, its surname, or what the polyphone net hears in the sentence; then the tones change as they do in speech
(`tingshuo.text.sandhi`). Nothing is dropped silently: punctuation becomes a pause or nothing by `PAUSES_MS`, and what cannot be
spoken is listed in `G2PResult.dropped`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from tingshuo.errors import TextError
from tingshuo.text.contexts import read_de, read_in_context
from tingshuo.text.english import pronounce
from tingshuo.text.englishwords import say_english
from tingshuo.text.lexicon import Lexicon, load_lexicon
from tingshuo.text.names import find_surnames
from tingshuo.text.polyphone import load_polyphones
from tingshuo.text.sandhi import Draft, apply_sandhi
from tingshuo.text.segment import Token, segment
from tingshuo.text.symbols import make_syllable
from tingshuo.types import Word

PAUSES_MS = {
    **dict.fromkeys("。！？!?.\n\r\u2028\u2029", 400),
    **dict.fromkeys("…⋯", 350),
    **dict.fromkeys("；;", 250),
    **dict.fromkeys("—―─", 250),
    **dict.fromkeys("：:", 200),
    **dict.fromkeys("，,", 150),
    **dict.fromkeys("、", 80),
    **dict.fromkeys("（）()【】[]〔〕{}｛｝〖〗「」『』|｜/／～~", 60),
    **dict.fromkeys("“”‘’\"'《》〈〉<>·・•‧-‐‑–_＿*`　 \t\v\f\u00a0\u200b\ufeff\u00ad", 0),
}
"""Milliseconds of pause that a mark asks for; marks with 0 only separate words."""
BLANK_MS = 80
"""Pause of blanks between two Chinese characters."""

DICTIONARY_WEIGHT = 14.0
"""How much likelier, in nepers, the reading that the lexicon has for a word is than the net thinks.

The tuning half does not tell 8 from 20; everyday words, which it hardly has, want more than 12 (生还, 左传, 调试)."""

_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
_GREEK_NAMES = (
    "阿尔法 贝塔 伽马 德尔塔 伊普西龙 泽塔 伊塔 西塔 约塔 卡帕 兰姆达 谬 "
    "纽 克西 奥密克戎 派 柔 西格玛 陶 宇普西龙 斐 希 普西 欧米伽"
)
_GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _GREEK_NAMES.split(), strict=True))
_SCAN = re.compile(
    r"(?P<hanzi>[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af〇]+)"
    r"|(?P<latin>[A-Za-zÀ-ÖØ-öø-žＡ-Ｚａ-ｚ]+(?:['’\-‐][A-Za-zÀ-ÖØ-öø-ž]+)*)"
    r"|(?P<digits>[0-9０-９]+)"
    r"|(?P<greek>[α-ωΑ-Ω])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_FOLLOWING = re.compile(r" +([A-Za-zÀ-ÖØ-öø-ž]+)")
"""The Latin word after a blank."""


@dataclass(frozen=True, slots=True)
class G2PResult:
    """Words in order, and the pieces of text that could not be spoken, in order."""

    words: tuple[Word, ...]
    dropped: tuple[str, ...]


def g2p(text: str, lexicon: Mapping[str, tuple[str, ...]] | None = None, *, english: bool = False) -> list[Word]:
    """Return the words of a normalised text; see `g2p_report`."""
    return list(g2p_report(text, lexicon, english=english).words)


def g2p_report(
    text: str,
    lexicon: Mapping[str, tuple[str, ...]] | None = None,
    fixed: Mapping[int, str] | None = None,
    *,
    english: bool = False,
) -> G2PResult:
    """Work out how a normalised text is spoken.

    Parameters
    ----------
    text : str
        A sentence or a few; numbers, units and signs are expected to be spelled out already (`tingshuo.text.normalize`).
    lexicon : mapping of str to tuple of str, optional
        Words of the user with their pinyin, a syllable a character for Chinese words: ``{"重庆": ("chong2", "qing4")}``. They win
        over everything but ``fixed``; their tones still change by the rules.
    fixed : mapping of int to str, optional
        Index of a character of ``text`` to its pinyin, which is spoken as it is written.
    english : bool
        Say Latin words and letters with English phones, not with the nearest Mandarin syllables.

    Returns
    -------
    G2PResult
        Words (pauses among them) and what was dropped.

    Raises
    ------
    TextError
        A reading in ``lexicon`` or ``fixed`` is not a Mandarin syllable, or has the wrong number of syllables.
    """
    scanner = _Scanner(text, _checked_lexicon(lexicon or {}), fixed or {}, english)
    scanner.scan()
    words: list[Word] = []
    for is_pause, group in groupby(scanner.items, key=lambda item: isinstance(item, Word)):
        items = list(group)
        if is_pause:
            words.append(_join_pauses([item for item in items if isinstance(item, Word)]))
        else:
            drafts = [item for item in items if isinstance(item, Draft)]
            apply_sandhi(drafts, load_lexicon())
            words += [_finish(draft) for draft in drafts]
    return G2PResult(tuple(words), tuple(scanner.dropped))


def _finish(draft: Draft) -> Word:
    if draft.english:
        return Word(draft.text, draft.english)
    rows = zip(draft.chars, draft.bodies, draft.tones, strict=True)
    return Word(draft.text, tuple(make_syllable(char, f"{body}{tone}") for char, body, tone in rows))


def _join_pauses(pauses: list[Word]) -> Word:
    return Word("".join(p.text for p in pauses), pause_ms=max(p.pause_ms for p in pauses))


def _checked_lexicon(lexicon: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Check a user's lexicon and bring its pinyin into one spelling."""
    out = {}
    for word, readings in lexicon.items():
        chinese = [c for c in word if _is_hanzi(c)]
        if not word.strip() or not readings or (len(chinese) == len(word) and len(readings) != len(word)):
            raise TextError(
                f"lexicon entry {word!r} needs one pinyin syllable for each character, got {' '.join(readings) or 'none'}"
            )
        out[word] = tuple(make_syllable("", reading).pinyin for reading in readings)
    return out


class Run(NamedTuple):
    """An unbroken run of Chinese characters: index of its first character in the text, and its words."""

    start: int
    tokens: list[Token]


class _Scanner:
    """One pass over a text: ``items`` gets drafts and pauses in order, ``dropped`` what is neither."""

    def __init__(self, text: str, user: dict[str, tuple[str, ...]], fixed: Mapping[int, str], english: bool) -> None:
        self.text = text
        self.english = english
        self.user = user
        self.fixed = {i: make_syllable("", pinyin).pinyin for i, pinyin in fixed.items()}
        self.items: list[Draft | Word] = []
        self.dropped: list[str] = []
        self._dropped_end = -1
        self._lexicon = load_lexicon()

    def scan(self) -> None:
        """Fill ``items`` and ``dropped``."""
        pieces: list[tuple[str, str, int]] = []
        for start, end, word in self._pieces():
            if word:
                pieces.append(("user_word", word, start))
            else:
                pieces += ((str(m.lastgroup), m[0], m.start()) for m in _SCAN.finditer(self.text, start, end))
        runs = {start: Run(start, segment(text, self._lexicon)) for kind, text, start in pieces if kind == "hanzi"}
        readings = read_characters(list(runs.values()), self.text, self._lexicon)
        for kind, text, start in pieces:
            if kind == "hanzi":
                self._add_hanzi(runs[start], readings)
            else:
                getattr(self, f"_add_{kind}")(text, start)

    def _pieces(self) -> Iterator[tuple[int, int, str]]:
        """Cut the text at the user's words: (start, end, the word or "")."""
        start = 0
        if self.user:
            by_length = sorted(self.user, key=len, reverse=True)
            pattern = "|".join(rf"(?<![A-Za-z]){re.escape(w)}(?![A-Za-z])" if w.isascii() else re.escape(w) for w in by_length)
            for match in re.finditer(pattern, self.text):
                if match.start() > start:
                    yield start, match.start(), ""
                yield match.start(), match.end(), match[0]
                start = match.end()
        if start < len(self.text):
            yield start, len(self.text), ""

    def _add_user_word(self, word: str, start: int) -> None:
        draft = Draft(word, "n")
        readings = self.user[word]
        if len(readings) == len(word):
            for i, (char, pinyin) in enumerate(zip(word, readings, strict=True), start):
                draft.append(char, self.fixed.get(i, pinyin), locked=i in self.fixed)
        else:
            draft.foreign = True
            step = len(word) / len(readings)
            for i, pinyin in enumerate(readings):
                draft.append(word[round(i * step) : round((i + 1) * step)], pinyin, locked=True)
        self.items.append(draft)

    def _add_hanzi(self, run: Run, readings: dict[int, str]) -> None:
        for token in run.tokens:
            draft = Draft(token.text, token.entry.tag)
            for i, char in enumerate(token.text, run.start + token.start):
                pinyin = self.fixed.get(i) or readings.get(i)
                if pinyin:
                    draft.append(char, pinyin, locked=i in self.fixed)
                else:
                    self._drop(char, i)
            if draft.chars:
                self.items.append(draft)

    def _add_latin(self, word: str, start: int) -> None:
        if self.english:
            following = _FOLLOWING.match(self.text, start + len(word))
            draft = Draft.of_english(word, say_english(word, following[1] if following else ""))
        else:
            draft = Draft(word, "x", foreign=True)
            for letters, pinyin in pronounce(word):
                draft.append(letters, pinyin, locked=True)
        if draft.chars:
            self.items.append(draft)
        else:
            self._drop(word, start)

    def _add_digits(self, digits: str, start: int) -> None:
        draft = Draft(digits, "m", foreign=True)
        for digit in digits:
            draft.append(digit, self._lexicon.readings(_DIGITS[chr(ord("0") + int(digit))])[0], locked=True)
        self.items.append(draft)

    def _add_greek(self, letter: str, start: int) -> None:
        draft = Draft(letter, "x", foreign=True)
        for i, char in enumerate(_GREEK[letter.lower().replace("ς", "σ")]):
            draft.append(letter if i == 0 else "", self._lexicon.readings(char)[0], locked=True)
        self.items.append(draft)

    def _add_other(self, char: str, start: int) -> None:
        pause_ms = PAUSES_MS.get(char)
        if pause_ms is None:
            self._drop(char, start)
            return
        if (
            char.isspace()
            and pause_ms == 0
            and _is_hanzi(self.text[start - 1 : start])
            and _is_hanzi(self.text[start + 1 : start + 2])
        ):
            pause_ms = BLANK_MS
        if pause_ms:
            self.items.append(Word(char, pause_ms=pause_ms))

    def _drop(self, piece: str, start: int) -> None:
        """Note a piece as unspeakable, joined to the one before it when they touch."""
        if self.dropped and start == self._dropped_end:
            self.dropped[-1] += piece
        else:
            self.dropped.append(piece)
        self._dropped_end = start + len(piece)


def _is_hanzi(char: str) -> bool:
    match = _SCAN.match(char)
    return match is not None and match.lastgroup == "hanzi"


def read_characters(runs: list[Run], text: str, lexicon: Lexicon) -> dict[int, str]:
    """Choose the reading of every Chinese character of a text, before sandhi.

    Parameters
    ----------
    runs : list of Run
        The runs of Chinese characters, segmented.
    text : str
        The whole text, which the polyphone net reads.
    lexicon : Lexicon
        Readings of words and characters.

    Returns
    -------
    dict
        Index of a character to its pinyin; characters without a reading are missing.
    """
    readings, undecided = open_characters(runs, text, lexicon)
    if undecided:
        scores = load_polyphones().scores(text, list(undecided))
        for (i, of_word), score in zip(undecided.items(), scores, strict=True):
            if of_word:
                score[of_word] = score.get(of_word, 0.0) + DICTIONARY_WEIGHT
            readings[i] = max(score, key=score.__getitem__)
    return readings


def open_characters(runs: list[Run], text: str, lexicon: Lexicon) -> tuple[dict[int, str], dict[int, str]]:
    """Split characters into those whose reading is certain and those that the net is to decide.

    Returns
    -------
    tuple of dict
        Index to reading; index to what the lexicon has for the character in its word, "" when it has nothing.
    """
    net = load_polyphones()
    settled = read_in_context(text)
    readings: dict[int, str] = {}
    undecided: dict[int, str] = {}
    for run in runs:
        surnames = find_surnames(run.tokens)
        for t, token in enumerate(run.tokens):
            known = _readings_in_word(token, lexicon)
            for k, char in enumerate(token.text):
                i = run.start + token.start + k
                reading, sure = known[k]
                if token.start + k in surnames:
                    readings[i] = surnames[token.start + k]
                elif sure:
                    readings[i] = reading
                elif i in settled:
                    readings[i] = settled[i]
                elif token.text == "得" and (of_grammar := read_de(run.tokens, t)):
                    readings[i] = of_grammar
                elif char in net:
                    undecided[i] = reading
                elif usual := reading or next(iter(lexicon.readings(char)), ""):
                    readings[i] = usual
    return readings, undecided


def _readings_in_word(token: Token, lexicon: Lexicon) -> list[tuple[str, bool]]:
    """Return what the lexicon has for each character of a word, if need be from words inside it: reading or "", and if sure."""
    n = len(token.text)
    if n == 1:
        return [("", False)]
    if token.entry.pinyin:
        return [(reading, token.entry.sure) for reading in token.entry.readings]
    out = [("", False)] * n
    for length in range(n - 1, 1, -1):
        for start in (0, n - length):
            part = lexicon.word(token.text[start : start + length])
            if part and part.pinyin and not any(sure for _, sure in out[start : start + length]) and not out[start][0]:
                out[start : start + length] = [(reading, part.sure) for reading in part.readings]
    return out
