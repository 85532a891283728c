"""Percentages, fractions, ratios, scores, powers and arithmetic.

``3.5%``, ``3/4``, ``1½``, ``16:9``, ``3-1``, ``2^10``, ``5+3=8``, each as it is said in Chinese.
"""

import re
from string import ascii_letters

from tingshuo.text.rules.numbers import NUM, QUANTITY, START, cardinal, number, signed, spell, split_range
from tingshuo.text.rules.rule import Rule
from tingshuo.text.rules.units import UNITS

_PARTS = {"%": "百分之", "‰": "千分之", "‱": "万分之"}
_FRACTIONS = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5", "⅙": "1/6",
    "⅚": "5/6",
    "⅐": "1/7", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8", "⅑": "1/9", "⅒": "1/10",
}  # fmt: skip
_SIGNS = {
    "+": "加", "-": "减", "−": "减", "×": "乘", "*": "乘", "x": "乘", "X": "乘", "÷": "除以", "/": "除以", "=": "等于",
    "≈": "约等于", "≠": "不等于", "≥": "大于等于",
    "≤": "小于等于", ">": "大于", "<": "小于", "±": "正负", "≡": "恒等于", "≒": "约等于", "≦": "小于等于", "≧": "大于等于",
    "≮": "不小于", "≯": "不大于",
    "==": "等于", ">=": "大于等于", "<=": "小于等于", "!=": "不等于", "≪": "远小于", "≫": "远大于", "·": "乘",
}  # fmt: skip
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUB = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")
_SCORE_BEFORE = (
    "比分|总分|战胜|击败|大胜|险胜|负于|不敌|战平|打成|领先|落后|逆转|力克|横扫|完胜|惜败|击退|挫|取胜|淘汰|轻取|"
    "爆冷|晋级|主场|客场|局分|盘分"
)
_SCORE_AFTER = (
    "战胜|击败|大胜|险胜|负于|不敌|战平|领先|落后|逆转|力克|横扫|完胜|惜败|取胜|获胜|轻取|淘汰|告负|小胜|的?(?:总|"
    "大)?比分|晋级|险负|惜负|反超|扳平|收官|结束|击退|拿下"
)
_DIVISORS = {"L": "升", "mL": "毫升", "kg": "公斤", "m2": "平方米", "m3": "立方米"}
_OPERAND = rf"(?:{NUM}|[A-Za-zα-ω](?![A-Za-z]))"


def percentage(written: str, sign: str = "%") -> str:
    """Say one number of parts in a hundred, thousand or ten thousand, signed or not: ``-3.5`` and % is 负百分之三点五."""
    bare = written.lstrip("-+")
    minus = {"-": "负", "+": "正"}.get(written[0], "")
    return minus + _PARTS[sign] + ("百" if bare == "100" and sign == "%" else number(bare))


def _say_percent(match: re.Match[str]) -> str:
    first, second = split_range(match[1])
    said = percentage(first, match[2])
    return said + ("到" + percentage(second, match[2]) if second is not None else "")


def _say_percents(match: re.Match[str]) -> str:
    return percentage(match[1], match[2]) + "到" + percentage(match[3], match[4])


def fraction(top: str, bottom: str, whole: str = "") -> str:
    """Say a fraction: ``3, 4`` is 四分之三, with ``1`` before it 一又四分之三."""
    below = cardinal(bottom)
    if re.fullmatch(r"10{2,}", bottom):
        below = below.removeprefix("一")
    return (cardinal(whole) + "又" if whole else "") + f"{below}分之{cardinal(top)}"


def _say_vulgar(match: re.Match[str]) -> str:
    top, _, bottom = _FRACTIONS[match[2]].partition("/")
    return fraction(top, bottom, match[1] or "")


def _say_fraction(match: re.Match[str]) -> str:
    sign, whole, top, bottom = match.groups()
    if bottom.strip("0") == "":
        return match[0]
    return ("负" if sign else "") + fraction(top, bottom, whole or "")


