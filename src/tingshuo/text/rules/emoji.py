"""Emoji: common ones are spoken by a short Chinese name, others are dropped with a warning; repeats are spoken once.

Names are our own, short enough for speech, in ``data/emoji.txt`` (``characters<TAB>name``); the ranges of what counts as an
emoji are those of Unicode's emoji-data.txt, without digits, letters and the arrows and signs that other rules read.
"""

from functools import cache
from pathlib import Path

from tingshuo.text.rules.rule import compiled

_EMOJI = (
    "[\u2190-\u21ff]\ufe0f|[\u203c\u2049\u231a\u231b\u23e9-\u23fa\u25b6\u25c0\u2600-\u2604\u260e\u2611\u2614\u2615"
    "\u2618\u261d\u2620\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a"
    "\u2640\u2642\u2648-\u2653\u2660\u2663\u2665\u2666\u2668\u267b\u267f\u2692-\u2697\u2699\u269b\u269c\u26a0-\u26ff"
    "\u2702\u2705\u2708-\u270d\u270f\u2712-\u2714\u271d\u2721\u2728"
    "\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2757\u2763\u2764\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b"
    "\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f1e6-\U0001f1ff\U0001f201-\U0001f265\U0001f300-\U0001faff]"
)
_MODIFIER = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]"
_CLUSTER = rf"(?:[\U0001f1e6-\U0001f1ff]{{2}}|(?:{_EMOJI}){_MODIFIER}{{0,3}}(?:\u200d(?:{_EMOJI}){_MODIFIER}{{0,3}}){{0,6}})"
_PROBE = (
    "[\u203c\u2049\u2600-\u27bf\u231a-\u23fa\u25b6\u25c0\u2934-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]|"
    "[\u2190-\u21ff]\ufe0f|[0-9#*]\ufe0f?\u20e3"
)


_MARKS = "_^∩ω▽´｀`╥﹏≧≦╯╰◕‿⊙□Д✿;＾"
_FACE = (
    rf"[oO]?[(（](?=[^A-Za-z0-9一-鿿()（）\n]{{0,7}}[{_MARKS}])[^A-Za-z0-9一-鿿()（）\n]{{2,8}}[)）][oO~]?"
    r"|(?<![A-Za-z0-9_])(?:\^[_o.-]?\^|T[_.]T|Q[_A]Q|>[_.]<|-_-\|{0,3}|=_=|orz|Orz|ORZ)(?![A-Za-z0-9_])"
)


@cache
def _names() -> dict[str, str]:
    lines = (Path(__file__).parents[1] / "data/emoji.txt").read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def _drop_faces(text: str, warnings: dict[str, None]) -> str:
    plain = compiled(_FACE).sub("", text)
    if plain != text:
        warnings["Dropped an emoticon made of signs."] = None
    return plain


def speak_emoji(text: str, warnings: dict[str, None]) -> str:
    """Replace emoji by their names or drop them; each kind is told in ``warnings``.

    Names stand between commas unless punctuation is there already. A run of the same emoji is named once.
    """
    text = _drop_faces(text, warnings)
    if text.isascii() or not compiled(_PROBE).search(text):
        return text
    text = compiled("(?m)^([0-9])\ufe0f?\u20e3(?=\\w)").sub(lambda match: match[1] + "、", text)
    text = compiled("([0-9#*])\ufe0f?\u20e3").sub(lambda match: match[1], text)
    names = _names()
    spoken: list[str] = []
    end = 0
    for match in compiled(rf"{_CLUSTER}(?:\s?{_CLUSTER})*").finditer(text):
        said = ""
        previous = ""
        for cluster in compiled(_CLUSTER).findall(match[0]):
            key = compiled(_MODIFIER).sub("", cluster)
            name = names.get(key) or names.get(key.split("\u200d")[0], "")
            if name and name != previous:
                said += ("，" if said else "") + name
            if name:
                warnings[f"Read the emoji {key} as {name}."] = None
                previous = name
            else:
                warnings[f"Dropped the emoji {key}, which has no spoken name."] = None
        before, after = text[end : match.start()], text[match.end() : match.end() + 1]
        spoken.append(before)
        if said:
            open_before = before[-1:] and (before[-1].isalnum() or before[-1] in ")]”’）】》")
            open_after = after and after not in "，。！？；：、…,.!?;:\n）)”’"
            spoken.append(("，" if open_before else "") + said + ("，" if open_after else ""))
        end = match.end()
    return "".join(spoken) + text[end:]
