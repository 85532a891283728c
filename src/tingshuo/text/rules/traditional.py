"""Traditional to simplified characters: a table of characters, phrases that differ from it, and 乾 and 著 by context.

The table is data, built from OpenCC's dictionaries (Apache-2.0) by ``scripts/build_traditional_table.py``. 乾 and 著 are
written in simplified text too (乾隆, 著名): 著 becomes 着 and 乾 becomes 干 only where the text is traditional otherwise or the
word leaves no doubt.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tingshuo.text.rules.rule import compiled

_KEEP_QIAN = "隆|坤|元|陵|县|卦|宁|符|道|清宫|德|化|封|祐|佑|州|纲|象|安|亨|天|明|位|爻|健|夕|兴|务|文|照|泰"
_DRY = (
    r"乾(?=[杯燥净脆旱涸枯粮洗果酪瘪咳爹娘妈女儿衣冰货草菜巴眼笑嚎瞪柴透裂渴电燥湿瘦炒煎洁等着了])|"
    r"(?<=[饼晒擦烘风吹喝弄口沥烤晾榨肉鱼豆葡])乾(?![隆坤])"
)
_KEEP_ZHU = r"(?<![名显卓编原专论巨土昭拙译遗合所撰名])著(?![名作者述书录称有于])"


_ASPECT = (
    r"(?<=[看听跟拿带走站坐躺抱笑哭想说等穿戴随顺沿朝向对握牵拉跑活睡急忙接有为活])著(?!名(?!著)|[作者述称])|"
    r"著(?=[急凉火迷手落实想眼陆装])"
)


class _Table(NamedTuple):
    characters: dict[int, str]
    phrases: dict[str, str]
    pattern: re.Pattern[str]
    signs: frozenset[str]


@cache
def _table() -> _Table:
    lines = (Path(__file__).parents[1] / "data/traditional.txt").read_text("utf-8").splitlines()
    characters = {ord(written): simplified for written, simplified in zip(lines[0], lines[1], strict=True)}
    phrases = dict(line.split("\t") for line in lines[2:])
    longest_first = sorted(phrases, key=len, reverse=True)
    signs = frozenset(
        char
        for written, plain in phrases.items()
        for char, to in zip(written, plain, strict=True)
        if characters.get(ord(char), char) != to
    )
    return _Table(characters, phrases, re.compile("|".join(longest_first)), signs)


def simplify(text: str) -> str:
    """Return text in simplified characters."""
    if text.isascii():
        return text
    table = _table()
    plain = text
    if not table.signs.isdisjoint(text):
        plain = table.pattern.sub(lambda match: table.phrases[match[0]], plain)
        kept = frozenset(table.phrases.values())
        plain = "".join(
            part if part in kept else part.translate(table.characters)
            for part in compiled(f"({'|'.join(map(re.escape, kept))})").split(plain)
        )
    else:
        plain = plain.translate(table.characters)
    if "乾" in plain:
        plain = compiled(_DRY).sub("干", plain)
    if "著" in plain:
        plain = compiled(_ASPECT).sub("着", plain)
    if plain != text:
        if "乾" in plain:
            plain = compiled(rf"(?<![康雍])乾(?!{_KEEP_QIAN}|嘉)").sub("干", plain)
        if "著" in plain:
            plain = compiled(_KEEP_ZHU).sub("着", plain)
    return plain
