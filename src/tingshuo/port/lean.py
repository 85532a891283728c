"""Graphs opened on files of weights that are mapped, not read, and no more of them at a time than memory allows.

ONNX Runtime copies tensors that it is given by name, and maps those that a graph names in a file beside it. So the graphs of a
draft are written once more, with the place of every tensor in its file. Optimised, products read transposed weights where they
lie; operator by operator, all weights of an encoder are transposed before the first product, and to fold constants copies them.
"""

import ctypes
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import onnx
import onnxruntime
from numpy.typing import NDArray

from tingshuo.engine.onnx import Session
from tingshuo.errors import PortError
from tingshuo.types import GraphSpec

Array = NDArray[Any]
LEAST_OPEN_BYTES = 64 << 20
"""Of weights of open graphs; small ones stay open, as a loop may go from one to the other and back at every step."""
MORE = 1.25
"""Times the largest graph may be open at once, where that is more."""
_LOG_ERRORS = 3
_COPYING = ["ConstantFolding"]


def bind(model: onnx.ModelProto, weights: Path) -> int:
    """Say of every external initializer of a graph where in a file of tensors it lies; returns how many bytes they have."""
    places = _places(weights)
    total = 0
    for one in model.graph.initializer:
        if one.data_location != onnx.TensorProto.EXTERNAL:
            continue
        begin, end = places[one.name]
        del one.external_data[:]
        for key, value in (("location", weights.name), ("offset", begin), ("length", end - begin)):
            one.external_data.add(key=key, value=str(value))
        total += end - begin
    return total


def open_mapped(path: Path, name: str, *, optimized: bool = False) -> Session:
    """Open a graph whose weights lie in files in its folder.

    Parameters
    ----------
    path : Path
        ``.onnx`` file.
    name : str
        For messages.
    optimized : bool
        With the optimisations that graphs are used with, but for those that copy weights; otherwise operator by operator, as the
        file says it.

    Raises
    ------
    PortError
        ONNX Runtime cannot run it.
    """
    level = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = _LOG_ERRORS
    options.enable_mem_pattern = False  # which takes the memory of a run a second time, to have it in one piece
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimized else level.ORT_DISABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.disable_prepacking", "1")
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=_COPYING if optimized else None
        )
    except Exception as error:  # the runtime's errors have no common base below Exception
        raise PortError(f"graph {name!r} cannot be opened: {error}") from error
    return Session(session, name)


class LeanGraphs:
    """Graphs that are opened when they are used, and closed when others need the memory.

    Parameters
    ----------
    folder : Path
        In which the files of tensors lie; the graphs are written beside them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytes: dict[str, int] = {}
        self._open: dict[str, Session] = {}
        self._lock = Lock()

    def add(self, name: str, model: onnx.ModelProto, part: str) -> "LeanGraph":
        """Add a graph whose tensors lie in the file of a part; returns what runs it."""
        self._bytes[name] = bind(model, self._folder / f"{part}.safetensors") if _has_outside(model) else 0
        (self._folder / f"{name}.onnx").write_bytes(model.SerializeToString())
        return LeanGraph(self, name)

    def session(self, name: str, *, anew: bool = False) -> Session:
        """Return an open graph, the last that will be closed; with ``anew`` one that has not been run."""
        with self._lock:
            session = None if anew else self._open.pop(name, None)
            if session is None:
                self._close(self._bytes[name])
                session = open_mapped(self._folder / f"{name}.onnx", name, optimized=True)
            self._open[name] = session
            return session

    def close(self) -> None:
        """Close all graphs."""
        self._open.clear()
        give_back()

    def _close(self, wanted: int) -> None:
        """Close those that were used longest ago until there is room for one more."""
        room = max(LEAST_OPEN_BYTES, int(MORE * max(self._bytes.values())))
        while self._open and sum(self._bytes[name] for name in self._open) + wanted > room:
            del self._open[next(iter(self._open))]
            give_back()


class LeanGraph:
    """One of `LeanGraphs`; it runs like an open graph."""

    def __init__(self, graphs: LeanGraphs, name: str) -> None:
        self._graphs, self._name = graphs, name

    @property
    def spec(self) -> GraphSpec:
        """Its inputs and outputs."""
        return self._graphs.session(self._name).spec

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the graph."""
        return self._graphs.session(self._name).run(inputs)

    def run_anew(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the graph as if it had not been run before."""
        return self._graphs.session(self._name, anew=True).run(inputs)


def give_back() -> None:
    """Hand memory that was freed, and that the C library keeps to give it out again, back to the system."""
    with suppress(OSError, AttributeError):  # it is glibc's
        ctypes.CDLL(None).malloc_trim(0)


def _has_outside(model: onnx.ModelProto) -> bool:
    return any(one.data_location == onnx.TensorProto.EXTERNAL for one in model.graph.initializer)


def _places(path: Path) -> dict[str, tuple[int, int]]:
    """Return where in a safetensors file, written by us, each tensor begins and ends."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    return {
        name: (8 + length + row["data_offsets"][0], 8 + length + row["data_offsets"][1])
        for name, row in header.items()
        if name != "__metadata__"
    }
