"""What a language model says of a text while it is searched for (shallow fusion, C. Gulcehre et al. 2015)."""

from collections.abc import Sequence
from functools import lru_cache

from tingshuo.tasks.recognise.prefixes import Scorer
from tingshuo.text.lm.ngram import Context, NGram

_KEPT = 1 << 16
"""Answers that are kept: texts of a beam ask for the same again and again."""


class LanguageScorer:
    """Adds a share of a language model's log probability; see `tingshuo.tasks.recognise.prefixes.Scorer`.

    Parameters
    ----------
    model : NGram
        Of the recogniser's units as they are written.
    units : sequence of str
        The recogniser's.
    weight : float
        Share of the log probability that is added.
    bonus : float
        Added for each unit, as every further unit makes a text less likely.
    """

    def __init__(self, model: NGram, units: Sequence[str], weight: float = 0.3, bonus: float = 0.0) -> None:
        self._model, self._weight, self._bonus = model, weight, bonus
        self._ids = [model.id(unit) for unit in units]
        self._extend = lru_cache(_KEPT)(model.extend)

    def extend(self, state: Context | None, unit: int) -> tuple[float, Context]:
        """See `Scorer`."""
        log_prob, context = self._extend(self._model.start if state is None else state, self._ids[unit])
        return self._weight * log_prob + self._bonus, context

    def finish(self, state: Context | None) -> float:
        """See `Scorer`."""
        return self._weight * self._extend(self._model.start if state is None else state, self._model.end)[0]


class Together:
    """Several that have a say: what they add is added up.

    Parameters
    ----------
    scorers : Scorer
        At least one.
    """

    def __init__(self, *scorers: Scorer) -> None:
        self._scorers = scorers

    def extend(self, state: tuple[object, ...] | None, unit: int) -> tuple[float, tuple[object, ...]]:
        """See `Scorer`."""
        states = state or (None,) * len(self._scorers)
        added, following = zip(*(one.extend(own, unit) for one, own in zip(self._scorers, states, strict=True)), strict=True)
        return sum(added), following

    def finish(self, state: tuple[object, ...] | None) -> float:
        """See `Scorer`."""
        states = state or (None,) * len(self._scorers)
        return sum(one.finish(own) for one, own in zip(self._scorers, states, strict=True))
