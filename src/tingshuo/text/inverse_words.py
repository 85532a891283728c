"""Numerals that belong to words and stay characters: idioms, 星期三, 五一, 张三, 一些.

Most of these words are in the lexicon; what is not, or must be decided by the words around, is written down here.
"""

import re

from tingshuo.text.inverse_rules import MASK, UNITS
from tingshuo.text.segment import Token

_NUMERAL = "零〇幺一二两三四五六七八九十百千万亿"
_FREE = f"(?<![{_NUMERAL}0-9])"
_FREE_END = f"(?![{_NUMERAL}0-9])"
_KEPT = re.compile(
    "(?:星期|礼拜)[一二三四五六]"
    "|(?<![一两三四五六七八九十几每半])周[一二三四五六](?!周|年|岁)"
    "|初(?:十|[一二三四五六七八九])(?!中|[个月年])"
    "|(?:农历|阴历|旧历|闰)[一二三四五六七八九十]{1,2}月(?:初?[一二三四五六七八九十]{1,3}|廿[一二三四五六七八九]?)?"
    "|(?:康熙|雍正|[乾干]隆|嘉庆|道光|咸丰|同治|光绪|宣统|洪武|建文|永乐|宣德|正统|景泰|成化|弘治|正德|嘉靖|隆庆|万历|天启|崇祯|贞观|开元|天宝|"
    "昭和|平成|令和|明治|大正)[一二三四五六七八九十]{1,3}年(?:[一二三四五六七八九十]{1,2}月(?:初?[一二三四五六七八九十]{1,3}日?)?)?"
    f"|(?<![零〇幺一二两三四五六七八九十])十?[一二三四五六七八九](?=世(?!纪|界))"
    "|[正腊]月(?:初?[一二三四五六七八九十]{1,3}|廿[一二三四五六七八九]?)|大年(?:初[一二三四五六七]|三十)|年三十|三十晚上"
    f"|{_FREE}(?:[一二两三四五六七八九]月[二三五九]|八月十五|五月初五){_FREE_END}(?![日号])"
    "|(?:张三|李四|王五|王二|赵六|老[一二三四五六七八九十])(?![十百千万零点]|岁)|[高初大研小][一二三四五六](?![时点块分个岁米度斤元公倍成十百千万亿])|小三"
    f"|{_FREE}(?<!点)(?:五一|六一|七一|八一|五四|三八|九一八|一二九|七七|二七|三一五){_FREE_END}"
    "(?=节|假|长假|小长假|劳动|儿童|建党|建军|青年|妇女|运动|事变|黄金周|放假|期间|前|后|大桥|路|广场|国际|晚会|去|回|的|$)"
    f"|{_FREE}十一{_FREE_END}(?=假期|放假|长假|黄金周|国庆|期间|小长假)|(?<=国庆)十一|双(?:十一|十二)"
    f"|第(?:一(?:时间|手|线|流|夫人|把手|次|人称|产业|印象|步|名|反应|眼|桶金)|二(?:天|次|人称|产业|年)|三(?:者|方|世界|产业|人称|天|年)"
    "|六感|五纵队)"
    f"|{_FREE}一点(?:[儿点也都没不]|一(?:点|滴))|{_FREE}一点点|{_FREE}[一二两三四五六七八九]点一(?=[个些是切样直定起旦般共方边会下])"
    "|三分(?=[天像钟]下?)(?!钟)|一二三四五|二百五(?![十零块元斤米公岁个])|三百六十行|七十二变|三十六计|一百零八将|二十四(?:节气|孝|史)"
    "|九九八十一难|十万八千里|不管三七二十一|一千零一夜|三十而立|四十不惑|五十知天命|八九不离十|十有八九|十之八九|百分百|十二生肖|十二星座"
    "|十八般|十三经|十三陵|十八罗汉|三十年河[东西]|三下五除二|乱七八糟|接二连三|三番五次|千方百计|四氧化三铁|[一二三]氧化|二锅头"
    "|十[一二三四]五(?=规划|计划|期间|时期)"
)
_PLAIN_AFTER = re.compile(rf"(?:{UNITS}|[块点刻倍月号日年分天个只条张本名位次周家辆台件颗口层楼路])+")
_COUNTS = frozenset("mt")
_ADVERBS = frozenset("万一 千万 一一 十分 万分 百般 千般 万般 三三两两 七七八八 千千万万 万万".split())
"""Words that the lexicon takes for numbers."""
_NUMBERS = frozenset("零点 零度 零分 零时 八度".split())
"""Numbers that the lexicon takes for words."""


def masked(text: str, tokens: list[Token]) -> str:
    """Put `MASK` for every numeral that belongs to a word; as long as the text."""
    chars = list(text)
    ranges = [match.span() for match in _KEPT.finditer(text)]
    ranges += [(token.start, token.start + len(token.text)) for token in tokens if _keeps(token, text)]
    for start, end in ranges:
        for i in range(start, end):
            if chars[i] in _NUMERAL:
                chars[i] = MASK
    return "".join(chars)


def _keeps(token: Token, text: str) -> bool:
    """Whether a word of the lexicon keeps its numerals: 一些, 三国, 万一, not 三月, 两斤, 五十."""
    word, start = token.text, token.start
    head = len(word) - len(word.lstrip(_NUMERAL))
    if len(word) < 2 or not any(char in _NUMERAL for char in word):
        return False
    goes_on = start > 0 and text[start - 1] in _NUMERAL
    if head == len(word):
        alone = not goes_on and text[start - 1 : start] != "点" and text[start + head : start + head + 1] not in set(_NUMERAL)
        return alone and (token.entry.tag not in _COUNTS or word in _ADVERBS)
    if head and goes_on and len(word) < 4:
        return False  # the word begins inside a numeral: 二十三|国
    if (
        (word == "十分" and (text[start - 1 : start] == "点" or text.startswith("十分钟", start)))
        or word in _NUMBERS
        or word[0] == "第"
    ):
        return False
    if head and token.entry.tag in _COUNTS and word not in _ADVERBS:
        return head == 1 and word[0] == "一" and not _PLAIN_AFTER.fullmatch(word[head:])
    return True


def inner(tokens: list[Token]) -> set[int]:
    """Return the places inside words that do not begin with a numeral, where no number may end: 三月|饼."""
    return {t.start + k for t in tokens if t.text[0] not in _NUMERAL + "第" for k in range(1, len(t.text))}
