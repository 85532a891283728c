"""A recogniser hears an utterance: samples -> features -> encoder -> CTC -> search -> decoders judge -> text."""

from collections.abc import Mapping
from functools import partial
from math import inf
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.fbank import fbank
from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.tasks.recognise.dictation import Dictation, ExpectedWords
from tingshuo.tasks.recognise.hotwords import Expected, Hotwords
from tingshuo.tasks.recognise.prefixes import PrefixBeam
from tingshuo.tasks.recognise.search import Hypothesis, greedy, hypotheses, rescore
from tingshuo.tasks.recognise.stream import DescribedGraph, EncoderStream, FeatureStream
from tingshuo.text.spelling import Speller
from tingshuo.types import Runs, Wav

Array = NDArray[Any]

UNLIKELY = -7.0
"""How far below the likeliest of its frame a syllable may be to be looked at, natural logarithm."""
WORD = "\u2581"
"""What begins a word in a unit of SentencePiece."""
SURE = 7.0
"""What a text begins with is said to stay when no other is less than 1000 times, in natural logarithms, less likely."""
CHUNK = "encoder_chunk"
"""The graph that hears chunks."""
CHUNK_S = 0.24
"""Seconds that are heard at a time: a word is known a chunk after its end at the latest, and what the chunk looks ahead."""


