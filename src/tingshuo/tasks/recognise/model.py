"""A recogniser hears an utterance: samples -> features -> encoder -> CTC -> search -> decoders judge -> text."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.fbank import fbank
from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.tasks.recognise.prefixes import Scorer
from tingshuo.tasks.recognise.search import Hypothesis, prefix_beam, rescore
from tingshuo.types import Runs, Wav

Array = NDArray[Any]

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
    """

    def __init__(self, settings: ConformerBundleConfig, graphs: Mapping[str, Runs]) -> None:
        self.settings, self.graphs = settings, graphs

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
        found = fbank(wav, self.settings.fbank)
        return self.settings.cmvn.normalise(found) if self.settings.cmvn else found

    @property
    def written(self) -> tuple[str, ...]:
        """The units as they are written."""
        return self.settings.units

    def hear(self, wav: Wav, beam: int = 10, scorer: Scorer | None = None) -> tuple[Hypothesis, ...]:
        """Return the most likely texts of an utterance, the best first; none where it is too short to hear.

        Parameters
        ----------
        wav : Wav
            (T,) at the bundle's rate.
        beam : int
            How many texts are kept on the way.
        scorer : Scorer or None
            Has a say in which texts are likely.
        """
        features = self.features(wav)
        if len(features) < self.settings.context_frames:
            return ()
        encoded = self.graphs["encoder"].run({"features": features[None]})["encoded"]
        log_probs = self.graphs["ctc"].run({"encoded": encoded})["log_probs"][0]
        found = prefix_beam(log_probs, beam, self.settings.blank, scorer)
        if "decoder" not in self.graphs:
            return found
        backward = partial(self._judge, "reverse_decoder", encoded) if "reverse_decoder" in self.graphs else None
        return rescore(
            found, self.settings.sos, self.settings.eos, partial(self._judge, "decoder", encoded), backward,
            reverse_weight=self.settings.reverse_weight,
        )  # fmt: skip

    def text(self, units: tuple[int, ...]) -> str:
        """Return units as they are written; marks in brackets such as ``<unk>`` are left as they are."""
        written = "".join(self.settings.units[unit] for unit in units)
        return written.replace(WORD, " ").strip()

    def _judge(self, graph: str, encoded: Array, before: Array, units: Array) -> NDArray[np.float32]:
        return self.graphs[graph].run({"encoded": encoded, "before": before, "units": units})["log_probs"]
