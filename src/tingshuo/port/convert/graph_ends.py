"""The ends of a stranger's graph made ours: other names, axes, types and scales, by a few operators before it and behind it.

What lies between is untouched. A graph of a bundle so has the inputs and outputs that the runtime knows, whoever made it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tingshuo.errors import PortError


class Ends:
    """A graph whose ends are remade, in place.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place.

    Attributes
    ----------
    stem : str
        Begins the names of what is added, and of nothing else.

    Raises
    ------
    PortError
        An input of it is an output too.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.stem = _unused(model.graph)
        self._before: list[onnx.NodeProto] = []
        self._behind: list[onnx.NodeProto] = []
        weights = {tensor.name for tensor in model.graph.initializer}
        self._inputs = {value.name: value for value in model.graph.input if value.name not in weights}
        self._outputs = {value.name: value for value in model.graph.output}
        self._ours: tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]] = [], []
        # Ours may be called as theirs are: theirs get names that nobody has.
        names = {name: f"{self.stem}given/{name}" for name in self._inputs} | {
            name: f"{self.stem}made/{name}" for name in self._outputs
        }
        passed = self._inputs.keys() & self._outputs.keys()
        if passed:
            raise PortError(f"it gives its input {', '.join(sorted(passed))} back as it is, so nothing is computed")
        rename(model.graph, names)

    def fix(self, name: str, value: float) -> None:
        """Give an input one value for good; free sizes of it become 1."""
        kind = self._inputs.pop(name).type.tensor_type
        shape = [size.dim_value if size.dim_value > 0 else 1 for size in kind.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type)
        self.model.graph.initializer.append(numpy_helper.from_array(np.full(shape, value, dtype), f"{self.stem}given/{name}"))

    def take(self, theirs: str, ours: str, shape: Sequence[int | str], steps: Sequence[tuple[str, Any]] = ()) -> None:
        """Take an input of float32 by our name and in our shape.

        Parameters
        ----------
        theirs, ours : str
            Names of the input.
        shape : sequence
            Of ours.
        steps : sequence
            Operators in between, each with what it needs: ``("Mul", array)``, ``("Transpose", axes)``, ``("Reshape", sizes)``.
        """
        kind = self._inputs.pop(theirs).type.tensor_type.elem_type
        self._ours[0].append(helper.make_tensor_value_info(ours, TensorProto.FLOAT, list(shape)))
        every = [*steps, *([("Cast", kind)] if kind != TensorProto.FLOAT else []), ("Identity", None)]
        self._chain(self._before, f"in/{ours}", ours, f"{self.stem}given/{theirs}", every)

    def give(self, theirs: str, ours: str, shape: Sequence[int | str], steps: Sequence[tuple[str, Any]] = ()) -> None:
        """Give an output as float32 by our name and in our shape; as `take`."""
        kind = self._outputs.pop(theirs).type.tensor_type.elem_type
        self._ours[1].append(helper.make_tensor_value_info(ours, TensorProto.FLOAT, list(shape)))
        every = [*([("Cast", TensorProto.FLOAT)] if kind != TensorProto.FLOAT else []), *steps, ("Identity", None)]
        self._chain(self._behind, f"out/{ours}", f"{self.stem}made/{theirs}", ours, every)

    def compute(self, nodes: Sequence[onnx.NodeProto], ours: str, shape: Sequence[int | str]) -> None:
        """Give an output that some operators compute of others, see `made`."""
        self._behind += nodes
        self._ours[1].append(helper.make_tensor_value_info(ours, TensorProto.FLOAT, list(shape)))

    def made(self, theirs: str, steps: Sequence[tuple[str, Any]] = ()) -> str:
        """Return the name of what the graph makes, as float32 and in our shape, for `compute`."""
        kind = self._outputs.pop(theirs).type.tensor_type.elem_type
        every = [*([("Cast", TensorProto.FLOAT)] if kind != TensorProto.FLOAT else []), *steps, ("Identity", None)]
        self._chain(self._behind, f"made/{theirs}", f"{self.stem}made/{theirs}", f"{self.stem}whole/{theirs}", every)
        return f"{self.stem}whole/{theirs}"

    def constant(self, what: str, value: NDArray[Any]) -> str:
        """Store a constant; returns its name."""
        self.model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), f"{self.stem}{what}"))
        return f"{self.stem}{what}"

    def finish(self) -> onnx.ModelProto:
        """Put everything in its place; returns the model.

        Raises
        ------
        PortError
            An input of theirs is left over.
        """
        if self._inputs:
            raise PortError(f"its inputs {', '.join(self._inputs)} are given nothing; name them, or fix their values")
        graph = self.model.graph
        nodes = [*self._before, *graph.node, *self._behind]
        del graph.node[:], graph.input[:], graph.output[:]
        graph.node.extend(nodes)
        graph.input.extend(self._ours[0])
        graph.output.extend(self._ours[1])
        return self.model

    def _chain(self, nodes: list[onnx.NodeProto], what: str, start: str, end: str, steps: Sequence[tuple[str, Any]]) -> None:
        value = start
        for place, (operator, argument) in enumerate(steps):
            result = end if place == len(steps) - 1 else f"{self.stem}{what}/{place}"
            nodes.append(self._node(operator, argument, value, result, f"{what}/{place}/by"))
            value = result

    def _node(self, operator: str, argument: Any, value: str, result: str, what: str) -> onnx.NodeProto:
        if operator == "Transpose":
            return helper.make_node(operator, [value], [result], perm=list(argument))
        if operator == "Cast":
            return helper.make_node(operator, [value], [result], to=argument)
        if operator == "Reshape":  # and never Squeeze, which every few opsets is written otherwise
            return helper.make_node(operator, [value, self.constant(what, np.array(argument, np.int64))], [result])
        if operator in ("Mul", "Add", "Max"):
            return helper.make_node(operator, [value, self.constant(what, np.asarray(argument, np.float32))], [result])
        assert argument is None, operator
        return helper.make_node(operator, [value], [result])


def _unused(graph: onnx.GraphProto) -> str:
    """Return a begin of names that no value of a graph has: it may be one whose ends were remade before."""
    names = [name for one in _graphs(graph) for node in one.node for name in (*node.input, *node.output)]
    stem, count = "ends/", 1
    while any(name.startswith(stem) for name in names):
        count += 1
        stem = f"ends{count}/"
    return stem


def rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Give values other names, wherever they are made or used."""
    for one in _graphs(graph):
        for value in (*one.input, *one.output, *one.value_info, *one.initializer):
            value.name = names.get(value.name, value.name)
        for node in one.node:
            node.input[:] = [names.get(name, name) for name in node.input]
            node.output[:] = [names.get(name, name) for name in node.output]


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for body in (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs):
                yield from _graphs(body)
