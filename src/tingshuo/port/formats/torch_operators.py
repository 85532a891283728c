"""ONNX operators in torch: one function each, ``(node, *inputs) -> outputs``.

Sizes (``Shape`` and what is computed from it) stay Python numbers and lists of them, not tensors: a tracer follows them, so that
a graph keeps its free lengths. An input that is left out is None.

Source: the operators' descriptions, https://onnx.ai/onnx/operators.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_TO_THE_END = (1 << 31) - 1
"""Exporters write the largest number of some type where a slice goes on to the end."""
Sizes = int | list[int]
Value = Tensor | Sizes | None
Attributes = dict[str, Any]

TYPES = {
    1: torch.float32,
    2: torch.uint8,
    3: torch.int8,
    6: torch.int32,
    7: torch.int64,
    9: torch.bool,
    10: torch.float16,
    11: torch.float64,
}
"""``TensorProto.DataType`` to torch's."""


def tensor(value: Any, like: Any = None) -> Tensor:
    """Return a value as a tensor, of the type of another one where that is a tensor."""
    if isinstance(value, Tensor):
        return value
    dtype = like.dtype if isinstance(like, Tensor) else torch.int64
    if isinstance(value, list) and any(isinstance(size, Tensor) for size in value):  # sizes, while tracing
        return torch.stack([torch.as_tensor(size) for size in value]).to(dtype)
    return torch.as_tensor(value, dtype=dtype)


def sizes(value: Any) -> list[Any]:
    """Return a value as a list of sizes."""
    if isinstance(value, Tensor) and value.dim():
        return [int(size) for size in value]
    return value if isinstance(value, list) else [value]


