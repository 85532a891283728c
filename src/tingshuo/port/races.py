"""Which of several is faster? They take turns, so that whatever else the machine does hits all alike; only ratios are told.

On one thread the processor's own time counts, which leaves out what other programs take; on several, what a clock shows.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tingshuo.port.passes.subject import Inputs
from tingshuo.types import Runs

ROUNDS, FEWEST_ROUNDS = 9, 3
LEAST_S = 0.01
"""A turn is repeated until it takes this long."""
MOST_S = 2.0
"""No new round begins after this long."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a runner did: ``ratio`` is the median over rounds of the first runner's time over its own, ``ms`` its median turn."""

    ratio: float
    ms: float


def clock_for(threads: int) -> Clock:
    """Return the clock that a race on so many threads is timed with."""
    return time.process_time if threads == 1 else time.perf_counter


def race(runners: Mapping[str, Callable[[], object]], clock: Clock, rounds: int = ROUNDS) -> dict[str, Standing]:
    """Let runners take turns.

    Parameters
    ----------
    runners : mapping
        The first is what the others are measured by.
    clock : callable
        Seconds.
    rounds : int
        Most rounds; there are fewer where the race takes long, but never fewer than three.

    Returns
    -------
    dict of str to Standing
        In the order of the runners.
    """
    turns: dict[str, list[float]] = {name: [] for name in runners}
    repeats = {name: _repeats(run, clock) for name, run in runners.items()}
    begin = time.perf_counter()
    for done in range(rounds):
        if done >= FEWEST_ROUNDS and time.perf_counter() - begin > MOST_S:
            break
        for name, run in runners.items():
            start = clock()
            for _ in range(repeats[name]):
                run()
            turns[name].append((clock() - start) / repeats[name])
    base = next(iter(turns.values()))
    return {
        name: Standing(
            statistics.median(b / max(t, 1e-9) for b, t in zip(base, taken, strict=True)), statistics.median(taken) * 1e3
        )
        for name, taken in turns.items()
    }


def turn(session: Runs, calls: Sequence[Inputs]) -> Callable[[], None]:
    """Return what makes a graph's calls one after the other."""

    def run() -> None:
        for inputs in calls:
            session.run(inputs)

    return run


def _repeats(run: Callable[[], object], clock: Clock) -> int:
    run()
    start = clock()
    run()
    return max(1, min(100, int(LEAST_S / max(clock() - start, 1e-5))))
