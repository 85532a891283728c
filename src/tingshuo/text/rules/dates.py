"""Dates and years: ``2026年3月5日``, ``2026-03-05``, ``98年``, ``20世纪90年代``, ``90后``, ``2020-2023年``.

Years are said digit by digit, lengths of time as numbers: 2008年 is 二零零八年, 100年 一百年, and 2000年前 两千年前.
"""

import re

from tingshuo.text.rules.numbers import cardinal, spell, whole
from tingshuo.text.rules.rule import Rule

_E = r"(?<![0-9A-Za-z.])"
_MONTH = r"(0?[1-9]|1[0-2])"
_DAY = r"(0?[1-9]|[12][0-9]|3[01])"
_TO = r" ?(?:[-~到至]|—) ?"
_LENGTH_WORDS = (
    "多?前|来|以来|以后|后|之前|之后|间|里|内|多|余|的?历史|时间|河东|一遇|一次|如一日|不变|大计|寿命|以上|以内|以下|"
    "左右|老店|沧桑|风雨|期|的时|的光"
)
_LENGTH_BEFORE = (
    "成立|历时|经过|长达|已经|整整|将近|结婚|接近|超过|大约|过去|未来|最近|近|约|了|足足|不到|至少|最多|需要|还有|"
    "工作|每|这|有|达|隔|判处|徒刑|建校|建党|建国|建军|任职|从业|服役|用|花|近"
)


def _year(digits: str) -> str:
    return spell(digits)


def _say_separated(match: re.Match[str]) -> str:
    return f"{_year(match[1])}年{whole(match[3])}月{whole(match[4])}日"


def _say_years(match: re.Match[str]) -> str:
    """Say ``2020-2023年`` and ``1939年到1945年``."""
    return f"{_year(match[1])}{match[2]}到{_year(match[3])}年"


def _say_year(match: re.Match[str]) -> str:
    """Say four digits before 年: a year, or a length of time when it is round and the words around say so."""
    digits = match[1]
    after = match.string[match.end() : match.end() + 4]
    before = match.string[max(0, match.start() - 3) : match.start()]
    value = int(digits)
    if (
        value >= 3000
        or value == 1000
        or (value % 100 == 0 and re.match(_LENGTH_WORDS, after))
        or re.search(r"(?:长达|近|约|超过|整整)$", before)
    ):
        return cardinal(digits) + "年"
    return _year(digits) + "年"


def _say_short_year(match: re.Match[str]) -> str:
    """Say two digits before 年: 98年 is a year unless the words around make it a length of time."""
    digits = match[1]
    after = match.string[match.end() : match.end() + 4]
    before = match.string[max(0, match.start() - 3) : match.start()]
    if digits[0] == "0":
        return spell(digits) + "年"
    if re.match(_LENGTH_WORDS, after) or re.search(rf"(?:{_LENGTH_BEFORE})$", before):
        return match[0]
    if re.match(
        r"出生|毕业|[春夏秋冬]|(?:0?[1-9]|1[0-2])月|高考|世界杯|奥运|洪水|[版款初底末生]|抗洪|入学|入伍|入职|下海|那会|"
        r"那年|的时候",
        after,
    ):
        return spell(digits) + "年"
    if digits[0] in "6789" and re.search(r"(?:^|[在于从自到至是说，。、；：！？“（\s]|那是|今年|生于|改革)$", before):
        return spell(digits) + "年"
    return match[0]


def _say_month_day_range(match: re.Match[str]) -> str:
    first_day, second_month, second_day, unit = match[2], match[3], match[4], match[5]
    middle = f"{whole(second_month)}月" if second_month else ""
    return f"{whole(match[1])}月{whole(first_day)}{unit}到{middle}{whole(second_day)}{unit}"


def _say_generation(match: re.Match[str]) -> str:
    """Say ``80、90后`` digit by digit, where every number can name a generation."""
    names = re.split(r"[、/,，]", match[1])
    if not all(re.fullmatch("[05-9][05]|[12]0", name) for name in names):
        return match[0]
    return "、".join(spell(name) for name in names) + "后"


def _say_decade(match: re.Match[str]) -> str:
    century, digits = match[1], match[2]
    return (_year(century) if century else "") + (cardinal(digits) if not century else spell(digits)) + "年代"


def _say_era(match: re.Match[str]) -> str:
    """Say ``公元前221年`` and ``（前770-前256年``."""
    era, first, second_era, second = match.groups()
    if era == "前" and len(first) < 3:
        return match[0]
    return f"{era}{_ancient(first)}" + (f"到{second_era}{_ancient(second)}" if second else "") + "年"


def _ancient(digits: str) -> str:
    """Say a year of the first millennium or before: two digits as a number, more one by one."""
    return spell(digits) if len(digits) > 2 else cardinal(digits)


