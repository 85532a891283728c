"""Punctuation for recognised speech: where ，、。？！ belong in Chinese text that came without marks.

A small convolutional net looks at the characters, the words of the lexicon and their parts of speech around each gap and scores
no mark, ，, 、 and the end of a sentence; rules on the words of a sentence decide whether its end is 。？ or ！
(`tingshuo.text.punctuate_ends`). Where the recogniser knows how long the speaker paused after each character, the pauses move
the scores. 0.28 M parameters, run in numpy; ``scripts/train_punctuation.py`` makes the data file and says from what.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import RequestError
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.punctuate_ends import end_mark
from tingshuo.text.segment import segment

CLASSES = ("", "，", "、", "。")
"""What the net scores at each gap, in the order of its outputs; 。 stands for any end of a sentence."""
DILATIONS = (1, 2, 4)
"""Distance of the five characters that a layer sees; the net sees 14 to either side."""
WORD_ROWS = 4096
"""Rows of the table of words, which words share by their hash."""
_TAPS = 5
_UNKNOWN, _LATIN, FIRST = 0, 1, 2
"""Rows of the table of characters: what is not in it, a Latin word or number, the first character."""
_PIECE = 400
"""Most units that the net sees at once; a longer text is cut into overlapping pieces."""
_OVERLAP = 2 * sum(DILATIONS)
_UNIT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|[.'’:/+&@%°-](?=[A-Za-z0-9]))*[%℃]?|\S")
_MARKED = re.compile(r"[，。？！；：、…]|[,.?!;:](?=\s|$)")
_HANZI = re.compile("[\u3400-\u9fff\U00020000-\U000323af]")


class Unit(NamedTuple):
    """A character, or a Latin word or number, that a mark may follow: characters ``start`` to ``end`` of the text."""

    start: int
    end: int


class Features(NamedTuple):
    """Rows of the net's tables for each unit of a text, (T,) each."""

    chars: NDArray[np.int64]
    words: NDArray[np.int64]
    tags: NDArray[np.int64]
    places: NDArray[np.int64]


def punctuate(text: str, pauses: Sequence[float] | None = None) -> str:
    """Put punctuation into Chinese text that has none.

    Parameters
    ----------
    text : str
        What was recognised. A text that has marks already, or no Chinese character, is returned as it is.
    pauses : sequence of float, optional
        Seconds of silence after each character of ``text``, one number a character.

    Returns
    -------
    str
        The text with marks; nothing else is changed but blanks before which a mark was put.

    Raises
    ------
    RequestError
        When the pauses are not one finite number >= 0 for each character.
    """
    placed = marks(text, pauses)
    written = "".join(char + placed.get(i, "") for i, char in enumerate(text))
    return re.sub(r"(?<=[，、。？！])\s+", "", written) if placed else text


def marks(text: str, pauses: Sequence[float] | None = None, whole: Sequence[tuple[int, int]] = ()) -> dict[int, str]:
    """Say which marks belong into a text.

    Parameters
    ----------
    text : str
        What was recognised, without marks.
    pauses : sequence of float, optional
        Seconds of silence after each character.
    whole : sequence of pairs
        Ranges of the text, half open, inside which no mark may stand, such as numbers.

    Returns
    -------
    dict
        Index of a character to the mark after it. Empty for a text that has marks already, or no Chinese character.

    Raises
    ------
    RequestError
        When the pauses are not one finite number >= 0 for each character.
    """
    silence = _checked(pauses, len(text))
    if not _HANZI.search(text) or _MARKED.search(text):
        return {}
    units = units_of(text)
    scores = load_net().scores(features_of(text, units, load_rows()))
    if silence is not None:
        scores += _pause_scores(silence[[unit.end - 1 for unit in units]])
    inside = {i for start, end in whole for i in range(start, end - 1)}
    allowed = np.array([unit.end - 1 not in inside for unit in units])
    chosen = _decode(scores, allowed)
    placed, begin = {}, 0
    for unit, kind in zip(units, chosen, strict=True):
        mark = CLASSES[kind]
        if mark == "。":
            mark, begin = end_mark(text[begin : unit.end]), unit.end
        if mark:
            placed[unit.end - 1] = mark
    return placed


def units_of(text: str) -> list[Unit]:
    """Cut a text into what a mark may follow: characters, Latin words, numbers; blanks belong to none."""
    return [Unit(*match.span()) for match in _UNIT.finditer(text)]


