"""Convolutions over time as pictures one row high: ONNX Runtime blocks channels in two dimensions only.

A padding that lies before a convolution becomes a part of it.
"""

from collections.abc import Mapping

import numpy as np
import onnx

from tingshuo.port.optimize import widened
from tingshuo.port.passes.constants import constants
from tingshuo.port.passes.subject import NotApplicableError, Subject, copied
from tingshuo.port.products import parameter
from tingshuo.port.rewrite import Emitter, GraphView, assign, attribute, drop_unused, replace_nodes

_ELEMENTWISE = frozenset(
    {"Add", "Cos", "Div", "Elu", "Erf", "Exp", "Gelu", "LeakyRelu", "Mul", "Neg", "Pow", "Relu", "Sigmoid", "Sin", "Sub", "Tanh"}
)
"""Operators that work place by place."""


def apply(subject: Subject) -> Subject:
    """Make every one-dimensional convolution a two-dimensional one.

    Raises
    ------
    NotApplicableError
        There is none.
    """
    model = copied(subject.model)
    pads_inside(model.graph)
    ranks = {len(dims) for dims in weight_shapes(model.graph).values()}
    if 4 in ranks:
        raise NotApplicableError("its convolutions are two-dimensional already")
    if 3 not in ranks:
        raise NotApplicableError("it has no convolution")
    widen(model)
    drop_unused(model.graph)
    return subject.changed(model)


def widen(model: onnx.ModelProto) -> None:
    """Make every convolution (B, D, T) two-dimensional on (B, D, 1, T), and keep that shape through what lies between them."""
    ranks = _ranks(model)
    state = _Wide(Emitter(model.graph, "wide"), ranks)
    for node in model.graph.node:
        state.take(node)
    assign(model.graph.node, state.emit.nodes)


class _Wide:
    """Values that exist with a second axis, and those that exist without."""

    def __init__(self, emit: Emitter, ranks: Mapping[str, int]) -> None:
        self.emit, self.ranks = emit, ranks
        self.axis = emit.constant("axis", np.array([2]))
        self.wide: dict[str, str] = {}
        self.narrow: set[str] = set()
        """Values of `wide` that exist without the axis too."""

    def take(self, node: onnx.NodeProto) -> None:
        """Emit a node, widened where it is one that can be."""
        if node.op_type in ("Conv", "ConvTranspose"):
            self.wide[node.output[0]] = widened(self.emit, node, self._wide(node.input[0]), self.axis, node.output[0])
        elif self._passes(node):
            node.input[:] = [self._wide(name) if self.ranks.get(name, 0) == 3 else name for name in node.input]
            self.emit.nodes.append(node)
            self.wide[node.output[0]] = node.output[0]
        else:
            node.input[:] = [self._flat(name) for name in node.input]
            self.emit.nodes.append(node)

    def _passes(self, node: onnx.NodeProto) -> bool:
        """Whether a node works place by place, on something that is wide."""
        if node.op_type not in _ELEMENTWISE or not any(name in self.wide for name in node.input):
            return False
        return all(self.ranks.get(name, -1) in (0, 3) for name in node.input)

    def _wide(self, name: str) -> str:
        if name not in self.wide:
            self.wide[name] = self.emit.add("Unsqueeze", [name, self.axis], f"{name}/up")
            self.narrow.add(name)
        return self.wide[name]

    def _flat(self, name: str) -> str:
        if name not in self.wide or name in self.narrow:
            return name
        flat = f"{self.emit.stem}/{name}/flat"
        return flat if flat in self._made() else self.emit.add("Squeeze", [self.wide[name], self.axis], f"{name}/flat")

    def _made(self) -> set[str]:
        return {output for node in self.emit.nodes for output in node.output}


def _ranks(model: onnx.ModelProto) -> dict[str, int]:
    """Return how many dimensions each value has, where that can be told; a constant of one number has none."""
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    values = (*inferred.value_info, *inferred.input, *inferred.output)
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in values if value.type.tensor_type.HasField("shape")}
    ranks |= {one.name: len(one.dims) for one in model.graph.initializer}
    return ranks | {name: 0 for name, value in constants(model.graph).items() if value.size == 1}


def weight_shapes(graph: onnx.GraphProto) -> dict[str, list[int]]:
    """Return the shape of each convolution's weight, by the name of its output; those that are widened count as they are used."""
    view = GraphView(graph)
    shapes = {one.name: list(one.dims) for one in graph.initializer}
    found = {}
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose"):
            wide = view.maker(node.input[1], "Unsqueeze")
            name = wide.input[0] if wide is not None else node.input[1]
            dims = shapes.get(parameter(view, name), [])
            found[node.output[0]] = [*dims, 1] if wide is not None else dims
    return found


def pads_inside(graph: onnx.GraphProto) -> int:
    """Give convolutions the zeros that are put around what they read; returns how many took some."""
    view, values = GraphView(graph), constants(graph)
    gone = []
    for node in graph.node:
        if node.op_type != "Pad" or attribute(node, "mode", b"constant") != b"constant":
            continue
        after = view.only_user(node.output[0], "Conv")
        pads = values.get(node.input[1])
        filling = values.get(node.input[2], np.zeros(1)) if len(node.input) > 2 and node.input[2] else np.zeros(1)
        if after is None or pads is None or len(node.input) > 3 or np.any(filling) or not _last_axis_alone(pads):
            continue
        _widen_padding(after, int(pads[len(pads) // 2 - 1]), int(pads[-1]))
        after.input[0] = node.input[0]
        gone.append(node)
    replace_nodes(graph, gone, {})
    return len(gone)


def _last_axis_alone(pads: np.ndarray) -> bool:
    half = len(pads) // 2
    others = [*pads[: half - 1], *pads[half:-1]]
    return not any(others) and min(pads) >= 0


def _widen_padding(conv: onnx.NodeProto, before: int, after: int) -> None:
    own = list(attribute(conv, "pads", [0, 0]))
    kept = [item for item in conv.attribute if item.name not in ("pads", "auto_pad")]
    del conv.attribute[:]
    conv.attribute.extend(kept)
    conv.attribute.append(onnx.helper.make_attribute("pads", [own[0] + before, own[1] + after]))
