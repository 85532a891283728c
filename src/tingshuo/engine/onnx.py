"""Run ONNX graphs with ONNX Runtime on the CPU.

A graph file holds structure only; its weights are external initializers, bound here by name from the tensors of the bundle.
Settings: no memory arena (with audio of varying length it keeps the largest request's memory for ever), no spinning (an idle
server uses no processor), a sequential executor.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tingshuo.engine.interrupt import current_options
from tingshuo.engine.structure import external_names
from tingshuo.errors import EngineError
from tingshuo.types import GraphSpec

Array = NDArray[Any]

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
}
_LOG_ERRORS = 3


class Session:
    """An open graph; `run` may be called from several threads at once.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The runtime's own session.
    name : str
        For messages.
    """

    def __init__(self, session: onnxruntime.InferenceSession, name: str) -> None:
        self._session = session
        self._name = name
        self._outputs = [value.name for value in session.get_outputs()]
        self.spec = GraphSpec(_values(session.get_inputs()), _values(session.get_outputs()))

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the graph.

        Parameters
        ----------
        inputs : Mapping[str, Array]
            By name, as `spec` says.

        Returns
        -------
        dict[str, Array]
            Every output by name.

        Raises
        ------
        EngineError
            An input is missing, unknown, or of the wrong type or shape; or it was stopped (`tingshuo.engine.interrupt`).
        """
        try:
            results = self._session.run(self._outputs, dict(inputs), current_options())
        except Exception as error:  # the runtime's errors have no common base below Exception
            raise EngineError(f"graph {self._name!r} cannot be run: {error}") from error
        return dict(zip(self._outputs, results, strict=True))


def open_graph(path: Path, tensors: Mapping[str, Array], *, threads: int = 1, lean: bool = False) -> Session:
    """Open a graph file.

    Parameters
    ----------
    path : Path
        ``.onnx`` file.
    tensors : Mapping[str, Array]
        Weights by name; those that the graph does not name are ignored. They are copied or folded while opening and may
        be dropped afterwards.
    threads : int
        Threads of one `Session.run`.
    lean : bool
        Run the graph as it is written, on the tensors where they lie, instead of one that is laid out for the processor with
        copies of them: slower, half the memory. They have to outlive the session.

    Raises
    ------
    EngineError
        The file cannot be read, is not a graph, or names a tensor that is not given.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = _LOG_ERRORS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if lean:
        options.add_session_config_entry("session.disable_prepacking", "1")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        model = path.read_bytes()
        names = external_names(model)
    except (OSError, ValueError) as error:
        raise EngineError(f"{path}: cannot be read as a graph: {error}") from error
    missing = [name for name in names if name not in tensors]
    if missing:
        raise EngineError(f"{path}: the bundle has no tensor {missing[0]!r} that this graph needs")
    try:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(np.asarray(tensors[name], order="C")) for name in names]
        options.add_external_initializers(names, values)
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common base below Exception
        raise EngineError(f"{path}: cannot be opened as a graph: {error}") from error
    return Session(session, path.stem)


def _values(values: Sequence[Any]) -> dict[str, tuple[str, tuple[int | str, ...]]]:
    return {value.name: (_DTYPES.get(value.type, value.type), tuple(value.shape)) for value in values}
