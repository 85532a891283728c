"""Recognised speech made readable: figures for spoken numbers, and punctuation, with the place of every character kept.

Marks are sought in the text as it was spoken, because the punctuation net was taught with that, but never inside a number; a
silence of a second or more parts two numbers.
"""

from collections.abc import Sequence

from tingshuo.text.inverse import InversePiece, inverse_pieces
from tingshuo.text.punctuate import marks

PARTING_S = 1.0
"""Seconds of silence that no number goes on after."""


def readable(text: str, pauses: Sequence[float] | None = None) -> str:
    """Write recognised text with figures and punctuation.

    Parameters
    ----------
    text : str
        Chinese as a recogniser writes it; Latin words and figures in it stay, and so do marks: a text that has some gets no more.
    pauses : sequence of float, optional
        Seconds of silence after each character of ``text``, one number a character.

    Returns
    -------
    str
        The text as people write it.

    Raises
    ------
    RequestError
        When the pauses are not one finite number >= 0 for each character.
    """
    return "".join(piece.written for piece in readable_pieces(text, pauses))


def readable_pieces(text: str, pauses: Sequence[float] | None = None) -> list[InversePiece]:
    """Write recognised text with figures and punctuation, and keep what became what.

    Parameters
    ----------
    text : str
        Chinese as a recogniser writes it.
    pauses : sequence of float, optional
        Seconds of silence after each character.

    Returns
    -------
    list of InversePiece
        Consecutive pieces from the start to the end of the text, each with the mark that follows it.

    Raises
    ------
    RequestError
        When the pauses are not one finite number >= 0 for each character.
    """
    cuts = [i + 1 for i, pause in enumerate(() if pauses is None else pauses[: len(text) - 1]) if pause >= PARTING_S]
    pieces = []
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        pieces += [InversePiece(begin + p.begin, begin + p.end, p.written) for p in inverse_pieces(text[begin:end])]
    placed = marks(text, pauses, [piece[:2] for piece in pieces if piece.end - piece.begin > 1])
    marked: list[InversePiece] = []
    for piece in pieces:
        after_mark = marked and marked[-1].written[-1:] in ("，", "、", "。", "？", "！", "") and piece.begin - 1 in placed
        written = "" if after_mark and piece.written.isspace() else piece.written
        marked.append(piece._replace(written=written + placed.get(piece.end - 1, "")))
    return marked
