"""Graphs of a finished voice for nets of the same sizes: a graph holds structure only, so other weights need no other graph.

Tracing the four nets of a voice takes half a minute of a processor. A voice that began as another, or kept its vocoder, has nets
of the same sizes; the float32 graphs of the older bundle are taken for it, once they have proven on the new weights that they
compute what the nets compute.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from tingshuo.errors import BundleError, VerifyError
from tingshuo.models.layers.graph import Graph
from tingshuo.port.verify import check, compare, open_model, reference_outputs
from tingshuo.port.voice import ENGINE
from tingshuo.store.bundle import Bundle

KnownGraphs = Mapping[str, onnx.ModelProto]
"""Float32 graphs by name."""
PRECISION = "fp32"
SPREAD = 0.3
"""Deviation of the noise that is added to a graph's example inputs: zeros would prove little."""


def known_graphs(bundle: Bundle) -> KnownGraphs:
    """Return the float32 graphs of a bundle by name; those that it has not are left out."""
    found = {}
    for name, entry in bundle.manifest.graphs.items():
        if any(variant.engine == ENGINE and variant.precision == PRECISION for variant in entry.variants):
            try:
                found[name] = onnx.load(bundle.graph(name, PRECISION), load_external_data=False)
            except BundleError:
                continue
    return found


def fits(model: onnx.ModelProto, graph: Graph, tensors: Mapping[str, NDArray[Any]]) -> bool:
    """Whether a graph that was made for other weights computes what a net computes, to the limits of float32.

    Parameters
    ----------
    model : onnx.ModelProto
        A float32 graph of a bundle.
    graph : Graph
        Of the net.
    tensors : Mapping[str, NDArray]
        Weights of the net, half precision.
    """
    weights = {one.name: tuple(one.dims) for one in model.graph.initializer if one.data_location == TensorProto.EXTERNAL}
    if any(name not in tensors or tensors[name].shape != dims for name, dims in weights.items()):
        return False
    if {one.name for one in model.graph.input} != graph.inputs.keys() or {one.name for one in model.graph.output} != set(
        graph.outputs
    ):
        return False
    rng = np.random.default_rng(0)
    inputs = {name: value.numpy() for name, value in graph.inputs.items()}
    for name, value in inputs.items():
        if value.dtype == np.float32:
            inputs[name] = value + np.float32(SPREAD) * rng.standard_normal(value.shape, np.float32)
    for one in model.graph.input:
        shape = [dim.dim_value for dim in one.type.tensor_type.shape.dim]
        if any(size and size != own for size, own in zip(shape, inputs[one.name].shape, strict=False)):
            return False
    try:
        check(compare(open_model(model, tensors), inputs, reference_outputs(graph, inputs)), PRECISION)
    except VerifyError:
        return False
    return True
