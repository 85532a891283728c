"""The step of a Sambert decoder in as few operators as ONNX Runtime allows.

A step multiplies one row with every weight, which takes as long as reading the weights; what is left is the price of each
operator, so the graph is laid out anew: keys and values of all blocks are taken apart at once, each attention is one operator,
the two products behind them are one, and a sum is made by the norm that reads it.
"""

from dataclasses import dataclass

import numpy as np
from onnx import helper

from tingshuo.port.passes import attention
from tingshuo.port.passes.subject import NotApplicableError, Subject, copied
from tingshuo.port.rewrite import MICROSOFT, Emitter, assign, attribute

INPUTS, OUTPUTS = ["frame", "text", "past", "memory"], ["frames", "new"]


@dataclass(frozen=True, slots=True)
class _Sizes:
    blocks: int
    dim: int
    mels: int
    heads: int
    scale: float
    eps: float
    prenet: int


def apply(subject: Subject) -> Subject:
    """Lay the step out anew.

    Raises
    ------
    NotApplicableError
        It is another graph.
    """
    graph = subject.model.graph
    if [value.name for value in graph.input] != INPUTS or [value.name for value in graph.output] != OUTPUTS:
        raise NotApplicableError("it is not the step of a Sambert decoder")
    sizes = _sizes(subject)
    model = copied(subject.model)
    wanted = [one.name for one in model.graph.initializer if one.name in subject.named()]
    assign(model.graph.initializer, [one for one in model.graph.initializer if one.name in wanted])
    emit = Emitter(model.graph, "step")
    _emit(emit, sizes)
    assign(model.graph.node, emit.nodes)
    model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    return subject.changed(model)


def _sizes(subject: Subject) -> _Sizes:
    fused = attention.apply(subject).model.graph
    seen = [node for node in fused.node if node.op_type == "MultiHeadAttention"]
    norms = {attribute(node, "epsilon", 1e-5) for node in fused.node if node.op_type == "LayerNormalization"}
    past, frames = (next(value for value in (*fused.input, *fused.output) if value.name == name) for name in ("past", "frames"))
    blocks, _, _, dim = (axis.dim_value for axis in past.type.tensor_type.shape.dim)
    names = subject.named()
    lacking = [name for n in range(blocks) for name in _weights(n) if name not in names]
    kinds = {(attribute(node, "num_heads", 0), attribute(node, "scale", 0.0)) for node in seen}
    if lacking or len(seen) != 2 * blocks or len(kinds) != 1 or len(norms) != 1 or len(fused.initializer) < blocks:
        raise NotApplicableError("its blocks are not those that are known")
    if any(tensor.dtype != np.float32 for tensor in names.values()):
        raise NotApplicableError("its tensors are not float32")
    (heads, scale), prenet = kinds.pop(), sum(name.startswith("decoder.prenet.layers.") for name in names) // 2
    return _Sizes(blocks, dim, frames.type.tensor_type.shape.dim[1].dim_value, heads, scale, norms.pop(), prenet)


