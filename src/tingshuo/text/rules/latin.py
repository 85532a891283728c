"""Latin letters beside digits, versions, and Roman numerals: ``GPT-4``, ``5G``, ``PM2.5``, ``v2.0.1``, ``第IV章``.

Words stay in Latin letters; the digits beside them are said as people say them in Chinese: one or two digits as a number
(A四, iPhone十五), three and more one by one (一零八零P, RTX四零九零) unless they are round (H一百).
"""

import re
import unicodedata
from string import ascii_letters

from tingshuo.text.rules.numbers import cardinal, spell
from tingshuo.text.rules.rule import Rule

_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_FORM = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_UNICODE_ROMAN = {chr(0x2160 + i): i + 1 for i in range(12)} | {chr(0x2170 + i): i + 1 for i in range(12)} | {
    "Ⅼ": 50, "Ⅽ": 100, "Ⅾ": 500, "Ⅿ": 1000,
}  # fmt: skip
_HYPHEN_NAMES = (
    "歼|轰|运|直|歼轰|东风|米格|苏|图|伊尔|巨浪|鹰击|红旗|霹雳|海鹰|风云|空警|武直|神舟|长征|嫦娥|天宫|天舟|波音|"
    "空客|安|米|彩虹|翼龙|快舟|北斗|卡|幻影|萨德|爱国者|飞毛腿"
)


def beside_letters(digits: str) -> str:
    """Say the digits of a name: ``15`` 十五, ``4090`` 四零九零, ``100`` 一百, ``2000`` 两千, ``3.12`` 三点一二."""
    if "." in digits:
        return "点".join(cardinal(part) if i == 0 or len(part) > 3 else spell(part) for i, part in enumerate(digits.split(".")))
    if len(digits) <= 2 or re.fullmatch(r"[1-9](?:00|000|0000)", digits):
        return cardinal(digits)
    return spell(digits)


def roman(letters: str) -> int:
    """Return the value of a Roman numeral: ``XIV`` is 14."""
    total = 0
    for letter, following in zip(letters, letters[1:] + "I", strict=True):
        value = _ROMAN[letter]
        total += -value if value < _ROMAN[following] else value
    return total


def _say_mixed(match: re.Match[str]) -> str:
    """Say ``GPT-4o``, ``H5N1``, ``MP3``, ``i7-12700K``: letters stay, digits are said, hyphens beside letters fall away."""
    said = re.sub(r"[0-9]+(?:\.[0-9]+)*", lambda m: beside_letters(m[0]), match[0])
    said = re.sub(r"(?<=[A-Za-z])-(?=[A-Za-z])", " ", said)
    return re.sub(r"(?<=[一-鿿])-(?=[一-鿿])", "杠", said).replace("-", "")


def _say_after_word(match: re.Match[str]) -> str:
    return f"{match[1]} {beside_letters(match[2])}"


def _say_version(match: re.Match[str]) -> str:
    return match[1] + "点".join(_version_part(part) for part in match[2].split("."))


def _version_part(part: str) -> str:
    return spell(part) if len(part) > 2 or part[0] == "0" else cardinal(part)


def _say_dotted(match: re.Match[str]) -> str:
    """Say ``192.168.1.1`` and ``2.0.1``: the parts one by one."""
    parts = match[0].split(".")
    return "点".join(spell(part) if len(parts) > 3 else _version_part(part) for part in parts)


def _say_roman(match: re.Match[str]) -> str:
    return "".join((match[1], cardinal(str(roman(match[2]))), *match.groups()[2:]))


def _say_numerals(match: re.Match[str]) -> str:
    """Say a run of Unicode Roman numerals: ``ⅩⅣ`` is 十四, ``ⅣⅤ`` 四五."""
    letters = unicodedata.normalize("NFKC", match[0]).upper()
    if re.fullmatch(_ROMAN_FORM, letters):
        return cardinal(str(roman(letters)))
    return "".join(cardinal(str(_UNICODE_ROMAN[char])) for char in match[0])


_UNICODE_ROMANS = "".join(_UNICODE_ROMAN)

