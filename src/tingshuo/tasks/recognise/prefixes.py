"""Prefix beam search of CTC, fed frame by frame.

Texts are nodes of a tree: a text and one more unit is a child. For each text that is alive, the probabilities of all ways
through the frames that spell it are added up, those that end in a blank apart from those that end in its last unit: after a
blank the same unit may come again, without one it is the same one still. Beside the sum goes the best single way, which tells
at which frame each unit was heard.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

_NEVER = -math.inf


class Scorer(Protocol):
    """What has a say in which text is likely: a language model, hotwords.

    A state is anything that the scorer remembers of a text; that of the empty text is None. States are not changed, as several
    texts may begin alike.
    """

    def extend(self, state: Any, unit: int) -> tuple[float, Any]:
        """Return what to add to a text's log probability for one more unit, and the state of the text with it."""
        ...

    def finish(self, state: Any) -> float:
        """Return what to add where the text ends: for the end itself, or to take back half a hotword. It may go on later."""
        ...


class Mark(NamedTuple):
    """Where a unit was heard best, after those before it."""

    frame: int
    log_prob: float
    before: "Mark | None"


class Ended(NamedTuple):
    """A text of the beam; ``state`` is what the scorer remembers of it."""

    units: tuple[int, ...]
    score: float
    marks: Mark | None
    state: Any


def backwards(mark: Mark | None) -> Iterator[Mark]:
    """Yield a text's marks, the last first."""
    while mark is not None:
        yield mark
        mark = mark.before


class _Prefix:
    """A text: another and one more unit."""

    __slots__ = ("bonus", "children", "parent", "state", "unit")

    def __init__(self, parent: "_Prefix | None", unit: int, bonus: float, state: Any) -> None:
        self.parent, self.unit, self.bonus, self.state = parent, unit, bonus, state
        self.children: dict[int, _Prefix] = {}

    def child(self, unit: int, scorer: Scorer | None) -> "_Prefix":
        """Return this text with one more unit; the scorer is asked once."""
        found = self.children.get(unit)
        if found is None:
            added, state = (0.0, None) if scorer is None else scorer.extend(self.state, unit)
            found = self.children[unit] = _Prefix(self, unit, self.bonus + added, state)
        return found

    def path(self) -> "list[_Prefix]":
        """The texts that it goes on from, the empty one first, and itself."""
        nodes, node = [self], self
        while node.parent is not None:
            node = node.parent
            nodes.append(node)
        return nodes[::-1]

    def units(self) -> tuple[int, ...]:
        return tuple(node.unit for node in self.path()[1:])


@dataclass(slots=True)
class _Ways:
    """Log probabilities of the ways to spell a text: all together and the best, that end in a blank and in a unit."""

    blank: float = _NEVER
    unit: float = _NEVER
    best_blank: float = _NEVER
    best_unit: float = _NEVER
    blank_marks: Mark | None = None
    unit_marks: Mark | None = None

    def all(self) -> float:
        """Both ends together."""
        return add_logs(self.blank, self.unit)

    def best(self) -> tuple[float, Mark | None]:
        """The best way and its marks."""
        return (self.best_blank, self.blank_marks) if self.best_blank > self.best_unit else (self.best_unit, self.unit_marks)


