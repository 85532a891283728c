"""Words of a run of Chinese characters: the most probable split under a unigram model, by dynamic programming.

The frequencies are those of the lexicon. Characters that the lexicon does not have are words of their own.
"""

from typing import NamedTuple

from tingshuo.text.lexicon import Entry, Lexicon

UNKNOWN = Entry(80, "x", False, "")
"""A character without an entry."""


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
    return tokens[::-1]
