"""Files that lie beside a stranger's recogniser: its units of writing, and what its features are normalised by.

::

    tokens.txt      "unit number" a line, in any order; a line with a number alone is of the space (sherpa-onnx, icefall, WeNet);
                    or a unit a line (FunASR)
    tokens.json     a list of units (FunASR)
    am.mvn          Kaldi's text of a net that adds and multiplies: <AddShift>, <Rescale> (FunASR)

Sources: https://github.com/k2-fsa/sherpa-onnx (``symbol-table.cc``, Apache-2.0), https://github.com/modelscope/FunASR
(``load_cmvn``, MIT).
"""

import json
import re
from pathlib import Path

import numpy as np

from tingshuo.config.fbank import Cmvn
from tingshuo.errors import PortError

_BLANKS = " \t\r\f\v"
"""What may stand around a unit; the wide space of Chinese is a unit itself."""
_EXTRA = re.compile(r"#\d+")
"""Units that only a lexicon's graph has; lists of icefall end with them."""
_ROW = re.compile(r"<LearnRateCoef>\s+\S+\s+\[([^\]]*)\]")
MAX_UNITS = 1 << 20


def read_units(path: Path) -> tuple[str, ...]:
    """Read a list of units, in the order of their numbers.

    Raises
    ------
    PortError
        The file cannot be read, or the numbers are not 0, 1, 2 and so on, each once.
    """
    text = _text(path, "a list of units")
    if path.suffix == ".json":
        try:
            units = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise PortError(f"{path}: is not JSON: {error}") from error
        if not isinstance(units, list) or not units or not all(isinstance(unit, str) for unit in units):
            raise PortError(f"{path}: does not hold a list of units")
        return tuple(units)
    lines = [line.strip(_BLANKS) for line in text.split("\n")]
    rows = [(n, line) for n, line in enumerate(lines, 1) if line]
    if rows and not any(re.search(r"[ \t]\d+$", line) for _, line in rows):
        return tuple(line for _, line in rows)
    return _numbered(path, rows)


def _numbered(path: Path, rows: list[tuple[int, str]]) -> tuple[str, ...]:
    units: dict[int, str] = {}
    for n, line in rows:
        found = re.fullmatch(r"(?:([^ \t]+)[ \t]+)?(\d+)", line)
        if not found:
            raise PortError(f"{path}: line {n} is {line[:40]!r}, and should be a unit and its number")
        number = int(found[2])
        if number in units or number >= MAX_UNITS:
            why = "is there twice" if number in units else "is too large"
            raise PortError(f"{path}: line {n}: the number {number} {why}, so this is no list of units")
        units[number] = found[1] or " "
    missing = next((number for number in range(len(units)) if number not in units), None)
    if missing is not None or not units:
        raise PortError(f"{path}: no unit has the number {missing or 0}, so the list is not whole")
    return tuple(units[number] for number in range(len(units)))


def without_extra(units: tuple[str, ...], wanted: int) -> tuple[str, ...]:
    """Return a list of units without those at its end that no net scores, where that makes it as long as wanted."""
    return units[:wanted] if all(_EXTRA.fullmatch(unit) for unit in units[wanted:]) else units


def read_mvn(path: Path) -> Cmvn:
    """Read what features are normalised by.

    Raises
    ------
    PortError
        The file cannot be read or does not hold two rows of as many numbers.
    """
    rows = [row.split() for row in _ROW.findall(_text(path, "Kaldi's text of a net"))]
    try:
        shift, scale = (np.array(row, np.float64) for row in rows)
    except ValueError as error:
        raise PortError(f"{path}: does not hold <AddShift> and <Rescale> with a row of numbers each") from error
    if not len(shift) or shift.shape != scale.shape or not np.isfinite([shift, scale]).all():
        raise PortError(f"{path}: its rows of {len(shift)} and {len(scale)} numbers do not normalise anything")
    return Cmvn(tuple((0 - shift).tolist()), tuple(scale.tolist()))


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise PortError(f"{path}: cannot be read as {what}: {reason}") from error
