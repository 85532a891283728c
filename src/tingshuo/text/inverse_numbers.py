"""Chinese numerals to figures: what `tingshuo.text.inverse_rules` writes its numbers with.

A numeral counts as one only when `tingshuo.text.rules.numbers.cardinal` says the number in these very words (二 for 两 and 十 for
一十 allowed), so that 三五百, 十七八 and 百万 are none. One thing people say and the forward direction does not: a last digit
without its place, as in 三万五 and 一百八.
"""

from tingshuo.text.rules.numbers import cardinal

FIGURES = {char: str(value) for value, char in enumerate("零一二三四五六七八九")} | {"〇": "0", "幺": "1", "两": "2"}
"""What a single numeral is as a figure."""
_PLACES = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10**4, "亿": 10**8}
_NEXT = {"百": "十", "千": "百", "万": "千", "亿": "千万"}
"""The place that a last digit without one has after each place."""
_LARGEST = 10**16


def figures(spoken: str) -> str:
    """Write digits that were said one by one: 幺三八 is ``138``."""
    return "".join(FIGURES[char] for char in spoken)


def parse(spoken: str) -> int | None:
    """Return the number that a numeral says, None when it is not well formed.

    Parameters
    ----------
    spoken : str
        Characters of 零〇一二两三四五六七八九十百千万亿.
    """
    value = _value(spoken)
    if value is None or value >= _LARGEST:
        return None
    return value if _folded(cardinal(str(value))) == _folded(spoken) else None


def parse_short(spoken: str) -> int | None:
    """Return the number that a numeral says when its last digit lacks its place: 三万五 is 35000, 一百八 180; else None."""
    place = spoken[-2:-1]
    if place not in _NEXT or spoken[-1] not in "一二两三四五六七八九" or len(spoken) < 3:
        return None
    return parse(spoken.replace("两", "二") + _NEXT[place])


def write(number: int) -> str:
    """Write a number as it is usual in running text.

    Figures up to four digits; whole 万 and 亿 keep the unit (3万, 1200万, 3亿5000万), as GB/T 15835-2011 allows for large
    numbers; others in figures, from nine digits on with commas.
    """
    if number < 10**4:
        return str(number)
    if number < 10**8:
        return f"{number // 10**4}万" if number % 10**4 == 0 else str(number)
    above, below = divmod(number, 10**8)
    if below == 0:
        return f"{above // 10**4}万亿" if above % 10**4 == 0 else f"{above}亿" if above < 10**4 else f"{number:,}"
    if below % 10**4 == 0 and below >= 10**7 and above < 10**4:
        return f"{above}亿{below // 10**4}万"
    return f"{number:,}"


def write_short(number: int) -> str:
    """Write what was said without its last place: from 万 on as a decimal, 3.5万, below in figures, 180."""
    unit, name = (10**8, "亿") if number >= 10**8 else (10**4, "万")
    if number < 10**4:
        return str(number)
    whole, rest = divmod(number, unit)
    decimals = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole}.{decimals}{name}" if len(decimals) == 1 else write(number)


def _value(spoken: str) -> int | None:
    total = section = 0
    digit = 0
    for char in spoken:
        if char in FIGURES:
            digit = int(FIGURES[char])
        elif char in _PLACES:
            section += (digit or 1) * _PLACES[char]
            digit = 0
        elif char == "万":
            total, section, digit = total + (section + digit) * _GROUPS[char], 0, 0
        else:
            total, section, digit = (total + section + digit) * _GROUPS[char], 0, 0
    return total + section + digit


def _folded(spoken: str) -> str:
    return spoken.replace("两", "二").replace("〇", "零").replace("一十", "十")
