"""Static int8 by scales that real sentences chose: ONNX Runtime's own tool, uint8 activations, int8 weights for each channel.

The first and the last layer stay float32, as they carry what is heard most directly. With fixed scales, what is computed for a
frame does not depend on what else is in the piece, so a stream is what the whole file is.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from tingshuo.port.passes.fold import folded
from tingshuo.port.passes.subject import Inputs, NotApplicableError, Subject, embedded, outside
from tingshuo.port.rewrite import Emitter, attribute, replace_nodes

HEAVY = ("Conv", "MatMul", "Gemm")
KEPT_ENDS = 1
"""Layers at each end that stay float32."""
_WARNINGS, _ERRORS = 2, 3
"""Of the runtime's log."""
MOST_CALLS = 12
"""Calls that choose the scales: the tool keeps every value of every layer in memory."""


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # the runtime's package has no types
    def __init__(self, calls: Sequence[Inputs]) -> None:
        self._calls = iter(calls)

    def get_next(self) -> dict[str, Any] | None:
        """Return the next call, None behind the last."""
        call = next(self._calls, None)
        return dict(call) if call is not None else None


@contextmanager
def quietly() -> Iterator[None]:
    """Let the tool say nothing: it recommends steps that have been taken."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    onnxruntime.set_default_logger_severity(_ERRORS)
    try:
        yield
    finally:
        root.setLevel(before)
        onnxruntime.set_default_logger_severity(_WARNINGS)


def heavy(subject: Subject) -> Subject:
    """Quantise convolutions and products.

    Raises
    ------
    NotApplicableError
        There are too few, or nothing to choose scales by.
    """
    return _apply(subject, HEAVY)


def everything(subject: Subject) -> Subject:
    """Quantise every operator that can be, sums and activations too.

    Raises
    ------
    NotApplicableError
        As of `heavy`.
    """
    return _apply(subject, None)


def _apply(subject: Subject, kinds: tuple[str, ...] | None) -> Subject:
    if not subject.calibration:
        raise NotApplicableError("there are no sentences to choose scales by")
    model = folded(embedded(subject))
    gemms_apart(model.graph)
    weights = {one.name for one in model.graph.initializer if len(one.dims) > 1}
    layers = [node for node in model.graph.node if node.op_type in HEAVY and node.input[1] in weights]
    if len(layers) <= 2 * KEPT_ENDS:
        raise NotApplicableError(f"of its layers with weights ({len(layers)}), the first and the last stay as they are")
    for index, node in enumerate(model.graph.node):
        node.name = node.name or f"node{index}"
    kept = [node.name for node in (*layers[:KEPT_ENDS], *layers[-KEPT_ENDS:], *_stacked(model.graph))]
    every = subject.calibration
    calls = [every[k] for k in sorted({round(k) for k in np.linspace(0, len(every) - 1, MOST_CALLS)})]
    with TemporaryDirectory() as folder, quietly():
        path = Path(folder) / "int8.onnx"
        quantize_static(
            model, path, _Reader(calls), quant_format=QuantFormat.QDQ, per_channel=True,
            op_types_to_quantize=list(kinds) if kinds else None, nodes_to_exclude=kept, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )  # fmt: skip
        small = onnx.load(path)
    return replace(outside(small, subject, f".{subject.name}.int8"), precision="int8")


def _stacked(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return products with several matrices at once: the runtime has no scale for each column of those."""
    ranks = {one.name: len(one.dims) for one in graph.initializer}
    return [node for node in graph.node if node.op_type == "MatMul" and ranks.get(node.input[1], 2) != 2]


def gemms_apart(graph: onnx.GraphProto) -> None:
    """Make each product with a bias a ``MatMul`` and a sum: the tool quantises those for each channel."""
    values = {one.name: one for one in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Gemm"]:
        if node.input[1] not in values or attribute(node, "transA", 0) or attribute(node, "alpha", 1.0) != 1.0:
            continue
        weight = numpy_helper.to_array(values[node.input[1]])
        turned = np.ascontiguousarray(weight.T) if attribute(node, "transB", 0) else weight
        emit = Emitter(graph, node.output[0])
        name = emit.constant("turned", turned)
        bias = len(node.input) > 2
        made = emit.add("MatMul", [node.input[0], name], "product", output="" if bias else node.output[0])
        if bias:
            emit.add("Add", [made, node.input[2]], "sum", output=node.output[0])
        replace_nodes(graph, [node], {node.output[0]: emit.nodes})
