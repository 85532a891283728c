"""Characters before words: controls, invisible marks, widths, compatibility forms, entities, foreign digits.

The widths and compatibility forms are those of Unicode (UAX 15, UAX 11), applied to the characters that have a plain form which
is read alike; punctuation keeps the width that says how long to pause.
"""

import unicodedata
from functools import cache

from tingshuo.text.rules.rule import compiled

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-"
    "\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
_SURROGATE = "\ud800-\udfff"
_NONCHARACTER = "\ufdd0-\ufdef\ufffe\uffff\ufffd"
_BAD = f"[{_CONTROL}{_INVISIBLE}{_SURROGATE}{_NONCHARACTER}]"
_UNUSUAL = (
    "[^\\n -~\u00b7\u2014\u2018\u2019\u201c\u201d\u2026\u3001\u3002\u300a\u300b\u4e00-\u9fff\uff01\uff08\uff09\uff0c"
    "\uff1a\uff1b\uff1f]"
)
_ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
_KEPT = frozenset("，：；！？（）、。…～￥½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒²³⁰¹⁴⁵⁶⁷⁸⁹⁻‰‱№℃℉Ⅳ·™℠")
_SPECIAL = {
    "￥": "¥", "〜": "~", "～": "~", "∼": "~", "˜": "~", "﹏": "~", "‐": "-", "‑": "-", "‒": "-", "–": "-", "−": "-",
    "－": "-", "﹣": "-", "―": "—", "⸺": "——", "─": "—", "━": "—",
    "\t": " ", "\xa0": " ", "\u3000": " ", "\u2028": "\n", "\u2029": "\n", "\x85": "\n", "\r": "\n", "⁄": "/", "∕": "/",
    "．": ".", "。": "。", "｡": "。", "､": "、", "•": "•", "・": "·", "･": "·", "‧": "·",
    "ʼ": "'", "＇": "'", "′": "′", "º": "°", "˚": "°", "µ": "μ", "×": "×", "✕": "×", "✖": "×", "⨯": "×", "➕": "+", "➖": "-",
    "➗": "÷", "∶": ":", "﹕": "：", "﹐": "，", "﹑": "、", "﹔": "；", "﹖": "？", "﹗": "！", "﹒": ".",
    "Ω": "Ω", "Å": "Å", "ℓ": "L", "‖": "|", "⋯": "…", "┅": "…", "㎡": "m2", "㎥": "m3", "㎢": "km2", "㏄": "cc", "㎎": "mg",
    "㎏": "kg",
    "〇": "〇", "○": "○", "＿": "_", "￣": "~", "℅": "c/o",
}  # fmt: skip


def decode_entities(text: str) -> str:
    """Replace HTML character references; unknown ones stay."""
    if "&" not in text:
        return text
    from html import unescape  # its table of names takes 3 ms to import

    return compiled(_ENTITY).sub(lambda match: unescape(match[0]), text)


def clean(text: str, warnings: dict[str, None]) -> str:
    """Return text of characters that the rules know.

    Parameters
    ----------
    text : str
        Any string.
    warnings : dict[str, None]
        Gets a sentence for each kind of character that was removed (a dict keeps them unique and in order).
    """
    if text.isascii() and text.isprintable():
        return decode_entities(text)
    text = decode_entities(text.replace("\r\n", "\n"))
    bad = compiled(_BAD)
    if bad.search(text):
        _warn(text, warnings)
        text = bad.sub("", text)
    if compiled(_UNUSUAL).search(text):
        text = compiled(
            "(?m)(?:^|(?<=[，。！？；：\\s]))[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793](?=\\w)|[\u2460-\u249b](?=[\u2460-\u249b])"
        ).sub(lambda match: match[0] + "、", text)
        text = compiled(_UNUSUAL).sub(lambda match: _plain(match[0]), unicodedata.normalize("NFC", text))
    return text


def _warn(text: str, warnings: dict[str, None]) -> None:
    kinds = (
        (_SURROGATE, "lone surrogates"),
        (_CONTROL, "control characters"),
        (_INVISIBLE, ""),
        (_NONCHARACTER, "replacement characters and noncharacters"),
    )
    for kind, name in kinds:
        found = compiled(f"[{kind}]").search(text)
        if found and name:
            warnings[f"Removed {name}, such as U+{ord(found[0]):04X}, which cannot be spoken."] = None
        elif found and not compiled("[\u200d\ufe0e\ufe0f]").search(found[0]):
            warnings[f"Removed invisible characters, such as U+{ord(found[0]):04X}."] = None


@cache
def _plain(char: str) -> str:
    """Return the plain form of a character, or itself."""
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char in _KEPT:
        return char
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if unicodedata.category(char) == "Zs":
        return " "
    code = ord(char)
    if 0xFF01 <= code <= 0xFF5E:
        return chr(code - 0xFEE0)
    if 0x2460 <= code <= 0x249B or 0x24EA <= code <= 0x24FF or 0x2776 <= code <= 0x2793:
        return str(int(unicodedata.numeric(char)))
    if (
        0x2F00 <= code <= 0x2FD5
        or 0xFB00 <= code <= 0xFB06
        or 0x1D400 <= code <= 0x1D7FF
        or 0x3200 <= code <= 0x33FF
        or 0xFF61 <= code <= 0xFFEE
        or 0x249C <= code <= 0x24E9
    ):
        return unicodedata.normalize("NFKC", char).replace("⁄", "/")
    return char
