"""Which of a few words was said: samples -> log-mels -> one window -> one small net -> a probability for each word.

::

    keywords = open_keywords("bundle")
    heard = keywords.hear(wav)                          # at keywords.sample_rate
    heard.word, heard.confidence, heard.probabilities
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.fbank import fbank
from tingshuo.config.keywords import KeywordsBundleConfig
from tingshuo.engine.engines import ENGINES
from tingshuo.errors import AudioError, BundleError, RequestError
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.tasks.choice import PRECISIONS, choose
from tingshuo.tasks.keywords.window import fit_window
from tingshuo.types import Runs, Wav

Array = NDArray[np.float32]
TASK, GRAPH = "keywords", "keywords"
NOTHING = ""
"""The word of a clip that holds none of the words."""


class Word(NamedTuple):
    """What was heard.

    ``word`` is `NOTHING` where it is none of the words, or not sure enough. ``confidence`` is the probability of the word, and of
    `NOTHING` that it is not the likeliest one; ``probabilities`` are those of all words, 1 in all with that of none of them.
    """

    word: str
    confidence: float
    probabilities: Mapping[str, float]


class Keywords:
    """The net of a bundle, driven; it keeps nothing of what it heard and may be shared by threads.

    Parameters
    ----------
    settings : KeywordsBundleConfig
        Of the bundle.
    graph : Runs
        features (1, T, M) -> probabilities (1, words + 1).
    """

    def __init__(self, settings: KeywordsBundleConfig, graph: Runs) -> None:
        self.settings, self._graph = settings, graph

    @property
    def sample_rate(self) -> int:
        """Hz of the samples that it hears."""
        return self.settings.sample_rate

    @property
    def words(self) -> tuple[str, ...]:
        """What it can hear."""
        return self.settings.words

    def hear(self, wav: Wav, threshold: float = 0.0, *, forced: bool = False) -> Word:
        """Tell which word a clip holds.

        Parameters
        ----------
        wav : Wav
            (T,) at `sample_rate`: one word with some silence around it.
        threshold : float
            Least probability of a word, 0 to 1.
        forced : bool
            Choose among the words alone, however little the clip sounds like one; the threshold is not looked at.

        Raises
        ------
        AudioError
            It is shorter than a frame, or has samples that are not numbers.
        RequestError
            The threshold is out of its range.
        EngineError
            The graph cannot be run.
        """
        if not 0 <= threshold <= 1:
            raise RequestError(f"the threshold must be from 0 to 1, got {threshold:g}", "threshold")
        rows = self.judge(fit_window(self.features(wav), self.settings.frames))
        found = int(np.argmax(rows[:-1] if forced else rows))
        if not forced and rows[found] < threshold:
            found = len(self.words)
        word = self.words[found] if found < len(self.words) else NOTHING
        confidence = float(rows[found]) if word else float(1 - rows[:-1].max())
        return Word(word, confidence, dict(zip(self.words, rows.tolist(), strict=False)))

    def features(self, wav: Wav) -> Array:
        """Return log-mels (F, M) of a clip; errors as of `hear`."""
        samples = np.asarray(wav, np.float32)
        if samples.ndim != 1 or len(samples) < self.settings.fbank.window_samples:
            least = self.settings.fbank.window_samples
            raise AudioError(
                f"a clip has to be one channel of at least {least} samples at {self.sample_rate} Hz, got {samples.shape}"
            )
        if not np.isfinite(samples).all():
            raise AudioError("the clip has samples that are not finite numbers; look at how it was recorded or read")
        return fbank(samples, self.settings.fbank)

    def judge(self, window: Array) -> Array:
        """Return the probabilities (words + 1,) of a window of log-mels (frames, M); the last is that of none of the words."""
        rows: Array = self._graph.run({"features": window[None]})["probabilities"][0]
        return rows

    def answers(self, clips: Iterable[tuple[str, Wav]], *, forced: bool = True) -> Iterator[tuple[str, str, float]]:
        """Hear many clips whose word is known.

        Parameters
        ----------
        clips : iterable of tuple
            Word that is said, and samples (T,) at `sample_rate`.
        forced : bool
            As for `hear`.

        Yields
        ------
        tuple
            What was said, what was heard, and the confidence.
        """
        for said, wav in clips:
            heard = self.hear(wav, forced=forced)
            yield said, heard.word, heard.confidence


def open_keywords(bundle: Bundle | str | os.PathLike[str], *, precision: str = "auto", threads: int = 1) -> Keywords:
    """Open the net in a bundle.

    Parameters
    ----------
    bundle : Bundle or path-like
        A bundle of the task ``keywords``, open or by its folder.
    precision : str
        ``fp32``, ``int8``, or ``auto``, see `tingshuo.tasks.choice`.
    threads : int
        Threads inside the graph.

    Raises
    ------
    BundleError
        It is no bundle, or of another task.
    RequestError
        There is no such precision.
    EngineError
        The graph cannot be opened.
    SealedError
        It is encrypted.
    """
    if precision not in PRECISIONS:
        raise RequestError(f"unknown precision {precision!r}; accepted: {', '.join(PRECISIONS)}", "precision")
    opened = bundle if isinstance(bundle, Bundle) else open_bundle(bundle)
    if opened.manifest.task != TASK:
        raise BundleError(
            f"{opened.path}: is of the task {opened.manifest.task} and does not hear single words; {TASK} is wanted"
        )
    settings = opened.settings
    if not isinstance(settings, KeywordsBundleConfig):
        raise BundleError(f"{opened.path}: is of the family {settings.family}, and {KeywordsBundleConfig.FAMILY} is wanted")
    variant = choose(opened.manifest, GRAPH, precision)
    tensors = {key: value for name in variant.weights for key, value in opened.tensors(name).items()}
    return Keywords(settings, ENGINES.load(variant.engine)(opened.file(variant.path), tensors, threads=threads))