def features_of(text: str, units: Sequence[Unit], rows: Mapping[str, int]) -> Features:
    """Look up the rows of the net's tables for each unit of a text; ``rows`` has those of the characters."""
    at = {}
    for token in segment(text, load_lexicon()):
        word, length = zlib.crc32(token.text.encode()) % WORD_ROWS, len(token.text)
        for k in range(length):
            place = 0 if length == 1 else 1 if k == 0 else 3 if k == length - 1 else 2
            at[token.start + k] = word, ord(token.entry.tag) - 65, place
    words, tags, places = np.array([at[unit.start] for unit in units], np.int64).reshape(-1, 3).T
    latin = np.array([text[unit.start].isascii() for unit in units], bool)
    chars = np.array([rows.get(text[unit.start], _UNKNOWN) for unit in units], np.int64)
    chars[latin], words[latin] = _LATIN, 0
    return Features(chars, words, tags, places)


class PunctuationNet:
    """The net with its weights; read-only, `load_net` makes the one that everybody shares."""

    def __init__(self, tensors: dict[str, NDArray[np.floating]]) -> None:
        self._tensors = {name: value.astype(np.float32) for name, value in tensors.items()}

    def scores(self, features: Features) -> NDArray[np.float32]:
        """Return the score of each class after each unit, (T, 4); natural logarithms of odds up to a constant."""
        n = len(features.chars)
        if n <= _PIECE:
            return self._run(features)
        parts = []
        for start in range(0, n, _PIECE):
            low, high = max(0, start - _OVERLAP), min(n, start + _PIECE + _OVERLAP)
            parts.append(self._run(Features(*(row[low:high] for row in features)))[start - low : start - low + _PIECE])
        return np.concatenate(parts)

    def _run(self, features: Features) -> NDArray[np.float32]:
        t = self._tensors
        kind = t["tags"][features.tags] + t["places"][features.places]
        x = np.concatenate([t["chars"][features.chars], t["words"][features.words], kind], axis=1)
        for layer, dilation in enumerate(DILATIONS):
            y = np.maximum(_neighbours(x, dilation) @ t[f"layer{layer}"] + t[f"bias{layer}"], 0)
            x = x + y if layer else y
        scores: NDArray[np.float32] = x @ t["output"] + t["output_bias"]
        return scores


def _neighbours(x: NDArray[np.float32], dilation: int) -> NDArray[np.float32]:
    """Put the vectors of five places side by side, zeros beyond the ends; (T, H) -> (T, 5 H)."""
    n, width = x.shape
    reach = dilation * (_TAPS // 2)
    padded = np.zeros((n + 2 * reach, width), np.float32)
    padded[reach : reach + n] = x
    return np.concatenate([padded[k * dilation : k * dilation + n] for k in range(_TAPS)], axis=1)


def _decode(scores: NDArray[np.float32], allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Choose a class for each gap: the best one, no two marks in a row, and an end at the end."""
    chosen = np.where(allowed, scores.argmax(axis=1), 0)
    gain = scores[np.arange(len(scores)), chosen] - scores[:, 0]
    chosen[-1], gain[-1] = 3, np.inf
    for i in range(len(chosen) - 1):
        if chosen[i] and chosen[i + 1]:
            chosen[i if gain[i] < gain[i + 1] else i + 1] = 0
    return chosen


def _pause_scores(pauses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score the classes by the silence at each gap, (T, 4).

    A comma in running speech is worth about 0.2 s and the end of a sentence 0.5 s, and many commas have no pause, so that its
    absence says little. Set by hand, not learnt: the texts that the net was taught with have no times.
    """
    any_mark = np.clip(10 * (pauses - 0.2), -1.0, 4.0)
    end = any_mark + np.clip(6 * (pauses - 0.5), -0.5, 3.0)
    enumeration = np.minimum(any_mark, 2.0)
    return np.stack([np.zeros_like(pauses), any_mark, enumeration, end], axis=1)


def _checked(pauses: Sequence[float] | None, length: int) -> NDArray[np.float64] | None:
    if pauses is None:
        return None
    silence = np.asarray(pauses, np.float64)
    if silence.shape != (length,):
        raise RequestError(f"{silence.size} pauses for {length} characters: give one number of seconds for each", param="pauses")
    if not (np.isfinite(silence).all() and (silence >= 0).all()):
        raise RequestError("a pause is negative or no number: pauses are seconds of silence, 0 or more", param="pauses")
    return silence


@cache
def _read() -> dict[str, NDArray[np.floating]]:
    from safetensors.numpy import load  # imported here: not needed before there is something to punctuate

    return dict(load((files("tingshuo.text") / "data" / "punctuation.safetensors").read_bytes()))


@cache
def load_rows() -> dict[str, int]:
    """Return the row of each character in the table of characters, read at the first call."""
    return {chr(code): row for row, code in enumerate(_read()["characters"].tolist(), start=FIRST)}


@cache
def load_net() -> PunctuationNet:
    """Return the shared net, read at the first call."""
    return PunctuationNet({name: value for name, value in _read().items() if name != "characters"})
