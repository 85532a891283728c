"""Two evaluations of the same rows or texts side by side: what is better, what is worse, what cannot be told apart.

Works on what `tingshuo.tasks.evaluate.page.to_json` makes, so an evaluation that was saved can be compared with a new one.
Measures that every row has are compared row by row, which cancels what the rows differ in: the interval is a bootstrap of the
mean difference. The others (opinions of stretches, contours of tones) are compared by their means, with the normal interval of
a difference of independent means: the root of the summed squares of their own half widths.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tingshuo.errors import DataError
from tingshuo.tasks.evaluate.figures import KINDS, MEASURES, summarise


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure of two evaluations: ``new`` minus ``old`` with its 95 % interval.

    ``n`` values are behind it, of each evaluation; ``paired`` when they were compared row by row.
    """

    measure: str
    kind: str
    old: float
    new: float
    difference: float
    low: float
    high: float
    n: int
    paired: bool

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` where the interval leaves out zero, else ``same``; empty where neither side is better."""
        better = MEASURES[self.measure].better
        if not better:
            return ""
        if not (self.low > 0 or self.high < 0):
            return "same"
        return "better" if (self.difference > 0) == (better == "higher") else "worse"

    @property
    def text(self) -> str:
        """The difference as it is shown: value, interval, * when it was compared row by row."""
        digits = self.digits
        interval = "" if math.isnan(self.low) else f" [{self.low:+.{digits}f}, {self.high:+.{digits}f}]"
        return f"{self.difference:+.{digits}f}{interval}{'*' if self.paired else ''}"

    @property
    def digits(self) -> int:
        """Decimals that a difference is worth: one more than its measure."""
        return MEASURES[self.measure].digits + 1

    def to_json(self) -> dict[str, Any]:
        """Return plain values; NaN becomes None."""
        plain = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in asdict(self).items()}
        return plain | {"verdict": self.verdict}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Compare two evaluations.

    Parameters
    ----------
    old, new : mapping
        From `tingshuo.tasks.evaluate.page.to_json`.

    Returns
    -------
    list of Difference
        In the order of the measures. What was measured of one alone is left out, and so are the recordings, which both share.

    Raises
    ------
    DataError
        They are not of the same rows.
    """
    texts = [[(row["id"], row["text"]) for row in side["rows"]] for side in (old, new)]
    if texts[0] != texts[1]:
        subjects = " and ".join(f"{side['n']} of {side['subject']}" for side in (old, new))
        raise DataError(f"the evaluations are not of the same rows: {subjects}; evaluate both with the same options")
    figures = [{(f["measure"], f["kind"]): f for f in side["figures"]} for side in (old, new)]
    rows = [[row["measures"] for row in side["rows"]] for side in (old, new)]
    found = []
    for measure in MEASURES:
        for kind in KINDS:
            if kind == "recording" or not all((measure, kind) in side for side in figures):
                continue
            values = [[own.get(kind, {}).get(measure) for own in side] for side in rows]
            pairs = [b - a for a, b in zip(*values, strict=True) if a is not None and b is not None]
            before, after = (side[measure, kind] for side in figures)
            found.append(_paired(measure, kind, before, after, pairs) if pairs else _apart(measure, kind, before, after))
    return found


def _paired(measure: str, kind: str, old: Mapping[str, Any], new: Mapping[str, Any], values: list[float]) -> Difference:
    mean = summarise(measure, kind, values)
    assert mean is not None
    return Difference(measure, kind, old["value"], new["value"], mean.value, mean.low, mean.high, mean.n, True)


def _apart(measure: str, kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    difference = new["value"] - old["value"]
    if None in (old["low"], new["low"]):  # a single value has no interval
        spread = math.nan
    else:
        spread = float(np.hypot(old["high"] - old["low"], new["high"] - new["low"])) / 2
    low, high = difference - spread, difference + spread
    return Difference(measure, kind, old["value"], new["value"], difference, low, high, min(old["n"], new["n"]), False)
