"""ncnn, for phones and boards without much else: ``.ncnn.param`` and ``.ncnn.bin``. Needs the ``train`` and ``ncnn`` extras.

A graph is traced with torch and converted by pnnx, in a process of its own. ncnn has four axes, numbers that are float32 and no
comparisons: graphs that attend to whole sentences are beyond it, and are refused by the operator's name; decoders, pitch and
vocoders are not.
"""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from torch import Tensor

from tingshuo.errors import PortError
from tingshuo.port.formats.source import Array, Arrays, Runner, SourceGraph
from tingshuo.port.formats.torch_operators import Attributes, cast, tensor
from tingshuo.port.formats.torchscript import save, trace
from tingshuo.port.formats.written import Settings, Written, cannot_express

NAME = "ncnn"
_TYPES = {"float32": "f32", "int64": "i64", "int32": "i32", "bool": "bool"}
_STEEP = 1e30
_EXPRESSION = "pnnx.Expression"
_NO_BATCH = 233
"""How pnnx says that a value has no batch axis."""
_INPUT = re.compile(r'ex\.input\("in(\d+)", ncnn\.Mat\(in\d+\.numpy\(\), batch_index=(\d+)\)')

EXAMPLE = """\
import json

import ncnn
import numpy as np

graphs = json.load(open("voice.json", encoding="utf-8"))["graphs"]
for graph in {graphs}:
    described = graphs[graph]
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.load_param(f"{{graph}}.ncnn.param")
    net.load_model(f"{{graph}}.ncnn.bin")
    example = np.load(f"examples/{{graph}}.npz")
    with net.create_extractor() as run:
        for index, name in enumerate(described["inputs"]):
            keeps_batch = name in described["copies"]["float32"]["inputs_with_batch"]
            array = example["input/" + name] if keeps_batch else example["input/" + name][0]
            run.input(f"in{{index}}", ncnn.Mat(np.ascontiguousarray(array)).clone())
        for index, name in enumerate(described["outputs"]):
            output = np.array(run.extract(f"out{{index}}")[1])
            print(graph, name, output.shape, np.abs(output - example["output/" + name].reshape(output.shape)).max())
"""
NOTES = (
    "按 `voice.json` 的次序，输入是 `in0`、`in1`……，输出是 `out0`……；除 `inputs_with_batch` 所列以外都不带批次轴。默认的 "
    "fp16 会有误差，下面关掉了它。"
    "在手机上用 ncnn 的 C++ 接口；在电脑上：`pip install ncnn numpy`，在本目录运行：",
    "In the order of `voice.json` inputs are `in0`, `in1` and so on, outputs `out0` and so on; those that are not among "
    "`inputs_with_batch` come "
    "without the batch axis. ncnn takes precision by itself, with its error; it is turned off below. On phones "
    "use ncnn's C++ interface; on a computer: `pip install ncnn numpy`, and in this folder:",
)


def check(precision: str | None) -> None:
    """Refuse where the packages are missing, before anything is read."""
    for package in ("pnnx", "ncnn"):
        import_module(package)


def write(graphs: Sequence[SourceGraph], folder: Path, settings: Settings) -> Iterator[tuple[SourceGraph, Written]]:
    """Write ``<graph>.ncnn.param`` and ``<graph>.ncnn.bin``, weights float32.

    Raises
    ------
    PortError
        ncnn has no such operator, or pnnx failed.
    """
    for graph in graphs:
        with TemporaryDirectory() as place:
            driver = _convert(graph, Path(place))
            param = (Path(place) / "graph.ncnn.param").read_text("utf-8")
            _refuse_strange(graph, param)
            files = (f"{graph.name}.ncnn.param", f"{graph.name}.ncnn.bin")
            (folder / files[0]).write_text(param, "utf-8")
            (folder / files[1]).write_bytes((Path(place) / "graph.ncnn.bin").read_bytes())
        batched = _with_batch(graph, driver)
        yield graph, Written("float32", files, _runner(graph, folder, batched), told={"inputs_with_batch": batched})


def _step(_: Attributes, a: Any, b: Any) -> Tensor:
    """A comparison as a slope that is steep enough, 0 or 1; ncnn has none."""
    return ((tensor(a, b) - tensor(b, a)) * _STEEP).clamp(0.0, 1.0)


def _cast(node: Attributes, x: Any) -> Any:
    """A cast that changes nothing leaves no trace."""
    result = cast(node, x)
    return x if isinstance(x, Tensor) and result.dtype == x.dtype else result


INSTEAD: dict[str, Callable[..., Any]] = {
    "Cast": _cast,
    "CastLike": lambda _, x, like: x if isinstance(x, Tensor) and x.dtype == like.dtype else tensor(x).to(like.dtype),
    "Greater": _step,
    "Less": lambda _, a, b: _step(_, b, a),
}
"""What a format without comparisons and whole numbers wants spelt otherwise."""


def _convert(graph: SourceGraph, place: Path) -> str:
    """Run pnnx; returns the program that it writes, which says where the batch axes are."""
    save(trace(graph, NAME, INSTEAD), place / "graph.pt")
    shapes = [
        f"inputshape{number}={_shapes(graph, inputs)}" for number, (inputs, _) in zip(("", "2"), graph.examples, strict=True)
    ]
    command = [import_module("pnnx").EXEC_PATH, "graph.pt", *shapes, "fp16=0", "optlevel=2"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    if done.returncode or not (place / "graph.ncnn.bin").is_file():
        raise PortError(f"format {NAME}: graph {graph.name!r} could not be converted: {done.stderr.strip()[-300:]}")
    return (place / "graph_ncnn.py").read_text("utf-8")


def _shapes(graph: SourceGraph, inputs: Mapping[str, Array]) -> str:
    shapes = ("[" + ",".join(map(str, inputs[name].shape)) + "]" for name in graph.spec.inputs)
    return ",".join(shape + _TYPES[dtype] for shape, (dtype, _) in zip(shapes, graph.spec.inputs.values(), strict=True))


def _refuse_strange(graph: SourceGraph, param: str) -> None:
    """Refuse what pnnx left as it was in torch; it writes the file all the same."""
    kinds = [line.split()[0] for line in param.splitlines()[2:] if line.strip()]
    strange = [kind for kind in kinds if "." in kind or "::" in kind]
    if strange:  # an expression of sizes is only there because something else is
        raise cannot_express(NAME, graph.name, next((kind for kind in strange if kind != _EXPRESSION), _EXPRESSION))


def _with_batch(graph: SourceGraph, driver: str) -> list[str]:
    """Inputs that keep their batch axis; pnnx drops it where it can."""
    names = list(graph.spec.inputs)
    return [names[int(index)] for index, batch in _INPUT.findall(driver) if int(batch) == _NO_BATCH]


def _runner(graph: SourceGraph, folder: Path, batched: Sequence[str]) -> Runner:
    ncnn = import_module("ncnn")
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = 1
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    net.load_param(str(folder / f"{graph.name}.ncnn.param"))
    net.load_model(str(folder / f"{graph.name}.ncnn.bin"))

    def run(given: Mapping[str, Array]) -> Arrays:
        with net.create_extractor() as extractor:
            for index, name in enumerate(graph.spec.inputs):
                array = given[name] if name in batched else given[name][0]
                extractor.input(f"in{index}", ncnn.Mat(np.ascontiguousarray(array)).clone())
            found = {}
            for index, name in enumerate(graph.spec.outputs):
                result = np.array(extractor.extract(f"out{index}")[1])
                found[name] = result if result.ndim == len(graph.spec.outputs[name][1]) else result[None]
            return found

    return run
