"""What nets answer to the calls that their graphs were given: computed in a process of its own, as PyTorch is large.

The weights are those in the folder of a draft, mapped, and let go of as soon as a layer has used them.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import Size
from tingshuo.port.verify import reference_outputs
from tingshuo.port.worker import Job, Tell, run_apart, serve
from tingshuo.store.tensors import read_tensors, release

if TYPE_CHECKING:
    from torch import nn

Array = NDArray[Any]
Arrays = Mapping[str, Array]
Calls = Mapping[str, Sequence[Arrays]]
"""Graph to what it was given, call by call."""
LET_GO_BYTES = 1 << 16
"""Weights of a layer from this size on are let go of when it has used them."""
_OURS = "value/"
"""Begins names in a file of arrays, as an input may be called as numpy calls its own arguments."""


def answers(architecture: Mapping[str, Size], weights: Mapping[str, Path], calls: Calls, folder: Path) -> dict[str, list[Arrays]]:
    """Return what nets answer.

    Parameters
    ----------
    architecture : mapping
        Of the nets.
    weights : mapping
        Part to its file of tensors.
    calls : mapping
        What each graph is given.
    folder : Path
        For what the processes hand to each other.

    Raises
    ------
    PortError
        The tensors do not fit the nets.
    """
    if "torch" in sys.modules:  # a second one would not be smaller
        return compute(architecture, weights, calls)
    job = {
        "architecture": dict(architecture),
        "weights": {part: str(path) for part, path in weights.items()},
        "calls": {graph: len(given) for graph, given in calls.items()},
        "folder": str(folder),
    }
    for graph, given in calls.items():
        for n, inputs in enumerate(given):
            _write(folder, f"{graph}.{n}.in", inputs)
    run_apart("tingshuo.port.reference", job)
    return {graph: [_read(folder, f"{graph}.{n}.out") for n in range(len(given))] for graph, given in calls.items()}


def compute(architecture: Mapping[str, Size], weights: Mapping[str, Path], calls: Calls) -> dict[str, list[Arrays]]:
    """Do what `answers` does, in this process."""
    from tingshuo.port.families import build_nets, fill

    found: dict[str, list[Arrays]] = {}
    for built in build_nets(architecture):
        tensors = read_tensors(weights[built.part])
        fill(built, tensors)
        with _lean(built.net, tensors):
            for graph in built.graphs:
                found[graph.name] = [reference_outputs(graph, inputs) for inputs in calls.get(graph.name, ())]
        release(tensors.values())
    return found


@contextmanager
def _lean(net: "nn.Module", tensors: Arrays) -> Iterator[None]:
    """Let every large layer of a net let go of its weights when it has used them: they are mapped, and come back."""
    hooks = []
    for place, module in net.named_modules():
        names = [f"{place}.{name}" if place else name for name, _ in module.named_parameters(recurse=False)]
        own = [tensors[name] for name in names if name in tensors]
        if sum(tensor.nbytes for tensor in own) >= LET_GO_BYTES:
            hooks.append(module.register_forward_hook(lambda *_, own=own: release(own)))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _work(job: Job, tell: Tell) -> None:
    folder = Path(job["folder"])
    calls = {graph: [_read(folder, f"{graph}.{n}.in") for n in range(count)] for graph, count in job["calls"].items()}
    weights = {part: Path(path) for part, path in job["weights"].items()}
    for graph, given in compute(job["architecture"], weights, calls).items():
        for n, outputs in enumerate(given):
            _write(folder, f"{graph}.{n}.out", outputs)


def _write(folder: Path, name: str, arrays: Arrays) -> None:
    np.savez(folder / f"{name}.npz", allow_pickle=False, **{f"{_OURS}{key}": value for key, value in arrays.items()})


def _read(folder: Path, name: str) -> dict[str, Array]:
    with np.load(folder / f"{name}.npz", allow_pickle=False) as stored:
        return {key.removeprefix(_OURS): stored[key] for key in stored.files}


if __name__ == "__main__":
    serve(_work)