def _arithmetic(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Of two tensors, of two sizes, or of a list of sizes with one."""

    def apply(_: Attributes, a: Any, b: Any) -> Any:
        if isinstance(a, Tensor) or isinstance(b, Tensor):
            if not (_is_size(a) and _is_size(b)):
                return function(tensor(a, b), tensor(b, a))
            return function(a, b)
        if isinstance(a, list) or isinstance(b, list):
            left, right = sizes(a), sizes(b)
            count = max(len(left), len(right))
            return [function(left[i % len(left)], right[i % len(right)]) for i in range(count)]
        return function(a, b)

    return apply


def _is_size(value: Any) -> bool:
    """Whether it is a number that counts, which while tracing is a tensor without dimensions."""
    return isinstance(value, int) or (isinstance(value, Tensor) and value.dim() == 0 and not value.is_floating_point())


def _divide(a: Any, b: Any) -> Any:
    if isinstance(a, Tensor) and (a.is_floating_point() or (isinstance(b, Tensor) and b.is_floating_point())):
        return a / b
    return a // b


def _one(function: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda _, x: function(tensor(x))


def cast(node: Attributes, x: Any) -> Any:
    """Sizes stay sizes as long as they are whole numbers."""
    dtype = TYPES[node["to"]]
    return x if not isinstance(x, Tensor) and dtype == torch.int64 else tensor(x).to(dtype)


def cast_like(_: Attributes, x: Any, like: Any) -> Any:
    """See `cast`."""
    return tensor(x).to(like.dtype) if isinstance(like, Tensor) else x


def shape(node: Attributes, x: Tensor) -> list[int]:
    """Return sizes."""
    return list(x.shape)[node.get("start", 0) : node.get("end", x.dim())]


def gather(node: Attributes, x: Any, index: Any) -> Any:
    """Rows of a table, or one of a list of sizes."""
    if isinstance(x, list):
        return x[index] if not isinstance(index, list) else [x[i] for i in index]
    axis = node.get("axis", 0)
    if isinstance(index, int):
        return x.select(axis, index)
    index = tensor(index)
    picked = x.index_select(axis, index.reshape(-1))
    axis %= x.dim()
    return picked.reshape([*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]])


def unsqueeze(_: Attributes, x: Any, axes: Any) -> Any:
    """A number becomes a list of one."""
    if _is_size(x):
        return [x]
    for axis in sorted(axis % (x.dim() + len(sizes(axes))) for axis in sizes(axes)):
        x = x.unsqueeze(axis)
    return x


def squeeze(_: Attributes, x: Any, axes: Any = None) -> Any:
    """A list of one becomes a number."""
    if isinstance(x, list):
        return x[0]
    if axes is None:
        return x.squeeze()
    for axis in sorted((axis % x.dim() for axis in sizes(axes)), reverse=True):
        x = x.squeeze(axis)
    return x


def concat(node: Attributes, *values: Any) -> Any:
    """Tensors, or lists of sizes."""
    if all(isinstance(value, list) or _is_size(value) for value in values):
        return [size for value in values for size in sizes(value)]
    like = next(value for value in values if isinstance(value, Tensor))
    return torch.cat([tensor(value, like) for value in values], node["axis"])


def transpose(node: Attributes, x: Tensor) -> Tensor:
    """Reverse all axes unless ``perm`` says another order."""
    return x.permute(node.get("perm") or list(range(x.dim()))[::-1])


def reshape(node: Attributes, x: Any, wanted: Any) -> Any:
    """A 0 keeps a size; sizes stay a list of them."""
    if isinstance(x, list) or _is_size(x):
        return sizes(x)
    keep = not node.get("allowzero", 0)
    return x.reshape([x.shape[i] if keep and _is_zero(size) else size for i, size in enumerate(sizes(wanted))])


def _is_zero(size: Any) -> bool:
    return isinstance(size, int) and size == 0


def cut(_: Attributes, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
    """Slice."""
    first, last = sizes(starts), sizes(ends)
    every = [1] * len(first) if steps is None else sizes(steps)
    if isinstance(x, list):
        return x[first[0] : last[0] : every[0]]
    along = range(len(first)) if axes is None else sizes(axes)
    for axis, start, end, step in zip(along, first, last, every, strict=True):
        if step < 0:
            raise NotImplementedError("a negative step")
        where = [slice(None)] * x.dim()
        where[axis] = slice(start, None if isinstance(end, int) and end >= _TO_THE_END else end, step)
        x = x[tuple(where)]
    return x


def count(_: Attributes, start: Any, limit: Any, step: Any) -> Tensor:
    """Range; it keeps the type of what it is given."""
    dtype = next((value.dtype for value in (start, limit, step) if isinstance(value, Tensor)), torch.int64)
    return torch.arange(_number(start), limit, _number(step)).to(dtype)


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value


def clip(_: Attributes, x: Any, low: Any = None, high: Any = None) -> Any:
    """Bounds are constants."""
    return tensor(x).clamp(None if low is None else _number(low), None if high is None else _number(high))


def pad(node: Attributes, x: Tensor, pads: Any, value: Any = None, axes: Any = None) -> Tensor:
    """Pad with a constant, or as the mode says."""
    wanted = sizes(pads)
    along = sizes(axes) if axes is not None else list(range(x.dim()))
    before, after = dict(zip(along, wanted, strict=False)), dict(zip(along, wanted[len(along) :], strict=False))
    flat = [size for axis in reversed(range(x.dim())) for size in (before.get(axis, 0), after.get(axis, 0))]
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}[node.get("mode", "constant")]
    if mode == "constant":
        return functional.pad(x, flat, mode, 0.0 if value is None else float(_number(value)))
    while flat and flat[-2:] == [0, 0]:
        flat = flat[:-2]
    return functional.pad(x, flat, mode)


def conv(node: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """One or two dimensions, by the weight's."""
    n = weight.dim() - 2
    pads = node.get("pads", [0] * 2 * n)
    left, right = list(pads[:n]), list(pads[n:])
    if left != right:
        x = functional.pad(x, [size for axis in reversed(range(n)) for size in (left[axis], right[axis])])
        left = [0] * n
    function = functional.conv1d if n == 1 else functional.conv2d
    stride, dilation = node.get("strides", [1] * n), node.get("dilations", [1] * n)
    return function(x, weight, bias, stride, left, dilation, node.get("group", 1))


def conv_transpose(node: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """One or two dimensions, by the weight's; pads are the same on both sides."""
    n = weight.dim() - 2
    pads = node.get("pads", [0] * 2 * n)
    if pads[:n] != pads[n:]:
        raise NotImplementedError("pads that differ from side to side")
    function = functional.conv_transpose1d if n == 1 else functional.conv_transpose2d
    stride, dilation = node.get("strides", [1] * n), node.get("dilations", [1] * n)
    extra = node.get("output_padding", [0] * n)
    return function(x, weight, bias, stride, pads[:n], extra, node.get("group", 1), dilation)


def gemm(node: Attributes, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    """Matrix product with a bias."""
    a, b = a.t() if node.get("transA") else a, b.t() if node.get("transB") else b
    if node.get("alpha", 1.0) != 1.0 or node.get("beta", 1.0) != 1.0:
        a, c = a * node.get("alpha", 1.0), None if c is None else c * node.get("beta", 1.0)
    return functional.linear(a, b.t(), c)


def layer_norm(node: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Over the axes from ``axis`` on."""
    return functional.layer_norm(x, weight.shape, weight, bias, node.get("epsilon", 1e-5))


def gelu(node: Attributes, x: Tensor) -> Tensor:
    """Exact, or with tanh."""
    return functional.gelu(x, approximate=node.get("approximate", "none"))


def softmax(node: Attributes, x: Tensor) -> Tensor:
    """Along the last axis unless it says otherwise."""
    return torch.softmax(x, node.get("axis", -1))


def reduce(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Of the axes that an input lists; of all without it."""

    def apply(node: Attributes, x: Tensor, axes: Any = None) -> Tensor:
        along = sizes(axes) if axes is not None else node.get("axes") or list(range(x.dim()))
        reduced: Tensor = function(x, dim=along, keepdim=bool(node.get("keepdims", 1)))
        return reduced

    return apply


def expand(_: Attributes, x: Any, wanted: Any) -> Tensor:
    """Repeat along axes of size 1, in both directions as ONNX has it."""
    x, target = tensor(x), sizes(wanted)
    own = [1] * (len(target) - x.dim()) + list(x.shape)
    expanded: Tensor = x.expand([b if isinstance(a, int) and a == 1 else a for a, b in zip(own, target, strict=True)])
    return expanded


def split(node: Attributes, x: Any, parts: Any = None) -> Sequence[Tensor]:
    """Into the sizes that are given, or into as many parts as there are outputs."""
    axis = node.get("axis", 0)
    if parts is not None:
        return tuple(x.split(sizes(parts), axis))
    return torch.chunk(x, node.get("num_outputs") or node["outputs"], axis)


def fill(node: Attributes, wanted: Any) -> Tensor:
    """ConstantOfShape."""
    value = node.get("value", torch.zeros(1))
    return torch.full(sizes(wanted), value.item(), dtype=value.dtype)


OPERATORS: dict[str, Callable[..., Any]] = {
    "Abs": _one(torch.abs),
    "Add": _arithmetic(lambda a, b: a + b),
    "And": _arithmetic(lambda a, b: a & b),
    "Cast": cast,
    "CastLike": cast_like,
    "Clip": clip,
    "Concat": concat,
    "ConstantOfShape": fill,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Cos": _one(torch.cos),
    "CumSum": lambda _, x, axis: torch.cumsum(x, int(_number(axis))),
    "Div": _arithmetic(_divide),
    "Equal": _arithmetic(lambda a, b: a == b),
    "Erf": _one(torch.erf),
    "Exp": _one(torch.exp),
    "Expand": expand,
    "Floor": _one(torch.floor),
    "Gather": gather,
    "GatherElements": lambda node, x, index: torch.gather(x, node.get("axis", 0), index),
    "Gelu": gelu,
    "Gemm": gemm,
    "Greater": _arithmetic(lambda a, b: a > b),
    "GreaterOrEqual": _arithmetic(lambda a, b: a >= b),
    "Identity": lambda _, x: x,
    "LayerNormalization": layer_norm,
    "LeakyRelu": lambda node, x: functional.leaky_relu(x, node.get("alpha", 0.01)),
    "Less": _arithmetic(lambda a, b: a < b),
    "LessOrEqual": _arithmetic(lambda a, b: a <= b),
    "Log": _one(torch.log),
    "MatMul": lambda _, a, b: torch.matmul(a, b),
    "Max": _arithmetic(lambda a, b: torch.maximum(tensor(a), tensor(b))),
    "Min": _arithmetic(lambda a, b: torch.minimum(tensor(a), tensor(b))),
    "Mod": _arithmetic(lambda a, b: a % b),
    "Mul": _arithmetic(lambda a, b: a * b),
    "Neg": _one(torch.neg),
    "Not": _one(torch.logical_not),
    "Pad": pad,
    "Pow": _arithmetic(lambda a, b: a**b),
    "Range": count,
    "Reciprocal": _one(torch.reciprocal),
    "ReduceMean": reduce(torch.mean),
    "ReduceSum": reduce(torch.sum),
    "Relu": _one(torch.relu),
    "Reshape": reshape,
    "Round": _one(torch.round),
    "Shape": shape,
    "Sigmoid": _one(torch.sigmoid),
    "Sin": _one(torch.sin),
    "Slice": cut,
    "Softmax": softmax,
    "Softplus": _one(functional.softplus),
    "Split": split,
    "Sqrt": _one(torch.sqrt),
    "Squeeze": squeeze,
    "Sub": _arithmetic(lambda a, b: a - b),
    "Tanh": _one(torch.tanh),
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Where": lambda _, test, a, b: torch.where(test, tensor(a, b), tensor(b, a)),
}
"""What our own exporter writes, and what comes with imported voices."""
