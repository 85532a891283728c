"""What a search tries: the keys of a config, the values of each, how many trials, and for how many steps.

::

    keys:
      loop.rate: {log_uniform: [1.0e-4, 1.0e-2]}
      dropout: {uniform: [0.1, 0.6]}
      net.dim: {choice: [128, 256, 384]}
    trials: 12
    steps: 2000
    halving: {factor: 3, rounds: 2}     # optional

What trial n tries follows from the seed and n alone, so a search may be given more trials later. Sources: J. Bergstra and Y.
Bengio 2012, "Random Search for Hyper-Parameter Optimization"; K. Jamieson and A. Talwalkar 2016, "Non-stochastic Best Arm
Identification and Hyperparameter Optimization" (successive halving).
"""

import math
import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import UNSET, Meta, UnsetType

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError
from tingshuo.train.config import read_yaml
from tingshuo.train.loop_config import Positive

Value = str | int | float | bool | None | list[Any]
Settings = dict[str, Any]
"""Dotted keys of a config and their values."""
_EXPONENT = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")
_LARGEST_GRID = 100_000
"""Of more different trials, two that are equal are hardly ever drawn."""
_DIGITS = 4
"""Significant digits of a number that is drawn: more says nothing, and these can be read."""


class Values(StrictModel, frozen=True, kw_only=True):
    """What a key may be: one of some values, or a number of a range, whose logarithm is spread evenly or itself."""

    choice: Annotated[list[Value], Meta(min_length=1)] | UnsetType = UNSET
    uniform: tuple[float, float] | UnsetType = UNSET
    log_uniform: tuple[float, float] | UnsetType = UNSET
    whole: bool = False
    """Whether a number of a range is rounded to a whole one."""

    def __post_init__(self) -> None:
        """Refuse several kinds at once, none, and ranges without numbers."""
        given = [one for one in (self.choice, self.uniform, self.log_uniform) if one is not UNSET]
        if len(given) != 1:
            raise ValueError("give one of choice, uniform and log_uniform")
        if isinstance(self.choice, list):
            if self.whole:
                raise ValueError("whole is for ranges; a choice has its values as they are")
            return
        low, high = self.range
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"a range needs a lower number and a higher one, got {low:g} and {high:g}")
        if self.log_uniform is not UNSET and low <= 0:
            raise ValueError(f"a logarithm needs numbers above 0, got {low:g}")

    @property
    def range(self) -> tuple[float, float]:
        """Least and largest number."""
        found = self.uniform if isinstance(self.uniform, tuple) else self.log_uniform
        assert isinstance(found, tuple), "a choice has no range"
        return found

    def draw(self, rng: np.random.Generator) -> Any:
        """Return a value."""
        if isinstance(self.choice, list):
            return self.choice[int(rng.integers(len(self.choice)))]
        low, high = self.range
        logarithm = self.log_uniform is not UNSET
        drawn = math.exp(rng.uniform(math.log(low), math.log(high))) if logarithm else rng.uniform(low, high)
        if self.whole:
            return min(max(round(drawn), math.ceil(low)), math.floor(high))
        return min(max(float(f"{drawn:.{_DIGITS}g}"), low), high)


class Halving(StrictModel, frozen=True, kw_only=True):
    """Rounds in which only the best go on, each for ``factor`` times as many steps as the one before."""

    factor: Annotated[int, Meta(ge=2)] = 3
    """How many times fewer trials go on."""
    rounds: Annotated[int, Meta(ge=2, le=10)] = 2


class Plan(StrictModel, frozen=True, kw_only=True):
    """A search."""

    keys: Annotated[dict[str, Values], Meta(min_length=1)]
    """Dotted keys of the config."""
    trials: Positive
    steps: Positive
    """Of a trial, in the last round."""
    seed: Annotated[int, Meta(ge=0)] = 0
    halving: Halving | None = None

    def __post_init__(self) -> None:
        """Refuse what a search decides itself, and rounds without steps."""
        for key in ("loop.steps", "loop.minutes"):
            if key in self.keys:
                raise ValueError(f"{key} cannot be searched for: every trial has the steps of the plan")
        if self.rounds[0][0] < 1:
            raise ValueError(f"steps: {self.steps} are too few for {len(self.rounds)} rounds")

    @property
    def rounds(self) -> list[tuple[int, int]]:
        """Steps and trials of each round."""
        if self.halving is None:
            return [(self.steps, self.size)]
        factor, count = self.halving.factor, self.halving.rounds
        return [(self.steps // factor ** (count - 1 - n), max(1, self.size // factor**n)) for n in range(count)]

    @property
    def size(self) -> int:
        """How many trials there are: never more than there are different ones."""
        grid = self._grid()
        return self.trials if grid is None else min(self.trials, grid)

    def settings(self, trial: int) -> Settings:
        """Return what a trial tries, counted from 0."""
        grid = self._grid()
        if grid is not None and trial < grid:
            place = int(np.random.default_rng(self.seed).permutation(grid)[trial])
            choices = [self._choices(key) for key in sorted(self.keys)]
            return dict(zip(sorted(self.keys), list(product(*choices))[place], strict=True))
        rng = np.random.default_rng((self.seed, trial))
        return {key: self.keys[key].draw(rng) for key in sorted(self.keys)}

    def identity(self) -> dict[str, Any]:
        """Return what a search that goes on must share with its beginning: all but how many trials there are."""
        return {key: value for key, value in self.fields().items() if key != "trials"}

    def _choices(self, key: str) -> list[Any]:
        values = self.keys[key].choice
        return values if isinstance(values, list) else []

    def _grid(self) -> int | None:
        """Return how many different trials there are, None where a key has a range."""
        counts = [len(self._choices(key)) for key in self.keys]
        return math.prod(counts) if all(counts) and math.prod(counts) <= _LARGEST_GRID else None


def read_plan(path: Path) -> Plan:
    """Read a YAML file.

    Raises
    ------
    ConfigError
        It cannot be read, a key is unknown, or a value cannot be.
    """
    fields = read_yaml(path)
    keys = fields.get("keys")
    if isinstance(keys, Mapping):
        for key, values in keys.items():
            if not isinstance(values, Mapping):
                kinds = "{choice: [..]}, {uniform: [low, high]} or {log_uniform: [low, high]}"
                raise ConfigError(f"{path}: keys.{key}: must be one of {kinds}")
        fields = fields | {"keys": {key: _numbers(values) for key, values in keys.items()}}
    return Plan.check(fields, str(path))


def _numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values in which what YAML 1.1 takes for a word is the number that it is: ``1e-3``."""
    return {name: [_number(one) for one in value] if isinstance(value, list) else value for name, value in values.items()}


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value
