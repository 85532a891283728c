"""A progress bar on stderr for work over a second; quick work and output that is not a terminal see nothing of it."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

PATIENCE_S = 1.0


class Progress:
    """A bar that appears when the work has taken a second; rich is imported only then.

    Parameters
    ----------
    description : str
        What is going on.
    total : float
        Amount of work.
    clock : callable
        Seconds.
    visible : bool or None
        Whether a bar may be drawn; None asks whether stderr is a terminal.
    """

    def __init__(
        self, description: str, total: float, clock: Callable[[], float] = time.monotonic, visible: bool | None = None
    ) -> None:
        self.done = 0.0
        self._description, self._total, self._clock = description, total, clock
        self._visible = sys.stderr.isatty() if visible is None else visible
        self._began = clock()
        self._bar: RichProgress | None = None

    def __enter__(self) -> Self:
        return self

    def advance(self, amount: float) -> None:
        """Note that so much more is done."""
        self.done += amount
        if self._visible and self._bar is None and self._clock() - self._began > PATIENCE_S:
            self._start()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self.done)

    def describe(self, description: str) -> None:
        """Say anew what is going on."""
        self._description = description
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=description)

    @property
    def shown(self) -> bool:
        """Whether the bar has appeared."""
        return self._bar is not None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            if error is None:
                self._bar.update(self._bar.task_ids[0], completed=self._total)
            self._bar.stop()

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
        self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._bar.add_task(self._description, total=self._total)
        self._bar.start()
