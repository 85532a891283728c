"""A neural language model: how likely each character of a text is, whole texts at once or step by step.

::

    language = open_language("bundle")
    language.log_probs(["今天天气很好", "今天田七很好"])      # of the whole texts, with their ends
    state = language.start
    language.after(state, language.unit("今"))                # and so on; texts of a search that begin alike share their states
"""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from threading import Lock
from typing import Any, Protocol
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.language import END, MARKS, UNKNOWN, LanguageBundleConfig
from tingshuo.engine.engines import ENGINES
from tingshuo.errors import BundleError, DataError
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.tasks.choice import choose
from tingshuo.text.lm.characters import characters_of
from tingshuo.types import GraphSpec, Runs

Floats = NDArray[np.float32]
TASK, JUDGE, STEP = "lm", "judge", "step"
_TOGETHER = 32
"""Texts that are judged at a time."""
_NEXT = "next_"


class DescribedGraph(Runs, Protocol):
    """An open graph that tells its shapes."""

    @property
    def spec(self) -> GraphSpec:
        """Inputs and outputs with their shapes."""
        ...


class LanguageState:
    """A text so far; the net is asked what follows when somebody wants to know, for all texts that wait at once.

    Parameters
    ----------
    before : LanguageState or None
        The text without its last unit; None for the empty text.
    unit : int
        The last one.
    """

    __slots__ = ("__weakref__", "before", "kept", "log_probs", "unit")

    def __init__(self, before: "LanguageState | None", unit: int) -> None:
        self.before, self.unit = before, unit
        self.log_probs: Floats | None = None
        self.kept: Mapping[str, NDArray[Any]] = {}


