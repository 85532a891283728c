"""Find the matrix products of an exported graph: linear layers and dense one-dimensional convolutions.

They hold nearly all of the arithmetic, and both rewrites (`tingshuo.port.optimize` for float32, `tingshuo.port.quantize` for
int8) put something faster in their places. Shapes: B = 1 batch, F frames (or phonemes), D features.
"""

from dataclasses import dataclass

import onnx

from tingshuo.errors import PortError
from tingshuo.port.rewrite import GraphView, attribute

_FEATURES_LAST = [0, 2, 1]


@dataclass(frozen=True, slots=True)
class Product:
    """A matrix product and the nodes that spell it out.

    ``weight`` and ``bias`` are parameter names; ``x`` (1, F, D_in) and ``y`` (1, F, D_out) the values it reads and makes.
    ``kernel`` is the number of frames it sees (1 for a linear layer), zero-padded to keep F. A convolution of the exporter
    reads and makes (1, D, F): then ``x_features_first`` and ``y_features_first`` say whether a transpose around it is missing.
    """

    weight: str
    bias: str
    x: str
    y: str
    n_in: int
    n_out: int
    kernel: int
    nodes: tuple[onnx.NodeProto, ...]
    x_features_first: bool = False
    y_features_first: bool = False


def find_products(graph: onnx.GraphProto) -> list[Product]:
    """Return every linear layer and dense convolution, in graph order, as exported or made fast already.

    Raises
    ------
    PortError
        A convolution that changes the number of frames; no family has one.
    """
    view = GraphView(graph)
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    products = []
    for node in graph.node:
        product = None
        if node.op_type == "MatMul":
            product = _linear(view, node, shapes)
        elif node.op_type == "Gemm":
            product = _gemm(view, node, shapes)
        elif node.op_type == "Conv" and attribute(node, "group", 1) == 1 and _is_plain(view, node, shapes):
            product = _convolution(view, node, shapes)
        if product is not None:
            products.append(product)
    return products


def find_depthwise(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the one-dimensional convolutions that keep features apart."""
    view = GraphView(graph)
    convolutions = (node for node in graph.node if node.op_type == "Conv" and attribute(node, "group", 1) > 1)
    return [node for node in convolutions if view.maker(node.input[1], "Unsqueeze") is None]  # which widens it


def parameter(view: GraphView, name: str) -> str:
    """Return the parameter behind a float32 value: the input of its Cast, or the name itself; empty when it is none."""
    cast = view.maker(name, "Cast")
    if cast is not None:
        name = cast.input[0]
    return "" if name in view.makers else name


def _linear(view: GraphView, node: onnx.NodeProto, shapes: dict[str, list[int]]) -> Product | None:
    turn = view.maker(node.input[1], "Transpose")
    weight = parameter(view, turn.input[0]) if turn is not None else ""
    add = view.only_user(node.output[0], "Add")
    if weight not in shapes or add is None or turn is None:
        return None
    bias = parameter(view, next(name for name in add.input if name != node.output[0]))
    if bias not in shapes:
        return None
    n_out, n_in = shapes[weight]
    return Product(weight, bias, node.input[0], add.output[0], n_in, n_out, 1, (node, add))


def _gemm(view: GraphView, node: onnx.NodeProto, shapes: dict[str, list[int]]) -> Product | None:
    """A linear layer as `tingshuo.port.optimize` leaves it; one without a bias, as exporters write it, is fast as it is."""
    if len(node.input) < 3:
        return None
    weight, bias = (parameter(view, name) for name in node.input[1:])
    before, after = view.maker(node.input[0], "Reshape"), view.only_user(node.output[0], "Reshape")
    if weight not in shapes or bias not in shapes or before is None or after is None:
        return None
    n_out, n_in = shapes[weight]
    return Product(weight, bias, before.input[0], after.output[0], n_in, n_out, 1, (node, after))


def _is_plain(view: GraphView, node: onnx.NodeProto, shapes: dict[str, list[int]]) -> bool:
    """Whether a convolution over time reads its weight and bias as they are stored: one that was widened does not."""
    stored = len(node.input) == 3 and all(parameter(view, name) in shapes for name in node.input[1:])
    return stored and len(shapes[parameter(view, node.input[1])]) == 3  # those over pictures have one dimension more


def _convolution(view: GraphView, node: onnx.NodeProto, shapes: dict[str, list[int]]) -> Product:
    weight, bias = (parameter(view, name) for name in node.input[1:])
    n_out, n_in, kernel = shapes[weight]
    half = kernel // 2
    if list(attribute(node, "pads", [0, 0])) != [half, half] or attribute(node, "strides", [1]) != [1]:
        raise PortError(f"convolution {weight!r} changes the number of frames; only same-length ones are known")
    nodes = [node]
    before = view.maker(node.input[0], "Transpose")
    after = view.only_user(node.output[0], "Transpose")
    if before is not None and attribute(before, "perm", []) != _FEATURES_LAST:
        before = None
    if after is not None:
        nodes.append(after)
    return Product(
        weight,
        bias,
        before.input[0] if before is not None else node.input[0],
        after.output[0] if after is not None else node.output[0],
        n_in,
        n_out,
        kernel,
        tuple(nodes),
        x_features_first=before is None,
        y_features_first=after is None,
    )
