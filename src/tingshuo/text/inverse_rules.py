"""Spoken numbers and how they are written: the rules that `tingshuo.text.inverse` applies.

What becomes figures follows GB/T 15835-2011, General rules for writing numerals in publications: quantities with units, dates and
times of the common calendar, numbers that name things, percentages and decimals in figures; the lunar calendar, approximate
numbers (三五个, 十几天), and words that contain numerals in characters. Where the standard allows both, numbers of two and more
characters are written in figures and those of one stay (一个人, 两只猫, 十个), as careful writers do.

A rule is a pattern and the function that writes a match, or returns None to leave it. Every character of `N` that belongs to a
numeral is matched, so that no numeral is cut.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from tingshuo.text.inverse_numbers import figures, parse, parse_short, write, write_short

Write = Callable[[re.Match[str]], str | None]


class InverseRule(NamedTuple):
    """A spoken form and how it is written.

    ``sure`` when the form is so plain that no word of the lexicon speaks against it.
    """

    pattern: str
    write: Write
    sure: bool = False


MASK = "□"
"""Stands for a numeral that belongs to a word."""
N = "[零〇一二两三四五六七八九十百千万亿]"
"""What numerals are made of."""
D = "[一二三四五六七八九]"
Z = "[零〇一二三四五六七八九]"
Y = "[零〇幺一二三四五六七八九]"
ALONE = r"(?<![零〇幺一二两三四五六七八九十百千万亿0-9.几])"
"""Not inside a numeral, nor after figures or 几."""
END = r"(?![零〇幺一二两三四五六七八九十百千万亿0-9几])"
RUN = rf"{ALONE}({N}++){END}"
_DECIMALS = rf"(?:点({Z}++)(?![十百千两])(万亿|[万亿])?)?"
NUMBER = rf"{ALONE}({N}++){_DECIMALS}{END}"
_SECOND = rf"({N}++){_DECIMALS}{END}"

UNITS = (
    "平方公里|平方千米|平方厘米|平方米|平米|立方厘米|立方米|公里|千米|海里|英里|英尺|英寸|厘米|毫米|微米|纳米|分米|公斤|千克|毫克|"
    "毫升|公顷|小时|分钟|秒钟|毫秒|摄氏度|华氏度|千瓦时|千瓦|兆瓦|毫安|赫兹|兆赫|分贝|千卡|大卡|美元|美金|欧元|英镑|日元|港元|港币|"
    "韩元|人民币|元|块钱|毛钱|分钱|米|斤|克|吨|升|亩|岁|秒|瓦|伏"
)
"""What is measured: a number of any length before these is written in figures."""
_BIG = f"{N}{{2,}}+"
_HOUR = "二十[一二三四]?|十[一二三四五六七八九]?|[零一二两三四五六七八九]"
_SIXTY = "[二三四五]十[一二三四五六七八九]?|十[一二三四五六七八九]?"
_MONTH = "十[一二]?|[一二三四五六七八九]"
_DAY = "三十一?|二十[一二三四五六七八九]?|十[一二三四五六七八九]?|[一二三四五六七八九]"
_LUNAR = "(?<!农历)(?<!阴历)(?<!旧历)(?<!闰)"
_DAYTIME = (
    "[上下]午|[早晚]上|早晨|清晨|凌晨|中午|傍晚|半夜|夜里|深夜|[今明昨][早晚]|[今明昨后前]天|现在|当天|"
    f"(?:周|星期|礼拜)[{MASK}日天]|[日号]"
)
_ABOUT = "左右|之前|以前|以后|之后|出发|起床|集合|开会|[上下][课班]|吃饭|睡觉|见面|[开关]门|到达|起飞"
_NAMES = (
    "号码|电话|手机|手机号|房间|房号|房间号|密码|验证码|尾号|编号|航班|车次|学号|工号|座位|邮编|代码|账号|卡号|单号|"
    "拨打|拨|转|分机"
)
_NUMBERED = "路|室|号|房|班|次|教室|国道|高速|型|部队|工程|事件|计划|航班|列车"
_NUMBERING = frozenset("章节条款页期届集季版课题行列排栋号名卷册回场轮关层楼幕单组类级")
"""What is numbered: 第一 before it is a number."""
_MEASURED_ORDINAL = frozenset("个位次种批大部代任件只艘支本张天年次眼遍步句下段口首辆架座颗把")
"""Measure words that a short ordinal stays in characters before, as a short number does."""
_COUNTED = "[个只条张本名位次天周斤公米元块岁人件家辆台把杯瓶碗双对套间座架头棵朵片颗支根种类项步句段首部口层盒箱包袋份号点]"


def _number(run: str, decimals: str | None = None, scale: str | None = None) -> str | None:
    """Write a number with or without decimals, None when it is none."""
    value = parse(run)
    if value is None:
        short = None if decimals or scale else parse_short(run)
        return None if short is None else write_short(short)
    if decimals is None:
        return write(value)
    return f"{value}.{figures(decimals)}{scale or ''}"


def _percent(match: re.Match[str]) -> str | None:
    """Write 百分之二十一 as 21%; the second end of a range may lack its 百分之."""
    sign = "%" if match[2] == "百" else "‰"
    first = "100" if match[3] == "百" and sign == "%" else _number(match[3], match[4], match[5])
    if first is None:
        return None
    written = ("-" if match[1] else "") + first + sign
    if match[6] is None:
        return written
    second = _number(match[7], match[8], match[9])
    return None if second is None else f"{written}{match[6][0]}{second}{sign}"


def _fraction(match: re.Match[str]) -> str | None:
    bottom, top = parse(match[1]), parse(match[2])
    if bottom is None or top is None or not 1 < bottom <= 100 or not 0 < top < 100:
        return None
    return f"{top}/{bottom}"


def _decade(match: re.Match[str]) -> str | None:
    """Write 八十年代 as 80年代, 零零后 as 00后."""
    spoken = match[1]
    return (f"{parse(spoken)}" if spoken.endswith("十") else figures(spoken)) + match[2]


def _year(match: re.Match[str]) -> str | None:
    """Write a year; two digits in a row that may be an approximate number (三四年, 三五年) stay."""
    digits = figures(match[1])
    if len(digits) == 2 and (digits == "35" or int(digits[1]) == int(digits[0]) + 1 or digits[0] == digits[1]):
        return None
    return digits + match[2]


def _figures_before(match: re.Match[str]) -> str | None:
    """Write a number and keep what follows."""
    value = parse(match[1])
    return None if value is None else write(value) + match[2]


def _date(match: re.Match[str]) -> str:
    return f"{parse(match[1])}月" + (f"{parse(match[2])}{match[3]}" if match[2] else "")


def _clock(match: re.Match[str]) -> str | None:
    """Write 三点零五分 as 3点05分, 三点二十 as 3点20; 三点五分 only where a word before tells that it is a time."""
    hour, dot, minutes, single, unit, seconds = match.groups()
    if (single and not _follows(match, _DAYTIME)) or (hour == "零" and not unit):
        return None
    two = single or minutes
    two = figures(two) if two[0] in "零〇" or single else str(parse(two))
    return f"{parse(hour)}{dot}{two}{unit or ''}" + (f"{parse(seconds.lstrip('零〇'))}秒" if seconds else "")


def _hour(match: re.Match[str]) -> str | None:
    """Write 三点半 as 3点半; 三点 alone where the words around tell that it is a time."""
    told = match[3] is not None or _follows(match, _DAYTIME)
    if not told and (match[2] == "时" or not re.match(_ABOUT, match.string[match.end() :])):
        return None
    return f"{parse(match[1])}{match[2]}{match[3] or ''}"


def _hours(match: re.Match[str]) -> str:
    return f"{parse(match[1])}点{match[2]}{parse(match[3])}点{match[4] or ''}"


def _follows(match: re.Match[str], words: str) -> bool:
    """Whether one of some words stands before a match."""
    return re.search(f"(?:{words})$", match.string[max(0, match.start() - 4) : match.start()]) is not None


def _money(match: re.Match[str]) -> str | None:
    """Write 三块五, 三块五毛二 and 三元五角 as 3.5元 and 3.52元; 三块零五分 as 3.05元."""
    value = parse(match[1])
    if value is None or value >= 10**8:
        return None
    dime, cent = match[2], match[3] or match[4]
    return f"{value}.{figures(dime) if dime else '0'}{figures(cent) if cent else ''}元"


def _measure(match: re.Match[str]) -> str | None:
    """Write a number, signed or not, with its unit; degrees Celsius as ℃."""
    number = _number(match[2], match[3], match[4])
    if number is None:
        return None
    return ("-" if match[1] else "") + number + {"摄氏度": "℃", "华氏度": "℉"}.get(match[5], match[5])


def _measures(match: re.Match[str]) -> str | None:
    first, second = _number(match[1], match[2], match[3]), _number(match[5], match[6], match[7])
    if first is None or second is None:
        return None
    return first + match[4] + second + {"摄氏度": "℃", "华氏度": "℉"}.get(match[8], match[8])


def _two_units(match: re.Match[str]) -> str | None:
    """Write 两分三十秒, 两斤三两, 五小时二十分 and 三十九秒一七."""
    first = parse(match[1])
    second = parse(match[3]) if match[4] else figures(match[3])
    return None if first is None or second is None else f"{first}{match[2]}{second}{match[4]}"


def _height(match: re.Match[str]) -> str | None:
    value = parse(match[1])
    return None if value is None else f"{value}米{figures(match[2])}"


def _degrees(match: re.Match[str]) -> str | None:
    """Write 三度 as 3度 where temperature is spoken of; 三度 is three times as well."""
    number = _number(match[1], match[2], match[3])
    warm = re.search("零[上下]|温|热|冷|最[高低]|多少度", match.string[max(0, match.start() - 8) : match.start()])
    return number + "度" if number and warm else None


def _fever(match: re.Match[str]) -> str | None:
    """Write 三十八度五 as 38.5度."""
    value = parse(match[1])
    return None if value is None else f"{value}.{figures(match[2])}度"


def _decimal(match: re.Match[str]) -> str | None:
    number = _number(match[2], match[3], match[4]) if match[3] else None
    return None if number is None else ("-" if match[1] else "") + number


def _cardinal(match: re.Match[str]) -> str | None:
    number = _number(match[2]) if len(match[2]) > 1 else None
    return None if number is None else ("-" if match[1] else "") + number


def _version(match: re.Match[str]) -> str | None:
    parts = match[0].split("点")
    return None if set(parts) == {"一"} else ".".join(map(figures, parts))


def _code(match: re.Match[str]) -> str | None:
    """Write a string of digits that names something: long, with a 零 or 幺 inside, or a year; counting one two three is none."""
    run = match[1]
    if len(run) < 5 and not re.search("[零〇幺]", run) and not re.match("一[八九]|二零", run):
        return None
    if figures(run) in "123456789" or len(set(run)) == 1:
        return None
    return figures(run)


def _named(match: re.Match[str]) -> str:
    """Write a string of digits after or before a word that tells that it names something."""
    return (match[1] or "") + figures(match[2]) + (match[3] or "")


def _ordinal(match: re.Match[str]) -> str | None:
    """Write 第三 as 第3; 第一 alone, which is foremost, and what stands before a measure word (第三个) stay."""
    value = parse(match[1])
    after = match.string[match.end() : match.end() + 1]
    stays = after in _MEASURED_ORDINAL if after else value == 1
    if value is None or value == 0 or (value <= 10 and (stays or (value == 1 and after not in _NUMBERING))):
        return None
    return f"第{write(value)}"


def _pair(match: re.Match[str]) -> str | None:
    first, second = parse(match[1]), parse(match[2])
    return None if first is None or second is None or max(first, second) > 999 else f"{first}比{second}"


R = InverseRule
RULES: tuple[InverseRule, ...] = (
    # Parts of a whole, years and dates: no word of the lexicon speaks against these.
    R(
        rf"(负)?([百千])分之({N}++){_DECIMALS}(?:([到至](?:\2分之)?)({N}++){_DECIMALS}(?![年月日号点个岁块元]))?{END}",
        _percent,
        True,
    ),
    R(rf"{RUN}分之({N}++){END}", _fraction, True),
    R(rf"{ALONE}({Z}{{4}})(年|级|届)", _year, True),
    R(rf"{ALONE}({Z}{{2}}|[二三四五六七八九]十)(年代|后(?!天|面|来))", _decade, True),
    R(rf"{ALONE}({Z}{{2}})(年)(?!级|代)", _year),
    R(rf"{RUN}(世纪)", _figures_before, True),
    R(rf"{ALONE}{_LUNAR}({_MONTH})月({_DAY})([日号])", _date, True),
    R(rf"{ALONE}{_LUNAR}({_MONTH})月()()(?!{N})", _date),
    R(rf"{ALONE}({_DAY})(号)(?!{N})", _figures_before),
    # Times of the day and lengths of time.
    R(
        rf"{ALONE}({_HOUR})([点时])(?:({_SIXTY}|零{D})|([零两]|{D})(?=分))(?!{N}|[个多倍度]|{UNITS})"
        rf"(?:(分)(?!之|钟)(?:({_SIXTY}|零?{D})秒)?)?",
        _clock,
    ),
    R(rf"{ALONE}({_HOUR})点([到至])({_HOUR})点(?!{N}|[儿些])(半|整|钟)?", _hours),
    R(rf"{ALONE}({_HOUR})([点时])(半|整|钟|[一三]刻)?(?!{N}|[儿些候间期代光])(?<!一点(?=[都也没不]))", _hour),
    R(rf"{RUN}(分)({N}++)(秒)", _two_units),
    R(rf"{RUN}(秒)({Z}{{2}})()(?!{N})", _two_units),
    R(rf"{RUN}(小时)({N}++)(分)(?!之)", _two_units),
    # Money and measures.
    R(rf"{RUN}块({D})(?!{N})(?:毛(?:({D})分?(?!{N}))?)?(?:钱|(?!{_COUNTED}))()", _money),
    R(rf"{RUN}[块元]({D})[毛角](?:({D})分?(?!{N}))?钱?()", _money),
    R(rf"{RUN}[块元]()()零({D})分钱?", _money),
    R(rf"{RUN}(斤)({D})(两)", _two_units),
    R(rf"{RUN}米([一二三四五六七八九][零一二三四五六七八九]?)(?!{N}|{_COUNTED})", _height),
    R(rf"{NUMBER}([到至])({N}++){_DECIMALS}({UNITS})", _measures),
    R(rf"(负)?{NUMBER}({UNITS})", _measure),
    R(rf"{ALONE}({N}{{2,}}+)度({D})(?!{N}|{_COUNTED})", _fever),
    R(rf"{NUMBER}度(?!假|过)", _degrees),
    # Numbers that name: versions, telephones, rooms; and the rest.
    R(rf"{ALONE}{Z}{{1,3}}(?:点{Z}{{1,3}}){{2,5}}(?!{N}|点)", _version),
    R(rf"(负)?{NUMBER}", _decimal),
    R(rf"({_NAMES})((?:{Y}){{2,}})()(?!{N})", _named),
    R(rf"()(?<![零〇幺一二两三四五六七八九十百千万亿0-9.])({Y}{{3,}})({_NUMBERED})", _named),
    R(rf"(?<![零〇幺一二两三四五六七八九十百千万亿0-9.几])({Y}{{3,}}+){END}", _code),
    R(rf"()(?<=[A-Za-z])({Z}{{2,4}})(){END}", _named),
    R(rf"()(?<![A-Za-z0-9]){ALONE}({D})()(?=[GSDK](?![A-Za-z]))", _named),
    R(rf"第({N}++){END}", _ordinal),
    R(rf"{RUN}比({N}++){END}(?!特)", _pair),
    R(rf"(负)?{RUN}", _cardinal),
)
"""In order: what an earlier rule has written, or a word has kept, is not looked at again."""
