"""Dynamic int8: weights stored as int8, activations measured again in every run, by ONNX Runtime's own tool.

The scale of an activation then depends on what else is in the piece, so a stream is not to the last bit what the whole file is.
On convolutions it is known to be slow (onnxruntime #12854), which is measured here all the same.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from tingshuo.port.passes.fold import folded
from tingshuo.port.passes.static import gemms_apart, quietly
from tingshuo.port.passes.subject import NotApplicableError, Subject, embedded, outside


def products(subject: Subject) -> Subject:
    """Quantise matrix products alone.

    Raises
    ------
    NotApplicableError
        There are none.
    """
    return _apply(subject, ("MatMul",), "matrix product")


def convolutions(subject: Subject) -> Subject:
    """Quantise convolutions alone.

    Raises
    ------
    NotApplicableError
        There are none.
    """
    return _apply(subject, ("Conv",), "convolution")


def _apply(subject: Subject, kinds: tuple[str, ...], what: str) -> Subject:
    model = folded(embedded(subject))
    gemms_apart(model.graph)
    weights = {one.name for one in model.graph.initializer if len(one.dims) > 1}
    if not any(node.op_type in kinds and node.input[1] in weights for node in model.graph.node):
        raise NotApplicableError(f"it has no {what} with a weight")
    with TemporaryDirectory() as folder, quietly():
        path = Path(folder) / "int8.onnx"
        quantize_dynamic(model, path, op_types_to_quantize=list(kinds), per_channel=True, weight_type=QuantType.QInt8)
        small = onnx.load(path)
    return replace(outside(small, subject, f".{subject.name}.int8"), precision="int8")
