"""Numbers: cardinals, decimals, digit strings, ranges, signs, ordinals, and 两 before measure words.

``2`` is 两 before 千, 万, 亿 at the head of a number and before a measure word, 二 elsewhere. A zero inside a number is said
once per gap. Digits after the point are said one by one. These are the readings of GB/T 15835 (2011) and of the
Xiandai Hanyu Cidian for 二 and 两.
"""

import re

from tingshuo.text.rules.rule import Rule

DIGITS = "零一二三四五六七八九"
_SPELL = str.maketrans("0123456789", DIGITS)
_SPELL_YAO = str.maketrans("0123456789", DIGITS.replace("一", "幺"))
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
MAX_CARDINAL_DIGITS = 16
"""Longest integer that is said as a quantity (千万亿); longer ones are digit strings."""

NUM = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]++)(?:\.[0-9]++)?"
"""An unsigned number, with or without grouping commas and decimals."""
START = r"(?<![0-9A-Za-z.])"
"""Not inside a number or a Latin word."""
QUANTITY = rf"{START}(?:(?<![)）])-)?{NUM}(?:[-~到至]-?{NUM})?"
"""A number or a range of two, signed or not: ``3``, ``-3~4``, ``1,000-2,000``."""

_ONE = frozenset(
    "个只条张本位名次天年周斤公米元块毛角分秒岁人件家辆台把杯瓶碗双对套间座艘架头匹棵朵片颗粒枚支枝根场届种类项步句段篇首幅门口户"
    "起例轮层盒箱包袋桶壶盘份笔批群排堆串束滴声遍趟回下番瓣股队派方国省市县者大倍成吨克升寸尺丈里亩顷英平立厘毫微纳千"
    "万亿点晚夜代载刻"
    "拨辈餐页行列箭小百美欧港日韩卢摄伏瓦帕焦牛摩欧赫字兆厅卫票招集款站折局球罐课侧边端栏宗桩则撮绺缕丛簇捆沓摞筐篓"
    "锅勺匙碟杆挺发枪拳脚跤圈处村镇地姓桌席格码剂味针吉安流转像卷节股盏扇顶所架具尊"
)
_ADDRESS = frozenset("班栋号室单楼层座")
_NOT = (
    "分之",
    "年级",
    "日",
    "人转",
    "把手",
    "周目",
    "元一",
    "次元",
    "次方",
    "次函",
    "元函",
    "大爷",
    "公子",
    "比特币",
    "方面军",
    "成熟",
    "字头",
    "平方根",
    "小于",
    "大于",
)
_TWO = ("日元", "日圆", "立方", "平方", "周年", "年间", "单位")


def spell(digits: str, *, yao: bool = False) -> str:
    """Say digits one by one; with ``yao`` 1 is 幺, as in telephone and room numbers."""
    return digits.translate(_SPELL_YAO if yao else _SPELL)


def cardinal(digits: str) -> str:
    """Say an integer as a quantity: ``10500`` is 一万零五百, ``2000`` 两千, ``007`` 零零七.

    Parameters
    ----------
    digits : str
        ASCII digits with or without grouping commas. Integers with leading zeros, or of more than 16 digits, are said
        digit by digit.
    """
    digits = digits.replace(",", "")
    if (len(digits) > 1 and digits[0] == "0") or len(digits) > MAX_CARDINAL_DIGITS:
        return spell(digits)
    if digits == "0":
        return "零"
    spoken = ""
    gap = False
    groups = [digits[max(0, end - 4) : end] for end in range(len(digits), 0, -4)]
    for index in range(len(groups) - 1, -1, -1):
        group, name = groups[index].lstrip("0"), _GROUPS[index]
        if index == 3 and groups[2].strip("0"):
            name = "万"
        if not group:
            gap = True
            continue
        said = _below_ten_thousand(group)
        if spoken and (gap or len(group) < 4):
            said = "零" + said
        spoken += said + name
        gap = False
    if spoken.startswith("一十"):
        spoken = spoken[1:]
    if spoken[0] == "二" and spoken[1:2] in ("千", "万", "亿"):
        spoken = "两" + spoken[1:]
    return spoken