def _weights(block: int) -> list[str]:
    layers = ("attention_norm", "query_key_value", "past_out", "memory_out", "inner_norm", "inner", "outer")
    return [f"decoder.blocks.{block}.{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]


def _linear(emit: Emitter, layer: str, x: str) -> str:
    return emit.add("Gemm", [x, f"decoder.{layer}.weight", f"decoder.{layer}.bias"], layer, transB=1)


def _emit(emit: Emitter, sizes: _Sizes) -> None:
    x = "frame"
    for n in range(sizes.prenet):
        x = emit.add("Relu", [_linear(emit, f"prenet.layers.{n}", x)], f"prenet{n}")
    x = emit.add("Concat", ["text", _linear(emit, "prenet.out", x)], "joined", axis=1)
    x = emit.add("Mul", [_linear(emit, "join", x), emit.constant("scale", np.float32(np.sqrt(sizes.dim)))], "scaled")
    pasts, memories = (_apart(emit, name, sizes) for name in ("past", "memory"))
    batch = emit.constant("batch", np.array([1, 1, -1]))
    row = emit.constant("row", np.array([1, -1]))
    norm = emit.add("LayerNormalization", [x, *_pair("blocks.0.attention_norm")], "norm", axis=-1, epsilon=sizes.eps)
    new = []
    for n in range(sizes.blocks):
        three = [f"step/{what}{n}" for what in ("query", "key", "value")]
        wide = emit.add("Reshape", [_linear(emit, f"blocks.{n}.query_key_value", norm), batch], f"wide{n}")
        emit.nodes.append(helper.make_node("Split", [wide], three, name=f"step/three{n}", axis=2, num_outputs=3))
        new += three[1:]
        sides = [emit.add("Concat", [pasts[2 * n + k], three[1 + k]], f"seen{n}.{k}", axis=1) for k in range(2)]
        heard = [_attend(emit, three[0], pair, f"{what}{n}", sizes)
                 for what, pair in (("past", sides), ("memory", memories[2 * n : 2 * n + 2]))]  # fmt: skip
        both = emit.add("Reshape", [emit.add("Concat", heard, f"both{n}", axis=2), row], f"flat{n}")
        weights = [f"decoder.blocks.{n}.{side}_out" for side in ("past", "memory")]
        weight = emit.add("Concat", [f"{name}.weight" for name in weights], f"out{n}", axis=1)
        bias = emit.add("Add", [f"{name}.bias" for name in weights], f"bias{n}")
        told = emit.add("Gemm", [both, weight, bias], f"told{n}", transB=1)
        norm, x = _add_and_norm(emit, x, told, f"blocks.{n}.inner_norm", sizes)
        inner = emit.add("Relu", [_linear(emit, f"blocks.{n}.inner", norm)], f"inner{n}")
        after = f"blocks.{n + 1}.attention_norm" if n + 1 < sizes.blocks else "norm"
        norm, x = _add_and_norm(emit, x, _linear(emit, f"blocks.{n}.outer", inner), after, sizes)
    shape = emit.constant("frames", np.array([-1, sizes.mels]))
    emit.add("Reshape", [_linear(emit, "out", norm), shape], "frames", output="frames")
    stacked = emit.add("Concat", new, "stacked", axis=0)
    emit.add("Reshape", [stacked, emit.constant("new", np.array([sizes.blocks, 2, 1, sizes.dim]))], "new", output="new")


def _pair(layer: str) -> list[str]:
    return [f"decoder.{layer}.weight", f"decoder.{layer}.bias"]


def _apart(emit: Emitter, name: str, sizes: _Sizes) -> list[str]:
    """Take the keys and values of all blocks apart: (L, 2, P, D) -> 2 L of (1, P, D)."""
    shape = emit.constant(f"{name}.shape", np.array([2 * sizes.blocks, -1, sizes.dim]))
    rows = emit.add("Reshape", [name, shape], f"{name}.rows")
    parts = [f"step/{name}{n}.{k}" for n in range(sizes.blocks) for k in ("key", "value")]
    emit.nodes.append(helper.make_node("Split", [rows], parts, name=f"step/{name}.apart", axis=0, num_outputs=len(parts)))
    return parts


def _attend(emit: Emitter, query: str, sides: list[str], what: str, sizes: _Sizes) -> str:
    return emit.add(
        "MultiHeadAttention", [query, *sides], f"{what}.heard", domain=MICROSOFT, num_heads=sizes.heads, scale=sizes.scale
    )


def _add_and_norm(emit: Emitter, x: str, y: str, layer: str, sizes: _Sizes) -> tuple[str, str]:
    """Return the norm of a sum, and the sum."""
    outputs = [f"step/{layer}.{what}" for what in ("out", "mean", "deviation", "sum")]
    made = [outputs[0], "", "", outputs[3]]
    inputs = [x, y, *_pair(layer)]
    node = helper.make_node("SkipLayerNormalization", inputs, made, name=outputs[0], domain=MICROSOFT, epsilon=sizes.eps)
    emit.nodes.append(node)
    return outputs[0], outputs[3]
