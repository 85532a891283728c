"""The process in which a TorchScript module is run: it can open no file, reach no network and start no program.

``python -I -m tingshuo.port.importers.torchscript_child FILE FOLDER`` reads how the module is called from ``calls.json`` in the
folder, and leaves ``model.onnx`` there, and ``examples.npz`` with inputs of two lengths and what the module made of them; where
that fails, ``error.txt``. TorchScript is a program: some of its operators write files, and some of its code runs as soon as it
is loaded. So all that is needed is imported, read and opened first, and then the walls go up
(`tingshuo.port.foreign_env.walls`).
"""

import io
import json
import logging
import resource
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tingshuo.port.foreign_env.walls import raise_walls
from tingshuo.port.importers.contract import Calls
from tingshuo.port.importers.torchscript import CALLS, ERROR, EXAMPLES, MODEL

NO_WALLS = (
    "this system cannot lock a process in, and TorchScript is a program, so it is not run here; export ONNX where it was made, "
    "or do this on Linux"
)
OPSET = 18
LENGTHS = 23, 37
"""Of free sizes in the two examples; the second ones differ from each other by one more."""
_ROOM_BYTES = 8 << 30
"""Of address space beside what is taken already; a module that asks for more is ended."""
_JIT: Any = torch.jit
"""It has no types."""


class _Small(torch.nn.Module):
    """What is exported once before the walls go up, so that everything which that imports is there."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv1d(1, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute something of (1, 1, T) that has a branch."""
        y: torch.Tensor = self.layer(x)
        if x.size(2) > 2:
            y = y + x
        return y


def main(arguments: list[str]) -> int:
    """Export; returns 0, or 1 with the reason in ``error.txt``."""
    path, folder = Path(arguments[0]), Path(arguments[1])
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    calls = Calls.check(json.loads((folder / CALLS).read_text("utf-8")), CALLS)
    content = path.read_bytes()
    export(
        _JIT.script(_Small()),
        Calls.check({"inputs": [{"name": "x", "dtype": "float32", "shape": [1, 1, "t"]}], "outputs": ["y"]}, ""),
    )
    with (folder / MODEL).open("wb") as model, (folder / EXAMPLES).open("wb") as examples, (folder / ERROR).open("wb") as error:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        room = _mapped_bytes() + _ROOM_BYTES + 8 * len(content)
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
        if not raise_walls(reading=False):
            error.write(NO_WALLS.encode())
            return 1
        try:
            module = _JIT.load(io.BytesIO(content), map_location="cpu").eval()
            np.savez(examples, **run_examples(module, calls))
            model.write(export(module, calls))
        except Exception as problem:  # whatever the module or the exporter raises has to reach the other side
            error.write(_reason(problem).encode())
            return 1
    return 0


def _mapped_bytes() -> int:
    """Return how much address space this process has: libraries of graphics cards reserve many gigabytes."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def export(module: Any, calls: Calls) -> bytes:
    """Return a module as ONNX.

    Parameters
    ----------
    module : torch.jit.ScriptModule
        In evaluation mode.
    calls : Calls
        How it is called.
    """
    buffer = io.BytesIO()
    free = {one.name: {axis: size for axis, size in enumerate(one.shape) if isinstance(size, str)} for one in calls.inputs}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that this exporter is the old one: the new one takes no TorchScript
        torch.onnx.export(
            module,
            tuple(example_inputs(calls, 0).values()),
            buffer,  # type: ignore[arg-type]  # the old exporter writes to files that are open, too
            dynamo=False,
            opset_version=OPSET,
            input_names=[one.name for one in calls.inputs],
            output_names=list(calls.outputs),
            dynamic_axes={name: axes for name, axes in free.items() if axes},
        )
    return buffer.getvalue()


def example_inputs(calls: Calls, place: int) -> dict[str, torch.Tensor]:
    """Return inputs, the first or second example of them; the same every time."""
    names = dict.fromkeys(size for one in calls.inputs for size in one.shape if isinstance(size, str))
    sizes = {name: LENGTHS[place] + place * count for count, name in enumerate(names)}
    rng = np.random.default_rng(place)
    made = {}
    for one in calls.inputs:
        shape = [sizes[size] if isinstance(size, str) else size for size in one.shape]
        if one.value is not None:
            array = np.full(shape, sizes[one.value] if isinstance(one.value, str) else one.value)
        elif one.dtype.startswith("float"):
            array = rng.standard_normal(shape)
        else:
            array = rng.integers(0, one.most + 1, shape)
        made[one.name] = torch.from_numpy(np.asarray(array).astype(one.dtype))
    return made


def run_examples(module: Any, calls: Calls) -> dict[str, Any]:
    """Run both examples; returns arrays as ``0/input/x`` and ``1/output/y``."""
    arrays: dict[str, Any] = {}
    for place in range(len(LENGTHS)):
        inputs = example_inputs(calls, place)
        with torch.no_grad():
            results = _flat(module(*inputs.values()))
        if len(results) != len(calls.outputs):
            raise ValueError(
                f"it gives {len(results)} values, and {len(calls.outputs)} outputs are named: {', '.join(calls.outputs)}"
            )
        arrays |= {f"{place}/input/{name}": value.numpy() for name, value in inputs.items()}
        arrays |= {f"{place}/output/{name}": value.numpy() for name, value in zip(calls.outputs, results, strict=True)}
    return arrays


def _flat(value: Any) -> list[torch.Tensor]:
    """Return tensors in the order in which an exporter gives them."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, str | bytes | int | float) or value is None:
        raise TypeError(f"it gives a {type(value).__name__} where a graph gives tensors")
    return [tensor for inner in value for tensor in _flat(inner)]


def _reason(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    said = next((line for line in lines if "Error:" in line or "not permitted" in line), lines[0] if lines else "")
    return f"{type(problem).__name__}: {said}"[:600]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
