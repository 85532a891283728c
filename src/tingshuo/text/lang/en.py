"""Numbers, amounts, times and abbreviations of English text in English words: ``in 2019`` *in twenty nineteen*.

`spell_numbers` reads a whole text in English. `spell_english` does so with the English stretches of a Chinese text, those with
words of English grammar (``他说 I have 3 dogs``); other numbers beside Latin words (``iPhone 15``, ``5G``) are left to the rules
for Chinese, as Chinese readers say them.

The readings are those of American English; own rules, after *The Chicago Manual of Style*, 17th edition (2017), ch. 9.
"""

import re
from collections.abc import Callable
from functools import cache

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen"
).split()
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ("", " thousand", " million", " billion", " trillion")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_CURRENCIES = {
    "$": ("dollar", "cent"), "US$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent"), "¥": ("yuan", "fen"),
}  # fmt: skip
_PLURALS = {"penny": "pence", "yuan": "yuan", "fen": "fen"}
_UNITS = {
    "km": "kilometers", "m": "meters", "cm": "centimeters", "mm": "millimeters", "kg": "kilograms", "g": "grams",
    "mg": "milligrams", "lb": "pounds", "lbs": "pounds", "ft": "feet", "mph": "miles per hour", "km/h": "kilometers per hour",
    "°C": "degrees Celsius", "°F": "degrees Fahrenheit", "GB": "gigabytes", "MB": "megabytes", "KB": "kilobytes",
    "TB": "terabytes", "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "ms": "milliseconds",
    "s": "seconds",
}  # fmt: skip
_ONE_OF = {
    "feet": "foot", "hertz": "hertz", "miles per hour": "mile per hour", "kilometers per hour": "kilometer per hour",
    "degrees Celsius": "degree Celsius", "degrees Fahrenheit": "degree Fahrenheit",
}  # fmt: skip
"""Units whose singular is not the plural without its last letter."""
_TITLES = {
    "Mr": "Mister", "Mrs": "Mrs", "Ms": "Ms", "Dr": "Doctor", "Prof": "Professor", "St": "Saint", "Jr": "Junior", "Sr": "Senior",
    "vs": "versus", "etc": "etcetera",
}  # fmt: skip
_LONGEST, _LONGEST_BARE = 15, 7
"""Digits of the longest whole number that is not read digit by digit, with and without commas between thousands."""

_AMOUNT = r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"
_NOT_INSIDE = r"(?<![0-9A-Za-z.,])"


