"""What of a graph is fixed: its initializers, and everything that is computed of them and of constants alone."""

from collections.abc import Iterable, Sequence
from typing import Any

import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tingshuo.errors import PortError

IR_VERSION = 8
"""Of a part that is run: any that allows initializers which are no inputs."""
_DRAWN = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")


class Constants:
    """The fixed values of a graph.

    Parameters
    ----------
    graph : onnx.GraphProto
        Its nodes are in the order in which they are computed, as the format demands.
    opsets : sequence
        Which operators its model imports.
    """

    def __init__(self, graph: onnx.GraphProto, opsets: Sequence[onnx.OperatorSetIdProto]) -> None:
        self._opsets = opsets
        self.initializers = {tensor.name: tensor for tensor in graph.initializer}
        self._nodes: dict[str, onnx.NodeProto] = {}
        """By what they compute."""
        for node in graph.node:
            bound = any(value.HasField("g") for value in node.attribute)  # a loop or a branch can see anything outside
            if node.op_type not in _DRAWN and not bound and all(not name or self.has(name) for name in node.input):
                self._nodes |= dict.fromkeys(node.output, node)

    def has(self, name: str) -> bool:
        """Whether a value is fixed."""
        return name in self.initializers or name in self._nodes

    def names(self) -> list[str]:
        """Return every fixed value's name."""
        return [*self.initializers, *self._nodes]

    def sources(self, names: Iterable[str]) -> set[str]:
        """Return the initializers that values are made of."""
        found: set[str] = set()
        open_names = list(names)
        while open_names:
            name = open_names.pop()
            if name in self.initializers:
                found.add(name)
            elif name in self._nodes:
                open_names += [source for source in self._nodes[name].input if source]
        return found

    def values(self, names: Iterable[str]) -> dict[str, NDArray[Any]]:
        """Return the numbers of fixed values.

        Raises
        ------
        PortError
            One cannot be computed.
        """
        wanted = list(names)
        found = {name: numpy_helper.to_array(self.initializers[name]) for name in wanted if name in self.initializers}
        computed = [name for name in wanted if name not in found]
        if computed:
            found |= self._computed(computed)
        return found

    def _computed(self, names: list[str]) -> dict[str, NDArray[Any]]:
        """Run the part of the graph that makes values."""
        nodes: dict[int, onnx.NodeProto] = {}
        open_names = list(names)
        while open_names:
            node = self._nodes.get(open_names.pop())
            if node is not None and id(node) not in nodes:
                nodes[id(node)] = node
                open_names += node.input
        order = {id(node): place for place, node in enumerate(self._nodes.values())}
        outputs = [onnx.ValueInfoProto(name=name) for name in names]  # of what type they are the runtime finds out
        used = [self.initializers[name] for name in sorted(self.sources(names))]
        part = helper.make_graph(sorted(nodes.values(), key=lambda node: order[id(node)]), "constants", [], outputs, used)
        model = helper.make_model(part, opset_imports=self._opsets, ir_version=IR_VERSION)
        options = onnxruntime.SessionOptions()
        options.log_severity_level, options.intra_op_num_threads = 3, 1
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            results: list[NDArray[Any]] = session.run(names, {})
        except Exception as error:  # the runtime's errors have no common base below Exception
            raise PortError(f"its fixed values cannot be computed: {error}") from error
        return dict(zip(names, results, strict=True))


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """Return an attribute of a node."""
    value = next((one for one in node.attribute if one.name == name), None)
    return default if value is None else helper.get_attribute_value(value)
