"""How much audio a server has promised, and how long it will take to make it.

Everybody is to be served at least as fast as it can be listened to. So what counts of a request is the audio that its listener
will need within the coming seconds: of a book whose next ten minutes are made already, nothing; of one that has just come, as
much as those seconds hold. As long as all of that can be made in time, one more request may come in. A recording that is heard
counts in the same way, as if somebody read along: what it takes is learnt apart from what speaking takes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Task = Literal["speak", "hear"]
FIRST_GUESS_RTF: dict[Task, float] = {"speak": 0.1, "hear": 0.3}
"""Thread seconds for a second of audio, before anything was measured: twice what a small board needs to speak, and as much as it
needs to hear with a small recogniser."""
LEARNING = 0.1
"""Share of a finished request in the moving averages."""
SHORTEST_S = 0.5
"""Requests of less audio teach nothing: they are all beginning."""


class Load(Protocol):
    """What is known of a request while it is being served."""

    @property
    def task(self) -> Task:
        """What is done with the audio."""
        ...

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


@dataclass(slots=True)
class Pace:
    """What was learnt of one task: thread seconds for a second of audio, and how much audio there was over what was expected."""

    rtf: float
    length_ratio: float = 1.0


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

    Attributes
    ----------
    paces : dict of str to Pace
        By task.
    """

    def __init__(self, threads: int, horizon_s: float, clock: Callable[[], float]) -> None:
        self.paces = {task: Pace(rtf) for task, rtf in FIRST_GUESS_RTF.items()}
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
            pace = self.paces[load.task]
            pace.rtf += LEARNING * (work_s / load.made_s - pace.rtf)
            if complete and load.expected_s:
                pace.length_ratio += LEARNING * (load.made_s / load.expected_s - pace.length_ratio)

    @property
    def audio_s(self) -> float:
        """Seconds of audio that are promised and not made."""
        return sum(self._left(load) for load in self._loads.values())

    @property
    def due_s(self) -> float:
        """Seconds of audio that listeners need within the horizon and that are not made."""
        now = self._clock()
        return sum(self._due(load, now) for load in self._loads.values())

    @property
    def wait_s(self) -> float:
        """How long it takes to make what is due."""
        now = self._clock()
        return sum(self._due(load, now) * self.paces[load.task].rtf for load in self._loads.values()) / self._threads

    @property
    def excess_s(self) -> float:
        """How long it takes until there is room for one more; 0 when there is."""
        return max(0.0, self.wait_s - self._horizon_s)

    def _left(self, load: Load) -> float:
        # A text that turned out longer than expected is not over before it is.
        return max(load.expected_s * self.paces[load.task].length_ratio - load.made_s, 0.0)

    def _due(self, load: Load, now: float) -> float:
        return max(0.0, min(self._left(load), self._horizon_s - _lead(load, now)))


def _lead(load: Load, now: float) -> float:
    """Seconds of audio that a listener who began at once still has to hear."""
    return 0.0 if load.begun_s is None else load.made_s - (now - load.begun_s)
