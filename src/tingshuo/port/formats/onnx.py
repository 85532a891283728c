"""One ONNX file a graph, weights inside, for any runtime that reads ONNX. Needs nothing but the base install."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnxruntime

from tingshuo.port.formats.source import Array, Arrays, Runner, SourceGraph
from tingshuo.port.formats.written import Settings, Written

NAME = "onnx"
_LOG_ERRORS = 3

EXAMPLE = """\
import numpy as np
import onnxruntime

for graph in {graphs}:
    session = onnxruntime.InferenceSession(f"{{graph}}.onnx", providers=["CPUExecutionProvider"])
    example = np.load(f"examples/{{graph}}.npz")
    inputs = {{value.name: example["input/" + value.name] for value in session.get_inputs()}}
    names = [value.name for value in session.get_outputs()]
    for name, output in zip(names, session.run(names, inputs)):
        print(graph, name, output.shape, np.abs(output - example["output/" + name]).max())
"""
NOTES = (
    "需要 Python 和 onnxruntime：`pip install onnxruntime numpy`。在本目录运行：",
    "Needs Python and onnxruntime: `pip install onnxruntime numpy`. Run in this folder:",
)


def write(graphs: Sequence[SourceGraph], folder: Path, settings: Settings) -> Iterator[tuple[SourceGraph, Written]]:
    """Write ``<graph>.onnx``; the metadata is the model's own."""
    for graph in graphs:
        name = f"{graph.name}.onnx"
        (folder / name).write_bytes(graph.whole(settings.metadata))
        yield graph, Written("float32", (name,), _runner(folder / name))


def _runner(path: Path) -> Runner:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _LOG_ERRORS
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]

    def run(inputs: Mapping[str, Array]) -> Arrays:
        return dict(zip(names, session.run(names, dict(inputs)), strict=True))

    return run
