"""What a recogniser answers to a case of a golden folder, at the borders of its graphs.

A case gives ``wav`` (T,) at the bundle's rate, or ``feats`` (F, bands) that are not normalised yet. With ``lengths`` (B,) it is
of a batch: ``feats`` (B, F, bands), or what the only other case gives that has some, cut to B lengths. The graphs hear one
utterance at a time, and so they hear the items of a batch one after the other; what lies behind the end of one is 0.

======================================  =======================================================================================
of                                      answers
======================================  =======================================================================================
the features                            ``feats`` (F, bands)
the encoder                             ``encoder_out`` (N, dim), ``mask`` (N,), ``chunkK`` (N, dim) in chunks of K frames
CTC                                     ``ctc_top ctc_top_ids`` (N, as many as are stored), ``ctc_firstK`` (K, units)
searches                                ``greedy``, ``prefix0 prefix1 ..`` (U,) as many as the beam keeps, ``prefix_scores``
decoders                                ``rescored`` (U,), ``rescore`` (), and of the likeliest text ``l2r r2l`` (U + 1,)
======================================  =======================================================================================

In the spec ``ctc_weight`` is that of the search beside the decoders, 0.5 unless it is said.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.fbank import fbank
from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.tasks.golden_compare import Answer, Material
from tingshuo.tasks.golden_folder import Case
from tingshuo.tasks.golden_graphs import Described, Heard
from tingshuo.tasks.recognise.search import Hypothesis, Judge, greedy, prefix_beam, rescore
from tingshuo.tasks.recognise.stream import EncoderStream
from tingshuo.types import Runs

Array = NDArray[Any]
Floats = NDArray[np.float32]
CTC_WEIGHT = 0.5
NO_CHUNKS = "the net was not trained with chunks, so its bundle has no graph for them"
NO_DECODER = "the net has no decoder"
NO_TEXTS = "the folder keeps no texts (prefix0, prefix1 ..) that decoders could judge"
NOT_ASKED = "the net has no decoder from right to left, or gives it no weight"
CHUNK = "encoder_chunk"
DECODERS = {"l2r": "decoder", "r2l": "reverse_decoder"}
_CHUNK, _FIRST, _PREFIX = (re.compile(pattern) for pattern in (r"chunk([1-9]\d*)", r"ctc_first([1-9]\d*)", r"prefix(\d+)"))


def answers(graphs: Mapping[str, Runs], material: Material, case: Case) -> Mapping[str, Answer] | None:
    """See `tingshuo.tasks.golden_compare.Answers`."""
    settings = material.settings
    assert isinstance(settings, ConformerBundleConfig)
    heard, features = _Heard(graphs, material, settings, case), _features(case.inputs, settings)
    if not case.has("lengths"):
        return None if features is None or features.ndim != 2 else heard.alone(features)
    if features is None:
        others = [found for given in case.others.values() if (found := _features(given, settings)) is not None]
        features = others[0] if len(others) == 1 else None
    return None if features is None else heard.batch(features, case.inputs["lengths"].reshape(-1).astype(int).tolist())


def _features(given: Mapping[str, Array], settings: ConformerBundleConfig) -> Floats | None:
    """Return what a case gives, or the features of its samples; None where it gives neither."""
    if "feats" in given:
        return np.asarray(given["feats"], np.float32)
    return fbank(np.asarray(given["wav"], np.float32), settings.fbank) if "wav" in given else None


@dataclass(frozen=True, slots=True)
class _Heard:
    """A case and the graphs that hear it."""

    graphs: Mapping[str, Runs]
    material: Material
    settings: ConformerBundleConfig
    case: Case

    def alone(self, features: Floats) -> dict[str, Answer]:
        """Return what is answered to one utterance."""
        encoded, log_probs = self._encoded(features)
        made: dict[str, Answer] = {**encoded, "feats": features}
        made |= {name: log_probs[:count] for name, count in self._stored(_FIRST)}
        streams = CHUNK in self.material.entries
        for name, size in self._stored(_CHUNK):
            made[name] = self._in_chunks(features, encoded["encoder_out"], size) if streams else NO_CHUNKS
        made["greedy"] = np.array(greedy(log_probs, self.settings.blank).units, np.int64)
        beam = sum(1 for _ in self._stored(_PREFIX))
        found = prefix_beam(log_probs, beam, self.settings.blank) if beam else ()
        made |= {f"prefix{n}": np.array(one.units, np.int64) for n, one in enumerate(found)}
        made["prefix_scores"] = np.array([one.score for one in found])
        return made | self._judged(encoded["encoder_out"][None], found)

    def batch(self, features: Floats, lengths: list[int]) -> dict[str, Array]:
        """Return what encoder and CTC answer to utterances, those of a batch or of one and the same cut to lengths."""
        rows = features if features.ndim == 3 else [features] * len(lengths)
        items = [self._encoded(row[:length])[0] for row, length in zip(rows, lengths, strict=True)]
        return {name: _padded([item[name] for item in items]) for name in items[0]}

    def _stored(self, pattern: re.Pattern[str]) -> Iterator[tuple[str, int]]:
        """Yield the stored answers of a name and a number."""
        for name in self.case.stored:
            if match := pattern.fullmatch(name):
                yield name, int(match[1])

    def _normalised(self, features: Floats) -> Floats:
        return self.settings.cmvn.normalise(features) if self.settings.cmvn else features

    def _encoded(self, features: Floats) -> tuple[dict[str, Array], Floats]:
        """Return what encoder and CTC answer, and the log probabilities of all units."""
        encoded = self.graphs["encoder"].run({"features": self._normalised(features)[None]})["encoded"]
        log_probs = self.graphs["ctc"].run({"encoded": encoded})["log_probs"][0]
        within = (len(features) - self.settings.context_frames) // self.settings.subsampling + 1
        made = {"encoder_out": encoded[0], "mask": np.arange(len(encoded[0])) < within}
        if "ctc_top_ids" in self.case.stored:
            kept = self.case.stored["ctc_top_ids"].value.shape[-1]
            made["ctc_top_ids"] = np.argsort(-log_probs, axis=1, kind="stable")[:, :kept]
            made["ctc_top"] = np.take_along_axis(log_probs, made["ctc_top_ids"], 1)
        return made, log_probs

    def _in_chunks(self, features: Floats, whole: Floats, size: int) -> Floats:
        graph = Described(self.graphs[CHUNK], self.material.entries[CHUNK], {"encoded": (1, "N", whole.shape[1])})
        stream = EncoderStream(graph, self.settings.subsampling, self.settings.context_frames, size)
        return np.concatenate([stream.feed(self._normalised(features)), stream.finish()])

    def _judged(self, encoded: Floats, found: tuple[Hypothesis, ...]) -> dict[str, Answer]:
        """Return what the decoders say of the texts of a search."""
        decoders = {name: Heard(self.graphs[name]) for name in DECODERS.values() if name in self.material.entries}
        if "decoder" not in decoders or not found:
            return dict.fromkeys(("rescored", "rescore", *DECODERS), NO_TEXTS if decoders else NO_DECODER)

        def judge(name: str) -> Judge:
            return lambda before, units: decoders[name].run({"encoded": encoded, "before": before, "units": units})["log_probs"]

        settings, backward = self.settings, judge("reverse_decoder") if "reverse_decoder" in decoders else None
        weights = {"ctc_weight": self.case.number("ctc_weight", CTC_WEIGHT), "reverse_weight": settings.reverse_weight}
        best = rescore(found, settings.sos, settings.eos, judge("decoder"), backward, **weights)[0]
        made: dict[str, Answer] = {"rescored": np.array(best.units, np.int64), "rescore": np.array(best.score)}
        own = len(found[0].units) + 1
        for key, name in DECODERS.items():
            heard = decoders[name].outputs if name in decoders else []
            made[key] = heard[0]["log_probs"][0, :own] if heard else NOT_ASKED
        return made


def _padded(items: list[Array]) -> Array:
    """Return items one above the other, all as long as the longest."""
    joined = np.zeros((len(items), max(map(len, items)), *items[0].shape[1:]), items[0].dtype)
    for row, item in zip(joined, items, strict=True):
        row[: len(item)] = item
    return joined
