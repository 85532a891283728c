"""The outline of an ONNX file, read from its bytes: who wrote it, what goes in and out, which operators it has.

Only the fields that are wanted are followed, everything else, the weights above all, is stepped over; the file is mapped, so
one of gigabytes costs no more than a small one. Source: the field numbers of ``onnx.proto``
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

import mmap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tingshuo.engine.embed import DTYPES
from tingshuo.protobuf import BYTES, VARINT, Buffer, fields, varint

_MAX_TEXT = 1 << 20
_NODES = 200_000


@dataclass(frozen=True, slots=True)
class OnnxHead:
    """An outline.

    Shapes hold a number or the name of a free dimension; ``metadata`` is what exporters left for runtimes; ``types`` are those of
    inputs and outputs, as numpy calls them.
    """

    producer: str
    opset: int
    inputs: dict[str, tuple[int | str, ...]]
    outputs: dict[str, tuple[int | str, ...]]
    metadata: dict[str, str]
    operators: Counter[str]
    types: dict[str, str] = field(default_factory=dict)

    def outline(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return inputs and outputs as a person reads them: ``x int64 [1, N]``."""
        return ("inputs", self._told(self.inputs)), ("outputs", self._told(self.outputs))

    def _told(self, values: dict[str, tuple[int | str, ...]]) -> str:
        return ", ".join(
            f"{name} {self.types.get(name, '')} [{', '.join(map(str, shape))}]".replace("  ", " ")
            for name, shape in values.items()
        )


def read_onnx_head(path: Path) -> OnnxHead:
    """Read the outline of a graph file.

    Raises
    ------
    ValueError
        It is no ONNX model.
    OSError
        It cannot be read.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        producer, opset, metadata = "", 0, {}
        graph: tuple[int, int] | None = None
        version = 0
        for number, wire, value in _fields(data, 0, len(data)):
            if number == 1 and wire == VARINT:
                version = value[0]
            elif number == 2 and wire == BYTES:
                producer = _text(data, value)
            elif number == 7 and wire == BYTES:
                graph = value
            elif number == 8 and wire == BYTES:
                opset = max(opset, _opset(data, value))
            elif number == 14 and wire == BYTES:
                key, said = _pair(data, value)
                metadata[key] = said
        if graph is None or not 1 <= version < 1000:
            raise ValueError("it has no graph, so it is no ONNX model")
        inputs, outputs, weights, operators, types = _graph(data, graph)
    given = {name: shape for name, shape in inputs.items() if name not in weights}
    return OnnxHead(producer, opset, given, outputs, metadata, operators, types)


def _graph(
    data: Buffer, span: tuple[int, int]
) -> tuple[dict[str, tuple[int | str, ...]], dict[str, tuple[int | str, ...]], set[str], Counter[str], dict[str, str]]:
    inputs: dict[str, tuple[int | str, ...]] = {}
    outputs: dict[str, tuple[int | str, ...]] = {}
    types: dict[str, str] = {}
    weights: set[str] = set()
    operators: Counter[str] = Counter()
    for number, wire, value in _fields(data, *span):
        if wire != BYTES:
            continue
        if number == 1:
            operators[_first_text(data, value, 4)] += 1
            if operators.total() > _NODES:
                raise ValueError(f"it has more than {_NODES} operators")
        elif number == 5:
            weights.add(_first_text(data, value, 8))
        elif number in (11, 12):
            (inputs if number == 11 else outputs).update([_value_info(data, value)])
            types[_first_text(data, value, 1)] = _type(data, value)
    return inputs, outputs, weights, operators, types


def _value_info(data: Buffer, span: tuple[int, int]) -> tuple[str, tuple[int | str, ...]]:
    """Return name and shape: ValueInfoProto 1 name, 2 type; TypeProto 1 tensor; its 2 shape; its 1 dimensions."""
    name = _first_text(data, span, 1)
    shape: list[int | str] = []
    for kind in _spans(data, span, 2):
        for tensor in _spans(data, kind, 1):
            for dims in _spans(data, tensor, 2):
                shape += [_dimension(data, dim) for dim in _spans(data, dims, 1)]
    return name, tuple(shape)


def _type(data: Buffer, span: tuple[int, int]) -> str:
    """Return what numpy calls the elements: TypeProto 1 tensor; its 1 the type."""
    for kind in _spans(data, span, 2):
        for tensor in _spans(data, kind, 1):
            for number, wire, value in _fields(data, *tensor):
                if number == 1 and wire == VARINT:
                    return DTYPES.get(value[0], "")
    return ""


def _dimension(data: Buffer, span: tuple[int, int]) -> int | str:
    for number, wire, value in _fields(data, *span):
        if number == 1 and wire == VARINT:
            return value[0]
        if number == 2 and wire == BYTES:
            return _text(data, value)
    return "?"


def _opset(data: Buffer, span: tuple[int, int]) -> int:
    found = [value[0] for number, wire, value in _fields(data, *span) if number == 2 and wire == VARINT]
    return found[0] if found and not _first_text(data, span, 1) else 0


def _pair(data: Buffer, span: tuple[int, int]) -> tuple[str, str]:
    return _first_text(data, span, 1), _first_text(data, span, 2)


def _first_text(data: Buffer, span: tuple[int, int], wanted: int) -> str:
    return next((_text(data, found) for found in _spans(data, span, wanted)), "")


def _spans(data: Buffer, span: tuple[int, int], wanted: int) -> Iterator[tuple[int, int]]:
    return (value for number, wire, value in _fields(data, *span) if number == wanted and wire == BYTES)


def _text(data: Buffer, span: tuple[int, int]) -> str:
    begin, end = span
    return bytes(data[begin : min(end, begin + _MAX_TEXT)]).decode("utf-8", "replace")


def _fields(data: Buffer, at: int, end: int) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Yield number, wire type, and of bytes where they lie, of a number the number itself."""
    for one in fields(data, at, end):
        yield one.number, one.wire, (varint(data, one.body, one.end)[0], 0) if one.wire == VARINT else (one.body, one.end)
