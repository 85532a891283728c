"""What every family of recognisers does: it hears an utterance, and writes down what was heard.

::

    recogniser = open_recogniser("aishell")
    best = recogniser.hear(wav)[0]                      # at recogniser.sample_rate
    heard(recogniser, best).text
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from tingshuo.engine.engines import ENGINES
from tingshuo.engine.later import Later
from tingshuo.engine.onnx import Session
from tingshuo.errors import BundleError, RequestError
from tingshuo.registry import Registry, Row
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.store.manifest import GraphVariant
from tingshuo.tasks.choice import choose
from tingshuo.tasks.recognise.hotwords import Expected
from tingshuo.tasks.recognise.language import open_speller
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.types import Runs, Wav

TASK = "asr"


class Hears(Protocol):
    """A recogniser; it keeps nothing of what it heard and may be shared by threads."""

    @property
    def sample_rate(self) -> int:
        """Hz of the samples that it hears."""
        ...

    @property
    def frame_s(self) -> float:
        """Seconds from one frame of a hypothesis to the next."""
        ...

    @property
    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """What can be chosen when it is opened, and the values of each: ``{"language": ("auto", "zh", "en")}``."""
        ...

    @property
    def written(self) -> Sequence[str]:
        """The units of texts as they are written, by their numbers in `Hypothesis.units`."""
        ...

    def expect(self, words: Mapping[str, float]) -> Expected:
        """Return words for `hear` to expect, with the bonus of each of their characters in natural logarithms.

        Raises
        ------
        RequestError
            The recogniser does not search, so that nothing can have a say.
        """
        ...

    def hear(self, wav: Wav, beam: int = 10, expected: Expected | None = None) -> tuple[Hypothesis, ...]:
        """Return the most likely texts of an utterance, the best first; none where there is nothing to hear.

        The ``frames`` of one are empty where it is not known when its units were said.

        Parameters
        ----------
        wav : Wav
            (T,) at `sample_rate`.
        beam : int
            How many texts are kept on the way; 1 takes the best unit of each frame where no words are expected.
        expected : Expected or None
            Of `expect`.

        Raises
        ------
        EngineError
            A graph cannot be run.
        """
        ...

    def text(self, units: tuple[int, ...]) -> str:
        """Return units as they are written."""
        ...


class Following(Protocol):
    """An utterance that is heard while it is being said."""

    def feed(self, wav: Wav, /) -> bool:
        """Go on by samples at the recogniser's rate, any number; return whether more was heard."""
        ...

    def so_far(self) -> tuple[str, int]:
        """Return the text so far, and how many of its characters will hardly change any more; 0 where none is sure."""
        ...

    def finish(self) -> tuple[Hypothesis, ...]:
        """End the utterance; return its likeliest texts, the best first, none where there is nothing to hear."""
        ...


class Follows(Hears, Protocol):
    """A recogniser that may be able to hear in chunks."""

    def follow(self, beam: int = 10, expected: Expected | None = None, chunk_s: float = ...) -> Following | None:
        """Begin to hear an utterance; None where it hears only whole ones."""
        ...


ON_DEMAND = frozenset({"encoder_chunk"})
"""Graphs that are opened when they are used: of chunks, which has all weights of the encoder once more, only by streams."""
RECOGNISERS = Registry(
    "family of recognisers",
    {
        "conformer": Row("tingshuo.tasks.recognise.model:Recogniser"),
        "dnn": Row("tingshuo.tasks.hybrid.model:HybridRecogniser"),
        "graph_recogniser": Row("tingshuo.tasks.graph_recogniser.model:GraphRecogniser"),
        "tdnn_lstm": Row("tingshuo.tasks.recognise.model:Recogniser"),
    },
)
"""A row is called with the settings of a bundle and its open graphs by name, and, where something is chosen, what is, or, where
syllables are to be written, who does."""


@dataclass(frozen=True, slots=True)
class HeardUnit:
    """A unit of a text; ``start_s`` is None where it is not known when it was said, ``confidence`` 0 to 1."""

    text: str
    start_s: float | None
    confidence: float


@dataclass(frozen=True, slots=True)
class HeardText:
    """A text that was heard, unit by unit; ``tags`` are what the recogniser says of the whole: ``{"language": "zh"}``."""

    text: str
    units: tuple[HeardUnit, ...]
    tags: Mapping[str, str] = field(default_factory=dict)


def heard(recogniser: Hears, found: Hypothesis) -> HeardText:
    """Return what a hypothesis says."""
    known: list[float | None] = [frame * recogniser.frame_s for frame in found.frames]
    starts = known or [None] * len(found.units)
    units = zip(found.units, starts, found.confidences, strict=True)
    written = tuple(HeardUnit(recogniser.text((unit,)), start, sure) for unit, start, sure in units)
    return HeardText(recogniser.text(found.units), written, getattr(found, "tags", {}))


def open_recogniser(
    bundle: Bundle | str | os.PathLike[str], *, threads: int = 1, chosen: Mapping[str, str] | None = None
) -> Hears:
    """Open the recogniser in a bundle, of whatever family.

    Parameters
    ----------
    bundle : Bundle or path-like
        A bundle that hears, open or by its folder.
    threads : int
        Threads inside each graph.
    chosen : Mapping[str, str] or None
        What is chosen of `Hears.choices`.

    Raises
    ------
    BundleError
        It is no bundle, or one that does not hear.
    RequestError
        There is no such choice.
    EngineError
        A graph cannot be opened.
    SealedError
        It is encrypted.
    """
    opened = bundle if isinstance(bundle, Bundle) else open_bundle(bundle)
    family = opened.manifest.family.partition("+")[0]
    if opened.manifest.task != TASK or family not in RECOGNISERS:
        raise BundleError(f"{opened.path}: is of the task {opened.manifest.task} and does not hear; {TASK} is wanted")
    make, settings = RECOGNISERS.load(family), opened.settings
    variants = {name: _variant(opened, name) for name in opened.manifest.graphs}
    files = {name: opened.tensors(name) for name in dict.fromkeys(w for one in variants.values() for w in one.weights)}
    graphs: dict[str, Runs] = {}
    for name, one in variants.items():
        tensors = {key: value for file in one.weights for key, value in files[file].items()}
        opening: Callable[[], Session] = partial(ENGINES.load(one.engine), opened.file(one.path), tensors, threads=threads)
        graphs[name] = Later(opening) if name in ON_DEMAND else opening()
    spelling = getattr(settings, "spelling", None)
    spellers = () if spelling is None else (open_speller(opened.tensors(spelling.model)),)
    made: Hears = make(settings, graphs, *spellers)
    if chosen and not made.choices:
        raise RequestError(f"{opened.manifest.name!r} leaves nothing to choose, so {', '.join(chosen)} cannot be set", "chosen")
    if chosen:
        made = make(settings, graphs, chosen)
    return made


def _variant(bundle: Bundle, graph: str) -> GraphVariant:
    """Return the only variant of a graph that came as it is, whatever its precision; of several the one to run here."""
    variants = bundle.manifest.graphs[graph].variants
    return variants[0] if len(variants) == 1 else choose(bundle.manifest, graph)
