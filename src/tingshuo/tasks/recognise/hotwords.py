"""Words that are likely to be said: names, terms, titles. A text that says one is given a bonus while it is searched for.

The words are a tree in which each node knows where to go on when its word breaks off: at the longest end that is the begin of
another (A. Aho and M. Corasick 1975). A bonus is given unit by unit, so that a word is kept in the beam before it is whole, and
taken back when it does not become whole.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

WEIGHT = 2.0
"""Bonus of a unit, in natural logarithms: a unit of a hotword may be e**2 = 7.4 times less likely."""


class Expected(Protocol):
    """Words that are likely to be said, prepared by a recogniser for itself."""

    @property
    def unknown(self) -> tuple[str, ...]:
        """Words that the recogniser has no units for: it will never write them, so whoever gave them should be told."""
        ...

    def said(self, units: Sequence[int]) -> tuple[str, ...]:
        """Return which words are in a text, in the order in which they were given."""
        ...


@dataclass(slots=True, eq=False)
class _Node:
    """The begin of a word. ``pending`` was given for it so far, ``earned`` is what whole words that end here are worth."""

    pending: float = 0.0
    earned: float = 0.0
    following: dict[int, "_Node"] = field(default_factory=dict)
    otherwise: "_Node | None" = None


class Hotwords:
    """Gives bonuses; see `tingshuo.tasks.recognise.prefixes.Scorer`.

    Parameters
    ----------
    words : Mapping[str, float]
        Words and the bonus of each of their units; below 0 makes a word less likely.
    units : sequence of str
        The recogniser's.

    Attributes
    ----------
    unknown : tuple of str
        Words that the recogniser has no units for: it will never write them, so whoever gave them should be told.
    """

    def __init__(self, words: Mapping[str, float], units: Sequence[str]) -> None:
        self._root = _Node()
        self._spelled: dict[str, tuple[int, ...]] = {}
        ids = {unit: n for n, unit in enumerate(units)}
        longest = max(map(len, units), default=0)
        for word, bonus in words.items():
            spelled = _spell(word, ids, longest)
            if spelled:
                self._spelled[word] = spelled
                self._add(spelled, bonus)
        self.unknown = tuple(word for word in words if word not in self._spelled)
        self._link()

    def extend(self, state: _Node | None, unit: int) -> tuple[float, _Node]:
        """See `Scorer`."""
        before = node = state or self._root
        while unit not in node.following and node.otherwise is not None:
            node = node.otherwise
        node = node.following.get(unit, self._root)
        return node.pending - before.pending + node.earned, node

    def finish(self, state: _Node | None) -> float:
        """See `Scorer`."""
        return -(state or self._root).pending

    def said(self, units: Sequence[int]) -> tuple[str, ...]:
        """Return which words are in a text, in the order in which they were given."""
        text = tuple(units)
        starts = range(len(text))
        return tuple(word for word, own in self._spelled.items() if any(text[n : n + len(own)] == own for n in starts))

    def _add(self, spelled: tuple[int, ...], bonus: float) -> None:
        node = self._root
        for unit in spelled:
            # Of two words that begin alike the one that is worth more decides: the other takes back what is too much.
            pending = node.pending + bonus
            node = node.following.setdefault(unit, _Node(pending))
            node.pending = max(node.pending, pending, key=abs)
        node.earned = bonus * len(spelled)

    def _link(self) -> None:
        """Find out where to go on where a word breaks off, the shorter begins first."""
        waiting = deque([self._root])
        while waiting:
            node = waiting.popleft()
            for unit, child in node.following.items():
                other = node.otherwise
                while other is not None and unit not in other.following:
                    other = other.otherwise
                child.otherwise = self._root if other is None else other.following[unit]
                child.earned += child.otherwise.earned
                waiting.append(child)


def _spell(word: str, ids: Mapping[str, int], longest: int) -> tuple[int, ...]:
    """Return a word in as few units as possible, nothing where that cannot be done."""
    best: list[tuple[int, ...] | None] = [(), *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - longest), end):
            before, unit = best[start], ids.get(word[start:end])
            if before is not None and unit is not None and ((known := best[end]) is None or len(before) + 1 < len(known)):
                best[end] = (*before, unit)
    return best[-1] or ()
