"""Read the names of a graph file's external initializers, without the onnx package.

ONNX Runtime takes tensors by name and refuses a name that the graph lacks, so the engine has to know them before it opens the
graph. Only the few fields on the way are understood; everything else is stepped over.

Source: the field numbers of ``onnx.proto``.
"""

from collections.abc import Iterator

from tingshuo.protobuf import BYTES, VARINT, fields, varint

_MODEL_GRAPH = 7
_GRAPH_INITIALIZER = 5
_TENSOR_NAME = 8
_TENSOR_DATA_LOCATION = 14
_EXTERNAL = 1


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
    for graph in _bodies(model, _MODEL_GRAPH):
        for tensor in _bodies(graph, _GRAPH_INITIALIZER):
            if _is_external(tensor):
                names += [name.decode() for name in _bodies(tensor, _TENSOR_NAME)]
    return names


def _bodies(message: bytes, wanted: int) -> Iterator[bytes]:
    """Yield what a field of a message holds, each time that it is there."""
    return (message[field.body : field.end] for field in fields(message) if (field.number, field.wire) == (wanted, BYTES))


def _is_external(tensor: bytes) -> bool:
    found = (field for field in fields(tensor) if (field.number, field.wire) == (_TENSOR_DATA_LOCATION, VARINT))
    return any(varint(tensor, field.body, field.end)[0] == _EXTERNAL for field in found)