def _say_ratio(match: re.Match[str]) -> str:
    return "比".join(number(part) for part in re.split(r" ?[:∶] ?", match[0]))


def _say_score(match: re.Match[str]) -> str:
    """Say ``比分25-18、25-20``: every pair is a score."""
    scores = re.sub(r"([0-9]+) ?[-:] ?([0-9]+)", lambda m: f"{cardinal(m[1])}比{cardinal(m[2])}", match[2])
    return match[1] + scores


def _exponent(written: str) -> str:
    if written == "2":
        return "平方"
    if written == "3":
        return "立方"
    bare = written.lstrip("+")
    return (bare if bare.isalpha() else signed(bare)) + "次方"


def _say_power(match: re.Match[str]) -> str:
    base, power = match[1], match[2] or match[3]
    power = power.translate(_SUPER).strip("{}()")
    return (number(base) if base[0].isdigit() else base) + "的" + _exponent(power)


def _say_scientific(match: re.Match[str]) -> str:
    power = match[2] or match[3].translate(_SUPER)
    return f"{number(match[1])}乘十的{_exponent(power)}" + (f"每{_DIVISORS[match[4]]}" if match[4] else "")


def _say_unit_of_power(match: re.Match[str]) -> str:
    """Say the unit behind a power of ten, ``m/s``; letters that are no unit stay."""
    unit, per = UNITS.get(match[1]), UNITS.get(match[2] or "")
    if unit is None or (match[2] and per is None):
        return match[0]
    return unit + (f"每{per}" if per else "")


def _say_expression(match: re.Match[str]) -> str:
    """Say an arithmetic expression that has a relation or at least one unmistakable sign."""
    written = match[0]
    if re.search(r"[-+×*]", written):
        written = re.sub(r"(?<![0-9./])([0-9]{1,4})/([0-9]{1,4})(?![0-9./])", lambda m: fraction(m[1], m[2]), written)
    return re.sub(
        rf"(?P<number>{NUM})|(?P<sign>[=!<>]=|(?<=[0-9 ])[xX](?= ?[0-9])|[-+−×*÷/=≈≠≥≤><±≡≦≧])| +",
        _say_term,
        written,
    )


def _say_term(match: re.Match[str]) -> str:
    if match["number"]:
        return number(match["number"])
    if match["sign"]:
        before = match.string[: match.start()].rstrip()
        if match["sign"] in "-−" and (not before or before[-1] in "=+*/×÷><(（≈≥≤"):
            return "负"
        return _SIGNS[match["sign"]]
    return ""


def _say_sign(match: re.Match[str]) -> str:
    return _SIGNS[match[1]]


COMPARISONS = (Rule(r"(?<![-=<>])(>=|<=|[!=]=(?!=)|[±≥≤≈≠><≦≧])(?= ?-?[0-9])", _say_sign, "±≥≤≈≠><≦≧=!"),)

PERCENTS = (
    Rule(rf"{START}(-?{NUM})([%‰‱]) ?(?:[-~到至]|—) ?(-?{NUM})([%‰‱])", _say_percents, "%‰‱"),
    Rule(rf"(?<![0-9A-Za-z.)）])(\+{NUM})([%‰‱])", _say_percent, "%‰‱"),
    Rule(rf"({QUANTITY}) ?([%‰‱])", _say_percent, "%‰‱"),
)

