"""What is left after the numbers: Greek letters, signs between words, brackets, quotes, spaces.

The output knows these marks only: ``，。！？；：、…… —— “ ” ‘ ’ （ ） 《 》 ·`` and, between Latin letters, ``'`` and a space. A
newline stays. What has no reading and no pause is dropped with a warning, letters of other scripts stay for the pronunciation to
report.
"""

from tingshuo.text.rules.rule import Rule, RuleSet, compiled

_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        [
            *(
                "阿尔法",
                "贝塔",
                "伽马",
                "德尔塔",
                "艾普西龙",
                "泽塔",
                "伊塔",
                "西塔",
                "约塔",
                "卡帕",
                "兰姆达",
                "缪",
                "纽",
                "克西",
            ),
            *("奥密克戎", "派", "柔", "西格玛", "陶", "宇普西龙", "斐", "希", "普西", "欧米伽"),
        ],
        strict=True,
    )
)
_GREEK |= {letter.upper(): name for letter, name in _GREEK.items()} | {"ς": "西格玛", "ϕ": "斐", "ϵ": "艾普西龙"}
_WORDS = {
    "℃": "摄氏度", "°": "度", "‰": "千分之", "%": "百分号", "№": "号", "¥": "人民币", "$": "美元", "€": "欧元", "£": "英镑",
    "×": "乘", "÷": "除以",
    "±": "正负", "≥": "大于等于", "≤": "小于等于", "≠": "不等于", "≈": "约等于", "∞": "无穷大", "√": "对勾", "∑": "求和",
    "∫": "积分", "∂": "偏", "∆": "德尔塔",
    "∈": "属于", "∪": "并", "∩": "交", "⊂": "包含于", "∴": "所以", "∵": "因为", "⊥": "垂直于", "∥": "平行于", "∠": "角",
    "△": "三角形", "□": "方框", "∀": "任意", "∃": "存在",
    "→": "到", "⇒": "推出", "←": "左箭头", "↑": "上升", "↓": "下降", "↔": "双向箭头", "⇔": "等价于", "➜": "到", "➔": "到",
    "＝": "等于", "Ω": "欧姆", "§": "节", "‱": "万分之",
    "㏑": "自然对数", "@": "艾特", "#": "井号", "+": "加", "=": "等于", "&": "和", "\\": "反斜杠", "☑": "对勾",
    "☒": "叉", "✗": "叉", "✘": "叉", "✓": "对勾",
}  # fmt: skip
_PAUSES = {
    "|": "，",
    "¦": "，",
    "•": "，",
    "●": "，",
    "◆": "，",
    "■": "，",
    "▪": "，",
    "▶": "，",
    "►": "，",
    "※": "，",
    "○": "，",
    "◇": "，",
    "★": "，",
    "☆": "，",
    "♪": "，",
    "♫": "，",
    "†": "",
    "‡": "",
}
_BRACKETS = str.maketrans("「」『』〈〉【】〔〕〖〗[]{}｛｝〘〙〚〛", "“”“”《》（）（）（）（）（）（）（）（）")
_WIDE = {",": "，", ";": "；", "!": "！", "?": "？", ":": "：", "(": "（", ")": "）", "<": "", ">": ""}
_HANZI = "〇㐀-䶿一-鿿\U00020000-\U0003ffff"
_END = "，。！？；：、…—”’）》"


