"""Put arrays into a net, as they lie: weights that are mapped from a file are not copied."""

import warnings
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

N = TypeVar("N", bound=nn.Module)


def filled(net: N, tensors: Mapping[str, NDArray[Any]]) -> N:
    """Put the arrays of a checkpoint into a net, and return it in evaluation mode.

    Parameters
    ----------
    net : nn.Module
        May be on the meta device, without memory.
    tensors : mapping
        By the names of its ``state_dict``: all of them, and nothing else. Types are turned into the net's own.

    Raises
    ------
    RuntimeError
        A tensor is missing, of another shape, or not of this net.
    """
    kinds = {name: tensor.dtype for name, tensor in net.state_dict().items()}
    net.load_state_dict({name: as_torch(tensor, kinds.get(name)) for name, tensor in tensors.items()}, assign=True)
    return net.eval()


def as_torch(array: NDArray[Any], kind: torch.dtype | None = None) -> torch.Tensor:
    """Return a tensor on the memory of an array; nobody writes to a net in evaluation mode, so mapped files will do as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the memory is read-only
        return torch.from_numpy(np.ascontiguousarray(array)).to(kind)