SCORES = (
    Rule(
        rf"((?:{_SCORE_BEFORE})[^0-9，。；！？\n]{{0,8}})([0-9]{{1,3}} ?[-:] ?[0-9]{{1,3}}(?:[、,，] ?[0-9]{{1,3}}[-:][0-9]"
        rf"{{1,3}}){{0,8}})(?![0-9.:%-]|[年月日元级米分岁个小人天]|/)",
        _say_score,
        "-:",
    ),
    Rule(
        rf"(?<![0-9A-Za-z.:-])()([0-9]{{1,3}} ?[-:] ?[0-9]{{1,3}}(?:[、,，] ?[0-9]{{1,3}}[-:][0-9]{{1,3}}){{0,8}})(?=(?:"
        rf"{_SCORE_AFTER}))",
        _say_score,
        "-:",
    ),
    Rule(r"(?<=以)()([0-9]{1,3}[-:][0-9]{1,3})(?=[^0-9:，。元个]{0,4}(?:[胜负平败克]|领先|落后))", _say_score, "-:"),
    Rule(
        r"(?<![0-9A-Za-z.:-])[0-9]{1,3} ?[VvＶ][Ss]\.? ?[0-9]{1,3}(?![0-9A-Za-z.])",
        lambda m: "比".join(cardinal(g) for g in re.findall(r"[0-9]+", m[0])),
        "Ss",
    ),
)

RATIOS = (
    Rule(
        r"(?<![0-9A-Za-z.:])[0-9]{1,6}(?:\.[0-9]{1,4})?(?: ?[:∶] ?[0-9]{1,6}(?:\.[0-9]{1,4})?){1,4}(?![0-9:])", _say_ratio, ":∶"
    ),
)

SUBSCRIPTS = (
    Rule(
        r"(?<![A-Za-z])log([₀-₉]{1,4})[(（]?([0-9]{1,12}|[A-Za-z])[)）]?(?![0-9A-Za-z])",
        lambda m: f"以{m[1].translate(_SUB)}为底{m[2]}的对数",
        "₀₁₂₃₄₅₆₇₈₉",
    ),
    Rule(
        r"(?<=[A-Za-z0-9₀-₉])([⁰¹²³⁴-⁹]?)([⁺⁻])(?![⁰¹²³⁴-⁹])",
        lambda m: spell(m[1].translate(_SUPER)) + ("正" if m[2] == "⁺" else "负"),
        "⁺⁻",
    ),
    Rule(r"[₀-₉₊₋]+", lambda m: m[0].translate(_SUB), "₀₁₂₃₄₅₆₇₈₉₊₋"),
)
"""Subscripts of formulas, charges, and the base of a logarithm: ``H₂O``, ``Fe³⁺``, ``log₂8``."""

