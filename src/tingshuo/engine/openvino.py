"""Run ONNX graphs with OpenVINO on the CPU. Needs the ``openvino`` extra.

The same graph files as for ONNX Runtime. OpenVINO takes no tensors by name, so they are put into the graph in memory; no file
with weights is written. Its package brings another that reports use to its maker when models are converted with its own tool;
Tingshuo does not use that tool, and the package is kept from being imported at all.

Settings: the arithmetic is always said, as OpenVINO would take bfloat16 by itself where a processor has it, with 40 dB of error;
threads are not pinned, as every process would be pinned to the same cores; as many streams as there are cores for, so that calls
from several threads run at the same time.
"""

import importlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from numpy.typing import NDArray

from tingshuo.engine.cpu import usable_cpus
from tingshuo.engine.embed import embed, graph_spec
from tingshuo.engine.inputs import check_inputs
from tingshuo.engine.structure import external_names
from tingshuo.errors import EngineError, RequestError
from tingshuo.types import GraphSpec

Array = NDArray[Any]

PRECISIONS = ("f32", "bf16")
_DEVICE = "CPU"
_REPORTS = "openvino_telemetry"
_LACKING = re.compile(r"No conversion rule found for operations:([^\n]*)")


def _import_quietly() -> ModuleType:
    """Import OpenVINO without the package that reports on its use; it has a substitute for where that is not installed."""
    absent = _REPORTS not in sys.modules
    if absent:
        sys.modules[_REPORTS] = None  # type: ignore[assignment]  # how Python is told that there is no such module
    try:
        return importlib.import_module("openvino")
    finally:
        if absent:
            del sys.modules[_REPORTS]


openvino: Any = _import_quietly()
_CORE = openvino.Core()


class Session:
    """An open graph; `run` may be called from several threads at once.

    Parameters
    ----------
    model : openvino.CompiledModel
        The runtime's own.
    spec : GraphSpec
        As the graph file states it; OpenVINO forgets the names of free dimensions.
    name : str
        For messages.
    """

    def __init__(self, model: Any, spec: GraphSpec, name: str) -> None:
        self._model = model
        self._name = name
        self._known = {name for port in model.inputs for name in port.names}  # inputs that a graph does not use are dropped
        self._idle: list[Any] = []  # a request holds the values of one run, so each running thread has one of its own
        self.spec = spec

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
            An input is missing, unknown, or of the wrong type or shape.
        """
        check_inputs(self._name, self.spec, inputs)
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._model.create_infer_request()
        try:
            results = request.infer({k: v for k, v in inputs.items() if k in self._known}, share_inputs=True)
        except RuntimeError as error:
            raise EngineError(f"graph {self._name!r} cannot be run: {_reason(error)}") from error
        self._idle.append(request)
        return {name: results[name] for name in self.spec.outputs}


def open_graph(path: Path, tensors: Mapping[str, Array], *, threads: int = 1, precision: str = "f32") -> Session:
    """Open a graph file.

    Parameters
    ----------
    path : Path
        ``.onnx`` file.
    tensors : Mapping[str, Array]
        Weights by name; those that the graph does not name are ignored. They are copied while opening and may be dropped
        afterwards.
    threads : int
        Threads of one `Session.run`.
    precision : str
        ``f32``, or ``bf16`` where the processor multiplies it (AVX512-BF16, AMX).

    Raises
    ------
    RequestError
        Unknown precision, or one that this processor does not have.
    EngineError
        The file cannot be read, is not a graph, names a tensor that is not given, or has an operator that OpenVINO lacks.
    """
    _check_precision(precision)
    try:
        model = path.read_bytes()
        missing = [name for name in external_names(model) if name not in tensors]
        spec = graph_spec(model)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise EngineError(f"{path}: cannot be read as a graph: {error}") from error
    if missing:
        raise EngineError(f"{path}: the bundle has no tensor {missing[0]!r} that this graph needs")
    streams = max(1, usable_cpus() // threads)
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": streams * threads,
        "NUM_STREAMS": streams,
        "ENABLE_CPU_PINNING": False,
    }
    try:
        compiled = _CORE.compile_model(_CORE.read_model(embed(model, tensors), b""), _DEVICE, settings)
    except (RuntimeError, ValueError) as error:
        raise EngineError(f"{path}: cannot be opened as a graph: {_reason(error)}") from error
    return Session(compiled, spec, path.stem)


def _check_precision(precision: str) -> None:
    if precision not in PRECISIONS:
        raise RequestError(f"unknown precision {precision!r} of OpenVINO; accepted: {', '.join(PRECISIONS)}", "precision")
    if precision == "bf16" and "BF16" not in _CORE.get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES"):
        raise RequestError("this processor does not multiply bfloat16 (no AVX512-BF16, no AMX); take f32", "precision")


def lacking(error: Exception) -> str:
    """Return the operators that an error of OpenVINO says it does not have; empty when it says something else."""
    found = _LACKING.search(str(error))
    return found[1].strip() if found else ""


def _reason(error: Exception) -> str:
    """What an error tells: the operators that are missing, or the lines that are not places in OpenVINO's own source."""
    operators = lacking(error)
    if operators:
        return f"OpenVINO has no operator {operators}; take the graph's fp32 variant, or the engine onnx"
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Exception from", "Check '", "FrontEnd API failed"))]
    return " ".join(told) or str(error)
