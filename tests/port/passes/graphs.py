"""Small graphs to try passes on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tingshuo.port.export import IR_VERSION, OPSET
from tingshuo.port.passes.subject import Subject, reference

Array = np.ndarray[Any, Any]


def subject(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    tensors: Mapping[str, Array],
    constants: Mapping[str, Array] | None = None,
    **fields: Any,
) -> Subject:
    """Return a graph with the output ``y``, its tensors outside it, its constants inside."""
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    outer = [reference(name, tensor) for name, tensor in tensors.items()]
    inner = [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "g", given, made, [*outer, *inner])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return Subject("g", model, dict(tensors), **fields)


def stack(n: int = 4, dim: int = 4, **fields: Any) -> Subject:
    """Return convolutions over time with activations between and a padding before the first."""
    rng = np.random.default_rng(0)
    nodes = [helper.make_node("Pad", ["x", "pads"], ["x0"])]
    tensors: dict[str, Array] = {}
    for k in range(n):
        tensors |= {f"w{k}": rng.standard_normal((dim, dim, 3), np.float32) * 0.4, f"b{k}": rng.standard_normal(dim, np.float32)}
        nodes.append(helper.make_node("Conv", [f"x{k}", f"w{k}", f"b{k}"], [f"c{k}"], pads=[0, 0] if k == 0 else [1, 1]))
        nodes.append(helper.make_node("LeakyRelu", [f"c{k}"], [f"x{k + 1}" if k + 1 < n else "y"], alpha=0.1))
    return subject(nodes, {"x": (1, dim, "T")}, tensors, {"pads": np.array([0, 0, 2, 0, 0, 0])}, **fields)


def frames(n: int = 40, dim: int = 4) -> dict[str, Array]:
    """Return an input of `stack`."""
    return {"x": np.random.default_rng(1).standard_normal((1, dim, n), np.float32)}


def ops(one: Subject) -> list[str]:
    """Return the operators of a graph, in order."""
    return [node.op_type for node in one.model.graph.node]


def difference(one: Subject, other: Subject, inputs: Mapping[str, Array]) -> float:
    """Return the largest difference of their outputs."""
    a, b = one.open().run(inputs), other.open().run(inputs)
    return max(float(np.abs(a[name] - b[name]).max()) for name in a)
