"""The classic recogniser: samples -> MFCC -> net -> states of phones -> Viterbi search -> lattice of syllables -> words."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.dnn import DnnBundleConfig
from tingshuo.tasks.hybrid.ears import coefficients, spliced
from tingshuo.tasks.hybrid.lattice import Lattice
from tingshuo.tasks.hybrid.network import Network
from tingshuo.tasks.hybrid.viterbi import search
from tingshuo.tasks.recognise.dictation import Dictation, ExpectedWords
from tingshuo.tasks.recognise.hotwords import Expected
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.text.spelling import Speller
from tingshuo.types import Runs, Wav

Floats = NDArray[np.float32]
GRAPH = "states"


class HybridRecogniser:
    """The net of a bundle, driven; see `tingshuo.tasks.recognise.hearing.Hears`.

    Parameters
    ----------
    settings : DnnBundleConfig
        Of the bundle.
    graphs : Mapping[str, Runs]
        ``states``: frames (N, offsets * D) -> log_posteriors (N, S).
    speller : Speller
        Writes syllables down.
    """

    def __init__(self, settings: DnnBundleConfig, graphs: Mapping[str, Runs], speller: Speller) -> None:
        self.settings, self._graph = settings, graphs[GRAPH]
        self.network = Network(settings)
        self._dictation = Dictation(speller, settings.units, settings.spelling.weight, settings.spelling.bonus)
        self._deviation = np.array(settings.deviation, np.float32)
        self._priors = np.array(settings.priors, np.float32)

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
        """Nothing can be chosen."""
        return {}

    @property
    def written(self) -> tuple[str, ...]:
        """The characters that it can write."""
        return self._dictation.written

    def expect(self, words: Mapping[str, float]) -> Expected:
        """See `tingshuo.tasks.recognise.hearing.Hears`."""
        return ExpectedWords(self._dictation, words)

    def hear(self, wav: Wav, beam: int = 10, expected: Expected | None = None) -> tuple[Hypothesis, ...]:
        """Return the most likely texts of an utterance, the best first; none where it is too short to hear.

        Parameters
        ----------
        wav : Wav
            (T,) at the bundle's rate.
        beam : int
            How many texts are kept on the way; with 1, and no words expected, words have no say in what was heard.
        expected : Expected or None
            Words of `expect`.
        """
        return self.read(self.features(wav), beam, expected) if len(wav) else ()

    def read(self, features: Floats, beam: int = 10, expected: Expected | None = None) -> tuple[Hypothesis, ...]:
        """Return the most likely texts of `features`; see `hear`."""
        assert expected is None or isinstance(expected, ExpectedWords), "words that another recogniser expects"
        dictation = self._dictation if expected is None else expected.dictation
        scorer = None if beam == 1 and expected is None else dictation
        return dictation.write(self.lattice(features).texts(beam, scorer), beam)

    def syllables(self, features: Floats) -> tuple[int, ...]:
        """Return the syllables that fit `features` best, before words have their say."""
        found = self.lattice(features).texts(1)
        return found[0].units if found else ()

    def features(self, wav: Wav) -> Floats:
        """Return the coefficients (F, D) of samples at the bundle's rate, at least one sample, normalised."""
        return coefficients(wav, self.settings.mfcc) / self._deviation

    def likelihoods(self, features: Floats) -> Floats:
        """Return how well each state fits each frame of `features`, (F, S): log posteriors less log priors."""
        given = {"frames": spliced(features, self.settings.offsets)}
        scores: Floats = self._graph.run(given)["log_posteriors"] - self._priors
        return scores

    def lattice(self, features: Floats) -> Lattice:
        """Return the syllables that may have been said."""
        beam = self.settings.beam
        scores = self.likelihoods(features) * np.float32(beam.scale)
        return search(scores, self.network, beam.ends).pruned(beam.lattice)

    def text(self, units: tuple[int, ...]) -> str:
        """Return units as they are written."""
        return "".join(self.written[unit] for unit in units)
