"""Bands: between which limits a figure has to stay. They are written by the user, or learnt from the first rounds.

A voice says the same texts alike to the last bit, so most figures do not move at all until the bundle, a library or the machine
changes; only the real-time factor is noisy. A learnt band is therefore never narrower than what another choice of rows would
have made of the figure (the half width of its 95 % interval), nor than a fiftieth of it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, EngineNotInstalledError
from tingshuo.tasks.monitor.readings import Reading, known_names, measure_of, written

ROUNDS = 8
"""Rounds that bands are learnt from. A figure that is normally distributed leaves a band of three standard deviations, learnt
from eight rounds, by chance in 1.3 % of rounds on one side: Student's t with 7 degrees of freedom beyond 3 / sqrt(1 + 1/8)."""
DEVIATIONS = 3.0
"""Half width of a learnt band in standard deviations of those rounds."""
LEAST_SHARE = 0.02
"""It is at least such a share of the mean."""
LEAST_POINTS = 1.0
"""And of percentages so many points: one odd syllable among hundreds is no alarm."""


class Band(StrictModel, frozen=True):
    """Limits of a figure, themselves inside; None is no limit on that side."""

    low: float | None = None
    high: float | None = None

    def place(self, value: float) -> str:
        """Return ``below``, ``inside`` or ``above``."""
        if self.low is not None and value < self.low:
            return "below"
        return "above" if self.high is not None and value > self.high else "inside"

    def text(self, name: str) -> str:
        """Return the band of a figure in words."""
        limits = [written(name, limit) for limit in (self.low, self.high) if limit is not None]
        if len(limits) == 2:
            return " to ".join(limits)
        return f"at {'most' if self.low is None else 'least'} {limits[0]}" if limits else ""


def read_bands(path: Path) -> dict[str, Band]:
    """Read a file of bands: YAML, or JSON where its name ends with ``.json``; figures with ``low``, ``high`` or both.

    Raises
    ------
    ConfigError
        The file cannot be read, names a figure that is not watched (the message lists those that are), or has a wrong band.
    EngineNotInstalledError
        It is YAML, and the package that reads YAML is missing.
    """
    fields = _parse(path)
    if not isinstance(fields, dict) or not fields:
        raise ConfigError(f"{path}: must hold figures and their bands, such as dnsmos_ovrl: {{low: 2.9}}")
    known = known_names()
    for name in fields:
        if name not in known:
            raise ConfigError(f"{path}: unknown figure {name!r}; known: {', '.join(known)}")
    return {name: _check(limits, f"{path}: {name}") for name, limits in fields.items()}


def learn(rounds: Sequence[Sequence[Reading]]) -> dict[str, Band] | None:
    """Learn bands from the first `ROUNDS` rounds; None while there are fewer.

    A band is the mean and `DEVIATIONS` standard deviations (but see `LEAST_SHARE`) to the side on which the figure gets worse,
    to both where neither is worse.

    Parameters
    ----------
    rounds : sequence of sequences of Reading
        The oldest first; figures that not all of the first ones have get no band.
    """
    if len(rounds) < ROUNDS:
        return None
    first = [{reading.name: reading for reading in one} for one in rounds[:ROUNDS]]
    shared = [name for name in known_names() if all(name in one for one in first)]
    return {name: _learnt(name, [one[name] for one in first]) for name in shared}


def _learnt(name: str, readings: Sequence[Reading]) -> Band:
    values = np.array([reading.value for reading in readings])
    mean, measure = float(values.mean()), measure_of(name)
    spans = [(reading.high - reading.low) / 2 for reading in readings if math.isfinite(reading.high - reading.low)]
    half = max(
        DEVIATIONS * float(values.std(ddof=1)),
        max(spans, default=0.0),
        LEAST_SHARE * abs(mean),
        LEAST_POINTS if measure.unit == "%" else 0.0,
    )
    return Band(None if measure.better == "lower" else mean - half, None if measure.better == "higher" else mean + half)


def _parse(path: Path) -> Any:
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".json":
            return json.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is not UTF-8, or not JSON: {error}") from error
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise EngineNotInstalledError(
            f"{path}: YAML needs the package {error.name!r}: pip install pyyaml installs it; a file of JSON that ends with "
            ".json needs nothing"
        ) from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        raise ConfigError(f"{path}{line}: is not YAML: {getattr(error, 'problem', None) or error}") from error


def _check(limits: object, source: str) -> Band:
    unknown = sorted(map(str, set(limits) - {"low", "high"})) if isinstance(limits, Mapping) else []
    if unknown:
        raise ConfigError(f"{source}: unknown key {unknown[0]!r}; accepted: low, high")
    band = Band.check(limits, source)
    known = [limit for limit in (band.low, band.high) if limit is not None]
    if not known or not all(map(math.isfinite, known)) or known != sorted(known):
        raise ConfigError(f"{source}: must have low, high or both, finite, low not above high")
    return band
