"""Core ML packages, for iPhones, iPads and Macs. Needs the ``train`` and ``coreml`` extras; it is run on a Mac alone.

A graph is traced with torch and converted by coremltools, here or anywhere. What comes out can be looked at here, not run, so
there is no error in the report: run the program of the README on a Mac, which prints it.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tingshuo.port.formats.source import SourceGraph
from tingshuo.port.formats.torchscript import trace
from tingshuo.port.formats.written import Settings, Written, cannot_express

NAME = "coreml"
LONGEST = 4096
"""Largest size of a free dimension; Core ML plans its memory by it."""
_TYPES = {"float32": np.float32, "int64": np.int32, "int32": np.int32}
"""Core ML knows no int64."""

EXAMPLE = """\
import coremltools
import numpy as np

for graph in {graphs}:
    model = coremltools.models.MLModel(f"{{graph}}.mlpackage")
    example = np.load(f"examples/{{graph}}.npz")
    inputs = {{name[6:]: example[name] for name in example.files if name.startswith("input/")}}
    inputs = {{name: array.astype(np.int32) if array.dtype == np.int64 else array for name, array in inputs.items()}}
    for name, output in model.predict(inputs).items():
        print(graph, name, output.shape, np.abs(output - example["output/" + name]).max())
"""
NOTES = (
    "整数输入为 int32，自由长度为 1 到 4096。本包可在任何系统上写出，但只能在 Mac、iPhone、iPad 上运行，写出时没有运行、"
    "没有比较；"
    "请先在 Mac 上运行下面的程序核对（`pip install coremltools numpy`）：",
    "Whole numbers are int32, free lengths 1 to 4096. The package can be written anywhere but is run on Macs, iPhones and iPads "
    "alone; when it was written it was neither run nor compared. Check it first on a Mac (`pip install coremltools numpy`):",
)


def check(precision: str | None) -> None:
    """Refuse where coremltools is missing, before anything is read."""
    _import_quietly()


def write(graphs: Sequence[SourceGraph], folder: Path, settings: Settings) -> Iterator[tuple[SourceGraph, Written]]:
    """Write ``<graph>.mlpackage``.

    Raises
    ------
    PortError
        Core ML has no such operator.
    """
    coremltools = _import_quietly()
    precision = settings.precision or "float32"
    for graph in graphs:
        model = _convert(coremltools, graph, precision)
        model.short_description = f"{graph.name}: {settings.metadata.get('name', '')} {settings.metadata.get('version', '')}"
        model.license = settings.metadata.get("licence", "")
        model.user_defined_metadata.update(settings.metadata)
        model.save(str(folder / f"{graph.name}.mlpackage"))
        yield graph, Written(precision, (f"{graph.name}.mlpackage",))


def _import_quietly() -> Any:
    """Import coremltools; it warns of the parts that are for Macs, and of every torch that is newer than itself."""
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        coremltools = import_module("coremltools")
    _mend_int()
    return coremltools


def _mend_int() -> None:
    """Replace the conversion of ``int`` by one that takes an array of one number, which numpy 2.4 no longer turns into one."""
    ops = import_module("coremltools.converters.mil.frontend.torch.ops")
    registry = import_module("coremltools.converters.mil.frontend.torch.torch_op_registry")

    def convert_int(context: Any, node: Any) -> None:
        value = context[node.inputs[0]]
        if value.val is not None:
            number = np.int32(np.asarray(value.val).reshape(-1)[0])
            context.add(ops.mb.const(val=number, name=node.name), node.name)
            return
        if len(value.shape) > 0:
            value = ops.mb.squeeze(x=value, name=f"{node.name}_item")
        context.add(ops.mb.cast(x=value, dtype="int32", name=node.name), node.name)

    registry.register_torch_op(torch_alias=["int"], override=True)(convert_int)


def _convert(coremltools: Any, graph: SourceGraph, precision: str) -> Any:
    free: dict[str, Any] = {}
    inputs = []
    for name, (dtype, stated) in graph.spec.inputs.items():
        if dtype not in _TYPES:
            raise cannot_express(NAME, graph.name, f"input of type {dtype}")
        for size in stated:
            if isinstance(size, str) and size not in free:
                free[size] = coremltools.RangeDim(1, LONGEST, default=32)
        shape = [free[size] if isinstance(size, str) else size for size in stated]
        inputs.append(coremltools.TensorType(name=name, shape=shape, dtype=_TYPES[dtype]))
    traced = trace(graph, NAME)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):  # a progress bar for each of its passes
            warnings.simplefilter("ignore")
            return coremltools.convert(
                traced,
                inputs=inputs,
                outputs=[coremltools.TensorType(name=name) for name in graph.spec.outputs],
                convert_to="mlprogram",
                minimum_deployment_target=coremltools.target.macOS13,
                compute_precision=getattr(coremltools.precision, precision.upper()),
            )
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise cannot_express(NAME, graph.name, "equivalent of one of its nodes", str(error).strip().splitlines()[-1]) from error
