"""Readings of ``<say-as>``: a written number, date or word in, the spoken Chinese of the kind that was asked for out.

The kinds are those of the W3C note "SSML 1.0 say-as attribute values" (2005) and the ones that Chinese speech services add to
them (identity numbers, years, scores, ratios). Numbers are read by `tingshuo.text.rules.numbers`,
as in plain text. Units come out as they are, in a form that `tingshuo.text.normalize` reads one way only.
"""

import re
from collections.abc import Callable

from tingshuo.errors import TextError
from tingshuo.text.rules.maths import fraction, percentage
from tingshuo.text.rules.numbers import DIGITS, quantity, spell, whole
from tingshuo.text.rules.times import clock

_NUMBER = r"([+-]?)([0-9]+)(?:\.([0-9]+))?"
_MARK_NAMES = """
. 点   - 杠   _ 下划线   / 斜杠   \\ 反斜杠   @ 艾特   # 井号   * 星号   + 加   = 等于   % 百分号   & 和号   : 冒号   ： 冒号
, 逗号 ， 逗号   。 句号   ? 问号   ？ 问号   ! 叹号   ！ 叹号   、 顿号   ( 左括号   ) 右括号   （ 左括号   ） 右括号   ~
波浪号 $ 美元符号   ￥ 人民币符号   ¥ 人民币符号
"""
_CURRENCY_NAMES = """
CNY 元   RMB 元   ¥ 元   ￥ 元   元 元   USD 美元   US$ 美元   $ 美元   EUR 欧元   € 欧元   GBP 英镑   £ 英镑   JPY 日元   HKD
港元 HK$ 港元   TWD 新台币   NT$ 新台币   KRW 韩元   ₩ 韩元   RUB 卢布   ₽ 卢布   MOP 澳门元
"""


def _table(pairs: str) -> dict[str, str]:
    words = pairs.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_MARKS, _CURRENCIES = _table(_MARK_NAMES), _table(_CURRENCY_NAMES)


def _parse(pattern: str, text: str, kind: str, forms: str) -> re.Match[str]:
    match = re.fullmatch(pattern, text)
    if not match:
        raise TextError(f"{text!r} cannot be said as {kind}; accepted are {forms}")
    return match


def _cardinal(text: str, _: str, kind: str = "cardinal") -> str:
    match = _parse(_NUMBER, re.sub(r"(?<=\d)[,，](?=\d{3})", "", text), kind, "numbers such as 12, -3.5 or 1,234")
    sign = "负" if match[1] == "-" else "正" if match[1] else ""
    return sign + whole(match[2]) + ("点" + spell(match[3]) if match[3] else "")


def _ordinal(text: str, _: str) -> str:
    return "第" + _cardinal(text.removeprefix("第"), "", "ordinal")


def _digits(text: str, _: str) -> str:
    _parse(r"[0-9][0-9 .-]*", text, "digits", "digits such as 2023 or 3.14, spaces and hyphens between them")
    return "".join({".": "点"}.get(c, DIGITS[int(c)] if c.isdecimal() else "") for c in text)


def _telephone(text: str, _: str) -> str:
    _parse(
        r"\+?[0-9(（][0-9()（） -]*(?:(?:转|ext\.?|x|#) ?[0-9]+)?",
        text,
        "telephone",
        "numbers such as +86 138 0013 8000, 010-12345678转802",
    )
    said = "加" if text.startswith("+") else ""
    groups = re.findall(r"[0-9]+|转|ext|x|#", text)
    for i, group in enumerate(groups):
        if not group.isdecimal():
            said += "转"
        else:
            said += ("，" if i and groups[i - 1].isdecimal() else "") + spell(group, yao=True)
    return said


def _identity(text: str, _: str) -> str:
    _parse(r"[0-9A-Za-z][0-9A-Za-z -]*", text, "id", "digits and letters such as 11010519491231002X")
    return _one_by_one(re.sub(r"[ -]", "", text), yao=True)