ROMANS = (
    Rule(rf"[{_UNICODE_ROMANS}]+", _say_numerals, _UNICODE_ROMANS),
    Rule(rf"(第 ?)({_ROMAN_FORM})( ?[章节卷部篇集回季届期幕册单条款编类型])", _say_roman, "第"),
    Rule(
        rf"((?:路易|亨利|乔治|威廉|查理|爱德华|腓力|菲利普|弗里德里希|约翰|保罗|本笃|庇护|亚历山大|尼古拉|拉美西斯|理查|"
        rf"伊丽莎白|图特摩斯|卡尔|古斯塔夫|拿破仑) ?)({_ROMAN_FORM})(?![A-Za-z])",
        _say_roman,
        "IVX",
    ),
    Rule(rf"((?:卷|图|表|附录|类型|型|因子|级|期|方案|阶段|区|世界大战|大战) ?)({_ROMAN_FORM})(?![A-Za-z])", _say_roman, "IVX"),
    Rule(
        rf"(?<![A-Za-z0-9])()((?!C|L|X(?!I|V)|D|I(?![IV])|V(?!I))(?:{_ROMAN_FORM}))( ?(?:[期级型类区度]|世(?!界)|号(?!线)))",
        _say_roman,
        "IVX",
    ),
)

VERSIONS = (
    Rule(
        r"((?<![A-Za-z])[A-Za-z][A-Za-z]{1,15} ?[0-9]{1,3}(?:\.[0-9]{1,2})?) (?=[0-9]{1,4}[A-Z]{1,2}(?![0-9A-Za-z]))",
        lambda m: m[1] + "，",
        " ",
    ),
    Rule(r"(?<![0-9A-Za-z])0[xX][0-9A-Fa-f]{1,16}(?![0-9A-Za-z])", lambda m: spell(m[0]), "xX"),
    Rule(r"(?<![A-Za-z])(alpha|beta|rc|dev|pre)[.-]([0-9]{1,4})(?![0-9])", lambda m: m[1] + cardinal(m[2]), ".-"),
    Rule(r"(?<![A-Za-z])([vV]|[Vv]er(?:sion)?\.? ?)([0-9]{1,4}(?:\.[0-9]{1,6}){1,4})(?![0-9.])", _say_version, "vV"),
    Rule(r"(?<![0-9A-Za-z.])[0-9]{1,4}(?:\.[0-9]{1,6}){2,5}(?![0-9]|\.[0-9])", _say_dotted, "."),
    Rule(rf"(?<![0-9])({_HYPHEN_NAMES})-(?=[0-9])", lambda m: m[1], "-"),
    Rule(
        r"(?:(?<=骁龙)|(?<=天玑)|(?<=波音)|(?<=空客)|(?<=锐龙)|(?<=标致)|(?<=型号)|(?<=奔驰)) ?([0-9]{3,5})(?![0-9.]|[万亿元])",
        lambda m: spell(m[1]) if not m[1].endswith("000") else cardinal(m[1]),
        "龙玑音客致号驰",
    ),
)

ATTACHED = (
    Rule(r"(?<![A-Za-z])(K?N95|AK-?47)(?![0-9A-Za-z])", lambda m: spell(m[1].replace("-", "")), "NA"),
    Rule(r"(?<![A-Za-z])([Ww])i-?([Ff])i(?![A-Za-z])", lambda m: "WiFi", "-"),
    Rule(r"(?<![A-Za-z])([Ee])-(?=mail)", lambda m: m[1], "-"),
    Rule(
        r"(?<![0-9A-Za-z.])(?:iPhone|iPad|Mate|Nova|Pixel|Galaxy) ?[0-9]{1,4}(?:[sScCeEaA]|GB|TB)?(?![0-9A-Za-z.])",
        lambda m: re.sub("[0-9]+", lambda d: beside_letters(d[0]), m[0]),
        "iMNPG",
    ),
    Rule(
        r"(?<![0-9A-Za-z.])[A-Za-z]++(?:-?[0-9]++(?:\.[0-9]++)*(?:-?[A-Za-z]++)?)+(?![.][0-9]|[0-9A-Za-z])",
        _say_mixed,
        ascii_letters,
    ),
    Rule(r"(?<![0-9A-Za-z.)）])-(?=[0-9]++[A-Za-z])", lambda m: "负", "-"),
    Rule(r"(?<![0-9A-Za-z.])[0-9]++(?:\.[0-9]++)*(?:-?[A-Za-z]++(?:-?[0-9]++)?)+", _say_mixed, ascii_letters),
    Rule(r"([A-Za-z]) ([0-9]++(?:\.[0-9]++)*)(?![0-9%]|\.[0-9]|[-~到至][0-9])", _say_after_word, " "),
)
