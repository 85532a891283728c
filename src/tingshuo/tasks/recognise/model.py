"""A recogniser hears an utterance: samples -> features -> encoder -> CTC -> search -> decoders judge -> text."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.fbank import fbank
from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.tasks.recognise.dictation import Dictation, ExpectedWords
from tingshuo.tasks.recognise.hotwords import Expected, Hotwords
from tingshuo.tasks.recognise.search import Hypothesis, greedy, prefix_beam, rescore
from tingshuo.text.spelling import Speller
from tingshuo.types import Runs, Wav

Array = NDArray[Any]

UNLIKELY = -7.0
"""How far below the likeliest of its frame a syllable may be to be looked at, natural logarithm."""
WORD = "\u2581"
"""What begins a word in a unit of SentencePiece."""


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
        if self._dictation is not None:
            return self._dictate(log_probs, beam, expected)
        assert expected is None or isinstance(expected, Hotwords), "words that another recogniser expects"
        found = prefix_beam(log_probs, beam, self.settings.blank, expected)
        if "decoder" not in self.graphs:
            return found
        backward = partial(self._judge, "reverse_decoder", encoded) if "reverse_decoder" in self.graphs else None
        return rescore(
            found, self.settings.sos, self.settings.eos, partial(self._judge, "decoder", encoded), backward,
            reverse_weight=self.settings.reverse_weight,
        )  # fmt: skip

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

    def _dictate(self, log_probs: NDArray[np.float32], beam: int, expected: Expected | None) -> tuple[Hypothesis, ...]:
        assert expected is None or isinstance(expected, ExpectedWords), "words that another recogniser expects"
        dictation = self._dictation if expected is None else expected.dictation
        assert dictation is not None
        if beam == 1 and expected is None:
            return dictation.write((greedy(log_probs, self.settings.blank),), beam)
        return dictation.write(prefix_beam(log_probs, beam, self.settings.blank, dictation, UNLIKELY), beam)

    def _judge(self, graph: str, encoded: Array, before: Array, units: Array) -> NDArray[np.float32]:
        return self.graphs[graph].run({"encoded": encoded, "before": before, "units": units})["log_probs"]
