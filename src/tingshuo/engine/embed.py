"""Put tensors into a graph file in memory, and read and write what else a self-contained one needs, without the onnx package.

A bundle's graph holds structure only. Engines that cannot take tensors by name get the same graph with the tensors inside, and so
does whoever wants a file that runs alone. Only the fields on the way are understood; everything else is copied as it is.

Source: the field numbers of ``onnx.proto``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.protobuf import BYTES, VARINT, Field, fields, varint
from tingshuo.types import GraphSpec

Array = NDArray[Any]
Value = tuple[str, tuple[str, tuple[int | str, ...]]]

_MODEL_GRAPH, _MODEL_METADATA = 7, 14
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 1, 2, 8, 9, 13, 14
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_ELEMENT, _TENSOR_SHAPE = 1, 2, 1, 1, 2
_SHAPE_DIM, _DIM_VALUE, _DIM_NAME = 1, 1, 2
_EXTERNAL = 1

DTYPES = {1: "float32", 10: "float16", 11: "float64", 2: "uint8", 3: "int8", 5: "int16", 6: "int32", 7: "int64", 9: "bool"}
"""``TensorProto.DataType`` to numpy's names."""


def embed(model: bytes, tensors: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> bytes:
    """Return a graph with its external initializers inside.

    Parameters
    ----------
    model : bytes
        A serialised ``ModelProto``.
    tensors : Mapping[str, Array]
        By name, of the type and shape that the graph states; those that it does not name are left out.
    metadata : Mapping[str, str] or None
        Added to the model's ``metadata_props``.

    Raises
    ------
    KeyError
        The graph names a tensor that is not given.
    ValueError
        Not a protobuf message, or a tensor has another type or shape than the graph states.
    """
    parts = []
    for field in fields(model):
        if (field.number, field.wire) == (_MODEL_GRAPH, BYTES):
            parts += [_key(field), *_counted(_graph(model, field, tensors))]
        else:
            parts.append(model[field.start : field.end])
    for name, value in (metadata or {}).items():
        parts.append(_message(_MODEL_METADATA, _message(1, name.encode()) + _message(2, value.encode())))
    return b"".join(parts)


def graph_spec(model: bytes) -> GraphSpec:
    """Return the inputs and outputs that a graph file states.

    Raises
    ------
    ValueError
        Not a protobuf message.
    """
    inputs: dict[str, tuple[str, tuple[int | str, ...]]] = {}
    outputs = inputs.copy()
    for graph in _bodies(model, _MODEL_GRAPH):
        inputs |= dict(_value(value) for value in _bodies(graph, _GRAPH_INPUT))
        outputs |= dict(_value(value) for value in _bodies(graph, _GRAPH_OUTPUT))
    return GraphSpec(inputs, outputs)


def _graph(model: bytes, graph: Field, tensors: Mapping[str, Array]) -> list[bytes]:
    parts = []
    for field in fields(model, graph.body, graph.end):
        whole = model[field.start : field.end]
        if (field.number, field.wire) == (_GRAPH_INITIALIZER, BYTES) and _is_external(model[field.body : field.end]):
            whole = _message(_GRAPH_INITIALIZER, _tensor(model[field.body : field.end], tensors))
        parts.append(whole)
    return parts


def _tensor(tensor: bytes, tensors: Mapping[str, Array]) -> bytes:
    """A ``TensorProto`` whose data lies outside, with the data."""
    name = next(_bodies(tensor, _TENSOR_NAME)).decode()
    kept = [tensor[f.start : f.end] for f in fields(tensor) if f.number not in (_TENSOR_EXTERNAL, _TENSOR_LOCATION)]
    dtype, shape = DTYPES.get(next(_numbers(tensor, _TENSOR_TYPE), 0), "unknown"), tuple(_dims(tensor))
    data = np.asarray(tensors[name])
    if (data.dtype.name, data.shape) != (dtype, shape):
        raise ValueError(f"tensor {name!r} is {data.dtype.name} {data.shape}, the graph wants {dtype} {shape}")
    little = np.ascontiguousarray(data).astype(data.dtype.newbyteorder("<"), copy=False)
    return b"".join([*kept, _message(_TENSOR_RAW, little.tobytes())])


def _value(value: bytes) -> Value:
    name = next(_bodies(value, _VALUE_NAME)).decode()
    tensor = next((t for kind in _bodies(value, _VALUE_TYPE) for t in _bodies(kind, _TYPE_TENSOR)), b"")
    number = next(_numbers(tensor, _TENSOR_ELEMENT), 0)
    dims = [dim for shape in _bodies(tensor, _TENSOR_SHAPE) for dim in _bodies(shape, _SHAPE_DIM)]
    return name, (DTYPES.get(number, f"type {number}"), tuple(_dim(dim) for dim in dims))


def _dim(dim: bytes) -> int | str:
    named = next(_bodies(dim, _DIM_NAME), None)
    return named.decode() if named is not None else next(_numbers(dim, _DIM_VALUE), 0)


def _dims(tensor: bytes) -> Iterator[int]:
    """Sizes of a tensor, which are written one by one or packed."""
    for field in fields(tensor):
        if field.number == _TENSOR_DIMS:
            at = field.body
            while at < field.end:
                size, at = varint(tensor, at, field.end)
                yield size


def _is_external(tensor: bytes) -> bool:
    return any(number == _EXTERNAL for number in _numbers(tensor, _TENSOR_LOCATION))


def _bodies(message: bytes, wanted: int) -> Iterator[bytes]:
    return (message[f.body : f.end] for f in fields(message) if (f.number, f.wire) == (wanted, BYTES))


def _numbers(message: bytes, wanted: int) -> Iterator[int]:
    return (varint(message, f.body, f.end)[0] for f in fields(message) if (f.number, f.wire) == (wanted, VARINT))


def _key(field: Field) -> bytes:
    return _varint(field.number << 3 | field.wire)


def _counted(parts: list[bytes]) -> list[bytes]:
    return [_varint(sum(map(len, parts))), *parts]


def _message(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | BYTES) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
