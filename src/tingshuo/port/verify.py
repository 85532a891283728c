"""Prove that a graph still computes what its net computes: error per output in dB, limits per precision, golden vectors.

An error is the energy of the difference over the energy of the reference. Float32 graphs must stay below -60 dB. The limits
of int8 were set by what they do to speech: a mel below -35 dB is within 0.03 nepers of the float32 one, normalised F0 below -30
dB within a few cents, and filters below -25 dB within 0.4 dB.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import VerifyError
from tingshuo.tasks.golden import LIMITS, error_db
from tingshuo.types import Runs

if TYPE_CHECKING:
    import onnx

    from tingshuo.engine.onnx import Session
    from tingshuo.models.layers.graph import Graph

Array = NDArray[Any]

LIMITS_DB: dict[str, dict[str, float]] = {
    "int8": {
        "hidden": -25.0,
        "log_duration": -35.0,
        "pitch": -30.0,
        "mel": -35.0,
        "gain": -25.0,
        "phase": -20.0,
        "noise_gain": -25.0,
        "log_magnitude": -25.0,
    },
}
"""Precision to output to largest error, dB."""
FP32_DB = -60.0
"""Largest error of any output in float32."""


def reference_outputs(graph: "Graph", inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Run the torch module of a graph, float32."""
    import torch  # here, as a process that only runs graphs has no memory to spare for it

    with torch.inference_mode():
        results = graph.module(*(torch.from_numpy(np.ascontiguousarray(inputs[name])) for name in graph.inputs))
    results = (results,) if isinstance(results, torch.Tensor) else results
    return {name: result.numpy() for name, result in zip(graph.outputs, results, strict=True)}


def open_model(model: "onnx.ModelProto", tensors: Mapping[str, Array], *, lean: bool = False) -> "Session":
    """Open a graph that is not in a file; ``lean`` as for `tingshuo.engine.onnx.open_graph`."""
    from tingshuo.engine.onnx import open_graph

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{model.graph.name}.onnx"
        path.write_bytes(model.SerializeToString())
        return open_graph(path, tensors, lean=lean)


def compare(session: Runs, inputs: Mapping[str, Array], expected: Mapping[str, Array]) -> dict[str, float]:
    """Run a session and return the error of each output, dB."""
    return errors_of(session.run(inputs), expected)


def errors_of(outputs: Mapping[str, Array], expected: Mapping[str, Array]) -> dict[str, float]:
    """Return the error of each output, dB."""
    return {name: error_db(outputs[name], expected[name]) for name in expected}


def limit_db(precision: str, output: str) -> float:
    """Return the largest error of an output at a precision, dB; what has no limit of its own may never have an error at int8."""
    return FP32_DB if precision == "fp32" else LIMITS_DB[precision].get(output, FP32_DB)


def check(errors: Mapping[str, float], precision: str, limit: float | None = None, whose: str = "the net's") -> None:
    """Refuse a graph with an error above its limit.

    Parameters
    ----------
    errors : mapping
        Output to error, dB.
    precision : str
        Of the graph.
    limit : float or None
        Of every output, dB; None is that of `limit_db`.
    whose : str
        What it is compared with, for the message.

    Raises
    ------
    VerifyError
        Names the output, its error and the limit.
    """
    for name, error in errors.items():
        largest = limit_db(precision, name) if limit is None else limit
        if not error <= largest:
            raise VerifyError(f"{precision} output {name!r} differs by {error:.1f} dB from {whose}, the limit is {largest:g} dB")


def golden_files(
    golden: Mapping[str, tuple[Mapping[str, Array], Mapping[str, Array]]],
    limits_db: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, bytes]:
    """Return golden vectors as files of a bundle.

    Parameters
    ----------
    golden : Mapping
        Graph name to its inputs and expected outputs.
    limits_db : Mapping or None
        Precision to output to largest error, dB, where it is not that of `limit_db`.

    Returns
    -------
    dict[str, bytes]
        ``golden/<graph>.npz`` with arrays ``input/<name>`` and ``output/<name>``, and ``golden/limits.json`` with the largest
        error of each output per precision, dB.
    """
    names = sorted({output for _, expected in golden.values() for output in expected})
    limits = {precision: {name: limit_db(precision, name) for name in names} for precision in ("fp32", *LIMITS_DB)}
    for precision, row in (limits_db or {}).items():
        limits.setdefault(precision, {}).update(row)
    files = {LIMITS: json.dumps(limits, indent=1).encode() + b"\n"}
    for name, (inputs, outputs) in golden.items():
        arrays = {f"input/{key}": value for key, value in inputs.items()}
        arrays |= {f"output/{key}": value for key, value in outputs.items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        files[f"golden/{name}.npz"] = buffer.getvalue()
    return files
