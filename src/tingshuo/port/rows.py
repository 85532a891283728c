"""Large matrices stored as int8 with a scale for each row: half of half precision, for bundles whose size counts.

The engine widens them when it opens a graph, as it does with half precision, so that nothing is slower and every engine can; what
is computed is float32. A net whose weights are widened from what was stored is what its graphs are compared with.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tingshuo.port.export import LOCATION, half_tensors
from tingshuo.port.rewrite import assign

if TYPE_CHECKING:
    from torch import nn

LEAST = 1 << 13
"""Numbers of a matrix that is worth it."""
_LARGEST = 127
_SMALLEST = np.float32(1e-20)
"""Of the largest numbers of rows. A row of nothing would be divided by nothing, and so would one by a scale so small that a
processor that flushes such numbers takes it for nothing."""
_SCALE = ".scale"


def row_tensors(net: "nn.Module") -> dict[str, NDArray[Any]]:
    """Return the parameters of a net as they are stored: large matrices in int8, beside each its ``.scale``, the rest in half.

    Raises
    ------
    PortError
        A weight is not finite in half precision.
    """
    stored: dict[str, NDArray[Any]] = {}
    for name, halves in half_tensors(net).items():
        if halves.ndim != 2 or halves.size < LEAST:
            stored[name] = halves
            continue
        rows = net.state_dict()[name].detach().cpu().numpy().astype(np.float32)
        scale = np.maximum(np.abs(rows).max(1, keepdims=True), _SMALLEST) / np.float32(_LARGEST)
        stored[name] = np.rint(rows / scale).astype(np.int8)
        stored[name + _SCALE] = scale
    return stored


def widened(stored: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Return stored parameters as float32, those of int8 times their scales."""
    wide = {}
    for name, tensor in stored.items():
        if tensor.dtype == np.int8:
            wide[name] = tensor.astype(np.float32) * stored[name + _SCALE]
        elif not (name.endswith(_SCALE) and name.removesuffix(_SCALE) in stored):
            wide[name] = tensor.astype(np.float32)
    return wide


def read_rows(model: onnx.ModelProto, stored: Mapping[str, NDArray[Any]]) -> onnx.ModelProto:
    """Let a graph of `tingshuo.port.export.export_graph`, made for half precision, read what `row_tensors` gave; in place."""
    nodes, scales = [], []
    for weight in model.graph.initializer:
        if weight.name in stored and stored[weight.name].dtype == np.int8:
            weight.data_type = TensorProto.INT8
            scale = TensorProto(
                name=weight.name + _SCALE,
                data_type=TensorProto.FLOAT,
                dims=(weight.dims[0], 1),
                data_location=TensorProto.EXTERNAL,
            )
            scale.external_data.add(key="location", value=LOCATION)
            scales.append(scale)
    small = {scale.name.removesuffix(_SCALE) for scale in scales}
    for node in model.graph.node:
        nodes.append(node)
        if node.op_type == "Cast" and node.input[0] in small:
            wide = node.output[0]
            node.output[0] = f"{wide}.unscaled"
            nodes.append(helper.make_node("Mul", [node.output[0], node.input[0] + _SCALE], [wide]))
    assign(model.graph.node, nodes)
    model.graph.initializer.extend(scales)
    return model
