"""A graph file as a torch module, for the formats that are reached from torch. Needs the ``train`` extra.

It is built from the graph of the bundle, not from the net of a family, so whatever is in a bundle can be exported, voices of
other systems too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from tingshuo.port.formats.source import SourceGraph
from tingshuo.port.formats.torch_operators import OPERATORS, Attributes, sizes
from tingshuo.port.formats.written import cannot_express

_FEW = 16
"""Whole numbers up to this many are sizes or axes, more are a table."""


@dataclass(frozen=True, slots=True)
class Step:
    """A node that has to be computed at run time."""

    operator: str
    attributes: Attributes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class GraphModule(nn.Module):
    """Runs the nodes of a graph one after the other; what depends on constants alone was computed when it was built.

    Parameters
    ----------
    graph : SourceGraph
        Inputs are positional, in the order of its spec, and so are the outputs.
    format : str
        For messages.
    instead : Mapping
        Operators that the format wants spelt otherwise, in place of those of `OPERATORS`.

    Raises
    ------
    PortError
        There is an operator that has no equivalent here; names format, graph and operator.
    """

    def __init__(self, graph: SourceGraph, format: str, instead: Mapping[str, Callable[..., Any]] | None = None) -> None:
        super().__init__()
        self._operators = {**OPERATORS, **(instead or {})}
        self._inputs, self._outputs = tuple(graph.spec.inputs), tuple(graph.spec.outputs)
        self._sizes: dict[str, Any] = {"": None}
        self._tensors: dict[str, str] = {}  # value -> name of its buffer, in which no dots are allowed
        self._steps: list[Step] = []
        model = onnx.load_from_string(graph.whole())
        for initializer in model.graph.initializer:
            self._keep(initializer.name, _constant(numpy_helper.to_array(initializer)))
        for node in model.graph.node:
            self._add(node, format, graph.name)
        self._drop_unused()

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run the graph."""
        values: dict[str, Any] = dict(zip(self._inputs, inputs, strict=True))
        for step in self._steps:
            given = [values[name] if name in values else self._constant(name) for name in step.inputs]
            results = self._operators[step.operator](step.attributes, *given)
            values |= zip(step.outputs, _several(results), strict=False)
        return tuple(values[name] for name in self._outputs)

    def _add(self, node: onnx.NodeProto, format: str, graph: str) -> None:
        if node.op_type == "Constant":
            self._keep(node.output[0], _constant(_constant_of(node)))
            return
        if node.op_type not in self._operators or node.domain:
            raise cannot_express(format, graph, f"{node.domain}.{node.op_type}" if node.domain else node.op_type)
        step = Step(node.op_type, _attributes(node), tuple(node.input), tuple(node.output))
        if not all(name in self._sizes or name in self._tensors for name in step.inputs):
            self._steps.append(step)
            return
        results = self._operators[step.operator](step.attributes, *(self._constant(name) for name in step.inputs))
        for name, result in zip(step.outputs, _several(results), strict=False):
            self._keep(name, result)

    def _keep(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor):
            self._tensors[name] = f"value_{len(self._tensors)}"
            self.register_buffer(self._tensors[name], value)
        else:
            self._sizes[name] = value

    def _constant(self, name: str) -> Any:
        return getattr(self, self._tensors[name]) if name in self._tensors else self._sizes[name]

    def _drop_unused(self) -> None:
        """Forget tensors that were needed only to compute others: weights before they were widened."""
        used = {name for step in self._steps for name in step.inputs} | set(self._outputs)
        for name in [name for name in self._tensors if name not in used]:
            delattr(self, self._tensors.pop(name))


def example_tensors(graph: SourceGraph) -> tuple[Tensor, ...]:
    """Return the first example of a graph as tensors, in the order of its inputs."""
    return tuple(torch.from_numpy(graph.examples[0][0][name].copy()) for name in graph.spec.inputs)


def _several(results: Any) -> Sequence[Any]:
    """The outputs of a step; a list is one of sizes."""
    return results if isinstance(results, tuple) else (results,)


def _constant(array: np.ndarray[Any, Any]) -> Any:
    """Few whole numbers become sizes, everything else a tensor."""
    if array.dtype == np.int64 and array.ndim <= 1 and array.size <= _FEW:
        return [int(item) for item in array] if array.ndim else int(array)
    return torch.from_numpy(array.copy())


def _constant_of(node: onnx.NodeProto) -> np.ndarray[Any, Any]:
    attribute = node.attribute[0]
    value = helper.get_attribute_value(attribute)
    if attribute.name == "value":
        return numpy_helper.to_array(value)
    return np.array(value, np.int64 if attribute.name.startswith("value_int") else np.float32)


def _attributes(node: onnx.NodeProto) -> Attributes:
    found: Attributes = {"outputs": len(node.output)}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, onnx.TensorProto):
            value = torch.from_numpy(numpy_helper.to_array(value).copy())
        found[attribute.name] = value.decode() if isinstance(value, bytes) else value
    if "perm" in found:
        found["perm"] = sizes(list(found["perm"]))
    return found