def _one_by_one(text: str, *, yao: bool = False) -> str:
    """Read every character by itself: digits, letters by their names, marks by theirs, hanzi as they are."""
    said = []
    for char in text:
        if char.isspace():
            continue
        if char.isascii() and char.isdecimal():
            said.append(spell(char, yao=yao))
        elif char.isascii() and char.isalpha():
            said.append(f" {char.upper()} ")
        else:
            said.append(_MARKS.get(char, char))
    return re.sub(r" +", " ", "".join(said)).strip()


def _year(text: str, _: str) -> str:
    match = _parse(r"(公元前|前|-)?([0-9]{1,4})年?", text, "year", "years such as 2023 or -221")
    return ("公元前" if match[1] else "") + spell(match[2]) + "年"


_DATE_FORMS = {
    "ymd": "YMD",
    "ym": "YM",
    "md": "MD",
    "y": "Y",
    "m": "M",
    "d": "D",
    "mdy": "MDY",
    "dmy": "DMY",
    "dm": "DM",
    "my": "MY",
}
_DATE_ACCEPTED = (
    "2023-05-06, 2023/5/6, 20230506, 2023年5月6日, 2023-05 and 5-6, in the order of the format (ymd mdy dmy ym my md dm y m d)"
)


def _date(text: str, form: str) -> str:
    compact = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text)
    parts = list(compact.groups()) if compact else re.findall(r"[0-9]+", text)
    if not parts or not re.fullmatch(r"[0-9 ./年月日号-]+", text):
        raise TextError(f"{text!r} cannot be said as date; accepted are {_DATE_ACCEPTED}")
    order = form or (
        "ymd" if len(parts) == 3 else "ym" if len(parts[0]) == 4 and len(parts) == 2 else "md" if len(parts) == 2 else "y"
    )
    if order not in _DATE_FORMS or len(order) != len(parts):
        raise TextError(f"{text!r} cannot be said as date in the order {order!r}; accepted are {_DATE_ACCEPTED}")
    values = dict(zip(order, parts, strict=True))
    if not 1 <= int(values.get("m", 1)) <= 12 or not 1 <= int(values.get("d", 1)) <= 31 or len(values.get("y", "")) > 4:
        raise TextError(f"{text!r} is no date in the order {order}; accepted are {_DATE_ACCEPTED}")
    said = spell(values["y"]) + "年" if "y" in values else ""
    said += whole(values["m"]) + "月" if "m" in values else ""
    return said + (whole(values["d"]) + "日" if "d" in values else "")


def _time(text: str, form: str) -> str:
    pattern = r"([0-9]{1,2})[:：时点]([0-9]{1,2})(?:[:：分]([0-9]{1,2}))?[分秒]? ?([AaPp])?\.?(?:[Mm]\.?)?"
    forms = "12:30, 8:05:20, 2:30pm, with the format hms12, hms24 or ms (minutes and seconds)"
    match = _parse(pattern, text, "time", forms)
    first, second, third = int(match[1]), int(match[2]), int(match[3] or 0)
    if form not in ("", "hms12", "hms24", "hm", "hms", "ms") or (first > 24 and form != "ms") or second > 59 or third > 59:
        raise TextError(f"{text!r} cannot be said as time{f' with the format {form!r}' if form else ''}; accepted are {forms}")
    if form == "ms":
        return f"{'两' if first == 2 else whole(match[1])}分{whole(match[2])}秒"
    half = {"a": "上午", "p": "下午"}.get((match[4] or "").lower(), "")
    return half + clock(match[1], f"{second:02}", f"{third:02}" if third else None)


def _currency(text: str, form: str) -> str:
    names = "|".join(re.escape(name) for name in sorted(_CURRENCIES, key=len, reverse=True))
    amount = r"([+-]?[0-9][0-9,]*(?:\.[0-9]+)?)([万亿]?)"
    forms = f"amounts such as 12.5, ¥100, 20 USD; currencies {' '.join(_CURRENCIES)}"
    match = _parse(rf"({names})? ?{amount} ?({names})?", text, "currency", forms)
    unit = match[1] or match[4] or form or "CNY"
    if unit.upper() not in _CURRENCIES:
        raise TextError(f"unknown currency {unit!r}; accepted are {' '.join(_CURRENCIES)}")
    name, (yuan, _, cents) = _CURRENCIES[unit.upper()], match[2].partition(".")
    if name == "元" and not match[3] and len(cents) in (1, 2) and cents.strip("0"):
        return _yuan_and_jiao(yuan, cents)
    amount = match[2].rstrip("0") if cents.strip("0") else yuan
    return quantity(re.sub(r"^(-?)0+(?=[0-9])", r"\1", amount.lstrip("+")), match[3] or name) + match[3] + name