def _below_ten_thousand(group: str) -> str:
    spoken = ""
    zero = False
    for digit, place in zip(group, _PLACES[len(group) - 1 :: -1], strict=True):
        if digit == "0":
            zero = True
            continue
        spoken += ("零" if zero and spoken else "") + DIGITS[int(digit)] + place
        zero = False
    return spoken


def whole(digits: str) -> str:
    """Say an integer whose leading zeros say nothing: the month ``05`` is 五, ``00`` 零."""
    return cardinal(digits.lstrip("0") or "0")


def number(written: str) -> str:
    """Say an unsigned number: ``12,345.60`` is 一万二千三百四十五点六零."""
    whole, point, decimals = written.partition(".")
    return cardinal(whole) + ("点" + spell(decimals) if point else "")


def quantity(written: str, after: str = "", *, minus: str = "负") -> str:
    """Say a number or range that `QUANTITY` matched.

    Parameters
    ----------
    written : str
        The match.
    after : str
        The spoken unit or the text that follows: 2 is 两 when it is a measure word.
    minus : str
        How the sign is said: 负, or 零下 for temperatures.
    """
    first, second = split_range(written)
    if second is None:
        return signed(first, after, minus=minus)
    plus = "零上" if minus == "零下" and first.startswith("-") and not second.startswith("-") else ""
    return signed(first, after, minus=minus) + "到" + plus + signed(second, after, minus=minus)


def split_range(written: str) -> tuple[str, str | None]:
    """Split a match of `QUANTITY` into its two ends; the second is None when it is one number."""
    match = re.search(r"(?<=[0-9])[-~到至]", written)
    if match is None:
        return written, None
    return written[: match.start()], written[match.end() :]


def signed(written: str, after: str = "", *, minus: str = "负") -> str:
    """Say one number with its sign."""
    bare = written.lstrip("-")
    sign = minus if bare != written else ""
    return sign + ("两" if bare == "2" and takes_liang(after) else number(bare))


def takes_liang(after: str) -> bool:
    """Whether 2 is said 两 before this text: before measure words, not before 月 号 楼 级."""
    if after.startswith(_NOT) and not after.startswith(_TWO):
        return False
    if after.startswith("栋"):
        return after.startswith("栋楼")
    return after[:1] in _ONE or after[:2] in ("GB", "TB", "MB", "KB", "比特", "比索")


def rest(match: re.Match[str]) -> str:
    """Return the few characters that follow a match, spaces skipped."""
    return match.string[match.end() : match.end() + 6].lstrip(" ")


def looks_like_code(digits: str, after: str = "") -> bool:
    """Whether an integer without context is a number on a label rather than a quantity."""
    return len(digits) > MAX_CARDINAL_DIGITS or (
        len(digits) >= 9 and not digits.endswith("0000") and not takes_liang(after) and "," not in digits
    )


def _say_plain(match: re.Match[str]) -> str:
    written, after = match[0], rest(match)
    if written.isdigit() and looks_like_code(written, after):
        return spell(written)
    if "-" in written[1:] and after[:1] not in ("点", "折"):
        first, second = split_range(written)
        if second and first.isdigit() and second.isdigit() and int(first) >= int(second):
            return cardinal(first) + ("杠" if after[:1] in _ADDRESS else "比") + cardinal(second)
    return quantity(written, after)


def _say_ordinal(match: re.Match[str]) -> str:
    """Say ``第3``, ``第1-5``, ``第1-第5``; 2 is never 两 here."""
    return "第" + cardinal(match[1]) + (f"到{match[2]}{cardinal(match[3])}" if match[3] else "")


def _say_about(match: re.Match[str]) -> str:
    digits = match[1].replace(",", "")
    return cardinal(digits) + ("多" if digits.endswith("0") else "加")


def _say_list(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])}、"


