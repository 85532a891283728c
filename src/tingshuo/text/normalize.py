"""Written Chinese to spoken Chinese: numbers, dates, units, signs, addresses, markup, traditional characters.

`normalize` turns ``3月5日气温-3~4℃`` into ``三月五日气温零下三到零上四摄氏度``. The output holds hanzi, Latin words, letters of
other scripts, and the punctuation listed in `tingshuo.text.rules.punctuation`; no ASCII digits. Normalising it again changes
nothing.

The text is cut into pieces of bounded length at line and sentence ends; each runs through the families of rules in
`tingshuo.text.rules`, in the order of ``_WORDS``, ``_NUMBERS``, ``_SIGNS``, ``_REST``. Work is linear in the length of the text.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tingshuo.text.rules.clean import clean
from tingshuo.text.rules.codes import CODES
from tingshuo.text.rules.dates import DATES
from tingshuo.text.rules.emoji import speak_emoji
from tingshuo.text.rules.latin import ATTACHED, ROMANS, VERSIONS
from tingshuo.text.rules.markup import strip_markup
from tingshuo.text.rules.maths import COMPARISONS, MATHS, PERCENTS, RATIOS, SCORES, SUBSCRIPTS
from tingshuo.text.rules.money import MONEY
from tingshuo.text.rules.numbers import DASHES, GROUPED, ORDINALS, PLAIN, SAME_UNIT
from tingshuo.text.rules.punctuation import keep_gaps, punctuate, tidy
from tingshuo.text.rules.rule import RuleSet, compiled
from tingshuo.text.rules.times import TIMES
from tingshuo.text.rules.traditional import simplify
from tingshuo.text.rules.units import MEASURES
from tingshuo.text.rules.web import WEB
from tingshuo.text.rules.years import YEARS

PIECE_CHARACTERS = 400
"""Longest piece that the rules see at once; a cut is made at the last line or sentence end before it."""
_PASSES = 4
"""Most passes until the text no longer changes."""

_FOREIGN = "[^\u4e00-\u9fff，。！？；：、…—“”‘’（）《》\n]"
"""Anything that a rule could change, beside traditional characters."""
_WORDS = RuleSet(SUBSCRIPTS, DASHES, WEB, ROMANS)
_NUMBERS = RuleSet(
    DATES, YEARS, SCORES, COMPARISONS, CODES, GROUPED, TIMES, SAME_UNIT, PERCENTS, MONEY, ORDINALS, VERSIONS, digits=True
)
_SIGNS = RuleSet(MEASURES, RATIOS, MATHS, ATTACHED)
_REST = RuleSet(PLAIN, digits=True)
_PAIR = "[，。！？；：、…—“”‘’（）《》]{2}"
_CUT = "[。！？；\\n][”’）]*|[.!?;][\"')]* "


@dataclass(frozen=True, slots=True)
class Normalized:
    """Spoken text, and a sentence for each kind of thing that was dropped or read in a special way."""

    text: str
    warnings: tuple[str, ...] = ()


def normalize(text: str) -> str:
    """Turn written Chinese into spoken Chinese.

    Parameters
    ----------
    text : str
        Any string, of any length.

    Returns
    -------
    str
        Text without ASCII digits; ``normalize`` of it is the same text.
    """
    return normalize_report(text).text


def normalize_report(text: str) -> Normalized:
    """Turn written Chinese into spoken Chinese and tell what was dropped or read specially.

    Parameters
    ----------
    text : str
        Any string, of any length.
    """
    warnings: dict[str, None] = {}
    for _ in range(_PASSES):
        spoken = [_speak(piece, warnings) for piece in pieces(text)]
        if len(spoken) == 1:
            return Normalized(spoken[0].strip(" "), tuple(warnings))
        joined = tidy("".join(spoken)).strip(" ")
        if joined == text:
            break
        text = joined  # once more, for what meets only now that the pieces are together
    return Normalized(text, tuple(warnings))


def pieces(text: str) -> Iterator[str]:
    """Cut a text at line and sentence ends into pieces of at most `PIECE_CHARACTERS`, so that work on each is bounded."""
    start = 0
    while len(text) - start > PIECE_CHARACTERS:
        window = text[start : start + PIECE_CHARACTERS]
        ends = [match.end() for match in compiled(_CUT).finditer(window)]
        end = ends[-1] if ends else max(window.rfind("，"), window.rfind(" ")) + 1 or PIECE_CHARACTERS
        yield window[:end]
        start += end
    yield text[start:]


def _speak(text: str, warnings: dict[str, None]) -> str:
    """Normalise one piece until it no longer changes."""
    for _ in range(_PASSES):
        spoken = _speak_once(text, warnings)
        if spoken == text or not compiled(_FOREIGN).search(spoken):
            return spoken
        text = spoken
    return text


def _speak_once(text: str, warnings: dict[str, None]) -> str:
    if compiled(_FOREIGN).search(text):
        text = clean(speak_emoji(text, warnings), warnings)
        text = keep_gaps(simplify(strip_markup(text, warnings)))
        return punctuate(_REST(_SIGNS(_NUMBERS(_WORDS(text)))), warnings)
    text = simplify(text)
    return tidy(text) if compiled(_PAIR).search(text) else text
