"""ONNX files of strangers, read whole and believed in nothing: weights that lie in other files come in, or it is said why not.

A file beside the graph that holds its weights (external data) has to lie in the folder of the graph, where neither a name nor a
link leads out of it. Operators have to be those that ONNX Runtime has.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
import onnxruntime
from onnx import TensorProto, defs

from tingshuo.engine.onnx import Session
from tingshuo.errors import PortError
from tingshuo.store.manifest import check_relative_path
from tingshuo.types import GraphSpec

SUFFIX = ".onnx"
LARGEST_BYTES = (2 << 30) - 1
"""Of a graph with all its weights, wherever they lie: ONNX Runtime is given it as one message of protobuf, which has no more."""
OLDEST_OPSET = 7
"""That ONNX Runtime reads (https://onnxruntime.ai/docs/reference/compatibility.html)."""
DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
"""Whose operators ONNX Runtime has: those of ONNX, and its own."""
_SHOWN = 5
_FATAL = 4
"""Level of the runtime's log: what is wrong is said by its error."""


def read_onnx(path: Path) -> onnx.ModelProto:
    """Read a graph with its weights inside.

    Raises
    ------
    PortError
        It cannot be read, is damaged, too large, or has operators or weights that cannot be had; a sentence for each.
    """
    model = _parse(path)
    _check_operators(path, model)
    _bring_in(path, model)
    return model


def spec_of(path: Path, model: onnx.ModelProto) -> GraphSpec:
    """Return what goes in and out of a graph, as ONNX Runtime sees it.

    Raises
    ------
    PortError
        ONNX Runtime cannot open it.
    """
    try:
        return open_whole(model, path.stem).spec
    except PortError as error:
        raise PortError(f"{path}: {str(error).partition(': ')[2]}") from error


def open_whole(model: onnx.ModelProto, name: str) -> Session:
    """Open a graph that has its weights inside, without any optimisation.

    Raises
    ------
    PortError
        ONNX Runtime cannot open it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = _FATAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common base below Exception
        raise PortError(f"{name}: ONNX Runtime cannot open it: {' '.join(str(error).split())}") from error
    return Session(session, name)


def outline(spec: GraphSpec) -> str:
    """Return inputs and outputs as a person reads them: ``inputs x int64 [1, N]; outputs mel float32 [1, 80, F]``."""
    sides = (("inputs", spec.inputs), ("outputs", spec.outputs))
    return "; ".join(f"{side} {', '.join(_told(name, *value) for name, value in values.items())}" for side, values in sides)


def _told(name: str, dtype: str, shape: Iterable[int | str | None]) -> str:
    return f"{name} {dtype} [{', '.join('?' if size is None else str(size) for size in shape)}]"


def _parse(path: Path) -> onnx.ModelProto:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise _too_large(path, size)
        content = path.read_bytes()
    except OSError as error:
        raise PortError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own, which has no types
        raise PortError(f"{path}: is no ONNX graph, or was cut short: copy or download it again") from error
    if not model.graph.node or not model.graph.output:
        raise PortError(f"{path}: is no ONNX graph: nothing is computed in it")
    return model


def _too_large(path: Path, size: int) -> PortError:
    return PortError(f"{path}: has {size / 1e9:.1f} GB, and a graph may have 2.1 with its weights; a model of speech has less")


def _check_operators(path: Path, model: onnx.ModelProto) -> None:
    own = {(function.domain, function.name) for function in model.functions}
    used = {(node.domain, node.op_type) for node in _nodes(model)} - own
    strange = sorted(f"{domain}:{name}" for domain, name in used if domain not in DOMAINS)
    if strange:
        raise PortError(
            f"{path}: has operators that are not of ONNX: {_some(strange)}; whoever made them has a library for them, which is "
            "not loaded here; export the net in operators of ONNX"
        )
    opset = max((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), default=0)
    newest = defs.onnx_opset_version()
    if not OLDEST_OPSET <= opset <= newest:
        raise PortError(
            f"{path}: is written in opset {opset} of ONNX; accepted: {OLDEST_OPSET} to {newest}; export it in another"
        )
    unknown = sorted(name for domain, name in used if domain in ("", "ai.onnx") and not defs.has(name, opset, ""))
    if unknown:
        raise PortError(f"{path}: has operators that opset {opset} of ONNX does not know: {_some(unknown)}; export it again")


def _bring_in(path: Path, model: onnx.ModelProto) -> None:
    """Read weights that lie in other files, into the model."""
    outside = [tensor for tensor in _tensors(model) if tensor.data_location == TensorProto.EXTERNAL]
    places = [_place(path, tensor) for tensor in outside]
    total = path.stat().st_size + sum(length for _, _, length in places)
    if total > LARGEST_BYTES:
        raise _too_large(path, total)
    for tensor, (file, offset, length) in zip(outside, places, strict=True):
        with file.open("rb") as opened:
            opened.seek(offset)
            tensor.raw_data = opened.read(length)
        del tensor.external_data[:]
        tensor.ClearField("data_location")


def _place(path: Path, tensor: TensorProto) -> tuple[Path, int, int]:
    """Return the file, first byte and number of bytes of a weight, all checked."""
    told = {entry.key: entry.value for entry in tensor.external_data}
    name = told.get("location", "")
    file = path.parent / PurePosixPath(name.removeprefix("./"))
    try:
        check_relative_path(name.removeprefix("./"))
    except ValueError as error:
        raise PortError(f"{path}: says that weights lie in {name!r}, which is not in its folder, and is not read") from error
    if not file.is_file():
        raise PortError(f"{file}: is missing; the weights of {path.name} lie in it, so copy it into the same folder")
    if file.is_symlink() or not file.resolve().is_relative_to(path.parent.resolve()):
        raise PortError(f"{file}: is a link that leads out of the folder of {path.name}, and is not read")
    expected = _bytes_of(path, tensor)
    numbers = told.get("offset", "0"), told.get("length", str(expected))
    if not all(number.isascii() and number.isdecimal() and len(number) < 20 for number in numbers):
        raise PortError(f"{path}: tells no place in {name} for the weight {tensor.name!r}; it is damaged")
    offset, length = map(int, numbers)
    if length != expected or offset + length > file.stat().st_size:
        raise PortError(
            f"{file}: is too short for the weight {tensor.name!r}, or of another model; copy it again with {path.name}"
        )
    return file, offset, length


def _bytes_of(path: Path, tensor: TensorProto) -> int:
    count = 1
    for size in tensor.dims:
        if size < 0:
            raise PortError(f"{path}: the weight {tensor.name!r} has a negative size; it is damaged")
        count *= size
    if tensor.data_type in (TensorProto.INT4, TensorProto.UINT4):
        return (count + 1) // 2
    try:
        return count * int(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)
    except (KeyError, ValueError) as error:
        raise PortError(f"{path}: the weight {tensor.name!r} is of no known type; it is damaged") from error


def _nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    return (message for message in _messages(model) if isinstance(message, onnx.NodeProto))


def _tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    return (message for message in _messages(model) if isinstance(message, TensorProto))


def _messages(message: Any) -> Iterator[Any]:
    """Yield nodes and tensors, wherever in a model: in bodies of loops, branches and functions too."""
    todo = [message]
    while todo:
        one = todo.pop()
        if isinstance(one, (onnx.NodeProto, TensorProto)):
            yield one
        for field, value in one.ListFields():
            if field.message_type is not None:
                todo += [value] if hasattr(value, "ListFields") else list(value)


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
