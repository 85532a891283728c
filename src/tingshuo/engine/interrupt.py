"""Stopping a graph while it runs in another thread: ONNX Runtime looks at a flag before each operator."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import onnxruntime

T = TypeVar("T")

_FATAL = 4
_here = threading.local()


class Interrupt:
    """Stops what is run under it; made for one piece of work, and used up when it was stopped."""

    def __init__(self) -> None:
        self._options = onnxruntime.RunOptions()
        self._options.log_severity_level = _FATAL  # being stopped is no error to be logged

    def stop(self) -> None:
        """Have graphs that run under it end within an operator, with an `EngineError`; later ones do not begin."""
        self._options.terminate = True

    @contextmanager
    def covering(self) -> Iterator[None]:
        """Run a block of this thread under it."""
        with _under(self._options):
            yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Run a block of this thread to its end whatever is stopped, as others wait for what it makes."""
    with _under(None):
        yield


def carried(function: Callable[[], T]) -> Callable[[], T]:
    """Return a function that another thread runs under what this one is under, for work that is done on its behalf."""
    options = current_options()

    def run() -> T:
        with _under(options):
            return function()

    return run


def current_options() -> onnxruntime.RunOptions | None:
    """Return what graphs of this thread are run with."""
    return getattr(_here, "options", None)


@contextmanager
def _under(options: onnxruntime.RunOptions | None) -> Iterator[None]:
    before, _here.options = current_options(), options
    try:
        yield
    finally:
        _here.options = before
