"""Tensors of a file of weights by their dotted names, whether torch or safetensors wrote it.

A torch file is read in a process of its own (`tingshuo.port.foreign.checkpoint`); a safetensors file is mapped.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import BundleError, PortError
from tingshuo.port.foreign.checkpoint import ForeignTensor, open_checkpoint, tensors_of
from tingshuo.port.importers.keys import fold_weight_norm
from tingshuo.store.tensors import read_tensors

SAFETENSORS = ".safetensors"


@dataclass(frozen=True, slots=True)
class State:
    """An open file of weights: ``tensors`` by name, not read yet, and ``keys`` of its outermost dictionary."""

    path: Path
    tensors: Mapping[str, Any]
    keys: tuple[str, ...]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor, () where there is none of that name."""
        return tuple(self.tensors[name].shape) if name in self.tensors else ()

    def begins(self, *prefixes: str) -> bool:
        """Whether the name of a tensor begins so."""
        return any(name.startswith(prefixes) for name in self.tensors)

    def below(self, prefix: str) -> dict[str, Any]:
        """Return the tensors whose names begin so, without that."""
        return {name.removeprefix(prefix): tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}

    def folded(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Read tensors as float32, weight norm folded; errors are those of `fold_weight_norm`."""
        try:
            return fold_weight_norm(self.below(prefix), numbers_of)
        except PortError as error:
            raise PortError(f"{self.path}: {error}") from error


@contextmanager
def open_state(path: Path) -> Iterator[State]:
    """Open a file of weights.

    Raises
    ------
    PortError
        It cannot be read, is damaged or holds something else.
    """
    if path.suffix == SAFETENSORS:
        try:
            tensors = read_tensors(path)
        except BundleError as error:
            raise PortError(str(error)) from error
        yield State(path, tensors, tuple(tensors))
        return
    with open_checkpoint(path) as checkpoint:
        value = checkpoint.value
        yield State(path, tensors_of(value), tuple(map(str, value)) if isinstance(value, Mapping) else ())


def numbers_of(tensor: Any) -> NDArray[Any]:
    """Read one tensor of a `State`."""
    return tensor.read() if isinstance(tensor, ForeignTensor) else np.array(tensor)
