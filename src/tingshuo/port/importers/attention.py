"""Attention whose query, key and value are three layers, as one layer: what our nets have."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import PortError

_PARTS = ("query", "key", "value")
_PART = re.compile(r"(.*\battention\.)(query|key|value)\.(weight|bias)")


def join_attention(tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Return tensors with every ``…attention.query``, ``key`` and ``value`` joined as ``…attention.query_key_value``.

    Parameters
    ----------
    tensors : mapping
        By our names, but for those three.

    Raises
    ------
    PortError
        Of the three, one is missing, or they do not fit each other.
    """
    joined: dict[str, NDArray[np.float32]] = {}
    for name, tensor in tensors.items():
        found = _PART.fullmatch(name)
        if found is None:
            joined[name] = tensor
        elif found[2] == _PARTS[0]:
            joined[f"{found[1]}query_key_value.{found[3]}"] = _three(tensors, found[1], found[3])
        elif f"{found[1]}{_PARTS[0]}.{found[3]}" not in tensors:
            raise PortError(f"{name}: there is no {_PARTS[0]} beside it, so the checkpoint is not whole")
    return joined


def _three(tensors: Mapping[str, NDArray[np.float32]], stem: str, kind: str) -> NDArray[np.float32]:
    names = [f"{stem}{part}.{kind}" for part in _PARTS]
    missing = [name for name in names if name not in tensors]
    if missing:
        raise PortError(f"{missing[0]}: is missing beside {names[0]}, so the checkpoint is not whole")
    shapes = [tensors[name].shape for name in names]
    if len(set(shapes)) != 1:
        raise PortError(f"{names[0]}: query, key and value have the shapes {', '.join(map(str, shapes))}, and should have one")
    return np.concatenate([tensors[name] for name in names])
