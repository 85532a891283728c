"""A progress bar on stderr for work over a second; quick work and output that is not a terminal see nothing of it."""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
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


class Stages:
    """A progress bar for the stage of a long work that is under way; the one before it ends.

    Parameters
    ----------
    names : Mapping of str to str
        What each stage is called on the screen.
    visible : bool or None
        As for `Progress`.
    """

    def __init__(self, names: Mapping[str, str], visible: bool | None = None) -> None:
        self._names, self._visible = names, visible
        self._stack = ExitStack()
        self._stage = ""
        self._bar: Progress | None = None

    def __enter__(self) -> "Stages":
        """Begin."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the bar that is there."""
        self._stack.close()

    def tell(self, stage: str, done: float, note: str) -> None:
        """Show how far a stage is: its share ``done``, 0 to 1, and a word on how it goes."""
        name = self._names[stage]
        if stage != self._stage:
            self._stack.close()
            self._stage = stage
            self._bar = self._stack.enter_context(Progress(name, 1.0, visible=self._visible))
        assert self._bar is not None
        self._bar.advance(done - self._bar.done)
        if note:
            self._bar.describe(f"{name}, {note}")
