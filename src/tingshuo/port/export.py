"""Torch modules to ONNX graphs that hold structure only.

The weights of an exported graph stay outside it: each parameter is an external initializer, named as in the net. Of a voice that
we train they are half precision, and widened to float32 by a ``Cast`` that the engine folds when it opens the graph; of one that
is imported they stay as they were. One file of tensors so serves every graph and every precision of a bundle.
"""

import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tingshuo.errors import PortError
from tingshuo.port.rewrite import assign

if TYPE_CHECKING:
    import onnx_ir
    from torch import nn

    from tingshuo.models.layers.graph import Graph

OPSET = 20
"""The first with Gelu."""
IR_VERSION = 10
LOCATION = "weights"
"""What an external initializer gives as its file; the engine binds by name and never opens it."""


def export_graph(graph: "Graph", *, half: bool = True) -> onnx.ModelProto:
    """Trace a graph of a family.

    Parameters
    ----------
    graph : Graph
        Of a net in evaluation mode.
    half : bool
        Whether its tensors will be half precision.

    Returns
    -------
    onnx.ModelProto
        Structure only; the names of its initializers are the net's parameter names.

    Raises
    ------
    PortError
        The module cannot be traced, or has weights that are not parameters of the net.
    """
    import onnx_ir
    import torch  # here, as passes over graphs need neither

    inputs = tuple(value.clone() for value in graph.inputs.values())  # a tensor passed twice would become one input
    free = tuple({axis: torch.export.Dim(name, min=1) for axis, name in graph.free.get(key, {}).items()} for key in graph.inputs)
    graph.module.eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells of packages that are missing and not needed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's deprecations are not ours
            program = torch.onnx.export(
                graph.module,
                inputs,
                dynamo=True,
                opset_version=OPSET,
                input_names=list(graph.inputs),
                output_names=list(graph.outputs),
                dynamic_shapes=free,
                optimize=False,
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        raise PortError(f"graph {graph.name!r} cannot be exported: {error}") from error
    assert program is not None
    weights = _take_weights(graph.name, program.model.graph, _parameter_names(graph))
    model = onnx_ir.to_proto(program.model)
    _drop_identities(model.graph)
    _externalise(model.graph, weights, half=half)
    _describe(model, graph)
    return model


def half_tensors(net: "nn.Module") -> dict[str, NDArray[np.float16]]:
    """Return the parameters of a net as a bundle stores them: half precision, by name.

    Raises
    ------
    PortError
        A weight is not finite in half precision.
    """
    tensors = {name: tensor.detach().cpu().numpy().astype(np.float16) for name, tensor in net.state_dict().items()}
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise PortError(f"{name}: a value is not finite in half precision; the largest is 65504")
    return tensors


def _parameter_names(graph: "Graph") -> dict[str, str]:
    """Map the names that the exporter gives (``net.x`` where a module wraps the net) to the net's own."""
    return {name: name.removeprefix("net.") for name, _ in graph.module.named_parameters()}


def _drop_identities(graph: onnx.GraphProto) -> None:
    """Remove the Identity nodes that dropout leaves; none of them makes an output of the graph."""
    outputs = {value.name for value in graph.output}
    source: dict[str, str] = {}
    kept = []
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = source.get(name, name)
        if node.op_type == "Identity" and node.output[0] not in outputs:
            source[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    assign(graph.node, kept)


def _take_weights(name: str, graph: "onnx_ir.Graph", names: Mapping[str, str]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Take the weights out of a graph, before they would be copied: its names of them, to the net's names and shapes."""
    import onnx_ir

    found = {}
    for key, value in list(graph.initializers.items()):
        if key not in names or value.dtype != onnx_ir.DataType.FLOAT or value.shape is None:
            raise PortError(f"graph {name!r}: weight {key!r} is not a float32 parameter of the net and cannot be bound by name")
        found[key] = names[key], tuple(map(int, value.shape.numpy()))
        del graph.initializers[key]
    return found


def _externalise(graph: onnx.GraphProto, weights: Mapping[str, tuple[str, tuple[int, ...]]], *, half: bool) -> None:
    """Put every weight outside the graph, with a Cast to float32 where it is half precision."""
    renamed, initializers, casts = {}, [], []
    for key, (name, shape) in weights.items():
        renamed[key] = f"{name}.float32" if half else name
        kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
        outside = TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
        outside.external_data.add(key="location", value=LOCATION)
        initializers.append(outside)
        if half:
            casts.append(helper.make_node("Cast", [name], [f"{name}.float32"], to=TensorProto.FLOAT))
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    assign(graph.node, [*casts, *graph.node])
    assign(graph.initializer, initializers)


def _describe(model: onnx.ModelProto, graph: "Graph") -> None:
    """Drop what the exporter tells about itself; write plain input and output shapes."""
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version = "tingshuo", ""
    model.graph.name = graph.name
    del model.graph.value_info[:]
    del model.functions[:]
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]
