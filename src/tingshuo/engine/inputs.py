"""Check what a graph is given against what it states, for engines that would take it and compute something else."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from tingshuo.errors import EngineError
from tingshuo.types import GraphSpec


def check_inputs(graph: str, spec: GraphSpec, inputs: Mapping[str, NDArray[Any]]) -> None:
    """Refuse inputs that are not those of a graph.

    Parameters
    ----------
    graph : str
        For messages.
    spec : GraphSpec
        What it states; a free dimension takes any size, but one of the same name has the same size everywhere.
    inputs : Mapping[str, Array]
        By name.

    Raises
    ------
    EngineError
        An input is missing, unknown, or of the wrong type or shape.
    """
    for name in spec.inputs:
        if name not in inputs:
            raise EngineError(f"graph {graph!r} cannot be run: its input {name!r} is missing")
    free: dict[str, tuple[str, int]] = {}
    for name, array in inputs.items():
        if name not in spec.inputs:
            raise EngineError(f"graph {graph!r} cannot be run: it has no input {name!r}; it has: {', '.join(spec.inputs)}")
        dtype, shape = spec.inputs[name]
        if array.dtype.name != dtype:
            raise EngineError(f"graph {graph!r} cannot be run: its input {name!r} is {dtype}, not {array.dtype.name}")
        _check_shape(graph, name, array.shape, shape, free)


def _check_shape(
    graph: str, name: str, found: tuple[int, ...], stated: tuple[int | str, ...], free: dict[str, tuple[str, int]]
) -> None:
    """Compare a shape; ``free`` collects what each free dimension was, and of which input."""
    if len(found) != len(stated) or any(isinstance(b, int) and a != b for a, b in zip(found, stated, strict=True)):
        raise EngineError(f"graph {graph!r} cannot be run: its input {name!r} has shape {stated}, not {found}")
    for size, wanted in zip(found, stated, strict=True):
        if isinstance(wanted, str):
            other, first = free.setdefault(wanted, (name, size))
            if size != first:
                raise EngineError(
                    f"graph {graph!r} cannot be run: {wanted} of its input {name!r} is {size}, but {first} of {other!r}"
                )
