"""Rounds again and again: how often, and going on when one fails."""

import re
import time
from collections.abc import Callable

from tingshuo.errors import RequestError

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_EVERY = re.compile(r"([1-9]\d{0,6})([smhd])")


def parse_every(text: str) -> float:
    """Return the seconds of ``30m``, ``6h``, ``1d``.

    Raises
    ------
    RequestError
        It is none of these.
    """
    found = _EVERY.fullmatch(text)
    if found is None:
        raise RequestError(f"--every {text}: must be a whole number of s, m, h or d, such as 6h", "every")
    return float(int(found[1]) * SECONDS[found[2]])


def repeat(
    work: Callable[[], None],
    every_s: float,
    failed: Callable[[Exception], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Do work every so many seconds until the process is stopped; an error in it is told and does not end it.

    Parameters
    ----------
    work : callable
        A round.
    every_s : float
        From the beginning of a round to that of the next; one that takes longer is followed at once.
    failed : callable
        Told the error of a round.
    sleep, clock : callable
        Seconds.
    """
    while True:
        began = clock()
        try:
            work()
        except Exception as error:
            failed(error)
        sleep(max(0.0, every_s - (clock() - began)))