class Recogniser:
    """The nets of a recogniser, driven.

    Parameters
    ----------
    settings : ConformerBundleConfig
        Of the bundle.
    graphs : Mapping[str, Runs]
        ``encoder``, ``ctc`` and, of a net that has them, ``decoder`` and ``reverse_decoder``.
    speller : Speller or None
        Of a net that hears syllables.
    """

    def __init__(self, settings: ConformerBundleConfig, graphs: Mapping[str, Runs], speller: Speller | None = None) -> None:
        self.settings, self.graphs = settings, graphs
        spelling = settings.spelling
        assert (spelling is None) == (speller is None), "syllables need a speller, and characters none"
        self._dictation = Dictation(speller, settings.units, spelling.weight, spelling.bonus) if speller and spelling else None

    @property
    def sample_rate(self) -> int:
        """Hz of the samples that it hears."""
        return self.settings.sample_rate

    @property
    def frame_s(self) -> float:
        """Seconds from one frame of a hypothesis to the next."""
        return self.settings.fbank.shift_samples * self.settings.subsampling / self.sample_rate

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """Nothing can be chosen."""
        return {}

    def features(self, wav: Wav) -> NDArray[np.float32]:
        """Return what the encoder reads of samples at the bundle's rate, (F, n_mels)."""
        return self.normalised(fbank(wav, self.settings.fbank))

    def normalised(self, mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return log-mels as the encoder reads them."""
        return self.settings.cmvn.normalise(mel) if self.settings.cmvn else mel

    @property
    def written(self) -> tuple[str, ...]:
        """The units as they are written: of one that hears syllables, characters."""
        return self._dictation.written if self._dictation else self.settings.units

    def expect(self, words: Mapping[str, float]) -> Expected:
        """See `tingshuo.tasks.recognise.hearing.Hears`."""
        return ExpectedWords(self._dictation, words) if self._dictation else Hotwords(words, self.written)

    def hear(self, wav: Wav, beam: int = 10, expected: Expected | None = None) -> tuple[Hypothesis, ...]:
        """Return the most likely texts of an utterance, the best first; none where it is too short to hear.

        Parameters
        ----------
        wav : Wav
            (T,) at the bundle's rate.
        beam : int
            How many texts are kept on the way.
        expected : Expected or None
            Words of `expect`.
        """
        return self.read(self.features(wav), beam, expected)

    def read(self, features: NDArray[np.float32], beam: int = 10, expected: Expected | None = None) -> tuple[Hypothesis, ...]:
        """Return the most likely texts of `features`; see `hear`."""
        if len(features) < self.settings.context_frames:
            return ()
        encoded, log_probs = self._listen(features)
        if beam == 1 and expected is None and self._dictation is not None:
            return self._dictation.write((greedy(log_probs, self.settings.blank),), beam)
        search = self._search(beam, expected)
        search.feed(log_probs)
        return self._texts(search, beam, expected, encoded)

    def follow(self, beam: int = 10, expected: Expected | None = None, chunk_s: float = CHUNK_S) -> "Followed | None":
        """Begin to hear an utterance that is still being said; None of a net that was not taught to hear in chunks.

        Parameters
        ----------
        beam, expected
            As of `hear`.
        chunk_s : float
            Seconds that are heard at a time, where the net takes chunks of any length.
        """
        if CHUNK not in self.graphs or not self.settings.fbank.snip_edges or self.settings.fbank.dither:
            return None
        sizes = self.settings.architecture
        fixed = 0 if sizes.get("conformer.dynamic_chunk") else int(cast(int, sizes.get("conformer.static_chunk", 0)))
        chunk = fixed or max(1, round(chunk_s / self.frame_s))
        graph = cast(DescribedGraph, self.graphs[CHUNK])
        encoder = EncoderStream(graph, self.settings.subsampling, self.settings.context_frames, chunk)
        return Followed(self, encoder, beam, expected)

    def syllables(self, features: NDArray[np.float32]) -> tuple[int, ...]:
        """Return the best unit of each frame of `features`, repetitions as one, as it was heard: before anything is written."""
        if len(features) < self.settings.context_frames:
            return ()
        return greedy(self._listen(features)[1], self.settings.blank).units

    def text(self, units: tuple[int, ...]) -> str:
        """Return units as they are written; marks in brackets such as ``<unk>`` are left as they are."""
        written = "".join(self.written[unit] for unit in units)
        return written.replace(WORD, " ").strip()

    def _listen(self, features: NDArray[np.float32]) -> tuple[Array, NDArray[np.float32]]:
        """Return what the encoder makes of features, and log probabilities of the units, (N, units)."""
        encoded = self.graphs["encoder"].run({"features": features[None]})["encoded"]
        return encoded, self.graphs["ctc"].run({"encoded": encoded})["log_probs"][0]

    def _dictates(self, expected: Expected | None) -> Dictation | None:
        """Return who writes what is searched for, None where the units are writing themselves."""
        if self._dictation is None or expected is None:
            return self._dictation
        assert isinstance(expected, ExpectedWords), "words that another recogniser expects"
        return expected.dictation

    def _search(self, beam: int, expected: Expected | None) -> PrefixBeam:
        dictation = self._dictates(expected)
        if dictation is not None:
            return PrefixBeam(beam, self.settings.blank, dictation, UNLIKELY)
        assert expected is None or isinstance(expected, Hotwords), "words that another recogniser expects"
        return PrefixBeam(beam, self.settings.blank, expected, -inf)

    def _texts(self, search: PrefixBeam, beam: int, expected: Expected | None, encoded: Array) -> tuple[Hypothesis, ...]:
        """Return the texts of a search that is over, the best first; ``encoded`` (1, N, D) is what the decoders judge by."""
        dictation = self._dictates(expected)
        if dictation is not None:
            return dictation.read(search, beam)
        found = hypotheses(search)
        if "decoder" not in self.graphs:
            return found
        backward = partial(self._judge, "reverse_decoder", encoded) if "reverse_decoder" in self.graphs else None
        return rescore(
            found, self.settings.sos, self.settings.eos, partial(self._judge, "decoder", encoded), backward,
            reverse_weight=self.settings.reverse_weight,
        )  # fmt: skip

    def _judge(self, graph: str, encoded: Array, before: Array, units: Array) -> NDArray[np.float32]:
        return self.graphs[graph].run({"encoded": encoded, "before": before, "units": units})["log_probs"]


class Followed:
    """An utterance on its way through a recogniser, while it is being said; see `tingshuo.tasks.recognise.hearing.Following`."""

    def __init__(self, recogniser: Recogniser, encoder: EncoderStream, beam: int, expected: Expected | None) -> None:
        self._recogniser, self._encoder, self._beam, self._expected = recogniser, encoder, beam, expected
        self._features = FeatureStream(recogniser.settings.fbank)
        self._search = recogniser._search(beam, expected)
        self._encoded: list[Array] = []

    def feed(self, wav: Wav) -> bool:
        """Go on by samples at the recogniser's rate, any number; return whether more was heard."""
        return self._hear(self._encoder.feed(self._recogniser.normalised(self._features.feed(wav))))

    def so_far(self) -> tuple[str, int]:
        """Return the likeliest text so far, and how many of its characters will hardly change while this is fed on."""
        dictation = self._recogniser._dictates(self._expected)
        if dictation is not None:
            text, settled = dictation.so_far(self._search), dictation.settled(self._search, SURE)
        else:
            text, settled = self._recogniser.text(self._search.so_far()[0]), self._recogniser.text(self._search.settled(SURE))
        return text, len(settled) if text.startswith(settled) else 0

    def finish(self) -> tuple[Hypothesis, ...]:
        """End the utterance; return its likeliest texts as `Recogniser.hear` does, of what was heard in chunks."""
        self._hear(self._encoder.finish())
        if not self._encoded:
            return ()
        return self._recogniser._texts(self._search, self._beam, self._expected, np.concatenate(self._encoded)[None])

    def _hear(self, encoded: Array) -> bool:
        if not len(encoded):
            return False
        self._encoded.append(encoded)
        self._search.feed(self._recogniser.graphs["ctc"].run({"encoded": encoded[None]})["log_probs"][0])
        return True
