"""Money: ``￥12.50``, ``$3``, ``US$1.2亿``, ``3.5k元``, ``5块5``, ``100 USD``, ``20w粉丝``."""

import re

from tingshuo.text.rules.numbers import NUM, START, cardinal, quantity, split_range
from tingshuo.text.rules.rule import Rule

_SYMBOLS = {
    "US$": "美元", "HK$": "港元", "NT$": "新台币", "AU$": "澳元", "A$": "澳元", "CA$": "加元", "C$": "加元", "S$": "新加坡元",
    "MOP$": "澳门元",
    "R$": "雷亚尔", "RMB¥": "元", "CN¥": "元", "JP¥": "日元", "$": "美元", "¥": "元", "€": "欧元", "£": "英镑", "₩": "韩元",
    "₽": "卢布", "฿": "泰铢",
    "₹": "卢比", "₫": "越南盾", "₺": "里拉", "₴": "格里夫纳", "₿": "比特币", "¢": "美分",
}  # fmt: skip
_CODES = {
    "RMB": "人民币", "CNY": "人民币", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "JPY": "日元", "HKD": "港元",
    "TWD": "新台币", "KRW": "韩元",
    "AUD": "澳元", "CAD": "加元", "CHF": "瑞士法郎", "SGD": "新加坡元", "RUB": "卢布", "INR": "卢比", "THB": "泰铢",
    "MOP": "澳门元", "BTC": "比特币",
    "USDT": "泰达币",
}  # fmt: skip
_SCALE = {
    "k": 3,
    "K": 3,
    "m": 6,
    "M": 6,
    "mn": 6,
    "mm": 6,
    "b": 9,
    "B": 9,
    "bn": 9,
    "Bn": 9,
    "t": 12,
    "T": 12,
    "million": 6,
    "billion": 9,
    "w": 4,
    "W": 4,
}
_PLAIN_RANGE = rf"-?{NUM}(?:[-~到至](?:US|HK|NT)?[$¥€£]?{NUM})?"
_SYMBOL = r"(?<![A-Za-z])(?:(?:US|HK|NT|AU|CA|MOP|A|C|S|R)\$|(?:RMB|CN|JP)¥|[$¥€£₩₽฿₹₫₺₴₿])"
_CODE = "|".join(_CODES)
_UNIT_WORDS = r"元|块钱|块|人民币|美元|美金|刀|欧元|日元|英镑|港币|港元"


_KARATS = ("14", "18", "22", "24")
"""Fineness of gold, which a K after the number means rather than thousands."""


def scaled(written: str, exponent: int) -> str:
    """Multiply a written number by a power of ten and say it: ``3.5`` and 3 is 三千五百, ``2.567`` and 3 两千五百六十七.

    When decimals remain they are kept: ``1.2345`` and 3 is 一千二百三十四点五.
    """
    whole, _, decimals = written.replace(",", "").partition(".")
    decimals = decimals.ljust(exponent, "0")
    integer, left = whole + decimals[:exponent], decimals[exponent:].rstrip("0")
    integer = integer.lstrip("0") or "0"
    return quantity(integer + ("." + left if left else ""))


def amount(written: str, unit: str, scale: str = "") -> str:
    """Say an amount without the zeros that end its decimals: ``12.50`` is 十二点五."""
    first, second = split_range(re.sub(r"[A-Z$¥€£]", "", written))
    ends = [re.sub(r"(\.[0-9]*?)0+$", r"\1", end).rstrip(".") for end in (first, second) if end is not None]
    if scale in _SCALE:
        return "到".join(("负" if end.startswith("-") else "") + scaled(end.lstrip("-"), _SCALE[scale]) for end in ends) + unit
    return quantity("~".join(ends), scale or unit) + scale + unit


def _say_symbol(match: re.Match[str]) -> str:
    sign = "负" if match[1] else ""
    unit = _SYMBOLS[match[2]]
    scale = (match[4] or "").strip()
    if match[5]:  # the unit is written out as well: $100美元
        unit = ""
    return sign + amount(match[3], unit, scale) + (match[5] or "")


