"""Inputs and outputs of a recogniser's graph, held against what a contract says of them; a sentence for whatever does not fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx

from tingshuo.config.graph_recogniser import Dtype, GraphFeatures, GraphInput, Layout
from tingshuo.errors import PortError

FLOATS: tuple[Dtype, ...] = ("float32", "float16")
INTEGERS: tuple[Dtype, ...] = ("int64", "int32")
_TIME: dict[Layout, int] = {"btd": 1, "bdt": 2, "bt": 1, "b1t": 2}


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output of a graph; the shape is None where the graph does not tell it, a str in it is a free dimension."""

    dtype: str
    shape: tuple[int | str, ...] | None


def values_of(model: onnx.ModelProto) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return what a graph takes, without its weights, and what it gives."""
    weights = {tensor.name for tensor in model.graph.initializer}
    given = {value.name: _value(value) for value in model.graph.input if value.name not in weights}
    return given, {value.name: _value(value) for value in model.graph.output}


def find_input(given: Mapping[str, Value], name: str, dtypes: tuple[Dtype, ...], source: str) -> GraphInput:
    """Return an input, which has to be there and of one of these types; an integer is one number in a row.

    Raises
    ------
    PortError
        It is not; ``source`` is what the graph is called.
    """
    if name not in given:
        raise PortError(f"{source}: the graph has no input {name!r}; it has: {', '.join(given)}")
    value = given[name]
    dtype = next((one for one in dtypes if one == value.dtype), None)
    if dtype is None:
        raise PortError(f"{source}: the graph's input {name!r} is {value.dtype}, and {' or '.join(dtypes)} is wanted")
    shape = value.shape
    if dtypes is INTEGERS and shape is not None and (len(shape) != 1 or (isinstance(shape[0], int) and shape[0] != 1)):
        raise PortError(f"{source}: the graph's input {name!r} has shape {shown(shape)}, and one number (1,) is wanted")
    return GraphInput(name, dtype)


def check_all_given(given: Mapping[str, Value], named: Sequence[str], source: str) -> None:
    """Refuse a graph that wants more than it is given, or is given something twice.

    Raises
    ------
    PortError
        Names the input.
    """
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise PortError(f"{source}: its contract gives the input {twice!r} two roles")
    idle = next((name for name in given if name not in named), None)
    if idle is not None:
        raise PortError(
            f"{source}: its contract does not say what the graph's input {idle!r} is given; a graph that keeps a state from "
            "chunk to chunk is one for streams, which is not supported"
        )


def check_features(features: GraphFeatures, value: Value, name: str, source: str) -> None:
    """Refuse features that the input of a graph cannot take.

    Raises
    ------
    PortError
        Says how many numbers a frame, frames or dimensions it takes.
    """
    if value.shape is None:
        return
    rank, axis = len(features.layout), _TIME[features.layout]
    if len(value.shape) != rank:
        raise PortError(
            f"{source}: the graph's input {name!r} has shape {shown(value.shape)}, and features laid out as {features.layout} "
            f"have {rank} dimensions"
        )
    size = value.shape[rank - axis] if rank == 3 else 1
    if isinstance(size, int) and size != features.size:
        raise PortError(
            f"{source}: the graph's input {name!r} takes {size} numbers a frame, and the features of its contract have "
            f"{features.size}; they are of another model"
        )
    batch, time = value.shape[0], value.shape[axis]
    if isinstance(batch, int) and batch != 1:
        raise PortError(
            f"{source}: the graph's input {name!r} takes {batch} utterances at a time, and is given one; export it for one"
        )
    if isinstance(time, int):
        raise PortError(
            f"{source}: the graph's input {name!r} takes {time} frames alone, and no two utterances are as long; export it with "
            "a free dimension there"
        )


def shown(shape: Sequence[int | str]) -> str:
    """Return a shape as it is written."""
    return f"({', '.join(map(str, shape))})"


def _value(value: onnx.ValueInfoProto) -> Value:
    tensor = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name if tensor.elem_type else "no tensor"
    if not tensor.HasField("shape"):
        return Value(dtype, None)
    return Value(dtype, tuple(one.dim_param or (one.dim_value if one.dim_value > 0 else "?") for one in tensor.shape.dim))
