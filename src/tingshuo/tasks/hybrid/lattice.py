"""The syllables that may have been said, each with its borders and how well it fits: a graph whose nodes are moments.

An edge is a syllable from one moment to a later one. Every way from the first moment to the last is a text. How likely an edge is
among all ways follows from sums over those before it and those behind it (the forward-backward algorithm); what is unlikely is
left out, and among the rest a scorer, such as a language model, has its say over whole texts.

Sources: L. Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition", 1989 (sums over ways);
S. Ortmanns, H. Ney and X. Aubert, "A word graph algorithm for large vocabulary continuous speech recognition", 1997.
"""

from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.tasks.recognise.prefixes import Scorer
from tingshuo.tasks.recognise.search import Hypothesis

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]


class _Text:
    """Some syllables, what a scorer says of them, and what may follow."""

    __slots__ = ("_following", "_scorer", "before", "score", "state", "unit")

    def __init__(self, scorer: Scorer | None, before: "_Text | None", unit: int, score: float, state: Any) -> None:
        self._scorer, self.before, self.unit, self.score, self.state = scorer, before, unit, score, state
        self._following: dict[int, _Text] = {}

    def after(self, unit: int) -> "_Text":
        """Return the text with one more syllable."""
        found = self._following.get(unit)
        if found is None:
            added, state = self._scorer.extend(self.state, unit) if self._scorer is not None else (0.0, None)
            found = self._following[unit] = _Text(self._scorer, self, unit, self.score + added, state)
        return found

    @property
    def finished(self) -> float:
        """Its score, if nothing follows."""
        return self.score + (self._scorer.finish(self.state) if self._scorer is not None else 0.0)


class _Way(NamedTuple):
    """A text up to a moment: how well it fits, its last edge, and the way before that."""

    heard: float
    edge: int
    before: "_Way | None"


@dataclass(frozen=True)
class Lattice:
    """Edges in order of their ends.

    ``begin`` and ``end`` (E,) are moments, 0 to ``frames``; ``unit`` (E,) is a syllable, or ``pause``; ``score`` (E,) is what the
    frames say and ``likely`` (E,) the log probability of the syllable by itself.
    """

    frames: int
    begin: Ints
    end: Ints
    unit: Ints
    score: Doubles
    likely: Doubles
    pause: int

    @cached_property
    def posteriors(self) -> Doubles:
        """Log probability of each edge among all ways, (E,)."""
        weight, bounds = self.score + self.likely, self._bounds
        forward, backward = np.full((2, self.frames + 1), -np.inf)
        forward[0] = backward[-1] = 0.0
        for t, (low, high) in enumerate(bounds, 1):
            if low < high:
                forward[t] = np.logaddexp.reduce(forward[self.begin[low:high]] + weight[low:high])
        for t, (low, high) in reversed(list(enumerate(bounds, 1))):
            if low < high and backward[t] > -np.inf:
                np.logaddexp.at(backward, self.begin[low:high], weight[low:high] + backward[t])
        if forward[-1] == -np.inf:
            return np.full(len(weight), -np.inf)
        through: Doubles = forward[self.begin] + weight + backward[self.end] - forward[-1]
        return through

    def pruned(self, least: float) -> "Lattice":
        """Return the lattice without the edges whose posterior probability is below ``exp(-least)``, and those on no way."""
        kept = self.posteriors >= -least
        return Lattice(
            self.frames, self.begin[kept], self.end[kept], self.unit[kept], self.score[kept], self.likely[kept], self.pause
        )

    def texts(self, beam: int, scorer: Scorer | None = None) -> tuple[Hypothesis, ...]:
        """Return the most likely texts, up to ``beam``, the best first; none where no way leads through.

        Parameters
        ----------
        beam : int
            Texts that are kept at each moment.
        scorer : Scorer or None
            Adds to a text for each syllable and its end; without one each syllable is as likely as it is by itself.
        """
        worth = self.score if scorer is not None else self.score + self.likely
        ahead = np.where(self.unit == self.pause, self.score + self.likely, worth)
        begins = np.argsort(self.begin, kind="stable")
        bounds = np.searchsorted(self.begin[begins], np.arange(self.frames + 1))
        kept: list[dict[_Text, _Way]] = [{} for _ in range(self.frames + 1)]
        kept[0][_Text(scorer, None, -1, 0.0, None)] = _Way(0.0, -1, None)
        for t in range(self.frames):
            alive = nlargest(beam, kept[t].items(), key=_worth) if len(kept[t]) > beam else list(kept[t].items())
            kept[t] = {}
            for edge in begins[bounds[t] : bounds[t + 1]].tolist() if alive else ():
                unit, there, more = int(self.unit[edge]), kept[self.end[edge]], float(ahead[edge])
                for text, way in alive:
                    longer = text if unit == self.pause else text.after(unit)
                    other = there.get(longer)
                    if other is None or other.heard < way.heard + more:
                        there[longer] = _Way(way.heard + more, edge, way)
        ended = [(way.heard + text.finished, way) for text, way in kept[-1].items()]
        return tuple(self._hypothesis(score, way) for score, way in nlargest(beam, ended, key=lambda one: one[0]))

    @property
    def _bounds(self) -> list[tuple[int, int]]:
        """First and last edge that end at each moment but the first."""
        return list(pairwise(np.searchsorted(self.end, np.arange(1, self.frames + 2)).tolist()))

    def _hypothesis(self, score: float, way: _Way) -> Hypothesis:
        edges, at = [], way
        while at.before is not None:
            edges.append(at.edge)
            at = at.before
        said = [edge for edge in reversed(edges) if self.unit[edge] != self.pause]
        return Hypothesis(
            tuple(int(self.unit[edge]) for edge in said),
            score,
            tuple(int(self.begin[edge]) for edge in said),
            tuple(self._confidence(edge) for edge in said),
        )

    def _confidence(self, edge: int) -> float:
        """Return how likely it is that this syllable is being said in the middle of an edge, wherever its borders are."""
        middle = (self.begin[edge] + self.end[edge]) // 2
        same = (self.unit == self.unit[edge]) & (self.begin <= middle) & (middle < self.end)
        return float(min(1.0, np.exp(self.posteriors[same]).sum()))


def _worth(one: tuple[_Text, _Way]) -> float:
    text, way = one
    return way.heard + text.score
