"""An ONNX graph to LiteRT (formerly TensorFlow Lite) files. Runs in the ``tensorflow`` environment, by itself.

``onnx_to_tflite.py FOLDER`` reads every ``<graph>.onnx`` in the folder and writes ``<graph>.float32.tflite`` and
``<graph>.int8.tflite`` (weights int8, dynamic range) beside it; where that fails, ``error.json`` with the graph, the operator and
the reason. Lengths that are free stay free.

Sounds lie as (1, channels, time) in ONNX and as (1, time, channels) in TensorFlow, so a convolution has a transposition on either
side. Sources: the operators' descriptions, https://onnx.ai/onnx/operators and https://www.tensorflow.org/api_docs.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

ERROR = "error.json"
_TO_THE_END = (1 << 31) - 1
"""Exporters write the largest number of some type where a slice goes on to the end."""
Attributes = dict[str, Any]


class MissingOperatorError(Exception):
    """The graph has an operator that is not here; its argument is the name."""


def main(arguments: list[str]) -> int:
    """Convert; returns 0, or 1 with the reason in ``error.json``."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a converter needs no graphics card, and one that is there is somebody else's
    folder = Path(arguments[0])
    for path in sorted(folder.glob("*.onnx")):
        try:
            convert(path)
        except MissingOperatorError as error:
            told = {"operator": str(error), "reason": ""}
        except Exception as error:  # whatever TensorFlow raises has to reach the other side
            told = {"operator": "", "reason": f"{type(error).__name__}: {error}"[:2000]}
        else:
            continue
        (folder / ERROR).write_text(json.dumps(told | {"graph": path.stem}), "utf-8")
        return 1
    return 0


def convert(path: Path) -> None:
    """Write both files of a graph."""
    import onnx

    tf: Any = import_module("tensorflow")
    model = onnx.load(str(path))
    holder = tf.Module()
    holder.run = _function(tf, model)
    concrete = holder.run.get_concrete_function()
    for name, optimisations in (("float32", []), ("int8", [tf.lite.Optimize.DEFAULT])):
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], holder)
        converter.optimizations = optimisations
        path.with_suffix(f".{name}.tflite").write_bytes(converter.convert())


def _function(tf: Any, model: Any) -> Any:
    """The graph as a TensorFlow function of named inputs that returns named outputs."""
    import onnx

    constants = {tensor.name: tf.constant(onnx.numpy_helper.to_array(tensor)) for tensor in model.graph.initializer}
    operators = _operators(tf)
    lacking = [node.op_type for node in model.graph.node if node.op_type not in operators or node.domain]
    if lacking:
        raise MissingOperatorError(lacking[0])
    signature = []
    for value in model.graph.input:
        kind = value.type.tensor_type
        shape = [None if dim.dim_param else dim.dim_value for dim in kind.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
        signature.append(tf.TensorSpec(shape, dtype, name=value.name))

    def run(*inputs: Any) -> dict[str, Any]:
        values: dict[str, Any] = constants | {"": None}
        values |= dict(zip((value.name for value in model.graph.input), inputs, strict=True))
        for node in model.graph.node:
            given = [values[name] for name in node.input]
            with tf.init_scope() if all(map(_is_constant, given)) else nullcontext():  # computed now, once for all
                results = operators[node.op_type](_attributes(node), *given)
            values |= zip(node.output, results if isinstance(results, tuple) else (results,), strict=False)
        return {value.name: values[value.name] for value in model.graph.output}

    return tf.function(run, input_signature=signature, autograph=False)


def _is_constant(value: Any) -> bool:
    return value is None or hasattr(value, "numpy")  # a value that is computed later has none


def _attributes(node: Any) -> Attributes:
    import onnx

    found = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}


def _operators(tf: Any) -> dict[str, Callable[..., Any]]:
    """ONNX operator to what computes it: ``(attributes, *inputs)``."""
    return _elementwise(tf) | _shapes(tf) | _values(tf) | _layers(tf)


