"""How much audio a server has promised, and how long it will take to make it.

Everybody is to be served at least as fast as it can be listened to. So what counts of a request is the audio that its listener
will need within the coming seconds: of a book whose next ten minutes are made already, nothing; of one that has just come, as
much as those seconds hold. As long as all of that can be made in time, one more request may come in.
"""

from collections.abc import Callable
from typing import Protocol

FIRST_GUESS_RTF = 0.1
"""Thread seconds for a second of audio, before anything was measured: twice what a small board needs."""
LEARNING = 0.1
"""Share of a finished request in the moving averages."""
SHORTEST_S = 0.5
"""Requests of less audio teach nothing: they are all beginning."""


class Load(Protocol):
    """What is known of a request while it is being served."""

    @property
    def expected_s(self) -> float:
        """Seconds of audio that its text will probably make."""
        ...

    @property
    def made_s(self) -> float:
        """Seconds of audio made so far."""
        ...

    @property
    def begun_s(self) -> float | None:
        """When its first audio was there, on the clock of the backlog."""
        ...


class Backlog:
    """The requests that are being served, and how fast this machine has been with those before.

    Parameters
    ----------
    threads : int
        That make audio at the same time.
    horizon_s : float
        How far to look ahead; nobody should have to wait for longer.
    clock : callable
        Seconds, never going back.
    """

    def __init__(self, threads: int, horizon_s: float, clock: Callable[[], float]) -> None:
        self.rtf = FIRST_GUESS_RTF
        self.length_ratio = 1.0
        """Of the audio that texts made over what was expected of them."""
        self._threads = threads
        self._horizon_s = horizon_s
        self._clock = clock
        self._loads: dict[int, Load] = {}

    def add(self, load: Load) -> None:
        """Count a request in."""
        self._loads[id(load)] = load

    def remove(self, load: Load, work_s: float, *, complete: bool) -> None:
        """Count a request out; one that was served to its end tells how fast the machine is."""
        self._loads.pop(id(load), None)
        if load.made_s >= SHORTEST_S:
            self.rtf += LEARNING * (work_s / load.made_s - self.rtf)
            if complete and load.expected_s:
                self.length_ratio += LEARNING * (load.made_s / load.expected_s - self.length_ratio)

    @property
    def audio_s(self) -> float:
        """Seconds of audio that are promised and not made."""
        return sum(self._left(load) for load in self._loads.values())

    @property
    def due_s(self) -> float:
        """Seconds of audio that listeners need within the horizon and that are not made."""
        now = self._clock()
        return sum(max(0.0, min(self._left(load), self._horizon_s - _lead(load, now))) for load in self._loads.values())

    @property
    def wait_s(self) -> float:
        """How long it takes to make what is due."""
        return self.due_s * self.rtf / self._threads

    @property
    def excess_s(self) -> float:
        """How long it takes until there is room for one more; 0 when there is."""
        return max(0.0, self.wait_s - self._horizon_s)

    def _left(self, load: Load) -> float:
        # A text that turned out longer than expected is not over before it is.
        return max(load.expected_s * self.length_ratio - load.made_s, 0.0)


def _lead(load: Load, now: float) -> float:
    """Seconds of audio that a listener who began at once still has to hear."""
    return 0.0 if load.begun_s is None else load.made_s - (now - load.begun_s)
