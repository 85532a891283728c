"""An n-gram model as small arrays for a file: half precision, which changes a probability by a hundredth, counts, not places."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import DataError
from tingshuo.text.lm.ngram import NGram

_HALF_LOWEST = -60000.0


def pack(model: NGram) -> dict[str, NDArray[Any]]:
    """Return a model without its units: arrays ``2.units``, ``1.log_probs``, ``1.back_offs``, ``1.children``, and so on."""
    packed: dict[str, NDArray[Any]] = {}
    for n, level in enumerate(model.levels, 1):
        if n > 1:
            packed[f"{n}.units"] = level.units
        packed[f"{n}.log_probs"] = level.log_probs.astype(np.float16)
        if n < model.order:
            packed[f"{n}.back_offs"] = np.maximum(level.back_offs, _HALF_LOWEST).astype(np.float16)
            packed[f"{n}.children"] = np.diff(level.first).astype(np.int32)
    return packed


def unpack(units: Sequence[str], packed: Mapping[str, NDArray[Any]]) -> NGram:
    """Return the model of what `pack` gave.

    Raises
    ------
    DataError
        It did not give this.
    """
    order = sum(name.endswith(".log_probs") for name in packed)
    arrays: dict[str, NDArray[Any]] = {}
    try:
        for n in range(1, order + 1):
            log_probs = packed[f"{n}.log_probs"].astype(np.float32)
            last = n == order
            arrays[f"{n}.units"] = np.arange(len(units), dtype=np.int32) if n == 1 else packed[f"{n}.units"]
            arrays[f"{n}.log_probs"] = log_probs
            arrays[f"{n}.back_offs"] = np.zeros_like(log_probs) if last else packed[f"{n}.back_offs"].astype(np.float32)
            children = np.zeros(len(log_probs), np.int64) if last else packed[f"{n}.children"]
            arrays[f"{n}.first"] = np.concatenate([[0], np.cumsum(children, dtype=np.int64)])
    except KeyError as error:
        raise DataError(f"the arrays of a language model lack {error}") from None
    return NGram.from_arrays(units, arrays)
