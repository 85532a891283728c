"""What a neural language model says of a text while it is searched for (shallow fusion, C. Gulcehre et al. 2015).

A search asks for the texts of its beam one by one; the model answers for all that wait at once and keeps each answer with its
text (`tingshuo.tasks.language_model.LanguageState`), so a text is judged once however many frames it lives.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tingshuo.tasks.language_model import LanguageState, NeuralLanguage
from tingshuo.tasks.recognise.fusion import Together
from tingshuo.tasks.recognise.hotwords import Hotwords
from tingshuo.tasks.recognise.prefixes import Scorer
from tingshuo.text.lm.characters import characters_of

_WORD = "▁"
"""What begins a word in a unit of SentencePiece."""


class _Spelled(NamedTuple):
    """A unit of a recogniser in those of the language model; whether it begins a word, and whether it is of Latin letters."""

    units: tuple[int, ...]
    begins: bool
    latin: bool


class _Said(NamedTuple):
    """A text so far, and whether it ends in a Latin letter."""

    state: LanguageState
    latin: bool


class NeuralScorer:
    """Adds a share of a neural language model's log probability; see `tingshuo.tasks.recognise.prefixes.Scorer`.

    Parameters
    ----------
    language : NeuralLanguage
        Of characters.
    units : sequence of str
        The recogniser's. Marks such as ``<blank>`` are never written, so nothing is said of them.
    weight : float
        Share of the log probability that is added.
    bonus : float
        Added for each unit that is written, as every further one makes a text less likely.
    """

    def __init__(self, language: NeuralLanguage, units: Sequence[str], weight: float, bonus: float = 0.0) -> None:
        self._language, self._weight, self._bonus = language, weight, bonus
        self._spelled = [self._spell(unit) for unit in units]
        self._blank = language.unit(" ")

    def extend(self, state: _Said | None, unit: int) -> tuple[float, _Said]:
        """See `Scorer`."""
        said, spelled = state or _Said(self._language.start, latin=False), self._spelled[unit]
        if not spelled.units:
            return 0.0, said
        units = spelled.units
        if said.latin and spelled.latin and spelled.begins:
            units = (self._blank, *units)
        total, following = 0.0, said.state
        for one in units:
            log_prob, following = self._language.after(following, one)
            total += log_prob
        return self._weight * total + self._bonus, _Said(following, spelled.latin)

    def finish(self, state: _Said | None) -> float:
        """See `Scorer`."""
        return self._weight * self._language.end(self._language.start if state is None else state.state)

    def _spell(self, unit: str) -> _Spelled:
        if unit.startswith("<") and unit.endswith(">"):
            return _Spelled((), begins=False, latin=False)
        text = characters_of(unit.replace(_WORD, " "))
        return _Spelled(tuple(map(self._language.unit, text)), unit.startswith(_WORD), text[-1:].isascii() and bool(text))


class FusedHotwords(Hotwords):
    """Words that somebody expects, and a language model: both have their say in one search.

    Parameters
    ----------
    words : Mapping[str, float]
        See `Hotwords`; there may be none.
    units : sequence of str
        The recogniser's.
    scorer : Scorer
        The language model.
    """

    def __init__(self, words: Mapping[str, float], units: Sequence[str], scorer: Scorer) -> None:
        super().__init__(words, units)
        self._both = Together(Hotwords(words, units), scorer)

    def extend(self, state: Any, unit: int) -> tuple[float, Any]:
        """See `Scorer`."""
        return self._both.extend(state, unit)

    def finish(self, state: Any) -> float:
        """See `Scorer`."""
        return self._both.finish(state)
