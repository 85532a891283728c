"""Tensors of a stranger's checkpoint under our names: every one has a place, or the import says which has not.

::

    given = fold_weight_norm(tensors_of(checkpoint.value["generator"]))
    fitted = fit(rename(given, RULES), shapes_of(net), unused=("enc_q.",))
    net.load_state_dict(fitted.tensors)        # fitted.report lists what was left out on purpose
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import PortError
from tingshuo.port.foreign.checkpoint import ForeignTensor
from tingshuo.port.importers.scratch import on_disk

Rule = tuple[str, str]
"""A regular expression and what takes its place, applied to the name of a tensor from its begin to its end."""
_NORMS = (
    (".weight_g", ".weight_v"),
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
)
"""The two spellings of torch's weight norm: length and direction."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class KeyReport:
    """How the tensors of a checkpoint went over: ``n_used`` have a place, ``left_out`` have none, which is as it should be."""

    n_used: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Tensors by our names, and how they went over."""

    tensors: dict[str, NDArray[Any]]
    report: KeyReport


def fold_weight_norm(
    tensors: Mapping[str, Any], read: Callable[[Any], NDArray[Any]] = ForeignTensor.read
) -> dict[str, NDArray[Any]]:
    """Read tensors as float32; of pairs of length and direction, the weight that they make.

    torch normalises over every axis but the first, which in a transposed convolution is that of the inputs.

    Parameters
    ----------
    tensors : mapping
        By their own names, `ForeignTensor` unless ``read`` knows others; both spellings of weight norm.
    read : callable
        Returns the numbers of one.

    Raises
    ------
    PortError
        A length without its direction, or the other way round.
    """
    folded: dict[str, NDArray[Any]] = {}
    for name, tensor in tensors.items():
        pair = next(((g, v) for g, v in _NORMS if name.endswith((g, v))), None)
        if pair is None:
            value = read(tensor)
            folded[name] = value if value.dtype.kind != "f" or value.dtype == np.float32 else on_disk(value.astype(np.float32))
            continue
        length, direction = pair
        stem = name.removesuffix(length).removesuffix(direction)
        if f"{stem}{length}" not in tensors or f"{stem}{direction}" not in tensors:
            raise PortError(f"{stem}: weight norm has one half of its pair alone, so the checkpoint is not whole")
        if name.endswith(direction):
            folded[f"{stem}.weight"] = on_disk(_weight(read(tensors[f"{stem}{length}"]), read(tensor)))
    return folded


def _weight(length: NDArray[Any], direction: NDArray[Any]) -> NDArray[np.float32]:
    exact = direction.astype(np.float64)
    norm = np.sqrt(np.square(exact).sum(axis=tuple(range(1, exact.ndim)), keepdims=True))
    weight: NDArray[np.float32] = (exact * (length.astype(np.float64) / norm)).astype(np.float32)
    return weight


def rename(tensors: Mapping[str, NDArray[Any]], rules: Sequence[Rule]) -> dict[str, NDArray[Any]]:
    """Return tensors by our names: the first rule that fits a whole name is applied; a name that none fits stays.

    Raises
    ------
    PortError
        Two names become one.
    """
    renamed: dict[str, NDArray[Any]] = {}
    for name, tensor in tensors.items():
        ours = next((found.expand(to) for pattern, to in rules if (found := re.fullmatch(pattern, name))), name)
        if ours in renamed:
            raise PortError(f"two tensors of the checkpoint are our {ours!r}, one of them {name!r}")
        renamed[ours] = tensor
    return renamed


def fit(tensors: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[int, ...]], unused: Iterable[str] = ()) -> Fitted:
    """Give every tensor its place in a net.

    Parameters
    ----------
    tensors : mapping
        By our names.
    shapes : mapping
        What the net wants: name to shape.
    unused : iterable of str
        Begins of names that only training needs; they are left out, and listed.

    Raises
    ------
    PortError
        A tensor is missing, has no place, or has another shape; the message counts them and lists the first.
    """
    expected = tuple(unused)
    left_out = tuple(name for name in tensors if name not in shapes and name.startswith(expected)) if expected else ()
    missing = [name for name in shapes if name not in tensors]
    strange = [name for name in tensors if name not in shapes and name not in set(left_out)]
    wrong = [
        f"{name} is {tuple(tensors[name].shape)} instead of {tuple(shape)}"
        for name, shape in shapes.items()
        if name in tensors and tuple(tensors[name].shape) != tuple(shape)
    ]
    problems = [f"{len(found)} {what}: {_some(found)}" for what, found in
                (("missing", missing), ("without a place", strange), ("of another shape", wrong)) if found]  # fmt: skip
    if problems:
        raise PortError(f"the tensors do not fit the net: {'; '.join(problems)}")
    return Fitted({name: tensors[name] for name in shapes}, KeyReport(len(shapes), left_out))


def shapes_of(state: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a ``state_dict``."""
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
