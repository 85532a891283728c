"""What is told of a long work while it goes on, and at its end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Tell = Callable[[str, float, str], None]
"""Told the name of a stage, the share of it that is done, 0 to 1, and a word on how it goes."""


class Told:
    """Somebody who is told how far the work is, or nobody.

    Parameters
    ----------
    tell : callable or None
        Told the stage, its share done, and a word.
    """

    def __init__(self, tell: Tell | None = None) -> None:
        self._tell = tell

    def __call__(self, stage: str, done: float, note: str = "") -> None:
        """Tell."""
        if self._tell is not None:
            self._tell(stage, done, note)

    def counter(self, stage: str) -> Callable[[int, int], None]:
        """Return what a stage calls with how many of how many steps are done."""
        return lambda done, total: self(stage, done / max(1, total))


@dataclass(frozen=True, slots=True)
class Taught:
    """How the training of a recogniser ended: steps done, whether these were all, the lowest held-out loss, and the bundle.

    There is no bundle where it was interrupted.
    """

    step: int
    finished: bool
    best: float | None
    bundle: Path | None = None