_MARKS = (
    Rule(r"[αβγδεζηθικλμνξοπρστυφχψωςϕϵΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ]", lambda m: _GREEK[m[0]], "".join(_GREEK)),
    Rule(r"★{2,}☆*|★+☆+", lambda m: "一二三四五六七八九十"[min(m[0].count("★"), 10) - 1].replace("二", "两") + "颗星", "★"),
    Rule(r"(?:\.{3,}|。{2,}|…+|·{3,})", lambda m: "……", ".。…·"),
    Rule(r"(?<=[A-Za-z])_{2,}|_{2,}(?=[A-Za-z])", lambda m: " ", "_"),
    Rule(r"-{2,}|—+|_{2,}", lambda m: "——", "-—_"),
    Rule(r"(?:(?<=\s)|^)\.(?=[A-Za-z])", lambda m: "点", "."),
    Rule(r"(?<![A-Za-z])(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|vs|etc|Inc|Ltd|Co|Vol|Fig)\.(?![A-Za-z])", lambda m: m[0][:-1], "."),
    Rule(r"(?<![A-Za-z.])(?:[A-Za-z]\.){2,8}", lambda m: m[0].replace(".", ""), "."),
    Rule(r"(?<=[A-Za-z])\.(?=[A-Za-z])", lambda m: "点", "."),
    Rule(
        r"([A-Za-z])? ?& ?(?:([A-Za-z])|(?=.|\Z))",
        lambda m: (m[1] or "") + (" and " if m[1] and m[2] else "和") + (m[2] or ""),
        "&",
    ),
    Rule(r"(?<=[A-Za-z])'(?=[A-Za-z])", lambda m: "\x00", "'"),
    Rule(rf"(?<=[{_HANZI}])/(?=[{_HANZI}])", lambda m: "、", "/"),
    Rule(r"\.(?=\s|\Z|[^A-Za-z])", lambda m: "。", "."),
    Rule(rf"(?<=[{_HANZI}])~+(?=[{_HANZI}])", lambda m: "，", "~"),
    Rule(r"(?<=按)\*(?=键|[，。])", lambda m: "星号", "*"),
    Rule(r"[/\-_]", lambda m: " ", "/-_"),
    Rule(r"\"([^\"\n]{0,300})\"", lambda m: f"“{m[1]}”", '"'),
    Rule(r"(?<![A-Za-z])'([^'\n]{1,300})'", lambda m: f"‘{m[1]}’", "'"),
    Rule(r"[,;!?:()<>]", lambda m: _WIDE[m[0]], ",;!?:()<>"),
)
_ODD = r"[^\w\s，。！？；：、…—“”‘’（）《》·\x00\ue000-\uf8ff]"
_TIDY = (
    Rule(r"[ \t]+", lambda m: " ", " \t"),
    Rule(r" ?\n[ \n]*", lambda m: "\n", "\n"),
    Rule(rf" (?=[{_END}“‘（《])|(?<=[{_END}“‘（《]) ", lambda m: "", " "),
    Rule(rf"(?<=[{_HANZI}]) | (?=[{_HANZI}])", lambda m: "", " "),
    Rule(r"（[，、。：；（）]*）|《》|“”|‘’", lambda m: "", "（《“‘"),
    Rule(r"，{2,}", lambda m: "，", "，"),
    Rule(r"，(?=[。！？；：、…])", lambda m: "", "，"),
    Rule(r"(?<=[。！？；：、…（“‘《])，", lambda m: "", "，"),
    Rule(r"，{2,}", lambda m: "，", "，"),
    Rule(r"、{2,}", lambda m: "、", "、"),
    Rule(r"！{2,}", lambda m: "！", "！"),
    Rule(r"？{2,}", lambda m: "？", "？"),
    Rule(r"。{2,}", lambda m: "……", "。"),
)


_GAPS = (Rule(rf"(?<=[{_HANZI}]{{5}}) (?=[{_HANZI}]{{5}})|(?<=[章回节卷部集篇]) (?=[{_HANZI}]{{2}})", lambda m: "，", " "),)


_SAY_MARKS = RuleSet(_MARKS)
_TIDY_UP = RuleSet(_TIDY)
_KEEP_GAPS = RuleSet(_GAPS)


def keep_gaps(text: str) -> str:
    """Make a comma of a space between lines of verse or after the number of a chapter; other such spaces are dropped later."""
    return _KEEP_GAPS(text)


def punctuate(text: str, warnings: dict[str, None]) -> str:
    """Unify punctuation and read or drop the signs that are left."""
    text = _SAY_MARKS(text.translate(_BRACKETS))
    odd = compiled(_ODD)
    if odd.search(text):
        text = odd.sub(lambda match: _say_odd(match[0], warnings), text)
    return tidy(text.replace("\x00", "'"))


def tidy(text: str) -> str:
    """Drop spaces and marks that say nothing: spaces beside hanzi, empty brackets, repeated commas."""
    return _TIDY_UP(text)


def _say_odd(char: str, warnings: dict[str, None]) -> str:
    if char in _WORDS:
        return _WORDS[char]
    if char in _PAUSES:
        return _PAUSES[char]
    if char not in "~'\"":
        warnings[f"Dropped {char}, which has no reading."] = None
    return ""
