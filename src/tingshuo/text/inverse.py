"""Inverse text normalisation: recognised speech, which says its numbers, as people write it.

`inverse_normalize` turns 二零二六年三月五号我花了三块五 into 2026年3月5号我花了3.5元. `inverse_pieces` does the same and keeps
which characters became what, so that the times of the characters are not lost. What is written in figures and what stays is
told in `tingshuo.text.inverse_rules`; words that keep their numerals are in the lexicon and in `tingshuo.text.inverse_words`.
"""

import re
from typing import NamedTuple

from tingshuo.text.inverse_rules import RULES
from tingshuo.text.inverse_words import inner, masked
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.rules.rule import compiled
from tingshuo.text.segment import segment

_NUMERALS = re.compile("[零〇幺一二两三四五六七八九十百千万亿]")


class InversePiece(NamedTuple):
    """Characters ``begin`` to ``end`` of the input (half open) are ``written`` so."""

    begin: int
    end: int
    written: str


def inverse_normalize(text: str) -> str:
    """Write the numbers of recognised text in figures.

    Parameters
    ----------
    text : str
        Chinese as a recogniser writes it, with or without punctuation; figures and Latin words in it stay.

    Returns
    -------
    str
        The text as people write it; ``inverse_normalize`` of it is the same text.
    """
    return "".join(piece.written for piece in inverse_pieces(text))


def inverse_pieces(text: str) -> list[InversePiece]:
    """Write the numbers of recognised text in figures, and keep what became what.

    Parameters
    ----------
    text : str
        Chinese as a recogniser writes it.

    Returns
    -------
    list of InversePiece
        Consecutive pieces from the start to the end of the text: a number is one piece, every other character one of its own.
    """
    found = _numbers(text) if _NUMERALS.search(text) else {}
    pieces, i = [], 0
    while i < len(text):
        piece = found.get(i) or InversePiece(i, i + 1, text[i])
        pieces.append(piece)
        i = piece.end
    return pieces


def _numbers(text: str) -> dict[int, InversePiece]:
    """Find what is written in figures, by its begin; earlier rules win."""
    tokens = segment(text, load_lexicon())
    plain, inside = masked(text, tokens), inner(tokens)
    taken = bytearray(len(text))
    found = {}
    for rule in RULES:
        for match in compiled(rule.pattern).finditer(text if rule.sure else plain):
            start, end = match.span()
            if any(taken[start:end]) or (not rule.sure and end in inside):
                continue
            written = rule.write(match)
            if written is not None:
                taken[start:end] = b"\x01" * (end - start)
                found[start] = InversePiece(start, end, written)
    return found
