"""Words with pinyin to the tokens that EmotiVoice's voices were trained on.

A Mandarin syllable is an initial (may be missing) and a final with its tone: ``zh ang1``. Between syllables of a word stands
``sp0``, between words ``sp1``, at a pause ``sp3``. English phones stand in brackets, ``[HH] [AH0]``, between words of them stands
``engsp1``, or ``engsp4`` at a pause. ``<sos/eos>`` opens and closes. Where we spell otherwise than its own front end, the voices
were trained with its spelling, so that is what they get: ``r ii4`` for *ri*, and ``y ve4`` for *yue*, a slip that became a habit.

Erhua is a token of its own, ``ianr3``, where the voice has that one; otherwise the syllable *er* follows, which is what its front
end says for 儿. The tones are those that are spoken, after sandhi, as in the sample sentences that come with the voices.

Source: ``frontend.py``, ``frontend_cn.py``, ``frontend_en.py``, ``data/inference/text`` and ``data/youdao/text/tokenlist`` of
https://github.com/netease-youdao/EmotiVoice (Apache-2.0, Youdao).
"""

from collections.abc import Container, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import TextError
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.text.symbols import split_syllable
from tingshuo.types import Syllable, Word

EDGE = "<sos/eos>"
INSIDE, BETWEEN, PAUSE = "sp0", "sp1", "sp3"
"""Between syllables of a word, between words, and where punctuation stands."""
ENGLISH_BETWEEN, ENGLISH_PAUSE, TO_MANDARIN = "engsp1", "engsp4", "eng_cn_sp"
_SPELT = {("r", "iii"): ("r", "ii"), ("", "io"): ("y", "o")}
"""Our initial and final to its, where the pinyin does not matter."""


def syllable_tokens(pinyin: str, vocabulary: Container[str]) -> tuple[str, ...]:
    """Return the tokens of a Mandarin syllable.

    Parameters
    ----------
    pinyin : str
        As for `tingshuo.text.symbols.split_syllable`: ``zhang1``, ``dianr3``.
    vocabulary : container of str
        Tokens of the voice; they decide how erhua is spelt.

    Returns
    -------
    tuple of str
        ``("zh", "ang1")``; ``("d", "ianr3")``, or ``("d", "ian3", "sp0", "er5")`` where the voice has no such token.

    Raises
    ------
    TextError
        Not a Mandarin syllable.
    """
    parts = split_syllable(pinyin)
    initial, final = _SPELT.get((parts.initial, parts.final), (parts.initial, parts.final))
    if (initial, final) == ("", "ve"):
        initial = "y"
    head = (initial,) if initial else ()
    if not parts.erhua:
        return *head, f"{final}{parts.tone}"
    rhotacised = f"{final}r{parts.tone}"
    return (*head, rhotacised) if rhotacised in vocabulary else (*head, f"{final}{parts.tone}", INSIDE, "er5")


def sentence_tokens(words: Sequence[Word], vocabulary: Container[str]) -> tuple[str, ...]:
    """Return the tokens of a sentence.

    Parameters
    ----------
    words : sequence of Word
        Words and pauses; how long a pause is asked to last has no token, and pauses at either end have none.
    vocabulary : container of str
        Tokens of the voice.

    Raises
    ------
    TextError
        A token that the voice does not know.
    """
    return tuple(token for token, _, _ in _owned_tokens(words, vocabulary))


def encode_words(words: Sequence[Word], index: Mapping[str, int]) -> Symbols:
    """Turn words into the ids of their tokens; ``index`` has the row of each.

    Raises
    ------
    TextError
        A token that the voice does not know.
    """
    tokens, word_index, syllable_index = zip(*_owned_tokens(words, index), strict=True)
    ids = np.array([index[token] for token in tokens], np.int64)
    return Symbols(ids, np.array(word_index, np.int64), np.array(syllable_index, np.int64))


def _owned_tokens(words: Sequence[Word], vocabulary: Container[str]) -> list[tuple[str, int, int]]:
    """Tokens with the word and the syllable of it that each belongs to, -1 for what stands between syllables."""
    tokens = [(EDGE, -1, -1)]
    last: Syllable | None = None
    paused = False
    for w, word in enumerate(words):
        paused = paused or not word.syllables
        for k, syllable in enumerate(word.syllables):
            if last is not None:
                gap = _gap(bool(last.phones), bool(syllable.phones), paused=paused, new_word=k == 0)
                tokens += [(token, -1, -1) for token in gap]
            spelt = _english(syllable) if syllable.phones else syllable_tokens(syllable.pinyin, vocabulary)
            tokens += [(token, w, k) for token in spelt]
            last, paused = syllable, False
    tokens.append((EDGE, -1, -1))
    unknown = next((token for token, _, _ in tokens if token not in vocabulary), None)
    if unknown is not None:
        text = "".join(word.text for word in words)
        raise TextError(f"this voice has no token {unknown!r}, which {text!r} needs; say it in other words")
    return tokens


def token_ids(tokens: Sequence[str], vocabulary: Sequence[str]) -> NDArray[np.int64]:
    """Return the ids of tokens, (N,); an id is the token's place in the vocabulary.

    Raises
    ------
    TextError
        A token that the vocabulary lacks.
    """
    index = {token: place for place, token in enumerate(vocabulary)}
    unknown = next((token for token in tokens if token not in index), None)
    if unknown is not None:
        raise TextError(f"this voice has no token {unknown!r}; it knows {len(index)}, such as {', '.join(list(index)[:5])}")
    return np.array([index[token] for token in tokens], np.int64)


def _gap(was_english: bool, is_english: bool, *, paused: bool, new_word: bool) -> tuple[str, ...]:
    """The token between two syllables."""
    if was_english and is_english:
        return (ENGLISH_PAUSE,) if paused else (ENGLISH_BETWEEN,) if new_word else ()
    if was_english:
        return (TO_MANDARIN,)  # with or without punctuation
    if paused:
        return (PAUSE,)
    return (BETWEEN,) if new_word or is_english else (INSIDE,)


def _english(syllable: Syllable) -> tuple[str, ...]:
    """The phones of an English syllable, vowels with their stress: ``L OW1`` to ``[L]``, ``[OW1]``."""
    return tuple(f"[{phone}]" for phone in syllable.pinyin.split())
