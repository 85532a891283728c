"""Where a stranger's graph computes the durations of its symbols, found out by trying: then words can be timed.

VITS and Matcha round the durations of symbols up to whole frames. Whatever comes out of such a rounding is a candidate; it is the
durations if it is one number a symbol, and if the samples of several trials, of other lengths and speeds, are its sum times the
same whole number each time, or the frames of a mel its sum.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tingshuo.port.importers.graph_voice_trial import open_plain

Array = NDArray[Any]
DURATIONS = "durations"
_CANDIDATES = 12
_LEAST_HOP, _LARGEST_HOP = 2, 4096


def find_durations(
    model: onnx.ModelProto, trials: Sequence[tuple[int, Mapping[str, Array]]], made: str, *, mel_axis: int | None
) -> int:
    """Find the durations of a graph, and make an output of them.

    Parameters
    ----------
    model : onnx.ModelProto
        Gets an output `DURATIONS`, where they are found.
    trials : sequence
        Number of symbols and inputs of a trial: several, of other lengths and speeds.
    made : str
        The output that is samples, or a mel.
    mel_axis : int or None
        Axis of the frames of a mel; None of samples.

    Returns
    -------
    int
        Samples of a frame, 1 of a mel; 0 where there are none.

    Raises
    ------
    EngineError
        The graph cannot be run.
    """
    candidates = _candidates(model.graph)
    if not candidates or any(value.name == DURATIONS for value in model.graph.output):
        return 0
    given = len(model.graph.output)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in candidates)
    try:
        session = open_plain(model, "acoustic")
    finally:
        del model.graph.output[given:]
    hops: dict[str, set[float]] = {name: set() for name in candidates if session.spec.outputs[name][0] == "float32"}
    axes: dict[str, list[None]] = {}
    for symbols, inputs in trials:
        results = session.run(inputs)
        for name, found in hops.items():
            found.add(_hop(results[made], results[name], symbols, mel_axis))
            axes[name] = [None] * np.ndim(results[name])
    agreed = {name: int(max(found)) for name, found in hops.items() if len(found) == 1 and max(found) > 0}
    for name, hop in agreed.items():
        model.graph.node.append(helper.make_node("Identity", [name], [DURATIONS], DURATIONS))
        model.graph.output.append(helper.make_tensor_value_info(DURATIONS, TensorProto.FLOAT, axes[name]))
        return hop
    return 0


def _candidates(graph: onnx.GraphProto) -> list[str]:
    """Return values that were rounded up, and what is made of them: Matcha makes them longer, others see that none is 0."""
    rounded = [name for node in graph.node if node.op_type == "Ceil" for name in node.output]
    changed = [node.output[0] for node in graph.node if node.op_type in ("Mul", "Max", "Clip") and set(node.input) & set(rounded)]
    return [*rounded, *changed][:_CANDIDATES]


def _hop(made: Array, durations: Array, symbols: int, mel_axis: int | None) -> float:
    """Return the samples of a frame if these can be durations, 0 if they cannot."""
    numbers = np.asarray(durations, np.float64)
    total = float(numbers.sum())
    if not numbers.ndim or numbers.shape[-1] != symbols or numbers.size != symbols or not total > 0 or numbers.min() < 0:
        return 0.0
    if mel_axis is not None:
        return 1.0 if abs(made.shape[mel_axis] - total) <= 1.0 else 0.0
    hop = made.size / total
    return hop if hop.is_integer() and _LEAST_HOP <= hop <= _LARGEST_HOP else 0.0
