"""A graph that is opened when it is first run: a part of a model that many users of it never need."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from tingshuo.engine.onnx import Session
from tingshuo.types import GraphSpec


class Later:
    """Stands in for an open graph.

    Parameters
    ----------
    open : callable
        Opens it; called once, when it is first run, and again if that failed.
    """

    def __init__(self, open: Callable[[], Session]) -> None:
        self._open = open
        self._opened: Session | None = None
        self._lock = Lock()

    @property
    def is_open(self) -> bool:
        """Whether it has been used."""
        return self._opened is not None

    @property
    def spec(self) -> GraphSpec:
        """Its inputs and outputs; opens it.

        Raises
        ------
        EngineError
            It cannot be opened.
        """
        return self._graph().spec

    def run(self, inputs: Mapping[str, NDArray[Any]], /) -> dict[str, NDArray[Any]]:
        """Run the graph, opening it first if need be.

        Raises
        ------
        EngineError
            It cannot be opened or run.
        """
        return self._graph().run(inputs)

    def _graph(self) -> Session:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened
