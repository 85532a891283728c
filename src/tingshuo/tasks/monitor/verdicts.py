"""What is said of each figure of a round: inside its band, outside, or not to be judged yet."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tingshuo.tasks.monitor.bands import Band, learn
from tingshuo.tasks.monitor.readings import Reading, label_of, written

VERDICTS: Mapping[str, tuple[str, str]] = {
    "inside": ("在范围内", "inside its band"),
    "below": ("低于范围", "below its band"),
    "above": ("高于范围", "above its band"),
    "missing": ("没有量到", "not measured, though it has a band"),
    "learning": ("学习中", "the band is being learnt"),
    "free": ("没有范围", "has no band"),
}
"""Every verdict with its Chinese and English words."""
ALARMS = frozenset({"below", "above", "missing"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A reading with its band and verdict, one of `VERDICTS`; the value of what is missing is NaN and its ``n`` 0."""

    reading: Reading
    band: Band
    verdict: str

    @property
    def name(self) -> str:
        """Name of the figure."""
        return self.reading.name

    @property
    def alarming(self) -> bool:
        """Whether somebody has to look."""
        return self.verdict in ALARMS

    @property
    def sentence(self) -> str:
        """What is wrong, or is not, in words."""
        place, limits = VERDICTS[self.verdict][1], self.band.text(self.name)
        value = f"{label_of(self.name)} is {written(self.name, self.reading.value)}, " if self.reading.n else ""
        return f"{value or label_of(self.name) + ' is '}{place}{f' ({limits})' if limits else ''}"


def judge(
    readings: Sequence[Reading], earlier: Sequence[Sequence[Reading]], bands: Mapping[str, Band] | None
) -> tuple[Judged, ...]:
    """Judge the figures of a round.

    Parameters
    ----------
    readings : sequence of Reading
        Of this round.
    earlier : sequence of sequences of Reading
        Rounds before it that bands may be learnt from, the oldest first.
    bands : mapping or None
        Those that the user wrote; figures without one are ``free``. None learns them, see `tingshuo.tasks.monitor.bands.learn`.

    Returns
    -------
    tuple of Judged
        In the order of the readings, then those that have a band and were not measured: what stops being measured is an alarm.
    """
    used = learn(earlier) if bands is None else bands
    if used is None:
        return tuple(Judged(reading, Band(), "learning") for reading in readings)
    found = []
    for reading in readings:
        band = used.get(reading.name)
        found.append(Judged(reading, band or Band(), "free" if band is None else band.place(reading.value)))
    measured = {reading.name for reading in readings}
    lost = [Reading(name, math.nan, math.nan, math.nan, 0) for name in used if name not in measured]
    return (*found, *(Judged(reading, used[reading.name], "missing") for reading in lost))
