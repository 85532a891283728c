"""Modified Kneser-Ney: an n-gram model of texts.

What a short n-gram counts is behind how many different units it was seen, not how often: that is what tells how likely it is
where a longer one was never seen. From each count something is taken off, less from 1 than from 3 and more, and what was taken
goes to the shorter context. Source: S. Chen and J. Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling",
1998; n-grams at the begin of a text, before which nothing can stand, keep their counts, as in K. Heafield et al., "Scalable
Modified Kneser-Ney Language Model Estimation", 2013. All n-grams are held in memory, some 200 bytes each.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tingshuo.errors import DataError
from tingshuo.text.lm.ngram import BEGIN, END, NEVER, UNKNOWN, Gram, NGram
from tingshuo.text.lm.tree import Figures, build

DISCOUNTS = (0.5, 1.0, 1.5)
"""Of counts of 1, 2, and 3 and more where there are too few n-grams to estimate them (K. Heafield's fallback)."""
_UNKNOWN, _BEGIN, _END = range(3)
_SPECIAL = (UNKNOWN, BEGIN, END)

Counts = Counter[Gram]


@dataclass(frozen=True, slots=True)
class Discounts:
    """What is taken off a count of 1, of 2, and of 3 and more; ``estimated`` from the counts, or `DISCOUNTS`."""

    values: tuple[float, float, float]
    estimated: bool

    def of(self, count: int) -> float:
        """Return what is taken off a count."""
        return self.values[min(count, 3) - 1]


@dataclass(frozen=True, slots=True)
class _Level:
    """Probabilities of n-grams of a length, and what each context has left for shorter ones."""

    probs: Mapping[Gram, float]
    left: Mapping[Gram, float]


def estimate(
    texts: Iterable[Sequence[str]], order: int = 4, *, prune: Sequence[int] = (), prior: Mapping[str, float] | None = None
) -> NGram:
    """Return the model of texts.

    Parameters
    ----------
    texts : iterable of sequence of str
        Units of each text; characters for Chinese.
    order : int
        Units of the longest n-grams, 1 or more.
    prune : sequence of int
        Of n-grams of 2, 3, ... units those that were seen so often or less are left out; the last holds for longer ones too.
    prior : Mapping[str, float] or None
        How likely units are where nothing is known of them, such as by the frequencies of a dictionary; they are units of the
        model, whether the texts have them or not. Where it is None, or does not have a unit, all are alike.

    Raises
    ------
    DataError
        There is no text, a unit is one of the three that models use themselves, or ``order``, ``prune`` or ``prior`` cannot be.
    """
    if order < 1 or any(value < 0 for value in prune) or list(prune) != sorted(prune):
        raise DataError("a language model needs an order of 1 or more, and limits of pruning from 0 up that do not fall")
    if prior and min(prior.values()) <= 0:
        raise DataError("the prior of a language model needs a probability above 0 for each of its units")
    units, seen = _count(texts, order, prior or ())
    if not seen[0]:
        raise DataError("there is no text to make a language model of")
    limits = [0, *(prune or (0,))]
    base = _base(units, prior or {})
    levels: list[_Level] = []
    for length, counts in enumerate(_adjusted(seen), 1):
        limit = limits[min(length, len(limits)) - 1]
        kept = [gram for gram in counts if length == 1 or seen[length - 1][gram] > limit]
        shorter = {gram: levels[-1].probs[gram[1:]] for gram in kept} if levels else base
        levels.append(_level(counts, kept, shorter))
    return build(units, _figures(levels, base))


def estimate_discounts(counts: Iterable[int]) -> Discounts:
    """Return the discounts of n-grams of one length by how many of them have counts of 1 to 4.

    Parameters
    ----------
    counts : iterable of int
        Of each n-gram.
    """
    n = Counter(count for count in counts if count <= 4)
    if min(n[k] for k in (1, 2, 3, 4)) == 0:
        return Discounts(DISCOUNTS, estimated=False)
    share = n[1] / (n[1] + 2 * n[2])
    first, second, more = (k - (k + 1) * share * n[k + 1] / n[k] for k in (1, 2, 3))
    if not (0 < first <= 1 and 0 <= second <= 2 and 0 <= more <= 3):
        return Discounts(DISCOUNTS, estimated=False)
    return Discounts((first, second, more), estimated=True)


def _count(texts: Iterable[Sequence[str]], order: int, known: Iterable[str]) -> tuple[tuple[str, ...], list[Counts]]:
    """Return all units, those that are ``known`` first, and how often n-grams of each length were seen."""
    ids = {unit: n for n, unit in enumerate((*_SPECIAL, *(unit for unit in known if unit not in _SPECIAL)))}
    seen: list[Counts] = [Counter() for _ in range(order)]
    for text in texts:
        if reserved := [unit for unit in text if unit in _SPECIAL]:
            raise DataError(f"{reserved[0]!r} is a unit that language models use themselves; take it out of the texts")
        row = (_BEGIN, *(ids.setdefault(unit, len(ids)) for unit in text), _END)
        for length, counts in enumerate(seen, 1):
            counts.update(row[start : start + length] for start in range(len(row) - length + 1))
    del seen[0][(_BEGIN,)]
    return tuple(ids), seen


def _base(units: Sequence[str], prior: Mapping[str, float]) -> dict[Gram, float]:
    """Return how likely each unit is before any text was read: the begin of a text, which is never predicted, not at all."""
    alike = 1 / (len(units) - 1)
    weights = {(n,): prior.get(unit, alike) for n, unit in enumerate(units) if n != _BEGIN}
    total = sum(weights.values())
    return {gram: weight / total for gram, weight in weights.items()}


def _adjusted(seen: list[Counts]) -> Iterable[Counts]:
    """Yield what n-grams of each length count: units that they were seen behind, and of the longest how often."""
    for counts, longer in pairwise(seen):
        adjusted = Counter(gram[1:] for gram in longer)
        adjusted.update({gram: count for gram, count in counts.items() if gram[0] == _BEGIN})
        yield adjusted
    yield seen[-1]


def _level(counts: Counts, kept: Iterable[Gram], shorter: Mapping[Gram, float]) -> _Level:
    """Take something off each count, all of it where an n-gram is not kept, and give it to what is ``shorter`` by a unit."""
    discounts = estimate_discounts(counts.values())
    off: dict[Gram, float] = {gram: discounts.of(counts[gram]) for gram in kept}
    totals: dict[Gram, int] = defaultdict(int)
    taken: dict[Gram, float] = defaultdict(float)
    for gram, count in counts.items():
        totals[gram[:-1]] += count
        taken[gram[:-1]] += off.get(gram, count)
    left = {context: taken[context] / total for context, total in totals.items()}
    probs = {gram: (counts[gram] - less) / totals[gram[:-1]] + left[gram[:-1]] * shorter[gram] for gram, less in off.items()}
    return _Level(probs, left)


def _figures(levels: Sequence[_Level], base: Mapping[Gram, float]) -> list[Figures]:
    """Return logarithms: of the probabilities of each level, and of what the level above has left."""
    figures: list[Figures] = []
    for level, above in zip(levels, [*levels[1:], _Level({}, {})], strict=True):
        probs = dict(level.probs)
        if not figures:
            unseen = {gram: level.left[()] * prob for gram, prob in base.items() if gram not in probs}
            probs |= unseen | {(_BEGIN,): 0.0}
        figures.append({gram: (_log(prob), _log(above.left.get(gram, 1.0))) for gram, prob in probs.items()})
    return figures


def _log(value: float) -> float:
    return math.log(value) if value > 0 else NEVER
