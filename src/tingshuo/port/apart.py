"""Does an engine survive a graph? Tried in a process of its own.

A few graphs make an engine's native code end the whole process: OpenVINO 2026.4 does so while it compiles the step of a Sambert
decoder for one thread a stream. No `except` sees that.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy.typing import NDArray

from tingshuo.engine.engines import ENGINES
from tingshuo.errors import TingshuoError


def outlives(function: Callable[..., object], *given: object) -> bool:
    """Whether a process that calls a function is alive afterwards.

    Parameters
    ----------
    function : callable
        Of a module, as the process imports it.
    *given : object
        What it is called with; it is pickled.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            pool.submit(function, *given).result()
        except BrokenProcessPool:
            return False
    return True


def open_and_run(engine: str, options: Mapping[str, str], model: bytes, inputs: Mapping[str, NDArray[Any]]) -> None:
    """Open a graph that has its tensors inside, and run it once; what the engine says against it, whoever opens it next is told.

    Parameters
    ----------
    engine : str
        Of `tingshuo.engine.engines`.
    options : mapping
        For it.
    model : bytes
        The graph.
    inputs : mapping
        By name.
    """
    with TemporaryDirectory() as folder, suppress(TingshuoError):
        path = Path(folder) / "graph.onnx"
        path.write_bytes(model)
        ENGINES.load(engine)(path, {}, **options).run(inputs)
