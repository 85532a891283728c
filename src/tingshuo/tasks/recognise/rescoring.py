"""A language model is asked which of the texts is likely that a recogniser may have heard.

::

    adviser = open_adviser("my-language", weight=0.2)     # a bundle of the task lm, or an n-gram model of characters, .arpa
    found = adviser.rescored(recogniser.hear(wav), recogniser)

Of a recogniser that searches for characters it is asked during the search; of others, when their likeliest texts are known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from tingshuo.errors import DataError, RegistryError, RequestError
from tingshuo.store.manifest import MANIFEST
from tingshuo.store.named import is_name
from tingshuo.store.registry import Registry
from tingshuo.tasks.language_model import NeuralLanguage, open_language
from tingshuo.tasks.recognise.fusion import LanguageScorer
from tingshuo.tasks.recognise.hearing import Hears
from tingshuo.tasks.recognise.hotwords import Expected, Hotwords
from tingshuo.tasks.recognise.neural_fusion import FusedHotwords, NeuralScorer
from tingshuo.tasks.recognise.prefixes import Scorer
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.text.lm.arpa import read_arpa
from tingshuo.text.lm.characters import characters_of
from tingshuo.text.lm.ngram import BEGIN, END, UNKNOWN, NGram

WEIGHT, BONUS = 0.2, 1.0
"""Share of the log probability that counts beside what was heard, and what each character is given for being there: at a
perplexity of 150 both are equal, so that texts are neither shortened nor lengthened."""
HEAVIEST = 10.0
ARPA = (".arpa", ".arpa.gz")


@dataclass(frozen=True, slots=True)
class Adviser:
    """Who says which text is likely, and how much that counts.

    Parameters
    ----------
    model : NeuralLanguage or NGram
        Of characters.
    weight : float
        Share of the log probability that counts, 0 to `HEAVIEST`.
    bonus : float
        Added for each character, as every further one makes a text less likely.

    Raises
    ------
    RequestError
        The weight is out of its range.
    """

    model: NeuralLanguage | NGram
    weight: float = WEIGHT
    bonus: float = BONUS

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check(self.weight, self.bonus)

    def expected(self, recogniser: Hears, words: Mapping[str, float]) -> tuple[Expected | None, bool]:
        """Return what a recogniser is to expect, and whether the model has its say there already.

        Parameters
        ----------
        recogniser : Hears
            Who hears.
        words : Mapping[str, float]
            Hotwords; there may be none.

        Raises
        ------
        RequestError
            The recogniser does not search, so that nothing can have a say.
        """
        try:
            plain = recogniser.expect(words)
        except RequestError as error:
            raise RequestError(f"a language model has no say with this recogniser: {error}", "lm") from error
        if not isinstance(plain, Hotwords):
            return (plain if words else None), False
        return FusedHotwords(words, recogniser.written, self.scorer(recogniser.written)), True

    def scorer(self, units: Sequence[str]) -> Scorer:
        """Return what has a say in a search for units that are characters."""
        if isinstance(self.model, NGram):
            return LanguageScorer(self.model, units, self.weight, self.bonus)
        return NeuralScorer(self.model, units, self.weight, self.bonus)

    def rescored(self, found: Sequence[Hypothesis], recogniser: Hears) -> tuple[Hypothesis, ...]:
        """Return texts in the order in which they are likely when the model is asked too, with their new scores.

        Parameters
        ----------
        found : sequence of Hypothesis
            Of `Hears.hear`.
        recogniser : Hears
            Whose they are.
        """
        texts = [recogniser.text(one.units) for one in found]
        scored = [
            replace(one, score=one.score + self.weight * log_prob + self.bonus * len(characters_of(text)))
            for one, text, log_prob in zip(found, texts, self.log_probs(texts), strict=True)
        ]
        return tuple(sorted(scored, key=lambda one: one.score, reverse=True))

    def log_probs(self, texts: Sequence[str]) -> list[float]:
        """Return the natural logarithm of the probability of each text."""
        if isinstance(self.model, NGram):
            return [self.model.log_prob(characters_of(text)) for text in texts]
        return self.model.log_probs(texts)


def open_adviser(
    model: str | Path | NeuralLanguage | NGram, weight: float = WEIGHT, bonus: float = BONUS, *, threads: int = 1
) -> Adviser:
    """Open a language model.

    Parameters
    ----------
    model : str, Path, NeuralLanguage or NGram
        The folder of a bundle of the task ``lm``, one saved into the registry, an ARPA file of characters, or an open one.
    weight, bonus : float
        As of `Adviser`.
    threads : int
        Threads inside each graph.

    Raises
    ------
    RequestError
        There is no such model, it is of words, or a number is out of its range.
    BundleError
        The bundle is damaged, or is no language model.
    DataError
        The ARPA file cannot be read.
    """
    if isinstance(model, NeuralLanguage | NGram):
        return Adviser(model, weight, bonus)
    _check(weight, bonus)  # before anything large is read
    path = Path(model)
    if path.name.endswith(ARPA):
        return Adviser(_of_characters(read_arpa(path), path), weight, bonus)
    return Adviser(open_language(_folder(str(model)), threads=threads), weight, bonus)


def _check(weight: float, bonus: float) -> None:
    if not 0 <= weight <= HEAVIEST:
        raise RequestError(f"the weight of a language model must be 0 to {HEAVIEST:g}, got {weight:g}", "lm_weight")
    if not isfinite(bonus):
        raise RequestError(f"the bonus of a character must be a finite number, got {bonus:g}", "lm_bonus")


def _folder(name_or_path: str) -> Path:
    """Return the folder of a bundle, of the registry's where a saved one is named."""
    if (Path(name_or_path) / MANIFEST).is_file():
        return Path(name_or_path)
    registry, saved = Registry(), name_or_path.partition("@")[0]
    try:
        if is_name(saved) and registry.has(saved):
            return registry.path(name_or_path)
    except RegistryError as error:
        raise RequestError(str(error), "lm") from error
    raise RequestError(
        f"{name_or_path}: no language model is there; give the folder of a bundle that `tingshuo train lm` made, or an ARPA file "
        f"of characters ({' or '.join(ARPA)})",
        "lm",
    )


def _of_characters(model: NGram, path: Path) -> NGram:
    """Refuse a model of words: what is heard comes character by character."""
    longer = next((unit for unit in model.units if len(unit) > 1 and unit not in (BEGIN, END, UNKNOWN)), None)
    if longer is not None and not (longer.startswith("<") and longer.endswith(">")):
        raise DataError(
            f"{path}: is a model of words such as {longer!r}; one of characters is wanted: separate every character by a blank "
            "before n-grams are counted"
        )
    return model
