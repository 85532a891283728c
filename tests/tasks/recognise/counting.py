"""A recogniser that hears how long there is sound: it says 嘟 for each 0.3 s of it."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from tingshuo.tasks.recognise.hotwords import Hotwords
from tingshuo.tasks.recognise.search import Hypothesis

BLOCK, EACH = 1600, 3


class Counting:
    """Frames are 0.1 s; a second text says one unit more, a third none. ``heard_s`` is how long each utterance was."""

    frame_s = 0.1
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    written = ("<blank>", "嘟", "▁go", "ne")

    def __init__(self, sample_rate=16000, timed=True):
        self.sample_rate, self.timed = sample_rate, timed
        self.heard_s: list[float] = []
        self.expected: list[object] = []

    def expect(self, words):
        return Hotwords(words, self.written)

    def hear(self, wav, beam=10, expected=None):
        self.heard_s.append(len(wav) / self.sample_rate)
        self.expected.append(expected)
        size = BLOCK * self.sample_rate // 16000
        loud = np.square(wav[: len(wav) // size * size].reshape(-1, size)).mean(1) > 1e-5
        at = np.flatnonzero(loud)[::EACH]
        texts = [at, np.append(at, at[-1:] + 1), at[:0]][:beam] if len(at) else [at]
        frames = [tuple(a.tolist()) if self.timed else () for a in texts]
        return tuple(Hypothesis((1,) * len(a), -float(n), frames[n], (0.5,) * len(a)) for n, a in enumerate(texts))

    def text(self, units):
        return "".join(self.written[unit] for unit in units).replace("▁", " ").strip()
