"""OpenVINO's own files: a graph as ``.xml``, its weights as ``.bin``. Needs the ``openvino`` extra."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tingshuo.engine.openvino import lacking, openvino
from tingshuo.port.formats.source import Array, Arrays, Runner, SourceGraph
from tingshuo.port.formats.written import Settings, Written, cannot_express

NAME = "openvino"
_LIMITS_DB = {"float32": -60.0, "float16": -40.0}
_F32 = {"INFERENCE_PRECISION_HINT": "f32"}

EXAMPLE = """\
import numpy as np
import openvino

core = openvino.Core()
for graph in {graphs}:
    # Without the hint a processor that has bfloat16 computes in it, with an error of 40 dB.
    model = core.compile_model(f"{{graph}}.xml", "CPU", {{"INFERENCE_PRECISION_HINT": "f32"}})
    example = np.load(f"examples/{{graph}}.npz")
    inputs = {{value.any_name: example["input/" + value.any_name] for value in model.inputs}}
    for value, output in model(inputs).items():
        print(graph, value.any_name, output.shape, np.abs(output - example["output/" + value.any_name]).max())
"""
NOTES = (
    "需要 Python 和 OpenVINO：`pip install openvino`（也可用它的 C、C++ 接口）。在本目录运行：",
    "Needs Python and OpenVINO: `pip install openvino` (or its C and C++ interfaces). Run in this folder:",
)


def write(graphs: Sequence[SourceGraph], folder: Path, settings: Settings) -> Iterator[tuple[SourceGraph, Written]]:
    """Write ``<graph>.xml`` and ``<graph>.bin``; float16 halves the weights' size, the arithmetic is the runtime's choice.

    Raises
    ------
    PortError
        OpenVINO lacks an operator.
    """
    precision = settings.precision or "float32"
    core = openvino.Core()
    for graph in graphs:
        path = folder / f"{graph.name}.xml"
        openvino.save_model(_read(core, graph, settings), str(path), compress_to_fp16=precision == "float16")
        files = (path.name, path.with_suffix(".bin").name)
        yield graph, Written(precision, files, _runner(core.compile_model(str(path), "CPU", _F32)), _LIMITS_DB[precision])


def _read(core: Any, graph: SourceGraph, settings: Settings) -> Any:
    try:
        model = core.read_model(graph.whole(), b"")
    except RuntimeError as error:
        raise cannot_express(NAME, graph.name, lacking(error) or "equivalent", "" if lacking(error) else str(error)) from error
    for key, value in settings.metadata.items():
        model.set_rt_info(value, ["tingshuo", key])
    return model


def _runner(model: Any) -> Runner:
    def run(inputs: Mapping[str, Array]) -> Arrays:
        results = model(dict(inputs))
        return {value.any_name: results[value].copy() for value in model.outputs}

    return run
