"""Words in running sound: a window slides over it, what the net says is smoothed, and a word counts once.

::

    spotter = Spotter(keywords)
    for chunk in microphone:                            # any number of samples at keywords.sample_rate
        for found in spotter.feed(chunk):
            found.word, found.end_s

Each window is judged whole. A frame of log-mels depends on its own samples alone, so however sound is cut into chunks, the same
words are found at the same places. Source of smoothing and threshold: G. Chen, C. Parada and G. Heigold 2014, "Small-footprint
keyword spotting using deep neural networks".
"""

from collections import deque
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from tingshuo.audio.fbank import fbank
from tingshuo.config.strict import StrictModel
from tingshuo.errors import AudioError
from tingshuo.tasks.keywords.model import Keywords
from tingshuo.types import Wav

Array = NDArray[np.float32]
Positive = Annotated[int, Meta(ge=1)]


class SpotConfig(StrictModel, frozen=True, kw_only=True):
    """When a word counts as heard."""

    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    """Least smoothed probability; None is the bundle's."""
    hop_frames: Positive = 10
    """Frames from one window to the next."""
    smooth: Positive = 3
    """Windows whose probabilities are averaged."""
    rest_s: Annotated[float, Meta(ge=0)] = 0.5
    """Seconds after a word in which none is heard. The same word is not heard again before it has left the window."""


class Spotting(NamedTuple):
    """A word that was heard, in a window that ended ``end_s`` seconds after the beginning; ``confidence`` 0 to 1."""

    word: str
    start_s: float
    end_s: float
    confidence: float


class Spotter:
    """Finds words in one stream; all that it remembers is of that stream, while the net may be shared.

    Parameters
    ----------
    keywords : Keywords
        The net.
    config : SpotConfig
        When a word counts.
    """

    def __init__(self, keywords: Keywords, config: SpotConfig | None = None) -> None:
        self._keywords, self._config = keywords, config or SpotConfig()
        settings = keywords.settings
        self._threshold = settings.threshold if self._config.threshold is None else self._config.threshold
        self._samples = np.zeros(0, np.float32)
        self._frames = np.zeros((0, settings.fbank.n_mels), np.float32)
        self._seen, self._next = 0, settings.frames
        self._rest_until = 0
        self._held: int | None = None  # a word that was told and has not left the window yet
        self._recent: deque[Array] = deque(maxlen=self._config.smooth)

    def feed(self, wav: Wav) -> list[Spotting]:
        """Hear the next samples of the stream.

        Parameters
        ----------
        wav : Wav
            (T,) at the rate of the net, any number.

        Returns
        -------
        list of Spotting
            Words that are sure now, in their order.

        Raises
        ------
        AudioError
            The samples are not one channel, or not finite.
        EngineError
            The graph cannot be run.
        """
        samples = np.asarray(wav, np.float32)
        if samples.ndim != 1 or not np.isfinite(samples).all():
            raise AudioError(f"samples have to be one channel of finite numbers, got the shape {samples.shape}")
        self._listen(samples)
        settings, hop, found = self._keywords.settings, self._config.hop_frames, []
        while self._next <= self._seen:
            begin = len(self._frames) - (self._seen - self._next) - settings.frames
            word = self._judge(self._frames[begin : begin + settings.frames])
            self._next += hop
            if word is not None:
                found.append(word)
        self._frames = self._frames[-(settings.frames + hop) :]
        return found

    def _listen(self, samples: Array) -> None:
        """Add the frames that are complete now."""
        framing = self._keywords.settings.fbank
        self._samples = np.concatenate([self._samples, samples])
        made = fbank(self._samples, framing)
        self._samples = self._samples[len(made) * framing.shift_samples :]
        self._frames = np.concatenate([self._frames, made])
        self._seen += len(made)

    def _judge(self, window: Array) -> Spotting | None:
        """Judge the window that ends at frame ``self._next``."""
        settings = self._keywords.settings
        self._recent.append(self._keywords.judge(window))
        smoothed = np.mean(self._recent, 0)
        if self._held is not None and smoothed[self._held] < self._threshold:
            self._held = None
        row = int(np.argmax(smoothed))
        unsure = len(self._recent) < self._config.smooth or smoothed[row] < self._threshold
        if unsure or row in (self._held, len(settings.words)) or self._next < self._rest_until:
            return None
        shift_s = settings.fbank.shift_samples / settings.sample_rate
        self._rest_until = self._next + round(self._config.rest_s / shift_s)
        self._held = row
        end_s = self._next * shift_s
        return Spotting(settings.words[row], end_s - settings.frames * shift_s, end_s, float(smoothed[row]))


def spot(keywords: Keywords, wav: Wav, config: SpotConfig | None = None) -> list[Spotting]:
    """Return the words in a whole recording, (T,) at the rate of the net; errors as of `Spotter.feed`.

    A window of silence is thought before and after it, so that words at its ends are heard.
    """
    edge = np.zeros(keywords.settings.window_samples // 2, np.float32)
    before, last = len(edge) / keywords.sample_rate, len(wav) / keywords.sample_rate
    found = Spotter(keywords, config).feed(np.concatenate([edge, np.asarray(wav, np.float32), edge]))
    return [one._replace(start_s=max(0.0, one.start_s - before), end_s=min(last, one.end_s - before)) for one in found]
