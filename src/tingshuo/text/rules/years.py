"""Years written without 年: ``在2024``, ``从2019到2024``, ``2008的奥运会``, ``2024全国两会``, ``《1984》``.

Four digits between 1800 and 2099 are a year, said digit by digit, when the words before or after speak of time and no measure
word or unit follows; anything else (``增加到2000``, ``在2000米``, ``2024个``) stays a quantity. A round thousand counts things
more often than it dates them, so it needs a word that nothing but a year goes with.
"""

import re

from tingshuo.text.rules.numbers import spell, takes_liang
from tingshuo.text.rules.rule import Rule

_START = r"(?<![0-9A-Za-z.,:：/$¥€£#+×*^=-])"
_YEAR = r"(?:1[89][0-9]{2}|20[0-9]{2})"
_END = r"(?![0-9A-Za-z%‰℃°²³]|[.,:：/~*+×^=-][0-9]| ?(?:[a-zA-Z]{1,3}[0-9/²³]?(?![A-Za-z])|GB|MB|[%‰℃°]))"
_BEFORE_TIME = (
    "自|自从|截至|截止|截止到|早在|始于|生于|卒于|逝于|建于|成立于|毕业于|出生于|发表于|发布于|创立于|创建于|创办于|写于|"
    "追溯到|回到|回溯到|时间是|时间来到|告别|迎接|喜迎|展望|回顾|跨入|穿越到|定格在|停留在|止于|终于|面向|著于|摄于|上映于|"
    "出生在|生在|毕业在|发生在|诞生于|诞生在|再见|你好|拥抱|盘点"
)
_QUANTITIES = (
    "以上|以下|以内|左右|上下|多|余|来|几|之间|出头|不到|分之|"
    "的(?:价格|预算|工资|月薪|底薪|高价|底价|成本|价位|数量|人数|速度|利润)"
)
_WORDS_AFTER = (
    "的?(?:春节|春晚|春天|夏天|秋天|冬天|暑假|寒假|春运|奥运|冬奥|夏奥|世界杯|欧洲杯|亚运|亚洲杯|高考|中考|考研|国考|"
    "金融危机|经济危机|那场|时候)|"
    "以来|以前|以后|之前|之后|至今|前后|伊始|上半年|下半年|上半叶|全年|一整年|这一年|那一年|整年|年底|年初|财报|年报|毕业|"
    "元旦|国庆|中秋|端午|清明|五一|双十一|双11|圣诞|除夕|跨年|新春|开年|年终|校招|秋招|春招|应届|第[一二三四]季度|Q[1-4]|"
    "最新|最佳|最热|十大|年度|中国|全国|全球|世界|国际|亚洲|欧洲|美国|日本|英国|法国|德国|北京|上海|广州|深圳|杭州|成都|重庆|武汉|"
    "巴黎|东京|伦敦|卡塔尔|里约|雅典|悉尼|首尔|"
    "雪灾|洪水|抗洪|非典|大地震|汶川|唐山|辛亥|戊戌|甲午|议程|愿景|考研|秋冬|春夏|早春|初秋|卫星|发布会|开发者|峰会|论坛|车展|博览会"
)
_MEASURED = "价格?|薪|温度?|海拔|数|速|量|预算|成本|高度|排|持|定|控制|均|居|标|压|卡|限|额|值|点|指"
"""What stands before 在 when a quantity is told: 价格在, 排在, 控制在."""
_THROUGH = r" ?(?:到|至|和|与|及|、|或|以及|[-~]|—{1,2}) ?"


def _round(year: str) -> bool:
    return year.endswith("000")


def _counts(match: re.Match[str]) -> bool:
    """Whether what follows makes the number a quantity."""
    after = match.string[match.end() : match.end() + 6].lstrip(" ")
    return re.match(_QUANTITIES, after) is not None or (takes_liang(after) and after[0] != "起")


def _follows_measured(match: re.Match[str]) -> bool:
    return re.search(rf"(?:{_MEASURED})$", match.string[max(0, match.start() - 2) : match.start()]) is not None


def _say_led(match: re.Match[str]) -> str:
    """Say a year after a word that goes with years: ``截至2024``, ``毕业于2010``."""
    return match[0] if _counts(match) else match[1] + spell(match[2])


def _say_in(match: re.Match[str]) -> str:
    """Say ``在2024``, ``到2035``: a year, but not a round number, nor where something rises or falls to it."""
    if _round(match[2]) or _counts(match) or _follows_measured(match):
        return match[0]
    return match[1] + spell(match[2])


def _say_span(match: re.Match[str]) -> str:
    """Say ``从2019到2024``, ``2020、2021和2022``: years in order, not all round, and no span of prices or heights."""
    years = re.findall("[0-9]{4}", match[2])
    after = match.string[match.end() :]
    measured = _follows_measured(match)
    between = after.startswith("之间") and not years[0].endswith("00")
    if years != sorted(set(years)) or all(map(_round, years)) or measured or (_counts(match) and not between):
        return match[0]
    return match[1] + re.sub(" ?[-~—]+ ?", "到", re.sub("[0-9]{4}", lambda year: spell(year[0]), match[2]))


def _say_seasons(match: re.Match[str]) -> str:
    """Say ``2024/2025``: one year and the next."""
    return f"{spell(match[1])}到{spell(match[2])}" if int(match[2]) == int(match[1]) + 1 else match[0]


YEARS = (
    Rule(rf"《({_YEAR})(?=》)", lambda m: "《" + spell(m[1]), "《"),
    Rule(rf"{_START}({_YEAR})/({_YEAR})(?![0-9/.])", _say_seasons, "/"),
    Rule(
        rf"(从|在|自|于|是|^|(?<=[，。！？；：（(\s、]))({_YEAR}(?:{_THROUGH}{_YEAR}){{1,5}}){_END}",
        _say_span,
        "到至和与及、或-~—",
    ),
    Rule(rf"({_BEFORE_TIME}) ?({_YEAR}){_END}", _say_led, "12"),
    Rule(
        rf"((?<![0-9])在|从|(?<![增加升涨减降跌提达排卖飙突拉冲低高缩扩跑存攒0-9])(?:到|至)|(?:^|(?<=[，。！？；\s]))到) ?"
        rf"({_YEAR}){_END}"
        r"(?! ?(?:到|至|[-~]) ?[0-9])(?! ?(?:涨|升|增|降|减|跌|提|的?基础|[处点票名号分]))",
        _say_in,
        "在从到至",
    ),
    Rule(rf"{_START}({_YEAR})(?= ?(?:{_WORDS_AFTER}))", lambda m: spell(m[1]), "12"),
    Rule(rf"(^|(?<=[。！？\n]))({_YEAR})(?=[，！。]|$|你好|再见)", _say_in, "12"),
    Rule(r"(?<![0-9A-Za-z.])((?:0|9|8|2)[0-9])(?=的?(?:奥运|世界杯|届|春晚))", lambda m: spell(m[1]), "奥世届春"),
)