def cardinal(number: int) -> str:
    """Return a number from 0 in words: ``1205`` is *one thousand two hundred five*."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{_ONES[number // 100]} hundred" + (f" {cardinal(number % 100)}" if number % 100 else "")
    parts = []
    for scale in reversed(range(len(_SCALES))):
        group = number // 1000**scale % 1000
        if group:
            parts.append(cardinal(group) + _SCALES[scale])
    return " ".join(parts)


def ordinal(number: int) -> str:
    """Return the ordinal of a number in words: ``21`` is *twenty first*."""
    *before, last = cardinal(number).split()
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return " ".join((*before, _ORDINALS.get(last, regular)))


def year(number: int) -> str:
    """Return a year in words: ``1905`` is *nineteen oh five*, ``2019`` *twenty nineteen*, ``2003`` *two thousand three*."""
    century, rest = divmod(number, 100)
    if not 1000 <= number < 10000 or 2000 <= number < 2010 or number % 1000 == 0:
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def digits(written: str) -> str:
    """Return digits one by one."""
    return " ".join(_ONES[int(char)] for char in written if char.isdecimal())


def _plural(word: str) -> str:
    """Return the plural of the last word: decades and fractions."""
    return word[:-1] + "ies" if word.endswith("y") else word + ("es" if word.endswith("x") else "s")


def _number(written: str) -> str:
    """Say an amount: ``1,234.5``; long digits, and those that begin with zero, one by one."""
    whole, _, decimals = written.replace(",", "").partition(".")
    longest = _LONGEST if "," in written else _LONGEST_BARE
    one_by_one = len(whole) > longest or (len(whole) > 1 and whole.startswith("0"))
    said = digits(whole) if one_by_one else cardinal(int(whole))
    return f"{said} point {digits(decimals)}" if decimals else said


def _money(match: re.Match[str]) -> str:
    name, part = _CURRENCIES[match[1]]
    whole, _, decimals = match[2].replace(",", "").partition(".")
    if match[3]:
        return f"{_number(match[2])}{match[3]} {_PLURALS.get(name, name + 's')}"
    if len(whole) > _LONGEST:
        return f"{digits(whole)} {_PLURALS.get(name, name + 's')}"
    said = [f"{cardinal(int(whole))} {name if int(whole) == 1 else _PLURALS.get(name, name + 's')}"] if int(whole) else []
    cents = int(decimals.ljust(2, "0")[:2]) if decimals else 0
    if cents:
        said.append(f"{cardinal(cents)} {part if cents == 1 else _PLURALS.get(part, part + 's')}")
    return " and ".join(said) or f"zero {_PLURALS.get(name, name + 's')}"


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    half = f" {match[3][0].upper()}M" if match[3] else ""
    if minute == 0:
        return cardinal(hour) + (half or " o'clock")
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}{half}"


def _decade(match: re.Match[str]) -> str:
    number = int(match[1])
    return _plural(year(number) if number >= 100 else cardinal(number)) if number else "zeros"


def _unit(match: re.Match[str]) -> str:
    name = _UNITS[match[2]]
    return f"{_number(match[1])} {_ONE_OF.get(name, name.removesuffix('s')) if match[1] == '1' else name}"


def _fraction(match: re.Match[str]) -> str:
    top, bottom = int(match[1]), int(match[2])
    name = {2: "half", 4: "quarter"}.get(bottom) or ordinal(bottom)
    return f"{cardinal(top)} {name}" if top == 1 else f"{cardinal(top)} {'halves' if bottom == 2 else _plural(name)}"


_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
)
_YEAR = "1[1-9][0-9]{2}|20[0-9]{2}"

_RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (rf"\b({'|'.join(_TITLES)})\.(?=[ ,;)]|$)", lambda m: _TITLES[m[1]]),
    (r"\bNo\. ?(?=[0-9])", lambda m: "number "),
    (r" ?& ?", lambda m: " and "),
    (rf"(US\$|[$£€¥]) ?({_AMOUNT})( (?:thousand|million|billion|trillion))?", _money),
    (rf"{_NOT_INSIDE}([01]?[0-9]|2[0-4]):([0-5][0-9])(?: ?([AaPp])\.?[Mm]\b\.?)?(?![0-9:])", _clock),
    (rf"{_NOT_INSIDE}([1-9]|1[0-2]) ?([AaPp])\.?[Mm]\b", lambda m: f"{cardinal(int(m[1]))} {m[2].upper()}M"),
    (rf"{_NOT_INSIDE}([0-9]{{1,12}})(?:st|nd|rd|th)\b", lambda m: ordinal(int(m[1]))),
    (rf"{_NOT_INSIDE}'?((?:1[0-9]|20)?[0-9]0)'?s\b", _decade),
    (rf"\b({_MONTHS})\.? ([0-3]?[0-9])(?![0-9:]|[.,][0-9])", lambda m: f"{m[1]} {ordinal(int(m[2]))}"),
    (rf"{_NOT_INSIDE}(-?)({_AMOUNT}) ?%", lambda m: f"{'minus ' if m[1] else ''}{_number(m[2])} percent"),
    (rf"{_NOT_INSIDE}({_AMOUNT}) ?({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![A-Za-z0-9])", _unit),
    (rf"{_NOT_INSIDE}([1-9][0-9]?)/([2-9]|[1-9][0-9])(?![0-9/])", _fraction),
    (rf"{_NOT_INSIDE}({_YEAR})[-–]({_YEAR})(?![0-9]|[.,][0-9])", lambda m: f"{year(int(m[1]))} to {year(int(m[2]))}"),
    (rf"{_NOT_INSIDE}({_AMOUNT})[-–]({_AMOUNT})(?![0-9-])", lambda m: f"{_number(m[1])} to {_number(m[2])}"),
    (rf"{_NOT_INSIDE}({_YEAR})(?![0-9]|,[0-9]{{3}}|\.[0-9])", lambda m: year(int(m[1]))),
    (r"(?<![0-9A-Za-z])-(?=[0-9])", lambda m: "minus "),
    (r"(?<=[A-Za-z])-(?=[0-9])|(?<=[0-9])-(?=[A-Za-z])", lambda m: " "),
    (_AMOUNT, lambda m: f" {_number(m[0])} "),
)


@cache
def _compiled() -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]:
    return [(re.compile(pattern), speak) for pattern, speak in _RULES]


def spell_numbers(text: str) -> str:
    """Write what is not words in an English text in words: numbers, amounts, times, ordinals, years, titles with a dot.

    Parameters
    ----------
    text : str
        English text.

    Returns
    -------
    str
        Text without ASCII digits.
    """
    for pattern, speak in _compiled():
        text = pattern.sub(speak, text)
    text = re.sub(" {2,}", " ", text)
    return re.sub(r" (?=[,.;:!?)'\"”’]|$)", "", text).strip()


def in_small_letters(text: str) -> str:
    """Return an English text that is all in capitals, as transcripts often are, in small letters; another as it is."""
    return text if any(char.islower() for char in text) or len(_LATIN.findall(text)) < 2 else text.lower()


_STRETCH = re.compile(r"[^\u2e80-\u9fff\uf900-\ufaff\U00020000-\U000323af，。！？；：、…（）《》「」『』【】\n]+")
_LATIN = re.compile("[A-Za-z]+(?:['’][A-Za-z]+)?")
_NUMERIC = re.compile(r"[0-9]|\b(?:Mr|Mrs|Ms|Dr|Prof|St)\.")
_GRAMMAR = frozenset(
    "the a an of to and in is it for i on at or as am are was were be been but by from has have had he she that than this these "
    "those they we will with would you your my our his her their there not do does did can could what when where who how "
    "about after before since until over only all some more about into".split()
)
"""Words that make a stretch English, not a name."""


def is_english(stretch: str) -> bool:
    """Tell whether a stretch without Chinese characters is English text, not a name with a number in it."""
    words = _LATIN.findall(stretch)
    if len(words) == 1:
        return len(words[0]) > 1 and words[0] in _GRAMMAR
    return any(word != "A" and word.lower() in _GRAMMAR for word in words)


def spell_english(text: str) -> str:
    """Write numbers in words in the English stretches of a text, and leave the rest as it is."""
    if not _NUMERIC.search(text):
        return text
    return _STRETCH.sub(lambda match: _kept_blanks(match[0]) if is_english(match[0]) else match[0], text)


def _kept_blanks(stretch: str) -> str:
    """Spell a stretch, and keep the blanks at its ends, which may stand beside Chinese characters."""
    body = stretch.strip(" ")
    start = stretch.index(body)
    return stretch[:start] + spell_numbers(body) + stretch[start + len(body) :]
