"""Wide convolutions over time with a third of the products: six samples at a time, by polynomials, see `models.layers.winograd`.

Time is laid before channels, so that a tile is a block of memory whatever the dilation; widths above seven are two kernels of
six. ONNX Runtime's own kernels run near the peak of a core, so only fewer products are faster, and only where there are many
channels: elsewhere laying out costs what products save. Measured on one AVX-512 thread (docs/speed.md), widths 3 / 7 / 11: 128
channels 1.4, 1.85, 1.65 times as fast, 64 channels 1.1, 1.2, 1.0 times.
"""

from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from tingshuo.models.layers.winograd import OUTPUTS, matrices
from tingshuo.port.passes.constants import constants
from tingshuo.port.passes.subject import NotApplicableError, Subject, embedded, outside
from tingshuo.port.rewrite import Emitter, GraphView, attribute, drop_unused, replace_nodes

SUFFIX = ".tiles"
PAIR = 6
"""Taps of each of the two kernels that a wide one is cut into."""
LEAST_CHANNELS = {3: 128, 5: 96, 7: 64, 9: 128, 11: 128}
"""Width to the least channels, in and out, with which it pays."""


class _Conv(NamedTuple):
    node: onnx.NodeProto
    weight: NDArray[np.float32]
    """(O, C, k)."""
    bias: str
    dilation: int
    before: int
    after: int
    is_picture: bool
    """Whether what it reads and writes is (1, D, 1, T)."""


def apply(subject: Subject) -> Subject:
    """Rewrite the convolutions of a graph that are wide enough.

    Raises
    ------
    NotApplicableError
        There is none.
    """
    model = embedded(subject)
    found = _find(model.graph)
    if not found:
        raise NotApplicableError("it has no convolution over time with the width and the channels that it pays for")
    for conv in found:
        replace_nodes(model.graph, [conv.node], {conv.node.output[0]: _tiled(model.graph, conv)})
    drop_unused(model.graph)
    return outside(model, subject, SUFFIX)


def _find(graph: onnx.GraphProto) -> list[_Conv]:
    values, view = constants(graph), GraphView(graph)
    found = []
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        raised = view.maker(node.input[1], "Unsqueeze")  # as the pass wide leaves it
        weight = values.get(raised.input[0] if raised is not None else node.input[1])
        if weight is None or weight.ndim not in (3, 4) or (weight.ndim == 4 and weight.shape[2] != 1):
            continue
        lone = (attribute(node, "group", 1), set(attribute(node, "strides", [1])), attribute(node, "auto_pad", b"NOTSET"))
        if lone != (1, {1}, b"NOTSET") or min(weight.shape[:2]) < LEAST_CHANNELS.get(weight.shape[-1], 1 << 30):
            continue
        pads, dilations = attribute(node, "pads", [0, 0]), attribute(node, "dilations", [1])
        half = len(pads) // 2
        if any((*pads[: half - 1], *pads[half:-1])):
            continue
        bias = node.input[2] if len(node.input) > 2 else ""
        plain = weight.reshape(*weight.shape[:2], -1).astype(np.float32)
        is_picture = raised is not None or weight.ndim == 4
        found.append(_Conv(node, plain, bias, int(dilations[-1]), int(pads[half - 1]), int(pads[-1]), is_picture))
    return found