class PrefixBeam:
    """A search that is under way.

    Parameters
    ----------
    beam : int
        How many texts are kept, and how many units of a frame are looked at.
    blank : int
        The unit that is none.
    scorer : Scorer or None
        Adds to the score of a text whenever a unit is added to it.
    least : float
        Units whose log probability at a frame is this far below the likeliest are not looked at there. What a scorer costs grows
        with them, and CTC is nearly always sure.
    """

    def __init__(self, beam: int = 10, blank: int = 0, scorer: Scorer | None = None, least: float = _NEVER) -> None:
        self._beam, self._blank, self._scorer, self._least = beam, blank, scorer, least
        self._alive: list[tuple[_Prefix, _Ways]] = [
            (_Prefix(None, -1, 0.0, None), _Ways(blank=0.0, best_blank=0.0, best_unit=0.0))
        ]
        self._frame = 0

    def feed(self, log_probs: NDArray[np.float32]) -> None:
        """Go on by frames: (T, units) of CTC."""
        count = min(self._beam, log_probs.shape[1])
        likely = np.argpartition(log_probs, -count, axis=1)[:, -count:] if len(log_probs) else np.zeros((0, 0), np.int64)
        values = np.take_along_axis(log_probs, likely, 1) if len(likely) else likely
        for units, probs in zip(likely.tolist(), values.tolist(), strict=True):
            least = max(probs) + self._least
            self._step([(unit, prob) for unit, prob in zip(units, probs, strict=True) if prob >= least])
            self._frame += 1

    def ended(self) -> list[Ended]:
        """Return the texts as if they ended here, the best first."""
        found = []
        for prefix, ways in self._alive:
            end = 0.0 if self._scorer is None else self._scorer.finish(prefix.state)
            found.append(Ended(prefix.units(), ways.all() + prefix.bonus + end, ways.best()[1], prefix.state))
        return sorted(found, key=lambda one: one.score, reverse=True)

    def so_far(self) -> tuple[tuple[int, ...], Any]:
        """Return the likeliest text if it goes on, and what the scorer remembers of it."""
        prefix, _ = self._alive[0]
        return prefix.units(), prefix.state

    def settled(self, within: float = math.inf) -> tuple[int, ...]:
        """Return what all texts of the beam begin with whose log probability is within some of the likeliest's.

        Of all, whatever comes, nothing of it will change.
        """
        first, *others = self._likely(within)
        places = {node: n for n, node in enumerate(first.path())}
        shared = first
        for prefix in others:
            node = prefix
            while node not in places:
                assert node.parent is not None, "all texts have the empty one in common"
                node = node.parent
            shared = min(shared, node, key=places.__getitem__)
        return shared.units()

    def states(self, within: float = math.inf) -> list[Any]:
        """Return what the scorer remembers of each of those texts, the likeliest first."""
        return [prefix.state for prefix in self._likely(within)]

    def _likely(self, within: float) -> list[_Prefix]:
        scores = [ways.all() + prefix.bonus for prefix, ways in self._alive]
        return [prefix for (prefix, _), score in zip(self._alive, scores, strict=True) if score >= scores[0] - within]

    def _step(self, likely: list[tuple[int, float]]) -> None:
        following: dict[_Prefix, _Ways] = {}
        for prefix, ways in self._alive:
            total = ways.all()
            for unit, prob in likely:
                if unit == self._blank:
                    same = following.setdefault(prefix, _Ways())
                    same.blank = add_logs(same.blank, total + prob)
                    best, same.blank_marks = ways.best()
                    same.best_blank = best + prob
                elif unit == prefix.unit:
                    if ways.unit > _NEVER:
                        self._repeat(following.setdefault(prefix, _Ways()), ways, prob)
                    if ways.blank > _NEVER:  # with a blank between, the unit is there twice
                        longer = following.setdefault(prefix.child(unit, self._scorer), _Ways())
                        self._extend(longer, ways.blank, ways.best_blank, ways.blank_marks, prob)
                else:
                    longer = following.setdefault(prefix.child(unit, self._scorer), _Ways())
                    self._extend(longer, total, *ways.best(), prob)
        scored = [(ways.all() + prefix.bonus, prefix, ways) for prefix, ways in following.items()]
        kept = nlargest(self._beam, scored, key=lambda one: one[0])
        self._alive = [(prefix, ways) for _, prefix, ways in kept]
        self._forget(following)

    def _repeat(self, same: _Ways, ways: _Ways, prob: float) -> None:
        """Go on with a unit that is held."""
        same.unit = add_logs(same.unit, ways.unit + prob)
        if same.best_unit < ways.best_unit + prob:
            same.best_unit, marks = ways.best_unit + prob, ways.unit_marks
            louder = marks is not None and marks.log_prob < prob
            same.unit_marks = Mark(self._frame, prob, marks.before) if louder and marks is not None else marks

    def _extend(self, longer: _Ways, total: float, best: float, marks: Mark | None, prob: float) -> None:
        """Go on to a new unit."""
        longer.unit = add_logs(longer.unit, total + prob)
        if longer.best_unit < best + prob:
            longer.best_unit, longer.unit_marks = best + prob, Mark(self._frame, prob, marks)

    def _forget(self, following: dict[_Prefix, _Ways]) -> None:
        """Take texts out of the tree that no text alive begins with."""
        alive = {prefix for prefix, _ in self._alive}
        for prefix in following:
            node = prefix
            while node.parent is not None and not node.children and node not in alive:
                node.parent.children.pop(node.unit, None)
                node = node.parent


def add_logs(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b))."""
    low, high = (a, b) if a < b else (b, a)
    return high if low == _NEVER else high + math.log1p(math.exp(low - high))
