"""What people ask of a voice, compared with what it was taught with.

A file of inputs is JSON Lines, one request a line: ``text``, ``audio`` (a sound file, relative to the folder of the file), or
both; other keys are not read, so a log may be given as it is. Texts and recordings leave nothing but numbers.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError
from tingshuo.tasks.monitor.drift import ALARM, WATCH, groups, ks, psi, psi_by_chance, regroup
from tingshuo.tasks.monitor.statistics import (
    LABELS,
    Progress,
    Spread,
    Statistics,
    Values,
    counts_of,
    measure_recordings,
    sentence_lengths,
)

FEWEST = 20
"""Fewer values of a quantity are not judged."""
VERDICTS = {"steady": "稳定", "watch": "留意", "alarm": "报警", "too few": "太少"}
"""What is said of a quantity, and the Chinese for it."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Requests: their texts, and as rows those that have a recording."""

    texts: tuple[str, ...]
    rows: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a quantity, a key of `LABELS`, has moved.

    ``n`` and ``median`` are those of what the voice was taught with and of the inputs; ``by_chance`` is what the PSI of so few
    values stays below in 99 % of cases when nothing has changed; the verdict is a key of `VERDICTS`.
    """

    quantity: str
    n: tuple[int, int]
    median: tuple[float, float]
    psi: float
    by_chance: float
    ks: float
    p: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Drifts:
    """What came of a comparison; ``notes`` are sentences on what could not be compared."""

    found: tuple[Drift, ...]
    notes: tuple[str, ...]

    @property
    def alarms(self) -> tuple[Drift, ...]:
        """Quantities that have moved far."""
        return tuple(drift for drift in self.found if drift.verdict == "alarm")


def read_inputs(path: Path) -> Inputs:
    """Read a file of requests.

    Raises
    ------
    DataError
        It cannot be read or holds no request, or a line is not a JSON object with ``text`` or ``audio``; the message names it.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 (byte {error.start}); convert it, as with iconv -f GBK -t UTF-8") from error
    texts, rows = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        text, audio = _request(line, f"{path}, line {number}")
        if text is not None:
            texts.append(text)
        if audio is not None:
            rows.append(Utterance(id=str(number), audio=str(path.parent.absolute() / audio)))
    if not texts and not rows:
        raise DataError(f"{path}: holds no request")
    return Inputs(tuple(texts), tuple(rows))


def compare_inputs(reference: Statistics, inputs: Inputs, progress: Progress | None = None) -> Drifts:
    """Compare requests with what a voice was taught with.

    A quantity is to be watched, or is an alarm, when its PSI reaches `tingshuo.tasks.monitor.drift.WATCH` or ``ALARM`` and is
    more than chance makes of so few values.

    Parameters
    ----------
    reference : Statistics
        Of the voice.
    inputs : Inputs
        At least one request.
    progress : callable or None
        Told how many of how many recordings are read.
    """
    recorded, unread = measure_recordings(inputs.rows, progress=progress)
    values: Values = recorded | {"sentence_characters": sentence_lengths(inputs.texts)}
    found, notes = [], []
    if unread:
        notes.append(f"{len(unread)} recordings cannot be read; the first: {unread[0]}")
    for name, (_, label) in LABELS.items():
        spread = reference.spreads.get(name)
        if spread is not None and values[name]:
            found.append(_drift(name, spread, values[name]))
        elif values[name] or spread is not None:
            where = "the inputs have" if spread is not None else "the voice's statistics have"
            notes.append(f"{label}: not compared, {where} none")
    return Drifts(tuple(found), tuple(notes))


def plain(drifts: Drifts) -> dict[str, Any]:
    """Return a comparison as plain values."""
    found = [
        {
            "quantity": one.quantity,
            "n": {"taught": one.n[0], "asked": one.n[1]},
            "median": {"taught": one.median[0], "asked": round(one.median[1], 3)},
            "psi": round(one.psi, 4),
            "psi_by_chance": round(one.by_chance, 4),
            "ks": round(one.ks, 4),
            "p": one.p,
            "verdict": one.verdict,
        }
        for one in drifts.found
    ]
    return {"drift": found, "alarm": bool(drifts.alarms), "notes": list(drifts.notes)}


def _drift(name: str, reference: Spread, values: Sequence[float]) -> Drift:
    taught, asked = np.array(reference.counts), np.array(counts_of(values, reference.edges))
    starts = groups(taught)
    moved = psi(regroup(taught, starts), regroup(asked, starts))
    chance = psi_by_chance(len(starts), reference.n, len(values))
    test = ks(taught, asked)
    verdict = "too few" if min(reference.n, len(values)) < FEWEST else _verdict(moved, chance)
    medians = (reference.median, float(np.median(values)))
    return Drift(name, (reference.n, len(values)), medians, moved, chance, test.distance, test.p, verdict)


def _verdict(moved: float, chance: float) -> str:
    if moved < max(WATCH, chance):
        return "steady"
    return "alarm" if moved >= ALARM else "watch"


def _request(line: str, where: str) -> tuple[str | None, str | None]:
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: is not JSON: {error.msg}") from error
    if not isinstance(fields, dict):
        raise DataError(f"{where}: must be a JSON object with text, audio or both")
    text, audio = fields.get("text"), fields.get("audio")
    if not isinstance(text, str | None) or not isinstance(audio, str | None) or not (text or audio):
        raise DataError(f"{where}: must have text, audio or both, as strings")
    return text or None, audio or None