DASHES = (
    Rule(
        r"((?:周|星期)[一二三四五六日天]|[上下]午|[早晚]上|中午|[一二三四五六七八九十]月|[初][一二三四五六七八九十])[-~](?=周|星期|[上下]午|[早晚]上|"
        r"中午|凌晨|次日|[一二三四五六七八九十]{1,2}月|十[一二三四五])",
        lambda m: m[1] + "到",
        "-~",
    ),
    Rule(r"(?:^|(?<=[\s，。：:（(]))~ ?(?=[0-9])", lambda m: "约", "~"),
    Rule(r"(?<![0-9A-Za-z./])[0-9]{1,3}(?:/[0-9]{1,3}){2,8}(?![0-9/.])", lambda m: m[0].replace("/", "、"), "/"),
    Rule(r"(?<=[0-9])：(?=[0-9])", lambda m: ":", "："),
    Rule(r"§ ?([0-9]{1,4}(?:\.[0-9]{1,3})?)", lambda m: f"第{m[1]}节", "§"),
    Rule(r"(?<=[0-9%‰℃°元年月日号时点分])(?: ?—{1,2} ?|–)(?=-?[0-9]|前[0-9])", lambda m: "-", "—"),
    Rule(r"(?<=[0-9A-Za-z%])～(?=-?[0-9])", lambda m: "~", "～"),
)
"""One hyphen for the dashes of ranges of numbers; 到 in ranges of days and times of the day that have no digits."""

SAME_UNIT = (
    Rule(rf"(?<=[0-9])([一-鿿]{{1,3}})[-~](?={NUM}\1)", lambda m: m[1] + "到", "-~"),
    Rule(r"(?<=[0-9][万亿千元块年月日号天分级岁页章楼])[-~](?=[0-9])", lambda m: "到", "-~"),
)
"""Ranges whose unit is written twice: ``2万-3万``."""

GROUPED = (
    Rule(r"(?<![0-9A-Za-z一-鿿.)）])\.(?=[0-9]{1,4}(?![0-9.]))", lambda m: "0.", "."),
    Rule(r"(?<![0-9A-Za-z.][ ])(?<![0-9A-Za-z.])[1-9][0-9]{0,2}(?: [0-9]{3})+(?! ?[0-9])", lambda m: m[0].replace(" ", ""), " "),
)
"""Numbers with their thousands set apart by spaces."""

ORDINALS = (
    Rule(
        r"第 ?([0-9]{1,4}(?:\.[0-9]{1,3}){1,4})(?![0-9])",
        lambda m: "第" + "点".join(cardinal(part) for part in m[1].split(".")),
        "第",
    ),
    Rule(r"(?<=[在到去上至住下楼座栋元])2层", lambda m: "二层", "层"),
    Rule(r"第 ?([0-9]{1,8})(?:[-~到至](第?)([0-9]{1,8}))?", _say_ordinal, "第"),
    Rule(r"(?<![A-Za-z])[Nn][Oo]\. ?([0-9]{1,6})(?![0-9.])", lambda m: "第" + cardinal(m[1]), "Nn"),
    Rule(r"№ ?([0-9]{1,6})(?![0-9.])", lambda m: "第" + cardinal(m[1]), "№"),
    Rule(
        r"(?<![0-9A-Za-z.])([0-9]{0,5}(?:1st|2nd|3rd|[04-9]th|1[1-3]th))(?![A-Za-z])", lambda m: "第" + cardinal(m[1][:-2]), "tnr"
    ),
)

PLAIN = (
    Rule(r"(?<![0-9])1(0{2}|0{3}|0{4})分之", lambda m: {2: "百", 3: "千", 4: "万"}[len(m[1])] + "分之", "分"),
    Rule(r"(?<=[A-Za-z])(?<!Fig)(?<!Vol)(?<!No)\.(?=[0-9])", lambda m: "点", "."),
    Rule(r"(?<![0-9A-Za-z.])([0-9]{5,8})万(?!亿)", lambda m: cardinal(m[1] + "0000"), "万"),
    Rule(r"(?<![0-9A-Za-z.])([12])米([0-9]{2})(?![0-9.]|[米厘个人])", lambda m: signed(m[1], "米") + "米" + spell(m[2]), "米"),
    Rule(r"(?m)^([0-9]{1,3})[.)）、]\s(?=\S)", _say_list, ".)）、"),
    Rule(rf"{START}([1-9][0-9]{{0,2}}(?:,[0-9]{{3}})+|[1-9][0-9]*0)\+(?=[一-鿿])", _say_about, "+"),
    Rule(rf"{QUANTITY}", _say_plain),
    Rule(r"[0-9]+", lambda m: spell(m[0]) if len(m[0]) > 2 else cardinal(m[0])),
)
