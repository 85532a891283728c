"""LiteRT (formerly TensorFlow Lite), for phones and boards. Needs the ``tensorflow`` environment, and ``tflite`` to compare.

The converter is TensorFlow's own, in an environment beside ours, and the operators are translated there
(`tingshuo.port.foreign_env.onnx_to_tflite`). Free lengths stay free, which converters from torch did not manage (litert-torch
0.10), and a voice's encoder, which looks at a whole sentence, needs that.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tingshuo.errors import PortError
from tingshuo.port import environments
from tingshuo.port.formats.source import Array, Arrays, Runner, SourceGraph
from tingshuo.port.formats.written import Settings, Written, cannot_express

NAME = "tflite"
ENVIRONMENT = "tensorflow"
PROGRAM = environments.PROGRAMS / "onnx_to_tflite.py"
LIMITS_DB = {"float32": -60.0, "int8": -20.0}
"""Of int8 what is heard decides, so its limit is for what is broken; the error itself is told."""

EXAMPLE = """\
import numpy as np
from ai_edge_litert.interpreter import Interpreter

for graph in {graphs}:
    for precision in ("float32", "int8"):
        run = Interpreter(f"{{graph}}.{{precision}}.tflite").get_signature_runner()
        example = np.load(f"examples/{{graph}}.npz")
        outputs = run(**{{name[6:]: example[name] for name in example.files if name.startswith("input/")}})
        for name, output in outputs.items():
            print(graph, precision, name, output.shape, np.abs(output - example["output/" + name]).max())
"""
NOTES = (
    "每个图两个文件：`float32` 与 `int8`（权重 int8，动态范围；体积约四分之一）。输入输出按签名 `serving_default` 的名字，"
    "长度任意。"
    "安卓上请用 LiteRT 自带的 CPU（XNNPACK）；NNAPI 自 Android 15 起已弃用，不要再用，GPU 用 LiteRT 的 GPU 委托，NPU 用芯片厂商"
    "的 LiteRT 委托（高通 QNN、联发科 NeuroPilot）。在电脑上：`pip install ai-edge-litert numpy`，在本目录运行：",
    "Two files a graph: `float32`, and `int8` (weights int8, dynamic range; a quarter of the size). Inputs and outputs go by the "
    "names of the signature `serving_default`, of any length. On Android use LiteRT's own CPU path (XNNPACK); NNAPI is "
    "deprecated "
    "from Android 15 and should not be used any more: for graphics LiteRT's GPU delegate, for NPUs the delegates of the "
    "makers of "
    "chips (Qualcomm QNN, MediaTek NeuroPilot). On a computer: `pip install ai-edge-litert numpy`, and in this folder:",
)


def check(precision: str | None) -> None:
    """Refuse where the environment is not ready, before anything is read."""
    environments.check(ENVIRONMENT)


def write(graphs: Sequence[SourceGraph], folder: Path, settings: Settings) -> Iterator[tuple[SourceGraph, Written]]:
    """Write ``<graph>.float32.tflite`` and ``<graph>.int8.tflite``.

    Raises
    ------
    PortError
        A graph has an operator that cannot be translated, or the converter failed.
    """
    with TemporaryDirectory() as place:
        for graph in graphs:
            (Path(place) / f"{graph.name}.onnx").write_bytes(graph.whole())
        done = environments.run(ENVIRONMENT, PROGRAM, [place])
        if done.returncode:
            raise _failure(Path(place), done.stderr)
        for graph in graphs:
            for precision, limit in LIMITS_DB.items():
                name = f"{graph.name}.{precision}.tflite"
                (folder / name).write_bytes((Path(place) / name).read_bytes())
                yield graph, Written(precision, (name,), _runner(folder / name), limit)


def _failure(place: Path, said: str) -> PortError:
    try:
        told: dict[str, Any] = json.loads((place / "error.json").read_text("utf-8"))
    except (OSError, ValueError):
        return PortError(f"format {NAME}: the converter ended without a word: {' '.join(said.strip().splitlines()[-2:])}")
    if told["operator"]:
        return cannot_express(NAME, told["graph"], told["operator"])
    return PortError(f"format {NAME}: graph {told['graph']!r} could not be converted: {told['reason']}")


def _runner(path: Path) -> Runner | None:
    """Runs a file with LiteRT; None where that is not installed, which writing does not need."""
    try:
        litert = import_module("ai_edge_litert.interpreter")
    except ModuleNotFoundError:
        return None
    interpreter = litert.Interpreter(model_content=path.read_bytes(), num_threads=1)
    signature = interpreter.get_signature_runner()

    def run(inputs: Mapping[str, Array]) -> Arrays:
        return dict(signature(**inputs))

    run.kept = interpreter  # type: ignore[attr-defined]  # the signature works only as long as it lives
    return run
