"""Graphs that stay as they came: a stranger's ONNX, its weights in the bundle's files of tensors, its arithmetic untouched.

It is proved against itself: what the bundle holds, opened as it will be, against the original run by ONNX Runtime operator by
operator, without any optimisation. Operators that draw random numbers are given seeds, so that a graph which draws some can be
compared, and speaks the same twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tingshuo.errors import PortError
from tingshuo.port.draft import GivenGraph
from tingshuo.port.importers.scratch import on_disk
from tingshuo.port.passes.subject import INSIDE_BYTES, is_external, reference
from tingshuo.port.rewrite import assign
from tingshuo.store.tensors import is_finite

if TYPE_CHECKING:
    from tingshuo.engine.onnx import Session

Array = NDArray[Any]
LIMITS_DB = {"fp32": -60.0, "fp16": -40.0, "int8": -20.0}
"""Precision to the largest error of any output, dB. ONNX Runtime widens half precision where a processor has none, and rounds
int8 between operators or not as they are fused: opened as it runs fastest, a graph differs from itself by that much."""
DRAWING = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
"""Operators that draw."""
_INTEGER = {"ConvInteger", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul"}
_OUTSIDE = TensorProto.EXTERNAL
_PAGE = 4096
_OLDEST_IR = 4
"""From this version on an initializer need not be an input as well."""
_STORED = {
    TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.INT32, TensorProto.INT16,
    TensorProto.INT8, TensorProto.UINT64, TensorProto.UINT32, TensorProto.UINT16, TensorProto.UINT8, TensorProto.BOOL,
}  # fmt: skip
"""Types that a file of tensors has names for; what is of another stays inside its graph."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A given graph as a bundle holds it: its structure, and its tensors by the names that it has for them."""

    model: onnx.ModelProto
    tensors: Mapping[str, Array]
    part: str
    precision: str
    draws: bool
    """Whether two runs of it differ."""


def move(name: str, given: GivenGraph, taken: Mapping[str, Array]) -> Moved:
    """Move the weights of a graph out of it.

    Parameters
    ----------
    name : str
        Of the graph in the bundle.
    given : GivenGraph
        Its operators that draw are given seeds, in place.
    taken : mapping
        What lies in the file of its part already; what is the same is not stored twice, and what is not gets another name.

    Raises
    ------
    PortError
        A weight lies in a file that was not read, or is NaN; or an input or output is no tensor.
    """
    draws = settle(given.model.graph)
    model, graph = _bare(given.model), given.model.graph
    tensors: dict[str, Array] = {}
    kept, renamed, outputs = [], {}, {value.name for value in graph.output}
    held = {tensor.name for tensor in graph.initializer}
    for own, tensor in _constants(graph):
        array = None if own in outputs else _movable(name, own, tensor)
        if array is not None:
            renamed[own] = _place(own, name, array, {**taken, **tensors})
            tensors[renamed[own]] = on_disk(array)
            kept.append(reference(renamed[own], array))
        elif own in held:
            kept.append(tensor)
    assign(model.graph.node, [node for node in graph.node if _constant(node) is None or node.output[0] not in renamed])
    assign(model.graph.initializer, kept)
    _rename(model.graph, {old: new for old, new in renamed.items() if old != new})
    _describe(model, name)
    return Moved(model, tensors, given.part, precision_of(given.model), draws)


def precision_of(model: onnx.ModelProto) -> str:
    """Return the arithmetic of a graph: ``int8`` where operators count in integers, ``fp16`` where most weights are halves."""
    if any(node.op_type in _INTEGER for graph in _graphs(model.graph) for node in graph.node):
        return "int8"
    sizes = {TensorProto.FLOAT: 0, TensorProto.FLOAT16: 0}
    for tensor in model.graph.initializer:
        if tensor.data_type in sizes:
            sizes[tensor.data_type] += int(np.prod(tensor.dims))
    return "fp16" if sizes[TensorProto.FLOAT16] > sizes[TensorProto.FLOAT] else "fp32"


def settle(graph: onnx.GraphProto) -> bool:
    """Give operators that draw, and have no seed, one each; tell whether there are any."""
    drawing = [node for one in _graphs(graph) for node in one.node if node.op_type in DRAWING]
    for n, node in enumerate(drawing):
        if not any(attribute.name == "seed" for attribute in node.attribute):
            node.attribute.append(helper.make_attribute("seed", float(n + 1)))
    return bool(drawing)


def open_original(given: GivenGraph, name: str) -> "Session":
    """Open a graph as it came, without any optimisation.

    Raises
    ------
    PortError
        ONNX Runtime cannot run it.
    """
    from tingshuo.port.lean import open_mapped  # here, as the runtime is large, and graphs are moved where none is opened

    with TemporaryDirectory(prefix="tingshuo-original-") as folder:
        save_original(given.model, Path(folder) / "graph.onnx")
        return open_mapped(Path(folder) / "graph.onnx", name)


