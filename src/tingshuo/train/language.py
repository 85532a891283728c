"""The words of a recogniser of Mandarin, and how likely they are behind each other, from texts and the lexicon's frequencies."""

import math
import re
from collections.abc import Callable, Iterable, Iterator

from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.lm.ngram import NGram
from tingshuo.text.normalize import normalize
from tingshuo.text.segment import segment
from tingshuo.text.spelling import Vocabulary, vocabulary_of

_ENDS = re.compile(r"[。！？；!?;\n]+")
_HANZI = re.compile(r"[一-鿿]+")
_FIGURES = re.compile(r"[0-9%]")
_UNITS_OF_COST = 4
"""The lexicon counts costs in quarters of a natural logarithm."""
FEWEST = 2
"""Characters of a sentence that says anything of how words follow each other."""


def plain_text(text: str) -> str:
    """Return the Chinese characters of a text alone, as they are said: with figures in words."""
    spoken = normalize(text) if _FIGURES.search(text) else text
    return "".join(_HANZI.findall(spoken))


def sentences_of(texts: Iterable[str], held_out: Iterable[str]) -> Iterator[str]:
    """Yield each sentence of texts once, in characters alone; none of a text that is held out, whatever its punctuation."""
    kept_back = {plain_text(text) for text in held_out}
    seen = set(kept_back)
    for text in texts:
        if plain_text(text) in kept_back:
            continue
        for part in _ENDS.split(text):
            sentence = plain_text(part)
            if len(sentence) >= FEWEST and sentence not in seen:
                seen.add(sentence)
                yield sentence


def teach_language(
    texts: Iterable[str], held_out: Iterable[str], order: int = 3, tell: Callable[[float], None] | None = None
) -> tuple[NGram, Vocabulary]:
    """Return a language model of words and how they sound.

    Parameters
    ----------
    texts : iterable of str
        As they are written, of any length.
    held_out : iterable of str
        Texts that a recogniser will be judged by, which the model must not know.
    order : int
        Words of the longest n-grams.
    tell : callable or None
        Told the share of the work that is done.

    Raises
    ------
    DataError
        There is no sentence.
    """
    lexicon, told = load_lexicon(), tell or (lambda _: None)
    prior = {word: math.exp(-entry.cost / _UNITS_OF_COST) for word, entry in lexicon.entries() if _HANZI.fullmatch(word)}
    told(0.1)
    words = [[token.text for token in segment(sentence, lexicon)] for sentence in sentences_of(texts, held_out)]
    told(0.4)
    model = estimate(words, order, prior=prior)
    told(0.9)
    return model, vocabulary_of(lexicon, model.units)
