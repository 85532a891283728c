"""Where the time of one synthesis goes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tingshuo.types import Stages


class Stopwatch:
    """Adds up milliseconds per stage; time in a nested stage counts for that one alone. One per synthesis, in any thread."""

    def __init__(self) -> None:
        self._ms = dict.fromkeys(("text_ms", "speaker_ms", "acoustic_ms", "vocoder_ms"), 0.0)
        self._nested = threading.local()
        self._adding = threading.Lock()
        self.ttfb_ms = 0.0

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a block as a stage; ``stage`` is a field of `Stages`."""
        begun, outer_s, self._nested.s = time.perf_counter(), getattr(self._nested, "s", 0.0), 0.0
        try:
            yield
        finally:
            elapsed_s = time.perf_counter() - begun
            with self._adding:
                self._ms[stage] += (elapsed_s - self._nested.s) * 1000
            self._nested.s = outer_s + elapsed_s

    @property
    def work_ms(self) -> float:
        """Everything timed so far."""
        return sum(self._ms.values())

    def first_audio(self) -> None:
        """Note that the first samples are ready."""
        self.ttfb_ms = self.ttfb_ms or self.work_ms

    def stages(self, duration_s: float) -> Stages:
        """Return the times, and the real-time factor for ``duration_s`` of audio."""
        rounded = {stage: round(ms, 3) for stage, ms in self._ms.items()}
        rtf = self.work_ms / 1000 / duration_s if duration_s else 0.0
        return Stages(**rounded, ttfb_ms=round(self.ttfb_ms, 3), rtf=round(rtf, 5))