class NeuralLanguage:
    """The net of a bundle, driven; threads may share it.

    Parameters
    ----------
    settings : LanguageBundleConfig
        Of the bundle.
    graphs : Mapping[str, DescribedGraph]
        ``step`` and, of a net that has one, ``judge``.
    """

    def __init__(self, settings: LanguageBundleConfig, graphs: Mapping[str, DescribedGraph]) -> None:
        self.settings, self._judge, self._step = settings, graphs.get(JUDGE), graphs[STEP]
        self._ids = {character: n for n, character in enumerate(settings.characters, MARKS)}
        self._share = float(np.log(settings.others))
        self._waiting: WeakSet[LanguageState] = WeakSet()
        self._lock = Lock()

    def unit(self, character: str) -> int:
        """Return the unit of a character, that of what is not known for others."""
        return self._ids.get(character, UNKNOWN)

    def units(self, text: str) -> list[int]:
        """Return the units of what is heard of a text."""
        return [self.unit(character) for character in characters_of(text)]

    def log_probs(self, texts: Sequence[str]) -> list[float]:
        """Return the natural logarithm of the probability of each of some texts, with their ends.

        A character that is not known has its share of what is left for all of these, see `LanguageBundleConfig.others`.
        """
        rows = [self.units(text) for text in texts]
        each = self.judge(rows)
        return [float(found.sum()) - self._share * row.count(UNKNOWN) for row, found in zip(rows, each, strict=True)]

    def judge(self, rows: Sequence[Sequence[int]]) -> list[Floats]:
        """Return the log probabilities of texts in units: of each unit, and of the end behind them."""
        found: list[Floats] = []
        for first in range(0, len(rows), _TOGETHER):
            part = rows[first : first + _TOGETHER]
            texts = stacked(part)
            log_probs = self._stepped(texts) if self._judge is None else self._judge.run({"texts": texts})["log_probs"]
            found += [log_probs[n, : len(row) + 1] for n, row in enumerate(part)]
        return found

    def _stepped(self, texts: NDArray[np.int64]) -> Floats:
        """Return the log probability of each unit of texts (B, N) but the first, going through all of them step by step."""
        state = {name: np.repeat(one[None], len(texts), 0) for name, one in self._nothing().items()}
        columns = []
        for unit, following in pairwise(np.ascontiguousarray(texts.T)):
            results = self._step.run({"unit": unit, **state})
            columns.append(results["log_probs"][np.arange(len(texts)), following])
            state = {name: results[_NEXT + name] for name in state}
        return np.stack(columns, 1)

    def perplexity(self, texts: Sequence[str]) -> float:
        """Return how many units, on average, it takes each to be one of, ends included; what is not known is one unit.

        Raises
        ------
        DataError
            There is no text.
        """
        each = self.judge([self.units(text) for text in texts])
        if not each:
            raise DataError("there is no text to take a perplexity of")
        return float(np.exp(-np.concatenate(each).mean(dtype=np.float64)))

    @cached_property
    def start(self) -> LanguageState:
        """The empty text."""
        state = LanguageState(None, END)
        self._go_on([state], [self._nothing()])
        return state

    def after(self, state: LanguageState, unit: int) -> tuple[float, LanguageState]:
        """Return the log probability of a unit behind a text, and the text with it."""
        log_prob = float(self._known(state)[unit]) - (self._share if unit == UNKNOWN else 0.0)
        longer = LanguageState(state, unit)
        with self._lock:
            self._waiting.add(longer)
        return log_prob, longer

    def end(self, state: LanguageState) -> float:
        """Return the log probability that a text ends here."""
        return float(self._known(state)[END])

    def _known(self, state: LanguageState) -> Floats:
        """Return what may follow a text; what else waits, alive in a search, will be wanted next, and is asked for with it."""
        if state.log_probs is None:
            with self._lock:
                others = [one for one in self._waiting if one is not state and one.log_probs is None]
                self._waiting.clear()
            self._ask([state, *others])
        assert state.log_probs is not None
        return state.log_probs

    def _ask(self, states: Sequence[LanguageState]) -> None:
        """Ask the net about texts, those together whose states are of one shape."""
        groups: dict[tuple[tuple[int, ...], ...], list[tuple[LanguageState, Mapping[str, NDArray[Any]]]]] = {}
        for state in states:
            if (before := state.before) is not None:  # else another thread has asked meanwhile
                shapes = tuple(one.shape for one in before.kept.values())
                groups.setdefault(shapes, []).append((state, before.kept))
        for group in groups.values():
            self._go_on([state for state, _ in group], [kept for _, kept in group])

    def _go_on(self, states: Sequence[LanguageState], before: Sequence[Mapping[str, NDArray[Any]]]) -> None:
        inputs: dict[str, NDArray[Any]] = {"unit": np.array([one.unit for one in states], np.int64)}
        inputs |= {name: np.stack([one[name] for one in before]) for name in before[0]}
        results = self._step.run(inputs)
        for n, state in enumerate(states):
            state.kept = {name: results[_NEXT + name][n] for name in before[0]}
            state.log_probs = results["log_probs"][n]  # last, as another thread takes this for the sign that all is there
            state.before = None

    def _nothing(self) -> dict[str, NDArray[Any]]:
        """Return the state before the begin of a text: nothing yet, or nought."""
        shapes = {name: shape for name, (_, shape) in self._step.spec.inputs.items() if name != "unit"}
        sizes = {name: tuple(size if isinstance(size, int) else 0 for size in shape[1:]) for name, shape in shapes.items()}
        return {name: np.zeros(size, np.float32) for name, size in sizes.items()}


def stacked(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Return texts in units one above the other, (B, N): the end of a text, which is its begin too, before and behind each."""
    texts = np.full((len(rows), max(map(len, rows)) + 2), END, np.int64)
    for n, row in enumerate(rows):
        texts[n, 1 : len(row) + 1] = row
    return texts


def open_language(bundle: Bundle | str | os.PathLike[str], *, threads: int = 1) -> NeuralLanguage:
    """Open the language model in a bundle.

    Parameters
    ----------
    bundle : Bundle or path-like
        Open, or its folder.
    threads : int
        Threads inside each graph.

    Raises
    ------
    BundleError
        The bundle is damaged, or is no language model.
    EngineError
        A graph cannot be opened.
    SealedError
        It is encrypted.
    """
    opened = bundle if isinstance(bundle, Bundle) else open_bundle(bundle)
    settings = opened.settings
    if opened.manifest.task != TASK or not isinstance(settings, LanguageBundleConfig):
        raise BundleError(f"{opened.path}: is of the task {opened.manifest.task} and no language model; {TASK} is wanted")
    graphs = {}
    for name in opened.manifest.graphs:
        variant = choose(opened.manifest, name)
        tensors = {key: tensor for file in variant.weights for key, tensor in opened.tensors(file).items()}
        graphs[name] = ENGINES.load(variant.engine)(opened.file(variant.path), tensors, threads=threads)
    return NeuralLanguage(settings, graphs)