def _say_code_first(match: re.Match[str]) -> str:
    name, scale = _CODES[match[1]], (match[3] or "").strip()
    if name == "人民币":
        return name + amount(match[2], "" if match[4] else "元", scale) + (match[4] or "")
    return amount(match[2], name, scale)


def _say_code_last(match: re.Match[str]) -> str:
    name, scale = _CODES[match[3]], (match[2] or "").strip()
    return amount(match[1], "元人民币" if name == "人民币" else name, scale)


def _say_yuan(match: re.Match[str]) -> str:
    return amount(match[1], match[2])


def _say_kuai(match: re.Match[str]) -> str:
    """Say ``5块5``: the digit after 块 is not a measure."""
    return quantity(match[1], "块") + "块" + cardinal(match[2])


def _say_thousands_range(match: re.Match[str]) -> str:
    return "到".join(scaled(match[i], _SCALE[match[2]]) for i in (1, 3))


def _say_short(match: re.Match[str]) -> str:
    """Say ``3.5w`` and ``24K`` in thousands; ``5K`` and the fineness of gold keep their letter."""
    paid = match.string[max(0, match.start() - 3) : match.start()]
    if match[2] == "K" and (len(match[1]) == 1 or match[1] in _KARATS) and not re.search("[薪资入价粉]", paid):
        return match[0]
    return _say_thousands(match)


def _say_thousands(match: re.Match[str]) -> str:
    return "到".join(scaled(end, _SCALE[match[2]]) for end in split_range(match[1]) if end is not None)


MONEY = (
    Rule(
        rf"(-)?({_SYMBOL}) ?({_PLAIN_RANGE})(?:( ?(?:万亿|千万|百万|十亿|百亿|千亿|[万亿千百]|(?:million|billion|bn|mn|Bn|"
        rf"[kKmMbBtTwW])(?![A-Za-z0-9])))?({_UNIT_WORDS})?)",
        _say_symbol,
        "$¥€£₩₽฿₹₫₺₴₿",
    ),
    Rule(
        rf"(?<![A-Za-z])({_CODE}) ?({_PLAIN_RANGE})( ?(?:万亿|千万|百万|[万亿千]|[kKmMbB](?![A-Za-z0-9])))?(元)?",
        _say_code_first,
        "BCDTYRKF",
    ),
    Rule(
        rf"({START}{_PLAIN_RANGE}) ?(万亿|千万|百万|[万亿千]|[kKmMbBwW](?= ))? ?({_CODE})(?![A-Za-z0-9])",
        _say_code_last,
        "BDYRKFCT",
    ),
    Rule(r"(?<![0-9A-Za-z.])([0-9]{1,6})块([0-9]{1,2})(?![0-9.]|[个块元])", _say_kuai, "块"),
    Rule(
        rf"({START}(?:[0-9]{{1,3}}(?:,[0-9]{{3}})+|[1-9][0-9]*|0)\.[0-9]+)(元|块|美元|欧元|英镑|港元|港币)", _say_yuan, "元块镑币"
    ),
    Rule(
        rf"{START}([0-9]{{1,4}}(?:\.[0-9]{{1,4}})?)([wWkK])[-~到至]([0-9]{{1,4}}(?:\.[0-9]{{1,4}})?)\2(?![0-9A-Za-z])",
        _say_thousands_range,
        "wWkK",
    ),
    Rule(
        rf"({START}[0-9]{{1,4}}(?:\.[0-9]{{1,4}})?(?:[-~][0-9]{{1,4}}(?:\.[0-9]{{1,4}})?)?)([wWkK])(?=\+?(?:元|块|人|粉|"
        rf"播放|阅读|点赞|浏览|用户|下载|订单|赞|月薪|年薪|收入|销量|评论|的?工资)|(?<!W)(?:[，。！？、]|\+?\Z))",
        _say_short,
        "wWkK",
    ),
)