MATHS = (
    Rule(r"√(?= ?[0-9A-Za-zα-ω(（])", lambda m: "根号", "√"),
    Rule(r"(?<![A-Za-z0-9一-鿿)）])-(?=[a-z] ?[±+×*/=^²³-])", lambda m: "负", "-"),
    Rule(r"(?<![A-Za-z])([a-zA-Z])['′](?=[(（])", lambda m: m[1] + "撇", "'′"),
    Rule(
        r"(?<![A-Za-z0-9])(?:([A-Za-z])~(?=[A-Za-z](?![A-Za-z]))|([Aa])-(?=[Zz](?![A-Za-z])))",
        lambda m: f"{m[1] or m[2]}到",
        "~-",
    ),
    Rule(r"(血压[^0-9，。；！？]{0,6}[0-9]{2,3})/(?=[0-9]{2,3}(?![0-9/.]))", lambda m: m[1] + "、", "/"),
    Rule(r"(?<![0-9A-Za-z./])24/7(?![0-9/.])", lambda m: "二十四七", "/"),
    Rule(rf"(?:(?<![0-9A-Za-z.])([0-9]{{1,6}}) ?)?([{''.join(_FRACTIONS)}])", _say_vulgar, "".join(_FRACTIONS)),
    Rule(
        r"(?<![0-9A-Za-z.])([0-9]{1,12}(?:\.[0-9]{1,12})?) ?[×xX*] ?10(?:\^([+-]?[0-9]{1,4})|(⁻?[⁰¹²³⁴-⁹]{1,4}))(?:/(L|mL|"
        r"kg|m2|m3)(?![A-Za-z0-9]))?",
        _say_scientific,
        "^⁰¹²³⁴⁵⁶⁷⁸⁹⁻",
    ),
    Rule(
        r"(?<![0-9A-Za-z.])([0-9]{1,4}(?:\.[0-9]{1,12}(?=[eE][+-]?[0-9])|"
        r"(?=[eE]-[0-9]|e[0-9]{1,2}(?![0-9A-Za-z]))))[eE]([+-]?[0-9]{1,3})()()(?![0-9A-Za-z])",
        _say_scientific,
        "eE",
    ),
    Rule(
        rf"(?<![0-9A-Za-z.])({NUM}|[A-Za-z])(?:\^(-?[0-9]{{1,6}}|\{{-?[0-9]{{1,6}}\}}|\(-?[0-9]{{1,6}}\)|"
        rf"[a-z](?![A-Za-z]))|(⁻?[⁰¹²³⁴-⁹]{{1,5}}))",
        _say_power,
        "^⁰¹²³⁴⁵⁶⁷⁸⁹⁻",
    ),
    Rule(
        rf"(?<![0-9A-Za-z.+*/×÷−-])[-−]?{_OPERAND}(?: ?[-+−×*÷/] ?[-−]?{_OPERAND})+ ?(?:[=!<>]=|"
        rf"[=≈≠≥≤><]) ?(?:[-−]?{_OPERAND}(?: ?[-+−×*÷/] ?{_OPERAND})*)?",
        _say_expression,
        "=≈≠≥≤><",
    ),
    Rule(
        rf"(?<![0-9A-Za-z.])[-−]?{_OPERAND} ?(?:[=!<>]=|[=≈≠≥≤><]) ?[-−]?{_OPERAND}(?: ?[-+−×*÷/] ?{_OPERAND})*",
        _say_expression,
        "=≈≠≥≤><",
    ),
    Rule(
        rf"(?<![0-9A-Za-z.])(?:{NUM})(?: ?[+×÷] ?{NUM}| [-−*/xX] {NUM}| ?[*] ?{NUM}|[xX](?=[0-9]){NUM})+"
        r"(?![A-Za-z%]|\.[0-9]| ?[-+×÷−*/xX] ?[0-9])",
        _say_expression,
        "+×÷-−*/xX",
    ),
    Rule(r"(?<![0-9A-Za-z./])(-)?(?:([0-9]{1,4}) )?([0-9]{1,9})/([0-9]{1,9})(?![0-9/.]|[A-Za-z])", _say_fraction, "/"),
    Rule(r"(?<=[一-鿿])\*(?=[0-9])", lambda m: "乘", "*"),
    Rule(r"(?<=[A-Za-z)）])⁻?[⁰¹²³⁴-⁹]{1,5}", lambda m: "的" + _exponent(m[0].translate(_SUPER)), "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"),
    Rule(r"(?<=次方) ?([A-Za-zΩμ]{1,4}[23]?)(?:/([A-Za-z]{1,4}[23]?))?(?![A-Za-z0-9])", _say_unit_of_power, ascii_letters),
    Rule(r"(?<=方)[-−](?=[A-Za-z0-9])|(?<=[(（][A-Za-z])[-−](?=[A-Za-z0-9][)）])", lambda m: "减", "-−"),
    Rule(r"\|([A-Za-z0-9+−-]{1,8})\|(?= ?(?:[<>=≤≥≠+]|[小大]于|等于|不等))", lambda m: m[1] + "的绝对值", "|"),
    Rule(r"(?<=[0-9一-鿿A-Za-z ])([=≈≠≥≤±≡≦≧×÷]|==|!=|>=|<=)", _say_sign, "=≈≠≥≤±≡≦≧×÷!<>"),
    Rule(rf"([↑↓]) ?({NUM})", lambda m: ("上升" if m[1] == "↑" else "下降") + m[2], "↑↓"),
    Rule(r"(?<![0-9A-Za-z一-鿿)）])\+(?=[0-9])", lambda m: "正", "+"),
)
