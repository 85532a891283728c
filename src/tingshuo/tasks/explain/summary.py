"""What stands out in an explanation: the largest influences, and how far each kind of input reaches."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from tingshuo.tasks.explain.result import KINDS, LOCAL, MEASURES, Explained, Explanation, Influence

FARTHEST = 3
"""Syllables; what is farther counts as this far."""


@dataclass(frozen=True, slots=True)
class Found:
    """One influence on one syllable, ``value`` in the unit of the measure."""

    sentence: Explained
    influence: Influence
    measure: str
    syllable: int
    value: float

    @property
    def distance(self) -> int:
        """How many syllables after the input it is felt, 0 is its own."""
        return self.influence.distance(self.syllable)


def largest(explanation: Explanation, measure: str, count: int, *, own: bool) -> list[Found]:
    """Return the largest influences of single places on a measure that are above the noise, the largest first.

    Parameters
    ----------
    explanation : Explanation
        Of a text.
    measure : str
        One of `tingshuo.tasks.explain.result.MEASURES`.
    count : int
        At most so many.
    own : bool
        On the syllables that have the input; else on those that have not.
    """
    found = [
        Found(sentence, influence, measure, s, float(value))
        for sentence in explanation.sentences
        for influence in sentence.influences
        if KINDS[influence.kind].local
        for s, value in enumerate(influence.change[measure])
        if abs(value) > explanation.floor[measure] and (influence.distance(s) == 0) == own
    ]
    return sorted(found, key=lambda one: -abs(one.value))[:count]


def reach(explanation: Explanation) -> dict[str, dict[str, dict[int, float]]]:
    """Return the mean absolute influence by kind, measure and distance; -`FARTHEST` to `FARTHEST`, 0 is the input's own syllable.

    Only local kinds; distances at which a kind has no syllable are left out. A pause after the last syllable does not count.
    """
    values: dict[tuple[str, str, int], list[float]] = {}
    for sentence in explanation.sentences:
        n = len(sentence.syllables)
        for influence in sentence.influences:
            if not KINDS[influence.kind].local or influence.span == (n, n):
                continue
            for measure, change in influence.change.items():
                for s in np.flatnonzero(np.isfinite(change)).tolist():
                    distance = max(-FARTHEST, min(FARTHEST, influence.distance(s)))
                    values.setdefault((influence.kind, measure, distance), []).append(abs(float(change[s])))
    out: dict[str, dict[str, dict[int, float]]] = {}
    for kind, measure, distance in product(LOCAL, MEASURES, range(-FARTHEST, FARTHEST + 1)):
        if each := values.get((kind, measure, distance)):
            out.setdefault(kind, {}).setdefault(measure, {})[distance] = float(np.mean(each))
    return out