def _elementwise(tf: Any) -> dict[str, Callable[..., Any]]:
    def divide(_: Attributes, a: Any, b: Any) -> Any:
        return a // b if a.dtype.is_integer else a / b

    def clip(_: Attributes, x: Any, low: Any = None, high: Any = None) -> Any:
        x = x if low is None else tf.maximum(x, low)
        return x if high is None else tf.minimum(x, high)

    def cast(node: Attributes, x: Any) -> Any:
        import onnx

        return tf.cast(x, onnx.helper.tensor_dtype_to_np_dtype(node["to"]))

    two = {
        "Add": tf.add,
        "And": tf.logical_and,
        "Equal": tf.equal,
        "Greater": tf.greater,
        "GreaterOrEqual": tf.greater_equal,
        "Less": tf.less,
        "LessOrEqual": tf.less_equal,
        "Max": tf.maximum,
        "Min": tf.minimum,
        "Mod": tf.math.floormod,
        "Mul": tf.multiply,
        "Pow": tf.pow,
        "Sub": tf.subtract,
    }
    one = {
        "Abs": tf.abs,
        "Cos": tf.cos,
        "Exp": tf.exp,
        "Floor": tf.floor,
        "Identity": tf.identity,
        "Log": tf.math.log,
        "Neg": tf.negative,
        "Not": tf.logical_not,
        "Reciprocal": tf.math.reciprocal,
        "Relu": tf.nn.relu,
        "Round": tf.round,
        "Sigmoid": tf.sigmoid,
        "Sin": tf.sin,
        "Softplus": tf.math.softplus,
        "Sqrt": tf.sqrt,
        "Tanh": tf.tanh,
    }
    table: dict[str, Callable[..., Any]] = {name: _plain(function) for name, function in (two | one).items()}
    return table | {
        "Cast": cast,
        "CastLike": lambda _, x, like: tf.cast(x, like.dtype),
        "Clip": clip,
        "Div": divide,
        "LeakyRelu": lambda node, x: tf.nn.leaky_relu(x, node.get("alpha", 0.01)),
        "Where": lambda _, test, a, b: tf.where(test, a, b),
    }


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *inputs: function(*inputs)


