"""Static int8: matrix products of an exported graph in integer arithmetic, everything between them in float32.

Activations are quantised per tensor to uint8 with a scale and zero point that are fixed when the voice is built, so the result
for a frame does not depend on what else is in the chunk; weights per output feature to symmetric int8. Integer sums are
exact. Only scales and biases are stored: the int8 weights come out of the shared half-precision tensors when the engine opens
the graph and folds its constants.

The kernel is ONNX Runtime's ``QGemm``. With VNNI (x86) or dot-product (ARM) instructions it is two to three times as fast as
float32; older x86 saturates pairs of products in 16 bits, so a bundle keeps its float32 graphs too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from tingshuo.engine.onnx import open_graph
from tingshuo.port.optimize import as_gemm, widen_depthwise
from tingshuo.port.products import Product, find_products
from tingshuo.port.rewrite import MICROSOFT, Emitter, drop_unused, replace_nodes

Array = NDArray[Any]

_UINT8_LEVELS = 255
_INT8_MAX = 127
_SHRINKS = np.linspace(0.5, 1.0, 26)
"""Fractions of the observed range that are tried as clipping points."""
_ROWS = 4096
"""Activation vectors kept per product for choosing its scale."""


@dataclass(frozen=True, slots=True)
class Affine:
    """Quantisation of a tensor: value = ``scale`` * (integer - ``zero``)."""

    scale: float
    zero: int


@dataclass(frozen=True, slots=True)
class _Quantized:
    """A quantised value: names of its (F, D) integers, scale and zero point."""

    rows: str
    scale: str
    zero: str
    affine: Affine


def observe(model: onnx.ModelProto, tensors: Mapping[str, Array], batches: Iterable[Mapping[str, Array]]) -> dict[str, Array]:
    """Run a float32 graph and keep what its matrix products read.

    Parameters
    ----------
    model : onnx.ModelProto
        From `tingshuo.port.export.export_graph`.
    tensors : Mapping[str, Array]
        Its weights.
    batches : Iterable[Mapping[str, Array]]
        Inputs of typical sentences.

    Returns
    -------
    dict[str, Array]
        Name of each product's weight to (rows, D_in), at most about 4096 rows drawn evenly.
    """
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    products = find_products(watched.graph)
    known = {value.name for value in (*watched.graph.output, *watched.graph.input)}
    for x in dict.fromkeys(product.x for product in products):
        if x not in known:
            watched.graph.output.append(helper.make_tensor_value_info(x, onnx.TensorProto.FLOAT, None))
    rows: dict[str, list[Array]] = {product.weight: [] for product in products}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "watched.onnx"
        path.write_bytes(watched.SerializeToString())
        session = open_graph(path, tensors)
    for inputs in batches:
        values = {**inputs, **session.run(inputs)}
        for product in products:
            x = values[product.x][0]
            rows[product.weight].append(x.T if product.x_features_first else x)
    return {name: _thin(np.concatenate(parts)) for name, parts in rows.items()}


def choose_affine(values: Array) -> Affine:
    """Return the uint8 quantisation with the least squared error on these values.

    Clipping rare extremes buys finer steps; both ends shrink together, zero stays exact.
    """
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 1e-6)
    best, least = Affine((high - low) / _UINT8_LEVELS, 0), np.inf
    for shrink in _SHRINKS:
        scale = (high - low) * shrink / _UINT8_LEVELS
        affine = Affine(float(np.float32(scale)), round(-low * shrink / scale))
        integers = np.clip(np.rint(values / affine.scale) + affine.zero, 0, _UINT8_LEVELS)
        error = float(np.mean((affine.scale * (integers - affine.zero) - values) ** 2))
        if error < least:
            best, least = affine, error
    return best


def quantize(
    model: onnx.ModelProto, tensors: Mapping[str, Array], observed: Mapping[str, Array], keep: Sequence[str] = ()
) -> onnx.ModelProto:
    """Return a graph whose matrix products are int8.

    Parameters
    ----------
    model : onnx.ModelProto
        From `tingshuo.port.export.export_graph`, optimised or not.
    tensors : Mapping[str, Array]
        Its weights, for their scales.
    observed : Mapping[str, Array]
        From `observe`.
    keep : Sequence[str]
        Starts of weight names that stay float32.
    """
    fast = onnx.ModelProto()
    fast.CopyFrom(model)
    widen_depthwise(fast.graph)
    inputs: dict[str, _Quantized] = {}  # layers that read the same value share its integers
    for product in find_products(fast.graph):
        if product.weight.startswith(tuple(keep)):
            as_gemm(fast.graph, product)
            continue
        emit = Emitter(fast.graph, f"{product.weight}/int8")
        if product.x not in inputs:
            inputs[product.x] = _quantize_input(emit, product, choose_affine(observed[product.weight]))
        _as_qgemm(emit, product, inputs[product.x], _weight_scales(tensors[product.weight]), tensors[product.bias])
    drop_unused(fast.graph)
    fast.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    return fast


def _thin(rows: Array) -> Array:
    return rows[:: max(1, len(rows) // _ROWS)]


def _weight_scales(weight: Array) -> NDArray[np.float32]:
    largest = np.abs(weight.astype(np.float32)).reshape(len(weight), -1).max(1)
    scales: NDArray[np.float32] = (np.maximum(largest, 1e-8) / _INT8_MAX).astype(np.float32)
    return scales


def _quantize_input(emit: Emitter, product: Product, affine: Affine) -> _Quantized:
    x = product.x
    if product.x_features_first:
        x = emit.add("Transpose", [x], "x_features_last", perm=[0, 2, 1])
    scale = emit.constant("x_scale", np.float32(affine.scale))
    zero = emit.constant("x_zero", np.uint8(affine.zero))
    x = emit.add("QuantizeLinear", [x, scale, zero], "x_uint8")
    rows = emit.add("Reshape", [x, emit.constant("rows", np.array([-1, product.n_in]))], "x_rows")
    return _Quantized(rows, scale, zero, affine)


def _as_qgemm(emit: Emitter, product: Product, x: _Quantized, scales: NDArray[np.float32], bias: Array) -> None:
    rows = x.rows if product.kernel == 1 else _windows(emit, x.rows, product, x.affine.zero)
    weight, weight_scale, weight_zero = _int8_weight(emit, product, scales)
    steps = np.rint(bias.astype(np.float32) / (np.float32(x.affine.scale) * scales)).astype(np.int32)
    added = emit.constant("bias", steps)
    y = emit.add("QGemm", [rows, x.scale, x.zero, weight, weight_scale, weight_zero, added], "y", domain=MICROSOFT, transB=1)
    shape = emit.constant("batch", np.array([1, -1, product.n_out]))
    if product.y_features_first:
        y = emit.add("Reshape", [y, shape], "y_batch")
        emit.add("Transpose", [y], "out", output=product.y, perm=[0, 2, 1])
    else:
        emit.add("Reshape", [y, shape], "out", output=product.y)
    replace_nodes(emit.graph, product.nodes, {product.nodes[-1].output[0]: emit.nodes})


def _windows(emit: Emitter, x: str, product: Product, zero: int) -> str:
    """Lay the frames that a convolution sees side by side: (F, D) -> (F, kernel * D), the ends padded with the zero point."""
    half = product.kernel // 2
    edge = emit.constant("edge", np.full((half, product.n_in), zero, np.uint8))
    padded = emit.add("Concat", [edge, x, edge], "x_padded", axis=0)
    axis = emit.constant("axis", np.array([0]))
    slices = []
    for offset in range(product.kernel):
        start = emit.constant(f"start{offset}", np.array([offset]))
        left = product.kernel - 1 - offset
        stop = emit.constant(f"stop{offset}", np.array([-left if left else np.iinfo(np.int64).max]))
        slices.append(emit.add("Slice", [padded, start, stop, axis], f"x_slice{offset}"))
    return emit.add("Concat", slices, "x_windows", axis=1)


def _int8_weight(emit: Emitter, product: Product, scales: NDArray[np.float32]) -> tuple[str, str, str]:
    """Emit what makes (D_out, kernel * D_in) int8 out of the stored weight; returns weight, scale and zero point."""
    weight = f"{product.weight}.float32"
    scale = emit.constant("scale", scales)
    zero = emit.constant("zero", np.zeros(product.n_out, np.int8))
    weight = emit.add("QuantizeLinear", [weight, scale, zero], "int8", axis=0)
    if product.kernel > 1:
        weight = emit.add("Transpose", [weight], "int8_by_frame", perm=[0, 2, 1])
        flat = emit.constant("flat", np.array([product.n_out, product.kernel * product.n_in]))
        weight = emit.add("Reshape", [weight, flat], "int8_rows")
    return weight, scale, zero
