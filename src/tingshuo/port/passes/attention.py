"""Attention as one operator in place of a dozen: ONNX Runtime's ``MultiHeadAttention``.

What is looked for is softmax(q k' / c) v with heads set apart before and put together after, with no mask and nothing added to
the scores; attention with relative positions is something else and stays as it is. Sequences that only take a tensor apart become
a split. The runtime's own fusions for BERT want masks and names that our exporter does not write.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from tingshuo.port.passes import fold
from tingshuo.port.passes.constants import constants
from tingshuo.port.passes.subject import NotApplicableError, Subject, copied
from tingshuo.port.rewrite import MICROSOFT, Emitter, GraphView, attribute, drop_unused, replace_nodes

Constants = Mapping[str, NDArray[np.generic]]
_APART = ([1, 0, 2], [0, 2, 1, 3])
"""How heads are set apart, without a batch and with one."""
_KEYS = ([1, 2, 0], [0, 2, 3, 1])
"""The same for keys, which are transposed as well."""


def apply(subject: Subject) -> Subject:
    """Fuse every attention that can be.

    Raises
    ------
    NotApplicableError
        There is none of this kind.
    """
    simple = fold.apply(subject)
    model = copied(simple.model)
    sequences_to_splits(model.graph)
    n = fuse(model.graph)
    if not n:
        softmaxes = sum(node.op_type == "Softmax" for node in model.graph.node)
        raise NotApplicableError(
            f"none of its {softmaxes} attentions is plain: they have masks or relative positions"
            if softmaxes
            else "it has no attention"
        )
    drop_unused(model.graph)
    model.opset_import.append(onnx.helper.make_opsetid(MICROSOFT, 1))
    return simple.changed(model)


def sequences_to_splits(graph: onnx.GraphProto) -> None:
    """Replace sequences of equal parts, each taken by its number, by a split."""
    view, values = GraphView(graph), constants(graph)
    for node in list(graph.node):
        if node.op_type != "SplitToSequence":
            continue
        takers = view.users.get(node.output[0], [])
        if any(taker.op_type != "SequenceAt" or taker.input[1] not in values for taker in takers):
            continue
        if attribute(node, "keepdims", 1) != 1 or len(node.input) < 2 or node.input[1] not in values:
            continue
        size = values[node.input[1]]
        numbers = [int(values[taker.input[1]]) for taker in takers]
        if size.ndim or min(numbers) < 0:
            continue
        # A last part that nobody takes is a part all the same, so the highest number taken says how many there are at least.
        _split(graph, node, takers, numbers, attribute(node, "axis", 0), int(size))


def _split(
    graph: onnx.GraphProto, node: onnx.NodeProto, takers: list[onnx.NodeProto], numbers: list[int], axis: int, size: int
) -> None:
    """Take each part as a slice: how many parts there are is not said by the graph."""
    new = {}
    for taker, number in zip(takers, numbers, strict=True):
        emit = Emitter(graph, f"{taker.output[0]}/part")
        where = [emit.constant(what, np.array([value])) for what, value in
                 (("start", number * size), ("end", (number + 1) * size), ("axis", axis))]  # fmt: skip
        emit.add("Slice", [node.input[0], *where], "part", output=taker.output[0])
        new[taker.output[0]] = emit.nodes
    replace_nodes(graph, [node, *takers], new)


def fuse(graph: onnx.GraphProto) -> int:
    """Fuse the attentions of a folded graph; returns how many."""
    done = 0
    for node in [node for node in graph.node if node.op_type == "Softmax"]:
        done += _fuse_one(graph, node)
    return done


def _fuse_one(graph: onnx.GraphProto, softmax: onnx.NodeProto) -> bool:
    view, values = GraphView(graph), constants(graph)
    scores, scale = _scores(view, values, softmax.input[0])
    mix = view.only_user(softmax.output[0], "MatMul")
    if scores is None or mix is None or attribute(softmax, "axis", -1) not in (-1, 3):
        return False
    apart = view.only_user(mix.output[0], "Transpose")
    together = view.only_user(apart.output[0], "Reshape") if apart is not None else None
    if apart is None or together is None or attribute(apart, "perm", []) not in _APART:
        return False
    parts = [
        _part(view, values, name, perms)
        for name, perms in ((scores.input[0], _APART), (scores.input[1], _KEYS), (mix.input[1], _APART))
    ]
    if any(part is None for part in parts):
        return False
    found = [part for part in parts if part is not None]
    heads = max(part[1] for part in found)
    width = _width(view, values, together.input[1]) or heads * max(part[2] for part in found)
    if not heads or not width or mix.input[0] != softmax.output[0]:
        return False
    emit = Emitter(graph, together.output[0])
    rows = emit.constant("rows", np.array([1, -1, width]))
    batched = [emit.add("Reshape", [_taken(emit, name, index, width, n), rows], f"in{n}")
               for n, (name, _, _, index) in enumerate(found)]  # fmt: skip
    out = emit.add("MultiHeadAttention", batched, "seen", domain=MICROSOFT, num_heads=heads, scale=scale)
    emit.add("Reshape", [out, together.input[1]], "out", output=together.output[0])
    replace_nodes(graph, [together], {together.output[0]: emit.nodes})
    return True


def _scores(view: GraphView, values: Constants, name: str) -> tuple[onnx.NodeProto | None, float]:
    """Return the product of queries and keys behind a softmax, and its factor."""
    for op_type, invert in (("Div", True), ("Mul", False)):
        node = view.maker(name, op_type)
        if node is not None and node.input[1] in values and values[node.input[1]].size == 1:
            factor = float(np.asarray(values[node.input[1]], np.float64).reshape(-1)[0])
            return view.maker(node.input[0], "MatMul"), 1 / factor if invert else factor
    return view.maker(name, "MatMul"), 1.0


def _part(view: GraphView, values: Constants, name: str, perms: Any) -> tuple[str, int, int, int | None] | None:
    """Return what heads were set apart from: its name, heads, size of a head, and which of three parts of it; None if not so."""
    turn = view.maker(name, "Transpose")
    if turn is None or attribute(turn, "perm", []) not in perms:
        return None
    taken = view.maker(turn.input[0], "Gather")
    index = None
    if taken is not None:
        if attribute(taken, "axis", 0) != 2 or taken.input[1] not in values:
            return None
        index = int(values[taken.input[1]].reshape(-1)[0])
    split = view.maker(taken.input[0] if taken is not None else turn.input[0], "Reshape")
    if split is None:
        return None
    heads, size = _last_two(view, values, split.input[1])
    return split.input[0], heads, size, index


def _last_two(view: GraphView, values: Constants, shape: str) -> tuple[int, int]:
    """Return the last two numbers of a shape that is known, or put together of some that are; 0 where one is not."""
    if shape in values:
        heads, size = (int(n) for n in values[shape][-2:])
        return max(heads, 0), max(size, 0)
    pieces = view.maker(shape, "Concat")
    if pieces is None or len(pieces.input) < 2:
        return 0, 0
    known = [int(values[name].reshape(-1)[0]) if name in values else 0 for name in pieces.input[-2:]]
    return max(known[0], 0), max(known[1], 0)


def _width(view: GraphView, values: Constants, shape: str) -> int:
    """Return the features of all heads together, from the shape that puts them together; 0 where it does not say."""
    return _last_two(view, values, shape)[1]


def _taken(emit: Emitter, name: str, index: int | None, width: int, n: int) -> str:
    """Return a third of what holds queries, keys and values side by side."""
    if index is None:
        return name
    rows = emit.add("Reshape", [name, emit.constant(f"three{n}", np.array([1, -1, 3 * width]))], f"rows{n}")
    where = [emit.constant(f"{what}{n}", np.array([value])) for what, value in
             (("start", index * width), ("end", (index + 1) * width), ("axis", 2))]  # fmt: skip
    return emit.add("Slice", [rows, *where], f"third{n}")