def _yuan_and_jiao(yuan: str, cents: str) -> str:
    """Say ``12`` and ``50``: 十二元五角; of less than a yuan only 角 and 分."""
    digits = re.sub(r"[^0-9]", "", yuan)
    jiao, fen = cents[0], cents[1:].strip("0")
    said = quantity(digits.lstrip("0"), "元") + "元" if int(digits) else ""
    said += quantity(jiao, "角") + "角" if jiao != "0" else "零" if said else ""
    return ("负" if yuan[0] == "-" else "") + said + (f"{DIGITS[int(fen)]}分" if fen else "")


def _fraction(text: str, _: str) -> str:
    match = _parse(r"(-?)(?:([0-9]+)(?: |又|\+))?([0-9]+)[/／]([0-9]+)", text, "fraction", "fractions such as 3/4, -1/2 or 1 3/4")
    top, bottom, before = (part and (part.lstrip("0") or "0") for part in (match[3], match[4], match[2]))
    return ("负" if match[1] else "") + fraction(top, bottom, before or "")


def _ratio(text: str, _: str) -> str:
    _parse(r"[0-9.]+(?: ?[:：比-] ?[0-9.]+)+", text, "ratio or score", "numbers such as 3:2 or 16:9")
    return "比".join(_cardinal(part, "", "ratio") for part in re.findall(r"[0-9]+(?:\.[0-9]+)?", text))


def _percent(text: str, _: str) -> str:
    match = _parse(rf"{_NUMBER}[%％]?", text, "percent", "numbers such as 50, 12.5% or -3%")
    decimals = f".{match[3]}" if match[3] else ""
    return percentage(match[1] + (match[2].lstrip("0") or "0") + decimals)


def _unit(text: str, _: str) -> str:
    _parse(rf"{_NUMBER} ?\S+", text, "unit", "a number and a unit such as 5kg, 60 km/h or 25℃")
    return text


def _characters(text: str, _: str) -> str:
    return _one_by_one(text)


KINDS: dict[str, Callable[[str, str], str]] = {
    "cardinal": _cardinal,
    "number": _cardinal,
    "ordinal": _ordinal,
    "digits": _digits,
    "telephone": _telephone,
    "id": _identity,
    "year": _year,
    "date": _date,
    "time": _time,
    "currency": _currency,
    "fraction": _fraction,
    "ratio": _ratio,
    "score": _ratio,
    "percent": _percent,
    "unit": _unit,
    "measure": _unit,
    "characters": _characters,
    "spell-out": _characters,
    "verbatim": _characters,
}
"""Kind to its reading: a function of the text and the ``format`` attribute (may be empty)."""


def say_as(text: str, kind: str, form: str = "") -> str:
    """Return the spoken form of a text of a stated kind.

    Parameters
    ----------
    text : str
        What is written: ``2023-05-06``.
    kind : str
        One of `KINDS`.
    form : str
        Order of a date (``mdy``), kind of a time (``ms`` for minutes and seconds), or currency (``USD``).

    Raises
    ------
    TextError
        Unknown kind, or the text is not of that kind; the message lists what is accepted.
    """
    if kind not in KINDS:
        raise TextError(f"unknown kind {kind!r}; accepted are {' '.join(KINDS)}")
    text = " ".join(text.split())
    if not text:
        raise TextError(f"there is nothing to say as {kind}")
    return KINDS[kind](text.translate(_FULL_WIDTH), form.strip())


_FULL_WIDTH = {0xFF10 + i: 0x30 + i for i in range(10)} | {0xFF0E: ".", 0xFF0D: "-", 0xFF0B: "+"}