def _shapes(tf: Any) -> dict[str, Callable[..., Any]]:
    def shape(node: Attributes, x: Any) -> Any:
        return tf.shape(x, tf.int64)[node.get("start", 0) : node.get("end", x.shape.rank)]

    def concat(node: Attributes, *parts: Any) -> Any:
        if all(part.shape.rank == 1 and part.dtype == tf.int64 and part.shape[0] is not None for part in parts):
            return tf.stack([part[i] for part in parts for i in range(part.shape[0])])  # through which constants are seen
        return tf.concat(parts, node["axis"])

    def reshape(node: Attributes, x: Any, wanted: Any) -> Any:
        # One size that is not known is what is left: a constant then, from which an interpreter plans its memory.
        sizes: list[Any] = [None] if wanted.shape.rank != 1 else _partly(tf, wanted)
        if not node.get("allowzero", 0):
            sizes = [x.shape[i] if size == 0 else size for i, size in enumerate(sizes)]
        if sizes.count(None) <= 1 - sizes.count(-1):
            return tf.reshape(x, tf.constant([-1 if size is None else size for size in sizes], tf.int32))
        return tf.reshape(x, wanted)

    def unsqueeze(_: Attributes, x: Any, axes: Any) -> Any:
        numbers = _numbers(tf, axes)
        for axis in sorted(axis % (x.shape.rank + len(numbers)) for axis in numbers):
            x = tf.expand_dims(x, axis)
        return x

    def cut(_: Attributes, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
        count = int(starts.shape[0])
        along = list(range(count)) if axes is None else _numbers(tf, axes)
        every = [1] * count if steps is None else _numbers(tf, steps)
        last = _partly(tf, ends)
        where = [slice(None)] * x.shape.rank
        for i, axis in enumerate(along):
            known = last[i]
            end = ends[i] if known is None else None if known >= _TO_THE_END else known
            where[axis] = slice(starts[i], end, every[i])
        return x[tuple(where)]

    return {
        "Concat": concat,
        "Reshape": reshape,
        "Shape": shape,
        "Slice": cut,
        "Squeeze": lambda _, x, axes=None: tf.squeeze(x, None if axes is None else _numbers(tf, axes)),
        "Transpose": lambda node, x: tf.transpose(x, node.get("perm")),
        "Unsqueeze": unsqueeze,
    }


def _values(tf: Any) -> dict[str, Callable[..., Any]]:
    def constant(node: Attributes) -> Any:
        import numpy as np
        import onnx

        name, value = next(iter(node.items()))
        if name == "value":
            return tf.constant(onnx.numpy_helper.to_array(value))
        return tf.constant(np.array(value, np.int64 if name.startswith("value_int") else np.float32))

    def gather(node: Attributes, x: Any, index: Any) -> Any:
        return tf.gather(x, index, axis=node.get("axis", 0))

    def expand(_: Attributes, x: Any, wanted: Any) -> Any:
        return tf.broadcast_to(x, tf.broadcast_dynamic_shape(tf.shape(x, tf.int64), wanted))

    def pad(node: Attributes, x: Any, pads: Any, value: Any = None, axes: Any = None) -> Any:
        numbers = _numbers(tf, pads)
        along = list(range(x.shape.rank)) if axes is None else _numbers(tf, axes)
        each = [[0, 0] for _ in range(x.shape.rank)]
        for i, axis in enumerate(along):
            each[axis] = [numbers[i], numbers[len(along) + i]]
        if node.get("mode", "constant") == "constant":
            return tf.pad(x, each, constant_values=0 if value is None else tf.cast(value, x.dtype))
        if node["mode"] == "reflect":
            return tf.pad(x, each, "REFLECT")
        raise MissingOperatorError(f"Pad of mode {node['mode']}")

    return {
        "Constant": constant,
        "CumSum": lambda _, x, axis: tf.cumsum(x, axis),
        "Expand": expand,
        "Gather": gather,
        "GatherElements": lambda node, x, i: tf.gather(x, i, axis=node.get("axis", 0), batch_dims=node.get("axis", 0)),
        "Pad": pad,
        "Range": lambda _, start, limit, step: tf.range(start, limit, step),
    }


def _partly(tf: Any, value: Any) -> list[int | None]:
    """Sizes as far as they are constants."""
    found = tf.get_static_value(value, partial=True)
    return [None] * value.shape[0] if found is None else [None if size is None else int(size) for size in found]


def _numbers(tf: Any, value: Any) -> list[int]:
    """Sizes or axes that are constants."""
    found = tf.get_static_value(value)
    if found is None:
        raise ValueError("axes, pads or steps are not constants")
    return [int(item) for item in found.reshape(-1)]


def _layers(tf: Any) -> dict[str, Callable[..., Any]]:
    def gemm(node: Attributes, a: Any, b: Any, c: Any = None) -> Any:
        y = tf.matmul(a, b, transpose_a=bool(node.get("transA", 0)), transpose_b=bool(node.get("transB", 0)))
        y = y if node.get("alpha", 1.0) == 1.0 else y * node["alpha"]
        return y if c is None else y + (c if node.get("beta", 1.0) == 1.0 else c * node["beta"])

    def layer_norm(node: Attributes, x: Any, weight: Any, bias: Any = None) -> Any:
        axes = list(range(node.get("axis", -1) % x.shape.rank, x.shape.rank))
        mean = tf.reduce_mean(x, axes, keepdims=True)
        centred = x - mean
        variance = tf.reduce_mean(centred * centred, axes, keepdims=True)
        y = centred * tf.math.rsqrt(variance + node.get("epsilon", 1e-5)) * weight
        return y if bias is None else y + bias

    def reduced(function: Any) -> Callable[..., Any]:
        def apply(node: Attributes, x: Any, axes: Any = None) -> Any:
            along = node.get("axes") if axes is None else _numbers(tf, axes)
            return function(x, along, keepdims=bool(node.get("keepdims", 1)))

        return apply

    return {
        "Conv": lambda node, *inputs: _conv(tf, node, *inputs),
        "ConvTranspose": lambda node, *inputs: _conv_transpose(tf, node, *inputs),
        "Gelu": lambda node, x: tf.nn.gelu(x, approximate=node.get("approximate", "none") == "tanh"),
        "Gemm": gemm,
        "LayerNormalization": layer_norm,
        "MatMul": lambda _, a, b: tf.matmul(a, b),
        "ReduceMean": reduced(tf.reduce_mean),
        "ReduceSum": reduced(tf.reduce_sum),
        "Softmax": lambda node, x: tf.nn.softmax(x, node.get("axis", -1)),
    }


def _conv(tf: Any, node: Attributes, x: Any, weight: Any, bias: Any = None) -> Any:
    """One dimension becomes the second of two, with a height of 1."""
    flat = weight.shape.rank == 3
    if flat:
        x, weight = tf.expand_dims(x, 2), tf.expand_dims(weight, 2)
    pads, strides, dilations = (_plane(node, name, flat) for name in ("pads", "strides", "dilations"))
    x = tf.transpose(x, [0, 2, 3, 1])
    if any(pads):
        x = tf.pad(x, [[0, 0], [pads[0], pads[2]], [pads[1], pads[3]], [0, 0]])
    groups, channels = node.get("group", 1), x.shape[-1]
    if groups == channels and weight.shape[0] == channels and groups > 1:
        kernel = tf.transpose(weight, [2, 3, 0, 1])
        y = tf.nn.depthwise_conv2d(x, kernel, [1, *strides, 1], "VALID", dilations=dilations)
    else:
        kernel = tf.transpose(weight, [2, 3, 1, 0])
        halves = zip(tf.split(x, groups, 3), tf.split(kernel, groups, 3), strict=True)
        y = tf.concat([tf.nn.conv2d(a, b, strides, "VALID", dilations=dilations) for a, b in halves], 3)
    y = tf.transpose(y if bias is None else y + bias, [0, 3, 1, 2])
    return tf.squeeze(y, [2]) if flat else y


def _conv_transpose(tf: Any, node: Attributes, x: Any, weight: Any, bias: Any = None) -> Any:
    """As `_conv`; it is computed whole, and what the pads take is cut off."""
    if node.get("group", 1) != 1:
        raise MissingOperatorError("ConvTranspose with groups")
    flat = weight.shape.rank == 3
    if flat:
        x, weight = tf.expand_dims(x, 2), tf.expand_dims(weight, 2)
    pads, strides, dilations = (_plane(node, name, flat) for name in ("pads", "strides", "dilations"))
    extra = _plane(node, "output_padding", flat)
    if dilations != [1, 1]:
        raise MissingOperatorError("ConvTranspose with dilations")
    x = tf.transpose(x, [0, 2, 3, 1])
    size, kernel = tf.shape(x), [int(weight.shape[2]), int(weight.shape[3])]
    height, width = ((size[1 + i] - 1) * strides[i] + kernel[i] for i in range(2))
    channels = int(weight.shape[1])
    whole = tf.stack([size[0], height, width, channels])
    y = tf.nn.conv2d_transpose(x, tf.transpose(weight, [2, 3, 1, 0]), whole, strides, "VALID")
    y = tf.pad(y, [[0, 0], [0, extra[0]], [0, extra[1]], [0, 0]]) if any(extra) else y
    y = y[:, pads[0] : height + extra[0] - pads[2], pads[1] : width + extra[1] - pads[3]]
    y = tf.transpose(y if bias is None else y + bias, [0, 3, 1, 2])
    return tf.squeeze(y, [2]) if flat else y


def _plane(node: Attributes, name: str, flat: bool) -> list[int]:
    """An attribute of one dimension as that of two."""
    nothing = {"pads": 0, "output_padding": 0}.get(name, 1)
    count = (1 if flat else 2) * (2 if name == "pads" else 1)
    given = list(node.get(name, [nothing] * count))
    if not flat:
        return given
    return [nothing, given[0], nothing, given[1]] if name == "pads" else [nothing, given[0]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
