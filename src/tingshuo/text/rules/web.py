"""Addresses, file names and mentions: ``https://example.com/a_b``, ``me@mail.com``, ``report-v2.pdf``, ``@小明``, ``#话题#``."""

import re

from tingshuo.text.rules.latin import beside_letters
from tingshuo.text.rules.numbers import spell
from tingshuo.text.rules.rule import Rule

_MARKS = {
    ".": "点", "/": "斜杠", ":": "冒号", "-": "杠", "_": "下划线", "@": "艾特", "?": "问号", "=": "等于", "&": "和",
    "#": "井号", "%": "百分号", "+": "加", "~": "波浪号",
    "\\": "反斜杠", "!": "叹号", ",": "逗号", "$": "美元符号", "*": "星号", ";": "分号",
}  # fmt: skip
_URL_CHAR = r"A-Za-z0-9\-._~:/?#@!$&*+,;=%"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61})?\.){1,8}"
_TLD = (
    r"(?:com|cn|net|org|edu|gov|io|ai|cc|tv|me|info|top|xyz|app|dev|co|uk|jp|hk|tw|us|de|fr|ru|eu|vip|shop|site|wang|"
    r"club|biz|mil|int)"
)
_EXTENSION = (
    r"(?:txt|pdf|docx?|xlsx?|pptx?|csv|json|ya?ml|toml|ini|xml|html?|css|js|ts|tsx|jsx|py|java|cpp|c|h|rs|go|rb|php|"
    r"sh|bat|exe|dll|so|apk|ipa|dmg|iso|zip|rar|7z|tar|gz|bz2|"
    r"mp3|mp4|wav|flac|ogg|opus|m4a|avi|mkv|mov|jpe?g|png|gif|bmp|svg|webp|psd|epub|mobi|md|log|db|sql|onnx|pth?|bin|srt|lrc|vtt)"
)
_WORD_OR_DIGITS = re.compile(r"[0-9]+|[A-Za-z]+|.", re.DOTALL)


def say_address(written: str) -> str:
    """Say an address mark by mark: ``a_b.com/x1`` is a下划线b点com斜杠x一."""
    said = []
    for token in _WORD_OR_DIGITS.findall(written):
        if token[0].isdigit():
            said.append(spell(token) if len(token) > 2 or token[0] == "0" else beside_letters(token))
        else:
            said.append(_MARKS.get(token, token))
    return "".join(said)


def _say_url(match: re.Match[str]) -> str:
    """Say a URL; ``https://`` and a last slash are left out, as people do."""
    written = match[2]
    kept = written.rstrip(".,;:!?")
    return say_address(kept.rstrip("/")) + written[len(kept) :]


def _say_email(match: re.Match[str]) -> str:
    return say_address(match[0])


def _say_path(match: re.Match[str]) -> str:
    return say_address(match[0])


WEB = (
    Rule(
        r"(?<![0-9A-Za-z])([xX])86(?:([_-]?)64)?(?![0-9A-Za-z])",
        lambda m: m[1] + "八六" + ("六四" if m[0].endswith("64") else ""),
        "x",
    ),
    Rule(rf"(?<![A-Za-z0-9])((?:https?|ftp|wss?|file)://)([{_URL_CHAR}]+)", _say_url, ":"),
    Rule(
        r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,10}(?![A-Za-z0-9])",
        _say_email,
        "@",
    ),
    Rule(rf"(?<![A-Za-z0-9.@-])()(www\.[{_URL_CHAR}]+)", _say_url, "w"),
    Rule(
        rf"(?<![A-Za-z0-9.@_-])(){_HOST.replace('(?:', '((?:', 1)}{_TLD}(?![A-Za-z0-9.])(?::[0-9]{{1,5}})?(?:/[{_URL_CHAR}]*)?)",
        _say_url,
        ".",
    ),
    Rule(
        r"(?<![A-Za-z0-9.@_-])((?:localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3}):[0-9]{2,5}(?:/[A-Za-z0-9._/-]*)?)",
        lambda m: say_address(m[1]),
        ":",
    ),
    Rule(r"(?<![A-Za-z0-9])[A-Za-z]:\\[A-Za-z0-9_.\\ -]{0,200}[A-Za-z0-9_]", _say_path, "\\"),
    Rule(r"(?<![A-Za-z0-9._/<一-鿿])~?(?:/[A-Za-z_.][A-Za-z0-9_.-]{0,64}){2,20}/?", _say_path, "/"),
    Rule(
        rf"(?<![A-Za-z0-9._-])[A-Za-z0-9_][A-Za-z0-9_-]{{0,80}}(?:\.[A-Za-z0-9_-]{{1,30}}){{0,3}}\.{_EXTENSION}(?![A-Za-z0-9])",
        _say_path,
        ".",
    ),
    Rule(rf"(?<=[一-鿿])\.{_EXTENSION}(?![A-Za-z0-9])", _say_path, "."),
    Rule(r"(?<![A-Za-z0-9./])\.{1,2}/(?=[A-Za-z0-9_.])", lambda m: say_address(m[0]), "/"),
    Rule(r"(?<=[A-Za-z0-9] )-{1,2}(?=[A-Za-z])", lambda m: "杠" * len(m[0]), "-"),
    Rule(r"@(?=[A-Za-z0-9_一-鿿])", lambda m: "艾特", "@"),
    Rule(r"(?<![#A-Za-z0-9])#([^#\s]{1,40})#", lambda m: m[1], "#"),
    Rule(r"(?<![A-Za-z])([CcFfJ])#(?![A-Za-z0-9])", lambda m: m[1].upper() + " Sharp", "#"),
    Rule(r"(?<![A-Za-z0-9+])([A-Za-z]|Notepad|notepad|DevC?)\+\+(?![A-Za-z])", lambda m: m[1] + "加加", "+"),
    Rule(r"(?<![^\s，。！？；：])#(?=[A-Za-z一-鿿])", lambda m: "", "#"),
    Rule(r"(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])", lambda m: "下划线", "_"),
)
