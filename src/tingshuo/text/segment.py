"""Words of a run of Chinese characters: the most probable split under a unigram model, by dynamic programming.

The frequencies are those of the lexicon. Characters that the lexicon does not have are words of their own. One thing no
frequency tells: 着 after a verb belongs to the verb (挥着|手, 试着|装), though 着手 and 着装 are words as well.
"""

from itertools import pairwise
from typing import NamedTuple

from tingshuo.text.lexicon import Entry, Lexicon

UNKNOWN = Entry(80, "x", False, "")
"""A character without an entry."""

_ZHE_WORDS = frozenset("着手 着装 着陆 着眼 着力 着重 着色 着落 着实 着床 着墨 着笔 着意 着地 着火 着边".split())
"""Words that 着 and an object of the verb before it can be mistaken for."""
_NOT_LASTING = frozenset("来去要想能会可得该敢肯是有没被让使已在就先再快便又也未不正刚始须应将")
"""Words of one character that stand before such a word rather than take a 着, whatever part of speech the lexicon gives."""
_OF_THE_HAND = frozenset("挥舞 挥动 摆动 晃动 摇动 摇晃 舞动 甩动 抚摸 揉搓 搓揉 按摩 包扎 拍打 比划 紧握 高举".split())
"""Verbs of two characters that a hand is the object of."""


class Token(NamedTuple):
    """A word of the split: its text, the index of its first character, and its entry."""

    text: str
    start: int
    entry: Entry


def segment(text: str, lexicon: Lexicon) -> list[Token]:
    """Split a run of Chinese characters into words.

    Parameters
    ----------
    text : str
        Characters without punctuation; anything unknown is a word of its own.
    lexicon : Lexicon
        Words and their costs.

    Returns
    -------
    list of Token
        Tokens whose texts concatenate to ``text``.
    """
    n = len(text)
    best: list[tuple[int, int, Entry]] = [(0, 0, UNKNOWN)] + [(1 << 30, 0, UNKNOWN)] * n
    for i, char in enumerate(text):
        so_far = best[i][0]
        head = lexicon.head(char)
        if head is None:
            if so_far + UNKNOWN.cost < best[i + 1][0]:
                best[i + 1] = so_far + UNKNOWN.cost, i, UNKNOWN
            continue
        if so_far + head.entry.cost < best[i + 1][0]:
            best[i + 1] = so_far + head.entry.cost, i, head.entry
        get = head.words.get
        for end in range(i + 2, min(n, i + head.longest) + 1):
            entry = get(text[i + 1 : end])
            if entry is not None and so_far + entry.cost < best[end][0]:
                best[end] = so_far + entry.cost, i, entry
    tokens = []
    end = n
    while end:
        _, start, entry = best[end]
        tokens.append(Token(text[start:end], start, entry))
        end = start
    tokens.reverse()
    return _give_zhe_to_verbs(tokens, text, lexicon) if "着" in text else tokens


def _give_zhe_to_verbs(tokens: list[Token], text: str, lexicon: Lexicon) -> list[Token]:
    """Cut 着 off a word that starts with it when the verb before it takes it, and split what follows anew."""
    for verb, token in pairwise(tokens):
        if token.text not in _ZHE_WORDS:
            continue
        if len(verb.text) == 1 and verb.entry.tag == "v" and verb.text not in _NOT_LASTING:
            break
        if token.text == "着手" and (verb.text in _OF_THE_HAND or verb.text in "空湿光脏红赤"):
            break
    else:
        return tokens
    start = token.start + 1
    zhe = Token("着", token.start, lexicon.word("着") or UNKNOWN)
    following = [Token(t.text, t.start + start, t.entry) for t in segment(text[start:], lexicon)]
    return [*tokens[: tokens.index(token)], zhe, *following]
