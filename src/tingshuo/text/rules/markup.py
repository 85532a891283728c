"""Markdown and HTML marks: dropped with one warning, the words kept. Works line by line, so it needs no whole document."""

import re

from tingshuo.text.rules.rule import Rule, RuleSet

_MARKDOWN = "Dropped Markdown marks and kept the words."
_HTML = "Dropped HTML tags and kept the words."
_SIGNS = frozenset("#*_`[|>-+~=")


def _say_row(match: re.Match[str]) -> str:
    """Say a table row: its cells with pauses."""
    cells = [cell.strip() for cell in match[0].strip().strip("|").split("|")]
    return "，".join(cell for cell in cells if cell) + "。"


_LINES = (
    Rule(r"(?m)^[ ]{0,3}(?:```|~~~)[^\n`]{0,40}$\n?", lambda m: "", "`~"),
    Rule(r"(?m)^[ ]*\|?[ ]*:?-{2,}:?[ ]*(?:\|[ ]*:?-{2,}:?[ ]*)*\|?[ ]*$\n?", lambda m: "" if "|" in m[0] else m[0], "|"),
    Rule(r"(?m)^[ ]*\|[^\n]*\|[ ]*$", _say_row, "|"),
    Rule(r"(?m)^[ ]{0,3}(?:[-*_][ ]?){3,}$\n?", lambda m: "", "-*_"),
    Rule(r"(?m)^(?:[ ]{0,3}>[ ]?)+(?=[^\s0-9>=])", lambda m: "", ">"),
    Rule(r"(?m)^[ ]{0,3}#{1,6}[ ]+([^\n]*?)[ ]*#*$", lambda m: m[1], "#"),
    Rule(r"(?m)^[ ]*[-*+•][ ]+(?:\[[ xX]\][ ]+)?(?=[^\s0-9]|[0-9]+[^0-9\s.])", lambda m: "", "-*+•"),
)
_SPANS = (
    Rule(r"!?\[([^\[\]\n]{1,300})\]\((?:[^()\s]{1,500})(?: +\"[^\"\n]{0,100}\")?\)", lambda m: m[1], "["),
    Rule(r"(?<![a-z_\])])\[\^?[0-9]{1,3}\](?::[ ])?", lambda m: "", "["),
    Rule(r"(?<!\*)\*\*\*?(?=[^\s*])([^*\n]{1,300}?)(?<=[^\s*])\*\*\*?(?!\*)", lambda m: m[1], "*"),
    Rule(r"(?<![A-Za-z0-9*])\*(?=[^\s*0-9])([^*\n]{1,300}?)(?<=[^\s*])\*(?![A-Za-z0-9*])", lambda m: m[1], "*"),
    Rule(r"(?<!\w)__(?=[^\s_])([^_\n]{1,300}?)(?<=[^\s_])__(?!\w)", lambda m: m[1], "_"),
    Rule(r"~~(?=[^\s~])([^~\n]{1,300}?)~~", lambda m: m[1], "~"),
    Rule(r"(`{1,3})([^`\n]{1,300})\1", lambda m: m[2], "`"),
)
_TAGS = (
    Rule(r"<!--[^<>]{0,300}-->", lambda m: "", "<"),
    Rule(r"(?i)<br ?/?>|</(?:p|div|li|h[1-6]|tr)>", lambda m: "\n", "<"),
    Rule(
        r"(?i)</?(?:a|b|i|u|s|p|em|strong|div|span|li|ul|ol|h[1-6]|table|tr|td|th|thead|tbody|img|code|pre|sup|sub|font|"
        r"center|small|big|mark|del|ins|blockquote|hr|html|body|head)"
        r"(?: [^<>]{0,300})?/?>",
        lambda m: "",
        "<",
    ),
)


_DROP_TAGS = RuleSet(_TAGS)
_DROP_MARKS = RuleSet(_LINES, _SPANS)


def strip_markup(text: str, warnings: dict[str, None]) -> str:
    """Drop Markdown and HTML marks; a warning says so once each."""
    if "<" in text:
        plain = _DROP_TAGS(text)
        if plain != text:
            warnings[_HTML] = None
            text = plain
    if not _SIGNS.isdisjoint(text):
        plain = _DROP_MARKS(text)
        if plain != text:
            warnings[_MARKDOWN] = None
            text = plain
    return text
