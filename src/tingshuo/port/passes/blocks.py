"""Weights of matrix products as int8 in blocks, each block with a scale of its own.

One row times a large matrix takes as long as reading the matrix, so a quarter of the bytes is what a decoder needs that makes a
step at a time. ONNX Runtime's ``MatMulNBits`` also cuts each row of its input into int8 blocks while it multiplies. A row's
scales come from that row alone, so it makes no difference how a stream is cut; and an unusual weight does not spoil the rest of
its layer, only its block.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tingshuo.port.passes.fold import folded
from tingshuo.port.passes.subject import NotApplicableError, Subject, embedded, outside
from tingshuo.port.rewrite import MICROSOFT, GraphView, assign, attribute, drop_unused

BLOCK = 64
"""Weights with one scale. Of 32, 64 and 128 the products of a Sambert's decoder take 0.92, 0.82 and 0.72 ms, in float32 1.65."""
INT8_INPUTS = 4
"""``accuracy_level`` of the operator: products of int8. With float32 inputs it takes ten times as long."""
LEAST_WEIGHTS = 4096
"""Smaller layers stay float32: they cost next to nothing, and they are the ends that a voice is sensitive to."""
ZERO = 128
"""What stands for zero where the operator is given no other."""


def apply(subject: Subject) -> Subject:
    """Store the weights of linear layers as int8 in blocks.

    Raises
    ------
    NotApplicableError
        The graph has no linear layer that is large enough.
    """
    model = folded(embedded(subject))
    graph = model.graph
    constants = {one.name: one for one in graph.initializer}
    view, added, changed = GraphView(graph), [], 0
    nodes = []
    for node in graph.node:
        weight = _weight(node, constants)
        if weight is None:
            nodes.append(node)
            continue
        changed += 1
        stem = f"{node.input[1]}/{view.users[node.input[1]].index(node)}"
        names = [f"{stem}/blocks", f"{stem}/scales"]
        packed, scales = in_blocks(weight)
        added += [numpy_helper.from_array(packed, names[0]), numpy_helper.from_array(scales, names[1])]
        bias = [node.input[2]] if len(node.input) > 2 else []
        inputs = [node.input[0], *names, *(["", "", *bias] if bias else [])]
        n_in, n_out = weight.shape
        sizes = {"K": n_in, "N": n_out, "bits": 8, "block_size": BLOCK, "accuracy_level": INT8_INPUTS}
        nodes.append(helper.make_node("MatMulNBits", inputs, list(node.output), name=node.name, domain=MICROSOFT, **sizes))
    if not changed:
        raise NotApplicableError(f"it has no linear layer of {LEAST_WEIGHTS} weights or more")
    assign(graph.node, nodes)
    graph.initializer.extend(added)
    drop_unused(graph)
    if not any(one.domain == MICROSOFT for one in model.opset_import):
        model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    return replace(outside(model, subject, f".{subject.name}.int8"), precision="int8")


def in_blocks(weight: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a matrix (K, N) as the operator wants it.

    Returns
    -------
    tuple
        (N, blocks, `BLOCK`) uint8 around `ZERO`, the last block filled with it, and (N * blocks,) scales.
    """
    n_in, n_out = weight.shape
    count = -(-n_in // BLOCK)
    rows = np.zeros((n_out, count * BLOCK), np.float32)
    rows[:, :n_in] = weight.T
    blocks = rows.reshape(n_out, count, BLOCK)
    scales = np.abs(blocks).max(axis=2) / (ZERO - 1)
    scales[scales == 0] = 1
    packed = np.rint(blocks / scales[..., None]) + ZERO
    return packed.astype(np.uint8), scales.reshape(-1).astype(np.float32)


def _weight(node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto]) -> NDArray[np.float32] | None:
    """Return the weight (K, N) of a linear layer that is to change, None of every other node."""
    if node.op_type not in ("MatMul", "Gemm") or node.domain or node.input[1] not in constants:
        return None
    weight = numpy_helper.to_array(constants[node.input[1]])
    if weight.ndim != 2 or weight.dtype != np.float32 or weight.size < LEAST_WEIGHTS:
        return None
    if node.op_type == "MatMul":
        return weight
    turned = weight.T if attribute(node, "transB", 0) else weight
    plain = (attribute(node, "alpha", 1.0), attribute(node, "beta", 1.0), attribute(node, "transA", 0)) == (1.0, 1.0, 0)
    biases = [constants.get(name) for name in node.input[2:]]
    fits = all(bias is not None and list(bias.dims) == [turned.shape[1]] for bias in biases)
    return turned if plain and fits else None
