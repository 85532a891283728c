"""Rewrite the words in a graph file, and nothing else: what the graph computes stays the same to the last bit.

ONNX is not a dependency of speaking, so the protobuf message is walked here: descriptions are rewritten freely, names of nodes
and values all in the same way, so that what belonged together still does; numbers and everything unknown are copied as they are.
Names that others know a graph by (its inputs and outputs, tensors that lie outside it, operators) are never changed.

Source: the protobuf encoding (https://protobuf.dev/programming-guides/encoding) and the field numbers of ``onnx.proto``
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tingshuo.protobuf import BYTES, fields

_WORDS, _LABEL = "words", "label"
"""A description, and a name that must stay the same wherever it stands."""
_MESSAGES: Mapping[str, Mapping[int, str]] = {
    "Model": {2: _WORDS, 3: _WORDS, 6: _WORDS, 7: "Graph", 14: "Pair", 20: "Training", 25: "Function"},
    "Graph": {
        1: "Node", 2: _WORDS, 5: "Tensor", 10: _WORDS, 11: "Value", 12: "Value", 13: "Value", 14: "Annotation", 15: "Sparse",
        16: "Pair",
    },
    "Node": {1: _LABEL, 2: _LABEL, 3: _LABEL, 5: "Attribute", 6: _WORDS, 9: "Pair"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 13: _WORDS, 22: "Sparse", 23: "Sparse"},
    "Tensor": {8: _LABEL, 12: _WORDS, 13: "Pair", 16: "Pair"},
    "Value": {1: _LABEL, 3: _WORDS, 4: "Pair"},
    "Function": {4: _LABEL, 5: _LABEL, 7: "Node", 8: _WORDS, 11: "Attribute", 12: "Value", 14: "Pair"},
    "Training": {1: "Graph", 2: "Graph", 3: "Labels", 4: "Labels"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Annotation": {1: _LABEL, 2: "Marks"},
    "Pair": {2: _WORDS},
    "Labels": {1: _LABEL, 2: _LABEL},
    "Marks": {2: _LABEL},
}  # fmt: skip
"""Of each message, the fields that hold words or messages with words."""
_GRAPH, _INITIALIZER, _INPUT, _OUTPUT = 7, 5, 11, 12
_PAIR_KEY, _VALUE_NAME, _TENSOR_NAME, _TENSOR_LOCATION, _EXTERNAL = 1, 1, 8, 14, b"\x01"
Rewrite = Callable[[str, str], str]
"""Given where a text stands (``Node.6``, or the key of a note) and the text, returns what shall stand there."""


class _Field(NamedTuple):
    """A field of a message: its number and wire type, its key and length as they were, and what it holds."""

    number: int
    wire: int
    key: bytes
    value: bytes


def rewrite_graph(model: bytes, words: Rewrite, label: Rewrite) -> bytes:
    """Rewrite the texts of a graph file.

    Parameters
    ----------
    model : bytes
        A serialised ``ModelProto``.
    words : callable
        Rewrites a description, the value of a note, or the name of the program that wrote the graph.
    label : callable
        Rewrites a name of a node or value. Two names that would become one are told apart by a number.

    Returns
    -------
    bytes
        The same bytes when no text has changed.

    Raises
    ------
    ValueError
        Not a protobuf message.
    """
    return _Rewriting(words, label, fixed_names(model)).message(model, "Model")


def fixed_names(model: bytes) -> frozenset[str]:
    """Return the names by which others know a graph: of its inputs, its outputs, and the tensors that lie outside it."""
    names = []
    for graph in _values(model, _GRAPH):
        for number in (_INPUT, _OUTPUT):
            names += [name for value in _values(graph, number) for name in _values(value, _VALUE_NAME)]
        for tensor in _values(graph, _INITIALIZER):
            if _EXTERNAL in _values(tensor, _TENSOR_LOCATION):
                names += _values(tensor, _TENSOR_NAME)
    return frozenset(name.decode() for name in names)


class _Rewriting:
    """A rewriting under way: remembers what each name has become."""

    def __init__(self, words: Rewrite, label: Rewrite, fixed: frozenset[str]) -> None:
        self._words, self._label = words, label
        self._became = {name: name for name in fixed}
        self._taken = set(fixed)

    def message(self, data: bytes, kind: str) -> bytes:
        """Return a message with its texts rewritten."""
        known, parts = _MESSAGES[kind], []
        note = "".join(key.decode() for key in _values(data, _PAIR_KEY)) if kind == "Pair" else ""
        for one in _fields(data):
            what = known.get(one.number) if one.wire == BYTES else None
            value = one.value if what is None else self._value(one.value, what, note or f"{kind}.{one.number}")
            if value == one.value:
                parts.append(one.key + one.value)
            else:
                parts.append(_encoded(one.number << 3 | BYTES) + _encoded(len(value)) + value)
        return b"".join(parts)

    def _value(self, value: bytes, what: str, where: str) -> bytes:
        if what == _WORDS:
            return self._words(where, value.decode()).encode()
        if what == _LABEL:
            return self._name(where, value.decode()).encode()
        return self.message(value, what)

    def _name(self, where: str, name: str) -> str:
        if name not in self._became:
            wanted = new = self._label(where, name)
            number = 2
            while new in self._taken:
                new, number = f"{wanted}-{number}", number + 1
            self._became[name] = new
            self._taken.add(new)
        return self._became[name]


def _values(message: bytes, number: int) -> list[bytes]:
    return [one.value for one in _fields(message) if one.number == number]


def _fields(message: bytes) -> Iterator[_Field]:
    """Yield the fields of a message, each with the bytes of its key; a varint is kept as it was written."""
    for one in fields(message):
        yield _Field(one.number, one.wire, message[one.start : one.body], message[one.body : one.end])


def _encoded(number: int) -> bytes:
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)
