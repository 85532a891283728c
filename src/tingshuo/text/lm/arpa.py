r"""ARPA files: n-gram models as text, which every toolkit reads and writes.

A header with how many n-grams of each length there are, then a section for each: log10 of the probability, the units with blanks
between them, and, but for the longest, log10 of the back-off weight; ``\end\`` ends it. Described at
http://www.speech.sri.com/projects/srilm/manpages/ngram-format.5.html.
"""

import gzip
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TextIO, cast

from tingshuo.errors import DataError, OutputError
from tingshuo.text.lm.ngram import BEGIN, END, NEVER, UNKNOWN, Gram, NGram
from tingshuo.text.lm.tree import Figures, build

_LOG_10 = math.log(10.0)
_COUNT = re.compile(r"ngram\s+(\d+)\s*=\s*(\d+)")
_SECTION = re.compile(r"\\(\d+)-grams:")
_UNKNOWN_NAMES = {"<UNK>": UNKNOWN, "<S>": BEGIN, "</S>": END}


def write_arpa(model: NGram, path: Path) -> None:
    """Write a model; compressed when the name ends in ``.gz``.

    Raises
    ------
    OutputError
        The path cannot be written; nothing is left behind.
    """
    half = path.with_name(f".{path.name}.half")
    try:
        with _opened(half, "wt", packed=path.suffix == ".gz") as file:
            file.writelines(f"{line}\n" for line in _lines(model))
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def read_arpa(path: Path) -> NGram:
    """Read a model, compressed or not.

    Raises
    ------
    DataError
        It is no ARPA file; the message says at which line.
    """
    try:
        with path.open("rb") as head:
            packed = head.read(2) == b"\x1f\x8b"
        with _opened(path, "rt", packed=packed) as file:
            return _Reader(path).read(file)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as an ARPA file: {error}") from error


def _opened(path: Path, mode: Literal["rt", "wt"], *, packed: bool) -> TextIO:
    return cast(TextIO, gzip.open(path, mode, encoding="utf-8")) if packed else cast(TextIO, path.open(mode, encoding="utf-8"))


def _lines(model: NGram) -> Iterator[str]:
    yield "\\data\\"
    for length, level in enumerate(model.levels, 1):
        yield f"ngram {length}={len(level.units)}"
    for length in range(1, model.order + 1):
        yield ""
        yield f"\\{length}-grams:"
        for gram, log_prob, back_off in model.grams(length):
            spelled = " ".join(model.units[unit] for unit in gram)
            weight = f"\t{back_off / _LOG_10:.7g}" if length < model.order else ""
            yield f"{log_prob / _LOG_10:.7g}\t{spelled}{weight}"
    yield ""
    yield "\\end\\"


class _Reader:
    """Reads one file, line by line."""

    def __init__(self, path: Path) -> None:
        self._path, self._line = path, 0
        self._counts: dict[int, int] = {}
        self._ids: dict[str, int] = {}
        self._figures: list[dict[Gram, tuple[float, float]]] = []

    def read(self, lines: Iterable[str]) -> NGram:
        ended = False
        for self._line, line in enumerate(lines, 1):
            text = line.strip()
            if ended or not text:
                continue
            if text == "\\end\\":
                ended = True
            elif (section := _SECTION.fullmatch(text)) is not None:
                self._begin(int(section[1]))
            elif self._figures:
                self._take(text)
            elif (count := _COUNT.fullmatch(text)) is not None:
                self._counts[int(count[1])] = int(count[2])
        if not ended:
            raise self._error(f"it ends without {chr(92)}end{chr(92)}; it is no ARPA file, or a part of one is missing")
        return self._built()

    def _begin(self, length: int) -> None:
        if length != len(self._figures) + 1 or length not in self._counts:
            raise self._error(f"n-grams of {length} units are not expected here; sections go 1, 2, ... as the header has them")
        self._figures.append({})

    def _take(self, text: str) -> None:
        """Read an n-gram."""
        length, fields = len(self._figures), text.split()
        if not length < len(fields) <= length + 2:
            raise self._error(f"an n-gram of {length} units has {length + 1} or {length + 2} fields, this line has {len(fields)}")
        units = [_UNKNOWN_NAMES.get(unit, unit) for unit in fields[1 : length + 1]]
        try:
            log_prob, weight = (float(value) * _LOG_10 for value in (fields[0], (fields[length + 1 :] or ["0"])[0]))
        except ValueError:
            raise self._error("a probability or a weight is no number") from None
        if not (log_prob <= 0 and math.isfinite(weight)):  # infinitely unlikely is said by some
            raise self._error(f"{fields[0]} is no logarithm of a probability, or the weight behind the n-gram is none")
        if length == 1:
            self._ids.setdefault(units[0], len(self._ids))
        try:
            gram = tuple(self._ids[unit] for unit in units)
        except KeyError as error:
            raise self._error(f"the unit {error} is not among those of one unit") from None
        if gram in self._figures[-1]:
            raise self._error(f"the n-gram {' '.join(units)} is there twice")
        self._figures[-1][gram] = max(log_prob, NEVER), weight

    def _built(self) -> NGram:
        for length, found in enumerate(self._figures, 1):
            if len(found) != self._counts[length]:
                raise self._error(f"the header has {self._counts[length]} n-grams of {length} units, the file {len(found)}")
        if len(self._figures) != len(self._counts) or not self._ids:
            raise self._error("sections that the header has are missing")
        units, figures = list(self._ids), self._figures
        for unit in (UNKNOWN, BEGIN, END):
            if unit not in self._ids:
                figures[0][(len(units),)] = NEVER, 0.0
                units.append(unit)
        return build(units, _closed(figures))

    def _error(self, what: str) -> DataError:
        return DataError(f"{self._path}: line {self._line}: {what}")


def _closed(figures: list[dict[Gram, tuple[float, float]]]) -> list[Figures]:
    """Return n-grams with the beginnings that some toolkits prune away, as likely as they are by backing off."""
    for length in range(len(figures) - 1, 1, -1):
        shorter = figures[length - 1]
        for gram in [gram[:-1] for gram in figures[length] if gram[:-1] not in shorter]:
            shorter.setdefault(gram, (_backed_off(figures, gram), 0.0))
    return list(figures)


def _backed_off(figures: list[dict[Gram, tuple[float, float]]], gram: Gram) -> float:
    if (found := figures[len(gram) - 1].get(gram)) is not None:
        return found[0]
    return figures[len(gram) - 2].get(gram[:-1], (0.0, 0.0))[1] + _backed_off(figures, gram[1:])
