"""Texts to word pieces, as BERT reads them.

A text is cleaned, Chinese characters are set apart, letters made small and their accents taken off, then words and punctuation
are cut into the longest pieces that the vocabulary has, from the left; a piece inside a word begins with ``##``. ``[CLS]`` opens
and ``[SEP]`` closes. A mark such as ``[SEP]`` that is written in a text is text here.

Source: Devlin et al. 2019, "BERT", and the code published with it, https://github.com/google-research/bert (Apache-2.0); the
order of the steps is that of the fast tokenizer of Hugging Face, with which the prompts of trained voices were cut.
"""

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import TextError

BEGIN, END, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
INSIDE = "##"
LONGEST_WORD = 100
"""Characters; a longer word is unknown."""
_CHINESE = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)
"""Blocks of ideographs in Unicode, those that BERT sets apart."""


class WordPieces:
    """Cuts texts.

    Parameters
    ----------
    vocabulary : sequence of str
        Pieces in the order of their ids.
    lower : bool
        Make letters small.
    strip_accents : bool or None
        Take accents off; None does what ``lower`` does.
    chinese : bool
        Set every Chinese character apart.

    Raises
    ------
    TextError
        The vocabulary lacks a mark.
    """

    def __init__(
        self, vocabulary: Sequence[str], *, lower: bool = True, strip_accents: bool | None = None, chinese: bool = True
    ) -> None:
        self._ids = {piece: index for index, piece in enumerate(vocabulary)}
        missing = [mark for mark in (BEGIN, END, UNKNOWN) if mark not in self._ids]
        if missing:
            raise TextError(f"a vocabulary of word pieces needs {missing[0]}, and this one has none; it is another model's")
        self._lower, self._chinese = lower, chinese
        self._strip = lower if strip_accents is None else strip_accents

    def cut(self, text: str) -> list[str]:
        """Return the pieces of a text, without the marks at its ends."""
        return [piece for word in _words(self._normal(text)) for piece in self._pieces(word)]

    def encode(self, text: str, limit: int = 512) -> NDArray[np.int64]:
        """Return the ids of a text's pieces with the marks at its ends, (N,).

        Parameters
        ----------
        text : str
            Any text.
        limit : int
            Most ids that the net can read.

        Raises
        ------
        TextError
            There are more.
        """
        pieces = [BEGIN, *self.cut(text), END]
        if len(pieces) > limit:
            raise TextError(f"the text has {len(pieces)} word pieces, and the net reads {limit}; give shorter sentences")
        return np.array([self._ids[piece] for piece in pieces], np.int64)

    def _normal(self, text: str) -> str:
        text = "".join(" " if one.isspace() else one for one in text if not _is_dropped(one))
        if self._chinese:
            text = "".join(f" {one} " if _is_chinese(one) else one for one in text)
        if self._strip:
            text = "".join(one for one in unicodedata.normalize("NFD", text) if unicodedata.category(one) != "Mn")
        # One by one: a sigma at the end of a word would become another letter than the vocabulary has.
        return "".join(one.lower() for one in text) if self._lower else text

    def _pieces(self, word: str) -> list[str]:
        if len(word) > LONGEST_WORD:
            return [UNKNOWN]
        pieces: list[str] = []
        start = 0
        while start < len(word):
            prefix = INSIDE if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if f"{prefix}{word[start:end]}" in self._ids), None)
            if end is None:
                return [UNKNOWN]  # the whole word, even where it begins with pieces that are known
            pieces.append(f"{prefix}{word[start:end]}")
            start = end
        return pieces


def _words(text: str) -> Iterator[str]:
    """Yield words, and every mark of punctuation alone."""
    for run in text.split():
        word = ""
        for one in run:
            if _is_punctuation(one):
                yield from (word, one) if word else (one,)
                word = ""
            else:
                word += one
        if word:
            yield word


def _is_dropped(one: str) -> bool:
    """Control characters, private ones and the mark of a character that could not be read; not blanks."""
    return one in "\0\ufffd" or (unicodedata.category(one).startswith("C") and one not in "\t\n\r")


def _is_chinese(one: str) -> bool:
    return any(first <= ord(one) <= last for first, last in _CHINESE)


def _is_punctuation(one: str) -> bool:
    """Punctuation of Unicode, and every sign of ASCII that is neither letter nor digit."""
    return unicodedata.category(one).startswith("P") or (one.isascii() and one.isprintable() and not one.isalnum())
