"""Rewrites that make an exported graph fast in ONNX Runtime without changing what it computes.

Measured in float32 on one AVX-512 thread: a linear layer as one ``Gemm`` with its bias in place of ``MatMul`` and ``Add``, a
depthwise convolution as two-dimensional (it then has a direct kernel; as one-dimensional it is unrolled into matrices), and a net
of convolutions at the sample rate as two-dimensional from end to end (the runtime blocks channels in two dimensions only).
"""

import numpy as np
import onnx

from tingshuo.port.products import Product, find_depthwise, find_products
from tingshuo.port.rewrite import Emitter, assign, drop_unused, replace_nodes

_CONVOLUTIONS = ("Conv", "ConvTranspose")
_ELEMENTWISE = ("Add", "Div", "LeakyRelu", "Mul", "Tanh")


def optimize(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a faster model with the same inputs, outputs and weights.

    Parameters
    ----------
    model : onnx.ModelProto
        From `tingshuo.port.export.export_graph`.
    """
    fast = onnx.ModelProto()
    fast.CopyFrom(model)
    if any(node.op_type == "ConvTranspose" for node in fast.graph.node):
        widen_stack(fast.graph)
    else:
        widen_depthwise(fast.graph)
        for product in find_products(fast.graph):
            as_gemm(fast.graph, product)
    drop_unused(fast.graph)
    return fast


def widen_depthwise(graph: onnx.GraphProto) -> None:
    """Make each depthwise convolution (1, D, F) a two-dimensional one on (1, D, 1, F)."""
    for node in find_depthwise(graph):
        emit = Emitter(graph, f"{node.output[0]}/wide")
        axis = emit.constant("axis", np.array([2]))
        x = emit.add("Unsqueeze", [node.input[0], axis], "x")
        wide = widened(emit, node, x, axis, f"{emit.stem}/y")
        emit.add("Squeeze", [wide, axis], "out", output=node.output[0])
        replace_nodes(graph, [node], {node.output[0]: emit.nodes})


def widen_stack(graph: onnx.GraphProto) -> None:
    """Make every convolution (1, D, T) two-dimensional on (1, D, 1, T), and keep that shape through what lies between them."""
    emit = Emitter(graph, "wide")
    axis = emit.constant("axis", np.array([2]))
    wide: dict[str, str] = {}  # value -> the same value with its second axis; some values exist in this shape only
    flat: set[str] = {value.name for value in graph.input}
    for node in graph.node:
        if node.op_type in _CONVOLUTIONS:
            x = node.input[0]
            if x not in wide:
                wide[x] = emit.add("Unsqueeze", [x, axis], x)
            wide[node.output[0]] = widened(emit, node, wide[x], axis, node.output[0])
        elif node.op_type in _ELEMENTWISE and any(name in wide and name not in flat for name in node.input):
            node.input[:] = [wide.get(name, name) for name in node.input]
            emit.nodes.append(node)
            wide[node.output[0]] = node.output[0]
        else:
            for index, name in enumerate(node.input):
                if name in wide and name not in flat:
                    node.input[index] = emit.add("Squeeze", [wide[name], axis], f"{name}/flat")
            emit.nodes.append(node)
            flat.update(node.output)
    assign(graph.node, emit.nodes)


def widened(emit: Emitter, node: onnx.NodeProto, x: str, axis: str, output: str) -> str:
    """Emit a one-dimensional convolution as a two-dimensional one of height 1, of ``x`` that is two-dimensional already."""
    weight = emit.add("Unsqueeze", [node.input[1], axis], f"{node.input[1]}/weight")
    wide = onnx.NodeProto()
    wide.CopyFrom(node)
    wide.input[:] = [x, weight, *node.input[2:]]
    wide.output[:] = [output]
    for item in wide.attribute:
        if item.name == "pads":
            item.ints[:] = [0, item.ints[0], 0, item.ints[1]]
        elif item.name == "output_padding":
            item.ints[:] = [0, *item.ints]
        elif item.name in ("kernel_shape", "strides", "dilations"):
            item.ints[:] = [1, *item.ints]
    emit.nodes.append(wide)
    return output


def as_gemm(graph: onnx.GraphProto, product: Product) -> None:
    """Make a linear layer one Gemm on (F, D); a convolution, and what is a Gemm already, stay as they are."""
    if product.kernel > 1 or product.nodes[0].op_type == "Gemm":
        return
    emit = Emitter(graph, product.weight)
    rows = emit.add("Reshape", [product.x, emit.constant("rows", np.array([-1, product.n_in]))], "x")
    weight, bias = (_as_float32(graph, name) for name in (product.weight, product.bias))
    y = emit.add("Gemm", [rows, weight, bias], "y", transB=1)
    emit.add("Reshape", [y, emit.constant("batch", np.array([1, -1, product.n_out]))], "out", output=product.y)
    replace_nodes(graph, product.nodes, {product.nodes[-1].output[0]: emit.nodes})


def _as_float32(graph: onnx.GraphProto, name: str) -> str:
    """Return the value that a parameter is used as: half precision is widened by a cast."""
    wide = f"{name}.float32"
    return wide if any(wide in node.output for node in graph.node) else name
