"""A text as language models of characters see it: what is heard of it, and nothing else.

Figures are words, as they are said; punctuation is not heard. Latin letters are small, with a blank between two words of them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from tingshuo.text.normalize import normalize

_FIGURES = re.compile(r"[0-9%]")
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*|[㐀-䶿一-鿿𠀀-𲎯]")
_ENDS = re.compile(r"[。！？；!?;\n]+")
FEWEST = 2
"""Characters of a sentence that says anything of what follows what."""


def characters_of(text: str) -> str:
    """Return what is heard of a text: ``"iPhone 15，好！"`` is ``"iphone十五好"``."""
    spoken = normalize(text) if _FIGURES.search(text) else text
    tokens = _TOKEN.findall(unicodedata.normalize("NFKC", spoken).lower())
    parts = []
    for n, token in enumerate(tokens):
        between = " " if n and token[0].isascii() and tokens[n - 1][0].isascii() else ""
        parts.append(between + token)
    return "".join(parts)


def sentences(texts: Iterable[str], kept_back: Iterable[str] = ()) -> Iterator[str]:
    """Yield each sentence of texts once, as `characters_of` has it, but for what is kept back.

    Parameters
    ----------
    texts : iterable of str
        As they are written, of any length.
    kept_back : iterable of str
        Texts that somebody will be judged by, and so must not be known: neither such a text nor a sentence of one is yielded,
        whatever its punctuation.
    """
    seen = {characters_of(one) for text in kept_back for one in (text, *_ENDS.split(text))}
    for text in texts:
        if characters_of(text) in seen:
            continue
        for part in _ENDS.split(text):
            sentence = characters_of(part)
            if len(sentence) >= FEWEST and sentence not in seen:
                seen.add(sentence)
                yield sentence