DATES = (
    Rule(
        rf"{_E}((?:19|20)[0-9]{{2}})\.(0?[1-9]|1[0-2]){_TO}((?:19|20)[0-9]{{2}})\.(0?[1-9]|1[0-2])(?![0-9.])",
        lambda m: f"{_year(m[1])}年{whole(m[2])}月到{_year(m[3])}年{whole(m[4])}月",
        ".",
    ),
    Rule(rf"{_E}((?:19|20)[0-9]{{2}})/([1-9])(?![0-9/.])", lambda m: f"{_year(m[1])}年{m[2]}月", "/"),
    Rule(r"(?<=[0-9]年)[-~](?=前?[0-9])", lambda m: "到", "年"),
    Rule(r"(?<=[（(])((?:1[5-9]|20)[0-9]{2})(?=[)）])", lambda m: _year(m[1]), "(（"),
    Rule(r"(?<![0-9A-Za-z.])10[·./]1(?=国庆|黄金周|假期|长假)", lambda m: "十一", "国黄假长"),
    Rule(
        r"(?<![0-9A-Za-z.])(?:3[/·.]8(?=妇女节|国际)|6[/·.]1(?=儿童节)|5[/·.]4(?=青年节|运动)|7[/·.]1(?=建党)|8[/·.]1(?=建军)|5[/·.]1(?=劳动)|"
        r"9[/·.]18(?=事变)|12[/·.]9(?=运动))",
        lambda m: spell(re.sub("[^0-9]", "", m[0])),
        "妇国儿青建劳事运",
    ),
    Rule(
        rf"{_E}{_MONTH}[./·]{_DAY}(?=(?:世界|国际|全国|中国|国家)[一-鿿]{{2,6}}(?:日|节))",
        lambda m: f"{whole(m[1])}月{whole(m[2])}日",
        "日节",
    ),
    Rule(r"(?<![0-9A-Za-z./])(1[0-2]|[2-9])/1(?![0-9/.]|[一-鿿]?[0-9])", lambda m: whole(m[1]) + "月一日", "/"),
    Rule(
        rf"{_E}([12][0-9]{{3}})([-/.]){_MONTH}\2{_DAY}{_TO}([12][0-9]{{3}})\2{_MONTH}\2{_DAY}(?![0-9]|[-/.][0-9])",
        lambda m: f"{_year(m[1])}年{whole(m[3])}月{whole(m[4])}日到{_year(m[5])}年{whole(m[6])}月{whole(m[7])}日",
        "-/.",
    ),
    Rule(
        r"(?<![0-9A-Za-z.-])([0-3][0-9])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(?![0-9A-Za-z-]|[.,:][0-9])",
        lambda m: f"{_year(m[1])}年{whole(m[2])}月{whole(m[3])}日",
        "-",
    ),
    Rule(
        r"(?<![0-9A-Za-z.,:：#_-])((?:19|20)[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(?![0-9A-Za-z_%万亿元-]|[.,:][0-9]|[个人次条名])",
        lambda m: f"{_year(m[1])}年{whole(m[2])}月{whole(m[3])}日",
        "12",
    ),
    Rule(rf"{_E}([12][0-9]{{3}})([-/.]){_MONTH}\2{_DAY}日?(?![0-9]|[-/.][0-9])(?:T(?=[0-9]))?", _say_separated, "-/."),
    Rule(
        rf"{_E}([0-9]{{4}}|[0-9]{{2}}) ?年 ?{_MONTH} ?月 ?{_DAY} ?(?=[日号])",
        lambda m: f"{_year(m[1])}年{whole(m[2])}月{whole(m[3])}",
        "年",
    ),
    Rule(
        rf"{_E}([0-9]{{4}}|[0-9]{{2}}) ?年 ?{_MONTH} ?{_TO} ?{_MONTH} ?月",
        lambda m: f"{_year(m[1])}年{whole(m[2])}到{whole(m[3])}月",
        "年",
    ),
    Rule(rf"{_E}([0-9]{{4}}|[0-9]{{2}}) ?年 ?(?={_MONTH} ?月)", lambda m: f"{_year(m[1])}年", "年"),
    Rule(rf"{_E}((?:19|20)[0-9]{{2}})[-/](0[1-9]|1[0-2])(?![0-9]|[-/.][0-9])", lambda m: f"{_year(m[1])}年{whole(m[2])}月", "-/"),
    Rule(rf"{_E}{_MONTH} ?月 ?{_DAY} ?[日号]?{_TO}(?:{_MONTH} ?月 ?)?{_DAY} ?([日号])", _say_month_day_range, "月"),
    Rule(rf"{_E}{_MONTH} ?月 ?{_DAY}(?![0-9.]|[个人元])", lambda m: f"{whole(m[1])}月{whole(m[2])}", "月"),
    Rule(rf"{_E}(0?[1-9]|1[0-2]){_TO}(0?[1-9]|1[0-2]) ?月(?!饼)", lambda m: f"{whole(m[1])}到{whole(m[2])}月", "月"),
    Rule(rf"{_E}(0[1-9])(?=[月日号])", lambda m: whole(m[1]), "月日号"),
    Rule(rf"{_E}{_DAY}{_TO}{_DAY}(?=[日号](?![线楼院]))", lambda m: f"{whole(m[1])}到{whole(m[2])}", "日号"),
    Rule(
        rf"((?:日期|生日|截止|截至|时间|于|在|周[一二三四五六日天]|"
        rf"星期[一二三四五六日天])[:：是为到]? ?){_MONTH}/{_DAY}(?![0-9/]|的)",
        lambda m: f"{m[1]}{whole(m[2])}月{whole(m[3])}日",
        "/",
    ),
    Rule(
        rf"{_E}{_MONTH}/{_DAY}(?= ?(?:[（(]?(?:周|星期)|[上下]午|晚上|早上|中午|凌晨|[0-2]?[0-9]:[0-5][0-9]|号|前截止|出发|"
        rf"开始|截止|发布|上映|开售|到货))",
        lambda m: f"{whole(m[1])}月{whole(m[2])}日",
        "/",
    ),
    Rule(
        r"(?<![0-9A-Za-z.])([0-9]{2}(?:[、/,，][0-9]{2})*)后(?!卫|[的]?[天分秒个])(?<!3.后)(?<!4.后)",
        _say_generation,
        "后",
    ),
    Rule(rf"{_E}(?:([0-9]{{2}})(?=[0-9]{{2}}年代))?([0-9]0)年代", _say_decade, "年"),
    Rule(rf"{_E}([12][0-9]{{3}})[’']?s(?![A-Za-z])", lambda m: _year(m[1]) + "年代", "s"),
    Rule(r"(?<![0-9A-Za-z])['‘’]([2-9]0)s(?![A-Za-z])", lambda m: cardinal(m[1]) + "年代", "s"),
    Rule(r"(?<![0-9A-Za-z])['‘’]([0-9]{2})年?(?![0-9])", lambda m: spell(m[1]) + "年", "'‘’"),
    Rule(
        r"(公元前?|西元前?|(?<=[（(到])前)([0-9]{1,4})(?:(?:[-~到至]|—)(前?)([0-9]{1,4}))?年",
        _say_era,
        "元前",
    ),
    Rule(rf"{_E}([12][0-9]{{3}})(年?){_TO}([12][0-9]{{3}})年", _say_years, "年"),
    Rule(rf"{_E}([12][0-9]{{3}}){_TO}([0-9]{{2}})年(?!代)", lambda m: f"{_year(m[1])}到{_year(m[2])}年", "年"),
    Rule(
        rf"{_E}((?:1[89]|20)[0-9]{{2}})(?:[-~]|—)((?:1[89]|20)[0-9]{{2}}|至今)(?![0-9.]|[元人米个块克万亿吨])",
        lambda m: f"{_year(m[1])}到{_year(m[2])}" if m[2] != "至今" else f"{_year(m[1])}至今",
        "-~—",
    ),
    Rule(
        rf"{_E}(20[0-9]{{2}}|19[0-9]{{2}})[-/]([0-9]{{2}})(?= ?(?:赛季|学年|财年|年度))",
        lambda m: f"{_year(m[1])}到{_year(m[2])}",
        "-/",
    ),
    Rule(rf"{_E}([0-9]{{4}}) ?年(?!级)", _say_year, "年"),
    Rule(rf"{_E}([0-9]{{2}})年(?!级|代)", _say_short_year, "年"),
    Rule(
        rf"{_E}(19[0-9]{{2}}|20[0-4][0-9])(?=[级届款版](?![0-9])|赛季|学年|财年|杯|新年|春节|春晚|年度|奥运|世界杯|欧洲杯|"
        rf"亚运|高考|考研|国考|[春夏秋冬]季)",
        lambda m: _year(m[1]),
        "级届款版赛学财杯新春年奥世欧亚高考国夏秋冬",
    ),
    Rule(
        rf"{_E}(?:(9)[·.]11(?=事件|恐怖|袭击)|([1-9]|1[0-2])·([0-9]{{1,2}})(?![0-9])|(5)\.(12?)(?=汶川|大?地震|假期|劳动|"
        rf"黄金周|小长假)|(3)\.(15)(?=晚会|消费))",
        lambda m: spell(re.sub(r"[^0-9]", "", m[0])) if not m[0].startswith("9") else "九一一",
        "·.",
    ),
    Rule(r"(?<=双)(11|12|10)(?![0-9.])", lambda m: cardinal(m[1]), "双"),
)
