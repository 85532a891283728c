"""The random numbers that a stranger's graph draws become an input of it, so that a seed says how it sounds, and says it again.

Each operator that drew takes as many numbers as it drew from that input instead, one after the other; where the input ends, they
begin again.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper

from tingshuo.port.given import DRAWING
from tingshuo.port.rewrite import Emitter, attribute, replace_nodes

DRAWS = "draws"
_OLDEST_OPSET = 11
"""The first with Range."""


def give_draws(model: onnx.ModelProto) -> str:
    """Let a graph take its random numbers from an input.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place, unless it cannot be.

    Returns
    -------
    str
        Name of the input, (K,) float32; empty where the graph draws nothing, or otherwise than normally distributed and in plain
        sight.
    """
    graph = model.graph
    drawing = [node for node in graph.node if node.op_type in DRAWING]
    plain = all(node.op_type == "RandomNormalLike" and _is_float(node) for node in drawing)
    opset = max((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), default=0)
    halves = any(tensor.data_type == TensorProto.FLOAT16 for tensor in graph.initializer)
    if not drawing or not plain or halves or opset < _OLDEST_OPSET or any(_drawing(body) for body in _bodies(graph)):
        return ""
    taken = {name for node in graph.node for name in (*node.input, *node.output)} | {value.name for value in graph.input}
    name = next(one for one in (DRAWS, *(f"{DRAWS}_{n}" for n in range(len(taken) + 1))) if one not in taken)
    emitters: dict[str, list[onnx.NodeProto]] = {}
    start = ""
    for n, node in enumerate(drawing):
        emitter = Emitter(graph, f"{name}/{n}")
        start = _take(emitter, node, name, start)
        emitters[node.output[0]] = emitter.nodes
    replace_nodes(graph, drawing, emitters)
    graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [name]))
    return name


def draws_itself(model: onnx.ModelProto) -> bool:
    """Tell whether a graph draws random numbers, so that no two runs of it are equal."""
    return any(_drawing(graph) for graph in (model.graph, *_bodies(model.graph)))


def _take(emitter: Emitter, node: onnx.NodeProto, draws: str, start: str) -> str:
    """Write what stands in the place of a node that drew: it takes from ``start`` to what is returned."""
    one = emitter.constant("one", np.int64(1))
    begin = start or emitter.constant("zero", np.int64(0))
    end = emitter.add("Add", [begin, emitter.add("Size", [node.input[0]], "size")], "end")
    places = emitter.add("Range", [begin, end, one], "places")
    wrapped = emitter.add("Mod", [places, emitter.add("Size", [draws], "given")], "wrapped")
    flat = emitter.add("Gather", [draws, wrapped], "flat", axis=0)
    scale, mean = float(attribute(node, "scale", 1.0)), float(attribute(node, "mean", 0.0))
    if scale != 1.0:
        flat = emitter.add("Mul", [flat, emitter.constant("scale", np.float32(scale))], "scaled")
    if mean != 0.0:
        flat = emitter.add("Add", [flat, emitter.constant("mean", np.float32(mean))], "shifted")
    emitter.add("Reshape", [flat, emitter.add("Shape", [node.input[0]], "shape")], "drawn", output=node.output[0])
    return end


def _is_float(node: onnx.NodeProto) -> bool:
    return bool(attribute(node, "dtype", TensorProto.FLOAT) == TensorProto.FLOAT)


def _bodies(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield the bodies of loops and branches."""
    for node in graph.node:
        for item in node.attribute:
            if item.HasField("g"):
                yield item.g
                yield from _bodies(item.g)


def _drawing(graph: onnx.GraphProto) -> bool:
    return any(node.op_type in DRAWING for node in graph.node)