def _tiled(graph: onnx.GraphProto, conv: _Conv) -> list[onnx.NodeProto]:
    """Return the nodes that stand for a convolution; T steps in, N out, P tiles of each remainder by the dilation."""
    emit = Emitter(graph, f"{conv.node.output[0]}{SUFFIX}")
    out, channels, width = conv.weight.shape
    taps, block = (width if width <= PAIR + 1 else PAIR), OUTPUTS * conv.dilation
    pair = width > taps
    n_points = OUTPUTS + taps - 1
    blocks = -(-(n_points + (PAIR if pair else 0)) // OUTPUTS) - 1  # behind the last tile, that its window reaches
    to_points, kernel_to_points, from_points = (one.numpy().astype(np.float32) for one in matrices(taps))

    def kernel(part: NDArray[np.float32]) -> NDArray[np.float32]:
        padded = np.zeros((out, channels, taps), np.float32)
        padded[..., : part.shape[-1]] = part
        points: NDArray[np.float32] = np.einsum("nk,ock->nco", kernel_to_points, padded).astype(np.float32)
        return points

    def ints(what: str, *numbers: int) -> str:
        return emit.constant(what, np.array(numbers, np.int64))

    one, ends = ints("one", 1), ints("end", 1 << 40)
    flat = emit.add("Reshape", [conv.node.input[0], ints("flat", channels, -1)], "x")
    rows = emit.add("Transpose", [flat], "rows", perm=[1, 0])
    steps = emit.add("Slice", [emit.add("Shape", [rows], "shape"), ints("zero", 0), one], "steps")
    shorter = conv.before + conv.after - (width - 1) * conv.dilation
    length = emit.add("Add", [steps, ints("shorter", shorter)], "length")
    tiles = emit.add("Div", [emit.add("Add", [length, ints("up", block - 1)], "up_to"), ints("block", block)], "tiles")
    wanted = emit.add("Mul", [emit.add("Add", [tiles, ints("behind", blocks)], "all"), ints("block_", block)], "wanted")
    right = emit.add("Sub", [emit.add("Sub", [wanted, steps], "more"), ints("before", conv.before)], "right")
    pads = emit.add("Concat", [ints("left", conv.before, 0), right, ints("none", 0)], "pads", axis=0)
    padded = emit.add("Pad", [rows, pads], "padded")
    cut = emit.add("Reshape", [padded, ints("cut", -1, OUTPUTS, conv.dilation * channels)], "cut_")
    turned = emit.add("Transpose", [cut], "turned", perm=[1, 0, 2])
    last = ints("last", -1)
    windows = [emit.add("Slice", [turned, ints("w0", 0), last, one], "w_0")]
    windows.append(
        emit.add("Slice", [turned, ints("w1", 0, 1), ints("w1_", n_points - OUTPUTS, 1 << 40), ints("w1a", 0, 1)], "w_1")
    )
    window = emit.add("Concat", windows, "window", axis=0)
    spread = ints("spread", n_points, -1)
    inputs = emit.add("MatMul", [emit.constant("to", to_points), emit.add("Reshape", [window, spread], "spread_")], "inputs")
    inputs = emit.add("Reshape", [inputs, ints("by", n_points, -1, channels)], "by_point")
    if pair:
        here = emit.add("Slice", [inputs, ints("h0", 0), ints("h1", -conv.dilation), one], "here")
        there = emit.add("Slice", [inputs, ints("t0", conv.dilation), ends, one], "there")
        inputs = emit.add("Concat", [here, there], "both", axis=2)
        weights = np.concatenate([kernel(conv.weight[..., :PAIR]), kernel(conv.weight[..., PAIR:])], 1)
    else:
        weights = kernel(conv.weight)
    products = emit.add("MatMul", [inputs, emit.constant("kernel", weights)], "products")
    back = emit.add("MatMul", [emit.constant("from", from_points), emit.add("Reshape", [products, spread], "p_")], "back")
    back = emit.add("Reshape", [back, ints("out", OUTPUTS, -1, conv.dilation * out)], "back_")
    back = emit.add("Reshape", [emit.add("Transpose", [back], "turned_", perm=[1, 0, 2]), ints("rows_", -1, out)], "steps_")
    done = emit.add("Slice", [back, ints("from0", 0), length, ints("axis0", 0)], "done")
    if conv.bias:
        done = emit.add("Add", [done, conv.bias], "biased")
    shape = [1, out, *([1] if conv.is_picture else []), -1]
    emit.add(
        "Reshape", [emit.add("Transpose", [done], "y", perm=[1, 0]), ints("as_it_was", *shape)], "", output=conv.node.output[0]
    )
    return emit.nodes
