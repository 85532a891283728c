"""Small tools for rewriting ONNX graphs: who makes a value, who uses it, fresh nodes in their places."""

from collections.abc import Iterable, MutableSequence, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

MICROSOFT = "com.microsoft"
"""Domain of ONNX Runtime's own operators."""


class GraphView:
    """A graph with its edges looked up; stale after the graph changes.

    Parameters
    ----------
    graph : onnx.GraphProto
        The graph.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.makers = {name: node for node in graph.node for name in node.output}
        self.users: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self.users.setdefault(name, []).append(node)
        self.results = {value.name for value in graph.output}

    def maker(self, name: str, op_type: str) -> onnx.NodeProto | None:
        """Return the node that makes a value when it is of this type."""
        node = self.makers.get(name)
        return node if node is not None and node.op_type == op_type else None

    def only_user(self, name: str, op_type: str) -> onnx.NodeProto | None:
        """Return the one node that uses a value when it is the only one and of this type."""
        users = self.users.get(name, [])
        return users[0] if len(users) == 1 and users[0].op_type == op_type and name not in self.results else None


class Emitter:
    """Collects new nodes and constants; names derive from one stem, so that they are unique and readable.

    Parameters
    ----------
    graph : onnx.GraphProto
        Receives the constants.
    stem : str
        Start of every new name.
    """

    def __init__(self, graph: onnx.GraphProto, stem: str) -> None:
        self.graph = graph
        self.stem = stem
        self.nodes: list[onnx.NodeProto] = []

    def constant(self, what: str, value: NDArray[Any] | np.generic) -> str:
        """Store a constant in the graph; returns its name."""
        name = f"{self.stem}/{what}"
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(
        self, op_type: str, inputs: Sequence[str], what: str, *, output: str = "", domain: str = "", **attributes: Any
    ) -> str:
        """Append a node with one output; returns the output's name, ``output`` or one made of the stem and ``what``."""
        name = output or f"{self.stem}/{what}"
        self.nodes.append(helper.make_node(op_type, inputs, [name], name=name, domain=domain, **attributes))
        return name


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """Return an attribute of a node, or ``default``."""
    for item in node.attribute:
        if item.name == name:
            return helper.get_attribute_value(item)
    return default


def replace_nodes(graph: onnx.GraphProto, old: Iterable[onnx.NodeProto], new: dict[str, list[onnx.NodeProto]]) -> None:
    """Remove nodes and put others in their places.

    Parameters
    ----------
    graph : onnx.GraphProto
        Changed in place.
    old : Iterable[onnx.NodeProto]
        Nodes to remove.
    new : dict
        First output of an old node to the nodes that stand there instead.
    """
    gone = {node.output[0] for node in old}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.output[0] not in gone:
            nodes.append(node)
        nodes.extend(new.get(node.output[0], ()))
    assign(graph.node, nodes)


def drop_unused(graph: onnx.GraphProto) -> None:
    """Remove nodes and initializers that no output of the graph depends on."""
    needed = {value.name for value in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    assign(graph.node, reversed(kept))
    assign(graph.initializer, [tensor for tensor in graph.initializer if tensor.name in needed])


def assign(field: MutableSequence[Any], items: Iterable[Any]) -> None:
    """Set the items of a repeated protobuf field."""
    items = list(items)
    del field[:]
    field.extend(items)
