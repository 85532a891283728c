"""Inline pinyin: ``重[chong2]庆`` and ``重[chóng]庆`` say how the hanzi before the bracket is pronounced.

A mark is one or more pinyin syllables, parted by spaces, in square brackets right after as many hanzi: ``重庆[chong2 qing4]``.
Each syllable has a tone digit 1-5 (0 is read as 5, neutral) or a tone mark.

A Latin word is pronounced by a mark of ARPAbet, of which at least one vowel has its stress: ``Qt[K Y UW1 T]``. Brackets with
anything else in them (``数组[0]``, ``[微笑]``, ``链接[here](...)``) are text as ever.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

from tingshuo.errors import TextError
from tingshuo.text.arpabet import read_arpabet
from tingshuo.text.runs import Run, is_hanzi
from tingshuo.text.symbols import split_syllable
from tingshuo.types import PLAIN, Prosody

_MARK = re.compile(
    r"(?<=[㐀-䶿一-鿿〇])\[([a-zA-ZüÜāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿêếề\u0300\u0301\u0304\u0308\u030c:0-9 ]{1,64})\](?!\()"
)
_ARPABET_MARK = re.compile(r"(?<![A-Za-z])([A-Za-z][A-Za-z'’-]{0,63})\[((?:[A-Z]{1,2}[0-2]?[ .]+)*[A-Z]{1,2}[0-2]?)\](?!\()")
_STRESS = re.compile("[A-Z][012]")
_TONE_MARKS = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
_DIAERESIS = "\u0308"
_LOOKS_LIKE_PINYIN = re.compile(r"[a-zü:]{1,8}[0-9]")


def read_pinyin(written: str) -> str:
    """Bring one syllable of pinyin to the form with a tone digit.

    Parameters
    ----------
    written : str
        ``chong2``, ``chóng``, ``lǜ``, ``lv4``, ``lü4``, ``lu:4``, ``ma0``, ``huar1``. A syllable without digit or mark is not
        accepted.

    Returns
    -------
    str
        Letters with ``v`` for u-umlaut and a digit 1-5: ``lv4``, ``ma5``.

    Raises
    ------
    TextError
        Not a Mandarin syllable with a tone.
    """
    tone, letters = "", ""
    for char in unicodedata.normalize("NFD", written.lower()):
        if char in _TONE_MARKS and not tone:
            tone = _TONE_MARKS[char]
        elif char == _DIAERESIS:
            letters = letters[:-1] + "v"
        else:
            letters += char
    letters = letters.replace("u:", "v")
    if not tone and letters[-1:].isdecimal():
        letters, tone = letters[:-1], "5" if letters[-1] == "0" else letters[-1]
    if not tone or not letters.isalpha():
        raise TextError(
            f"{written!r} is not pinyin with a tone; write letters and a digit 1-5 or a tone mark, such as chong2 or chóng"
        )
    split_syllable(letters + tone)
    return letters + tone


def inline_runs(text: str, warn: Callable[[str], None], prosody: Prosody = PLAIN) -> Iterator[Run]:
    """Cut text at its inline marks of pinyin and ARPAbet.

    Parameters
    ----------
    text : str
        Text as written.
    warn : callable
        Is given a sentence for each mark that looks like pinyin or ARPAbet and is none; such a mark stays text.
    prosody : Prosody
        Manner of all the runs.

    Yields
    ------
    Run
        Runs whose texts, with the marks removed, make up the text.
    """
    done = 0
    for match in _ARPABET_MARK.finditer(text) if "[" in text else ():
        if not _STRESS.search(match[2]):
            continue
        try:
            syllables = tuple(" ".join(one) for one in read_arpabet(match[2]))
        except TextError as error:
            warn(f"The mark [{match[2]}] after {match[1]!r} is spoken as text: {error}.")
            continue
        if before := text[done : match.start()]:
            yield from _pinyin_runs(before, warn, prosody)
        yield Run(match[1], prosody, pinyin=syllables)
        done = match.end()
    if rest := text[done:]:
        yield from _pinyin_runs(rest, warn, prosody)


def _pinyin_runs(text: str, warn: Callable[[str], None], prosody: Prosody) -> Iterator[Run]:
    """Cut text at its marks of pinyin."""
    done = 0
    for match in _MARK.finditer(text):
        written = match[1].split(" ")
        hanzi = text[max(done, match.start() - len(written)) : match.start()]
        try:
            pinyin = tuple(map(read_pinyin, written))
        except TextError:
            if _is_attempt(written):
                warn(
                    f"The mark {match[0]} after {hanzi!r} is no pinyin with a tone and is spoken as text; write it like [chong2]."
                )
            continue
        if not match[1].islower() or len(hanzi) != len(written) or not is_hanzi(hanzi):
            continue
        if before := text[done : match.start() - len(hanzi)]:
            yield Run(before, prosody)
        yield Run(hanzi, prosody, pinyin=pinyin)
        done = match.end()
    if rest := text[done:]:
        yield Run(rest, prosody)


def _is_attempt(written: list[str]) -> bool:
    """Tell whether what stands in brackets was meant as pinyin: letters with a digit, or a syllable that lacks its tone."""
    if all(_LOOKS_LIKE_PINYIN.fullmatch(one) for one in written):
        return True
    try:
        return all(len(one) > 1 and one.islower() and bool(split_syllable(one)) for one in written)
    except TextError:
        return False
