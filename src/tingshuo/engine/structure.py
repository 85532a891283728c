"""Read the names of a graph file's external initializers, without the onnx package.

ONNX Runtime takes tensors by name and refuses a name that the graph lacks, so the engine has to know them before it opens the
graph. Only the few fields on the way are understood; everything else is skipped by its wire type.

Source: the protobuf encoding (https://protobuf.dev/programming-guides/encoding) and the field numbers of ``onnx.proto``.
"""

from collections.abc import Iterator

_MODEL_GRAPH = 7
_GRAPH_INITIALIZER = 5
_TENSOR_NAME = 8
_TENSOR_DATA_LOCATION = 14
_EXTERNAL = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def external_names(model: bytes) -> list[str]:
    """Return the names of the initializers whose data lies outside the graph file.

    Parameters
    ----------
    model : bytes
        A serialised ``ModelProto``.

    Raises
    ------
    ValueError
        Not a protobuf message.
    """
    names = []
    for graph in _fields(model, _MODEL_GRAPH):
        assert isinstance(graph, bytes)
        for tensor in _fields(graph, _GRAPH_INITIALIZER):
            assert isinstance(tensor, bytes)
            if _EXTERNAL in list(_fields(tensor, _TENSOR_DATA_LOCATION)):
                names += [name.decode() for name in _fields(tensor, _TENSOR_NAME) if isinstance(name, bytes)]
    return names


def _fields(message: bytes, wanted: int) -> Iterator[bytes | int]:
    """Yield the values of one field of a message: bytes, or the number of a varint."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        value: bytes | int = 0
        if wire == _VARINT:
            value, at = _varint(message, at)
        elif wire == _BYTES:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif wire in (_FIXED32, _FIXED64):
            at += 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire} at byte {at}")
        if at > len(message):
            raise ValueError("a field reaches past the end")
        if number == wanted:
            yield value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a number reaches past the end")
