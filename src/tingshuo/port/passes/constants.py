"""What values of a graph are known before it runs."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from tingshuo.port.rewrite import attribute


def constants(graph: onnx.GraphProto) -> dict[str, NDArray[np.generic]]:
    """Return the constants that lie inside a graph, by name; tensors outside it are not among them."""
    found = {one.name: numpy_helper.to_array(one) for one in graph.initializer if one.data_location != onnx.TensorProto.EXTERNAL}
    for node in graph.node:
        if node.op_type == "Constant":
            tensor = attribute(node, "value", None)
            if tensor is not None:
                found[node.output[0]] = numpy_helper.to_array(tensor)
    return found
