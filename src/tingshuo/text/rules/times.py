"""Clock times and lengths of time: ``8:30``, ``20:15:30``, ``下午3:00-5:00``, ``8点30``, ``1'30"``, ``3pm``."""

import re

from tingshuo.text.rules.numbers import cardinal, signed, spell, whole
from tingshuo.text.rules.rule import Rule

_E = r"(?<![0-9A-Za-z.:])"
_HOUR = r"([01]?[0-9]|2[0-4])"
_SIXTY = r"([0-5][0-9])"
_CLOCK = rf"{_HOUR}:{_SIXTY}(?::{_SIXTY})?"
_LASTING = "时长|片长|用时|成绩|历时|配速|领先|耗时|全长|倒计时|最好成绩|以"
_SCORE = "比分|战胜|击败|大胜|险胜|负于|不敌|打成|战平|总比分|逆转|局分|比例|赔率|比为|首局|次局|决胜局|落后|兑换|配比|反超|扳平"


def _hour(digits: str) -> str:
    return signed(digits.lstrip("0") or "0", "点") + "点"


def _minute(digits: str) -> str:
    return "零" + spell(digits[1]).strip("零") if digits[0] == "0" else cardinal(digits)


def clock(hour: str, minute: str, second: str | None = None) -> str:
    """Say a time: ``8, 30`` is 八点三十分, ``8, 05`` 八点零五分, ``3, 00`` 三点."""
    if second is not None and second != "00":
        return f"{_hour(hour)}{_minute(minute)}分{_minute(second)}秒"
    return _hour(hour) + ("" if minute == "00" else _minute(minute) + "分")


def _say_clock(match: re.Match[str]) -> str:
    half = (match[4] or "").upper().replace(".", "")
    return {"AM": "上午", "PM": "下午", "": ""}[half] + clock(match[1], match[2], match[3])


def _say_clocks(match: re.Match[str]) -> str:
    return clock(match[1], match[2], match[3]) + "到" + clock(match[4], match[5], match[6])


def _say_lasting(match: re.Match[str]) -> str:
    """Say ``用时03:25``: minutes and seconds, or hours with three parts."""
    parts = [part.lstrip("0") or "0" for part in match[2].split(":")]
    units = ("小时", "分", "秒")[-len(parts) :]
    return match[1] + "".join(signed(part, unit) + unit for part, unit in zip(parts, units, strict=True))


def _say_halves(match: re.Match[str]) -> str:
    return ("上午" if match[2][0] in "aA" else "下午") + _hour(match[1])


def _say_prime(match: re.Match[str]) -> str:
    """Say ``1'30"``: minutes and seconds."""
    return signed(match[1], "分") + "分" + whole(match[2]) + "秒"


TIMES = (
    Rule(
        r"((?:福音|诗篇|箴言|传道书|创世记|启示录|罗马书|使徒行传|[前后]书|以赛亚书|古兰经|可兰经) ?)([0-9]{1,3}):([0-9]{1,3})",
        lambda m: f"{m[1]}{cardinal(m[2])}章{cardinal(m[3])}节",
        ":",
    ),
    Rule(
        r"((?:周|星期)[一二三四五六日天](?:[-至到](?:周|星期)?[一二三四五六日天])?) ?(?=[0-9]{1,2}:[0-5][0-9])",
        lambda m: m[1] + "，",
        "周星",
    ),
    Rule(r"(?<=[0-9]秒)([0-9]{1,2})(?![0-9])", lambda m: spell(m[1]), "秒"),
    Rule(
        rf"((?:{_SCORE})[^0-9，。；！？]{{0,6}})([0-9]{{1,3}}):([0-9]{{1,3}})(?![0-9:])",
        lambda m: f"{m[1]}{cardinal(m[2])}比{cardinal(m[3])}",
        ":",
    ),
    Rule(
        rf"{_E}([0-9]{{1,3}}):([0-9]{{1,3}})(?=(?:的(?:总|大)?(?:比分|优势|成绩|比例)|战胜|击败|大胜|险胜|负于|不敌|战平|"
        rf"领先|落后|逆转|惜败|告负|取胜|获胜|轻取|完胜))",
        lambda m: f"{cardinal(m[1])}比{cardinal(m[2])}",
        ":",
    ),
    Rule(rf"((?:{_LASTING})(?:为|是|[:：])? ?)([0-9]{{1,2}}:[0-5][0-9](?::[0-5][0-9])?)(?![0-9:])", _say_lasting, ":"),
    Rule(
        rf"(?<![A-Za-z])([AaPp])[Mm] ?{_CLOCK}(?![0-9:])",
        lambda m: ("上午" if m[1] in "aA" else "下午") + clock(m[2], m[3], m[4]),
        ":",
    ),
    Rule(rf"{_E}{_CLOCK} ?(?:[-~到至]|—|——) ?{_CLOCK}(?![0-9:])", _say_clocks, ":"),
    Rule(rf"{_E}{_CLOCK}(?![0-9:])(?:分(?![0-9之])| ?([AaPp]\.?[Mm])(?![A-Za-z])\.?)?", _say_clock, ":"),
    Rule(rf"{_E}(1[0-2]|0?[1-9]) ?([AaPp]\.?[Mm])(?![A-Za-z])\.?", _say_halves, "mM"),
    Rule(rf"{_E}{_HOUR} ?点 ?{_SIXTY}(?![0-9.]|[个人元天])", lambda m: _hour(m[1]) + _minute(m[2]), "点"),
    Rule(r"(?<![0-9A-Za-z.°度])([0-9]{1,3})['′’]([0-5]?[0-9])(?:\"|″|”|'')", _say_prime, "'′’"),
    Rule(r"(?<![0-9A-Za-z.°度])([0-9]{1,3})′(?![0-9])", lambda m: signed(m[1], "分") + "分钟", "′"),
)
