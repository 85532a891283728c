"""An n-gram model with back-off, as a tree of arrays.

A row of level k is an n-gram of k units; its children on level k + 1, which begin with it, lie together and are sorted by their
last unit. So a row is found by a binary search among the children of the row before it, and the whole is a few arrays that a
bundle can hold. Log probabilities are natural logarithms.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import DataError

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
NEVER = -99.0 * float(np.log(10.0))
"""Log probability of what is never predicted, as ARPA files write it."""

Context = tuple[int, ...]
"""The last units of a text as far as the model knows what may follow them, the latest last."""
Gram = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """All n-grams of a length.

    ``units`` (N,) int32 are their last units, ``log_probs`` (N,) float32, ``back_offs`` (N,) float32 log weights, ``first``
    (N + 1,) int64 where their children begin on the next level; those of row r are ``first[r]`` to ``first[r + 1] - 1``.
    """

    units: NDArray[np.int32]
    log_probs: NDArray[np.float32]
    back_offs: NDArray[np.float32]
    first: NDArray[np.int64]


class NGram:
    """A model; read-only, so threads may share it.

    Parameters
    ----------
    units : sequence of str
        All units, `BEGIN`, `END` and `UNKNOWN` among them; their places are their ids.
    levels : sequence of Level
        Of n-grams of 1, 2, ... units; the rows of the first are the units.
    """

    def __init__(self, units: Sequence[str], levels: Sequence[Level]) -> None:
        self.units, self.levels = tuple(units), tuple(levels)
        self._ids = {unit: n for n, unit in enumerate(self.units)}
        self.begin, self.end, self.unknown = (self._ids[unit] for unit in (BEGIN, END, UNKNOWN))

    @property
    def order(self) -> int:
        """Units of the longest n-grams."""
        return len(self.levels)

    @cached_property
    def start(self) -> Context:
        """The context of the first unit of a text."""
        return (self.begin,) if self.order > 1 else ()

    def id(self, unit: str) -> int:
        """Return the id of a unit, that of `UNKNOWN` for one that is not known."""
        return self._ids.get(unit, self.unknown)

    def extend(self, context: Context, unit: int) -> tuple[float, Context]:
        """Return the log probability of a unit after a context, and the context of the next.

        Parameters
        ----------
        context : Context
            `start`, or what was returned for the unit before.
        unit : int
            From `id`.
        """
        weight = 0.0
        for begin in range(len(context) + 1):
            rows = self._path(context[begin:])
            found = self._child(rows[-1] if rows else None, len(rows), unit) if len(rows) == len(context) - begin else None
            if found is not None:
                return weight + float(self.levels[len(rows)].log_probs[found]), self.shortened((*context[begin:], unit))
            if rows and len(rows) == len(context) - begin:
                weight += float(self.levels[len(rows) - 1].back_offs[rows[-1]])
        raise AssertionError("every unit has a row of its own")

    def shortened(self, gram: Gram) -> Context:
        """Return the longest end of the last units that something is known to follow: the context of the next."""
        for begin in range(max(0, len(gram) - self.order + 1), len(gram)):
            rows = self._path(gram[begin:])
            if len(rows) == len(gram) - begin:
                level = self.levels[len(rows) - 1]
                if level.first[rows[-1]] < level.first[rows[-1] + 1] or level.back_offs[rows[-1]] != 0:
                    return gram[begin:]
        return ()

    def followers(self, context: Context) -> tuple[dict[int, float], float]:
        """Return what is known to follow a context.

        Parameters
        ----------
        context : Context
            One that the model has.

        Returns
        -------
        known : dict of int to float
            Units and their log probabilities; of the empty context all units.
        back_off : float
            Log weight of the context shorter by its first unit, which is to be asked for the others.
        """
        level, low, high, back_off = self.levels[0], 0, len(self.units), 0.0
        if context:
            *_, row = self._path(context)
            above, level = self.levels[len(context) - 1], self.levels[len(context)]
            low, high, back_off = int(above.first[row]), int(above.first[row + 1]), float(above.back_offs[row])
        return dict(zip(level.units[low:high].tolist(), level.log_probs[low:high].tolist(), strict=True)), back_off

    def log_prob(self, text: Iterable[str]) -> float:
        """Return the log probability of a whole text, with its end."""
        total, context = 0.0, self.start
        for unit in (*(self.id(one) for one in text), self.end):
            added, context = self.extend(context, unit)
            total += added
        return total

    def perplexity(self, texts: Iterable[Sequence[str]]) -> float:
        """Return how many units, on average, it takes each to be one of, ends included.

        Raises
        ------
        DataError
            There is no text.
        """
        total, count = 0.0, 0
        for text in texts:
            total, count = total + self.log_prob(text), count + len(text) + 1
        if not count:
            raise DataError("there is no text to take a perplexity of")
        return float(np.exp(-total / count))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the levels as named arrays, for a file."""
        fields = Level.__dataclass_fields__
        return {f"{n}.{name}": getattr(level, name) for n, level in enumerate(self.levels, 1) for name in fields}

    @classmethod
    def from_arrays(cls, units: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> "NGram":
        """Return a model of what `arrays` gave.

        Raises
        ------
        DataError
            They do not fit together.
        """
        count = sum(name.endswith(".units") for name in arrays)
        try:
            levels = [Level(*(arrays[f"{n}.{name}"] for name in Level.__dataclass_fields__)) for n in range(1, count + 1)]
            model = cls(units, levels)
        except KeyError as error:
            raise DataError(f"the arrays of a language model lack {error}") from None
        model._check()
        return model

    def grams(self, length: int) -> Iterable[tuple[Gram, float, float]]:
        """Yield the n-grams of a length with log probability and back-off, sorted."""
        level = self.levels[length - 1]
        for row, gram in enumerate(self._spelled(length)):
            yield gram, float(level.log_probs[row]), float(level.back_offs[row])

    def _spelled(self, length: int) -> list[Gram]:
        grams: list[Gram] = [(unit,) for unit in range(len(self.levels[0].units))]
        for above, level in zip(self.levels[: length - 1], self.levels[1:length], strict=True):
            parents = np.repeat(np.arange(len(above.units)), np.diff(above.first))
            grams = [(*grams[parent], int(unit)) for parent, unit in zip(parents, level.units, strict=True)]
        return grams

    def _path(self, gram: Gram) -> list[int]:
        """Return the rows of an n-gram's beginnings, as many as there are."""
        rows: list[int] = []
        for unit in gram:
            row = self._child(rows[-1] if rows else None, len(rows), unit)
            if row is None:
                break
            rows.append(row)
        return rows

    def _child(self, parent: int | None, length: int, unit: int) -> int | None:
        """Return the row of an n-gram of so many units, and one more."""
        if parent is None:
            return unit
        if length >= self.order:
            return None
        first = self.levels[length - 1].first
        low, high = int(first[parent]), int(first[parent + 1])
        units = self.levels[length].units
        row = low + int(np.searchsorted(units[low:high], unit))
        return row if row < high and units[row] == unit else None

    def _check(self) -> None:
        below = [len(level.units) for level in self.levels[1:]] + [0]
        whole = self.levels and len(self.levels[0].units) == len(self.units)
        for level, children in zip(self.levels, below, strict=True):
            sizes = {len(level.units), len(level.log_probs), len(level.back_offs), len(level.first) - 1}
            ends = len(level.first) > 0 and (level.first[0], level.first[-1]) == (0, children)
            whole = whole and len(sizes) == 1 and ends and not (np.diff(level.first) < 0).any()
        if not whole:
            raise DataError("the arrays of a language model do not fit together")