def save_original(model: onnx.ModelProto, path: Path) -> None:
    """Write a graph as it came, with its weights in a file beside it, so that it can be opened without a copy of them.

    Raises
    ------
    OSError
        There is no room.
    """
    whole, inside, data = _bare(model), [], path.with_suffix(".data")
    with data.open("wb") as file:
        for tensor in model.graph.initializer:
            if tensor.data_type not in _STORED or tensor.ByteSize() < INSIDE_BYTES:
                inside.append(tensor)
                continue
            file.write(bytes(-file.tell() % _PAGE))
            array = numpy_helper.to_array(tensor)
            outside = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims, data_location=_OUTSIDE)
            for key, value in (("location", data.name), ("offset", file.tell()), ("length", array.nbytes)):
                outside.external_data.add(key=key, value=str(value))
            file.write(np.ascontiguousarray(array).data)
            inside.append(outside)
    assign(whole.graph.node, model.graph.node)
    assign(whole.graph.initializer, inside)
    path.write_bytes(whole.SerializeToString())


def _constants(graph: onnx.GraphProto) -> Iterator[tuple[str, TensorProto]]:
    """Yield the initializers of a graph, then what its Constant nodes hold, by the names of the values."""
    for tensor in graph.initializer:
        yield tensor.name, tensor
    for node in graph.node:
        constant = _constant(node)
        if constant is not None:
            yield node.output[0], constant


def _movable(graph: str, name: str, tensor: TensorProto) -> Array | None:
    """Return a constant that lies outside its graph: a large one of a type that can be stored, and without an infinity."""
    if is_external(tensor):
        raise PortError(f"graph {graph!r}: its weight {name!r} lies in another file, which was not read")
    if tensor.data_type not in _STORED:
        return None
    array = numpy_helper.to_array(tensor)
    if array.nbytes < INSIDE_BYTES:
        return None
    if np.isnan(array).any():
        raise PortError(f"graph {graph!r}: its weight {name!r} has a NaN")
    return array if is_finite(array) else None  # masks are infinite, weights are not


def _place(wanted: str, graph: str, array: Array, taken: Mapping[str, Array]) -> str:
    """Return the name that a tensor has in its file."""
    there = taken.get(wanted)
    if there is None or (there.dtype == array.dtype and there.shape == array.shape and np.array_equal(there, array)):
        return wanted
    return f"{graph}/{wanted}"


def _constant(node: onnx.NodeProto) -> TensorProto | None:
    """Return what a Constant holds, where it is a tensor."""
    if node.op_type != "Constant":
        return None
    return next((attribute.t for attribute in node.attribute if attribute.name == "value"), None)


def _bare(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of a model without nodes and weights: the weights are most of it, and are not copied."""
    bare = onnx.ModelProto()
    for field, value in model.ListFields():
        if field.name != "graph":
            _copy(bare, field.name, value)
    for field, value in model.graph.ListFields():
        if field.name not in ("initializer", "node"):
            _copy(bare.graph, field.name, value)
    return bare


def _copy(message: Any, field: str, value: Any) -> None:
    if isinstance(value, (int, str, bytes)):
        setattr(message, field, value)
    elif hasattr(value, "CopyFrom"):
        getattr(message, field).CopyFrom(value)
    else:
        getattr(message, field).MergeFrom(value)


def _rename(graph: onnx.GraphProto, renamed: Mapping[str, str]) -> None:
    """Give values other names wherever they are read, in the bodies of loops and branches too."""
    if not renamed:
        return
    for one in _graphs(graph):
        for node in one.node:
            for index, name in enumerate(node.input):
                node.input[index] = renamed.get(name, name)


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield a graph and those in the bodies of its loops and branches."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for body in (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs):
                yield from _graphs(body)


def _describe(model: onnx.ModelProto, name: str) -> None:
    """Drop what exporters tell of themselves and of the machine they ran on; weights are no inputs, and free sizes have names.

    Raises
    ------
    PortError
        An input or output is no tensor.
    """
    graph = model.graph
    model.ir_version = max(model.ir_version, _OLDEST_IR)
    model.doc_string = graph.doc_string = ""
    graph.name = name
    del model.metadata_props[:]
    weights = {tensor.name for tensor in graph.initializer}
    assign(graph.input, [value for value in graph.input if value.name not in weights])
    for one in _graphs(graph):
        for node in one.node:
            node.doc_string = ""
            del node.metadata_props[:]
    for value in (*graph.input, *graph.output):
        if not value.type.HasField("tensor_type"):
            raise PortError(f"graph {name!r}: {value.name!r} is no tensor, and graphs of a bundle take and give tensors")
        for axis, size in enumerate(value.type.tensor_type.shape.dim):
            if not size.dim_param and size.dim_value <= 0:
                size.dim_param = f"{value.name}_{axis}"


def merged(parts: Mapping[str, Mapping[str, Array]], moved: Iterable[Moved]) -> dict[str, dict[str, Array]]:
    """Return the tensors of every part, those of given graphs among them."""
    tensors = {part: dict(own) for part, own in parts.items()}
    for one in moved:
        tensors.setdefault(one.part, {}).update(one.tensors)
    return {part: own for part, own in tensors.items() if own}
