"""A stranger's graph hears an utterance: samples -> features -> graph -> search -> text, as its bundle's contract says."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.fbank import FULL_SCALE, fbank
from tingshuo.audio.stack import stack_frames
from tingshuo.config.graph_recogniser import GraphInput, GraphRecogniserConfig
from tingshuo.errors import EngineError, RequestError
from tingshuo.tasks.graph_recogniser.paraformer import read_tokens
from tingshuo.tasks.graph_recogniser.writing import write
from tingshuo.tasks.recognise.hotwords import Expected, Hotwords
from tingshuo.tasks.recognise.prefixes import Scorer
from tingshuo.tasks.recognise.search import Hypothesis, greedy, prefix_beam
from tingshuo.types import Runs, Wav

Array = NDArray[Any]
logger = logging.getLogger(__name__)

GRAPH = "recogniser"
"""Name of the graph in its bundle."""
_QUIET = 1e-5
"""Added to the variance of an utterance, as wav2vec 2.0 does (https://github.com/facebookresearch/fairseq)."""


@dataclass(frozen=True, slots=True)
class TaggedHypothesis(Hypothesis):
    """A text, and what the graph says about the whole utterance: ``{"language": "zh", "emotion": "HAPPY"}``."""

    tags: Mapping[str, str]


class GraphRecogniser:
    """The graph of a recogniser, driven.

    Parameters
    ----------
    settings : GraphRecogniserConfig
        Of the bundle.
    graphs : Mapping[str, Runs]
        ``recogniser`` alone.
    chosen : Mapping[str, str]
        What is chosen of `choices`; of the others the default.

    Raises
    ------
    RequestError
        There is no such choice, or no such value of it.
    """

    def __init__(
        self, settings: GraphRecogniserConfig, graphs: Mapping[str, Runs], chosen: Mapping[str, str] | None = None
    ) -> None:
        self.settings, self.graph = settings, graphs[GRAPH]
        self.chosen = {name: choice.default for name, choice in settings.choices.items()} | dict(chosen or {})
        for name, value in self.chosen.items():
            known = self.choices.get(name, ())
            if value not in known:
                accepted = f"accepted: {', '.join(known)}" if known else f"it has: {', '.join(self.choices) or 'no choices'}"
                raise RequestError(f"this recogniser has no {name} {value!r}; {accepted}", name)

    @property
    def sample_rate(self) -> int:
        """Hz of the samples that it hears."""
        return self.settings.sample_rate

    @property
    def frame_s(self) -> float:
        """Seconds from one frame of a hypothesis to the next."""
        return self.settings.frame_s

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """What can be chosen, and the values of each."""
        return {name: tuple(choice.values) for name, choice in self.settings.choices.items()}

    def features(self, wav: Wav) -> NDArray[np.float32]:
        """Return what the graph is given of samples at the bundle's rate: (F, D), or of what hears samples (T, 1)."""
        wanted, samples = self.settings.features, np.asarray(wav, np.float32)
        if wanted.fbank is None:
            found = samples[:, None] if wanted.normalize_samples else samples[:, None] * np.float32(FULL_SCALE)
        else:
            # What is computed counts to full scale by itself; both scales are powers of two, so nothing is lost on the way.
            scaled = samples / np.float32(FULL_SCALE) if wanted.normalize_samples else samples
            found = stack_frames(fbank(scaled, wanted.fbank), wanted.stack, wanted.stride)
        if wanted.cmvn is not None:
            found = wanted.cmvn.normalise(found)
        if wanted.normalize == "utterance" and len(found):
            found = (found - found.mean()) / np.sqrt(found.var() + np.float32(_QUIET))
        return found

    def outputs(self, features: NDArray[np.float32]) -> dict[str, Array]:
        """Run the graph on the features of an utterance.

        Raises
        ------
        EngineError
            It cannot be run on them.
        """
        settings = self.settings
        arranged = features.T if settings.features.layout in ("bdt", "b1t", "bt") else features
        laid = arranged[0][None] if settings.features.layout == "bt" else arranged[None]
        inputs = {settings.inputs.features.name: np.ascontiguousarray(laid, settings.inputs.features.dtype)}
        if settings.inputs.lengths is not None:
            inputs |= _number(settings.inputs.lengths, len(features))
        for name, choice in settings.choices.items():
            inputs |= _number(choice.input, choice.values[self.chosen[name]])
        return self.graph.run(inputs)

    @property
    def written(self) -> tuple[str, ...]:
        """The units as they are written."""
        return self.settings.units

    def expect(self, words: Mapping[str, float]) -> Hotwords:
        """See `tingshuo.tasks.recognise.hearing.Hears`."""
        if self.settings.output == "paraformer":
            raise RequestError(
                "a Paraformer tells all its units at once and searches for nothing, so hotwords have no say", "hotwords"
            )
        return Hotwords(words, self.written)

    def hear(self, wav: Wav, beam: int = 10, expected: Expected | None = None) -> tuple[Hypothesis, ...]:
        """Return the most likely texts of an utterance, the best first; none where there is nothing to hear.

        Parameters
        ----------
        wav : Wav
            (T,) at the bundle's rate.
        beam : int
            How many texts are kept on the way; 1 takes the best unit of each frame where nobody else has a say, and a Paraformer
            always does.
        expected : Expected or None
            Of `expect`.

        Raises
        ------
        EngineError
            The graph cannot be run.
        """
        features = self.features(wav)
        if len(features) < self.settings.least_frames:
            return ()
        try:
            outputs = self.outputs(features)
        except EngineError as error:
            # A Paraformer that hears no token ends in a shape without any, which its operators refuse.
            if self.settings.output != "paraformer":
                raise
            logger.warning("nothing was heard: %s", error)
            return ()
        assert expected is None or isinstance(expected, Hotwords), "words that another recogniser expects"
        return self.read(outputs, beam, expected)

    def read(self, outputs: Mapping[str, Array], beam: int = 10, scorer: Scorer | None = None) -> tuple[Hypothesis, ...]:
        """Return the most likely texts of what the graph answered; see `hear`."""
        settings, named = self.settings, self.settings.outputs
        scores, counted = outputs[named.scores][0], named.lengths or named.count
        scores = scores[: int(outputs[counted].reshape(-1)[0])] if counted else scores
        log_probs = _log_probs(scores.astype(np.float32, copy=False), settings.scores)
        if settings.output == "paraformer":
            peaks = outputs[named.peaks].reshape(-1) if named.peaks else None
            found = (read_tokens(log_probs, peaks, blank=settings.blank, eos=settings.eos),)
            return tuple(self._audible(one) for one in found if one.units)
        told, log_probs = log_probs[: len(settings.tags)], log_probs[len(settings.tags) :]
        blank = settings.blank or 0
        taken = beam == 1 and scorer is None
        searched = (greedy(log_probs, blank),) if taken else prefix_beam(log_probs, beam, blank, scorer)
        audible = tuple(self._audible(one) for one in searched)
        return tuple(self._tagged(one, told) for one in audible) if settings.tags else audible

    def text(self, units: tuple[int, ...]) -> str:
        """Return units as they are written; marks in brackets such as ``<unk>`` are left as they are."""
        return write([self.settings.units[unit] for unit in units], self.settings.tokenizer)

    def _audible(self, found: Hypothesis) -> Hypothesis:
        """Return a text without the units that are never written."""
        if not self.settings.silent:
            return found
        kept = [n for n, unit in enumerate(found.units) if unit not in self.settings.silent]
        frames = tuple(found.frames[n] for n in kept) if found.frames else ()
        units, confidences = tuple(found.units[n] for n in kept), tuple(found.confidences[n] for n in kept)
        return replace(found, units=units, frames=frames, confidences=confidences)

    def _tagged(self, found: Hypothesis, told: NDArray[np.float32]) -> TaggedHypothesis:
        units = [self.settings.units[unit] for unit in told.argmax(1)] if len(told) else []
        tags = {name: unit.strip("<|>") for name, unit in zip(self.settings.tags, units, strict=False)}
        return TaggedHypothesis(found.units, found.score, found.frames, found.confidences, tags)


def _number(to: GraphInput, value: int) -> dict[str, Array]:
    return {to.name: np.array([value], to.dtype)}


def _log_probs(scores: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """Return natural logarithms of probabilities."""
    if kind == "log_probs" or not len(scores):
        return scores
    if kind == "probabilities":
        return np.log(np.maximum(scores, np.finfo(np.float32).tiny))
    shifted = scores - scores.max(1, keepdims=True)
    normalised: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return normalised
