"""Values that are repeated along time as a product with ones: ONNX Runtime's ``Expand`` copies them one by one.

Measured on one AVX-512 thread, 256 features of 1,200 frames, each ten times: as ``Expand`` 26.6 ms, ``Tile`` 13.9, ``Resize``
5.9, as a product 5.0. A product with one is exact.
"""

import numpy as np

from tingshuo.port.passes import fold
from tingshuo.port.passes.constants import constants
from tingshuo.port.passes.subject import NotApplicableError, Subject
from tingshuo.port.rewrite import Emitter, GraphView, drop_unused, replace_nodes


def apply(subject: Subject) -> Subject:
    """Replace every expansion along a last axis that was just added.

    Raises
    ------
    NotApplicableError
        There is none.
    """
    simple = fold.apply(subject)
    graph = simple.model.graph
    values, view = constants(graph), GraphView(graph)
    done = 0
    for node in list(graph.node):
        before = view.maker(node.input[0], "Unsqueeze") if node.op_type == "Expand" else None
        if before is None or node.input[1] not in values or before.input[1] not in values:
            continue
        shape, axis = values[node.input[1]], int(values[before.input[1]].reshape(-1)[0])
        if axis not in (-1, len(shape) - 1) or np.any(shape[:-1] != 1):
            continue
        emit = Emitter(graph, node.output[0])
        ones = emit.constant("ones", np.ones((1, int(shape[-1])), np.float32))
        emit.add("MatMul", [node.input[0], ones], "repeated", output=node.output[0])
        replace_nodes(graph, [node], {node.output[0]: emit.nodes})
        done += 1
    if not done:
        raise NotApplicableError("nothing is repeated in it")
    drop_unused(graph)
    return simple
