"""TorchScript, for libtorch: C++, phones, servers. Needs the ``train`` extra."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from tingshuo.port.formats.source import Array, Arrays, Runner, SourceGraph
from tingshuo.port.formats.torch_module import GraphModule, example_tensors
from tingshuo.port.formats.written import Settings, Written, cannot_express

NAME = "torchscript"
_JIT: Any = torch.jit
"""It has no types."""

EXAMPLE = """\
import numpy as np
import torch

torch.set_grad_enabled(False)
for graph in {graphs}:
    module = torch.jit.load(f"{{graph}}.pt", map_location="cpu")
    example = np.load(f"examples/{{graph}}.npz")
    inputs = [torch.from_numpy(example[name]) for name in example.files if name.startswith("input/")]
    names = [name for name in example.files if name.startswith("output/")]
    for name, output in zip(names, module(*inputs)):
        print(graph, name[7:], tuple(output.shape), np.abs(output.numpy() - example[name]).max())
"""
NOTES = (
    "需要 libtorch 或 PyTorch。输入与输出按 `voice.json` 中的次序，结果总是元组。PyTorch 已不再发展 TorchScript：新程序请选 "
    "onnx。"
    "在本目录运行：",
    "Needs libtorch or PyTorch. Inputs and outputs are in the order of `voice.json`, the result is always a tuple. PyTorch "
    "does not "
    "develop TorchScript any further: for a new program choose onnx. Run in this folder:",
)


def trace(graph: SourceGraph, format: str, instead: Mapping[str, Callable[..., Any]] | None = None) -> Any:
    """Return a graph as a traced module whose lengths are free; ``instead`` as for `GraphModule`.

    Raises
    ------
    PortError
        It has an operator that has no equivalent in torch.
    """
    module = GraphModule(graph, format, instead).eval()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated, and constants that are sizes are meant to be constants
            return _JIT.trace(module, example_tensors(graph), check_trace=False)
    except (NotImplementedError, RuntimeError, TypeError) as error:
        raise cannot_express(format, graph.name, "equivalent of one of its nodes", str(error).splitlines()[0]) from error


def save(traced: Any, path: Path, extra: Mapping[str, str] | None = None) -> None:
    """Write a traced module, with further files in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        _JIT.save(traced, str(path), _extra_files=dict(extra or {}))


def write(graphs: Sequence[SourceGraph], folder: Path, settings: Settings) -> Iterator[tuple[SourceGraph, Written]]:
    """Write ``<graph>.pt``, traced on the example; the metadata lies in it as extra files."""
    logging.getLogger("torch.jit").setLevel(logging.ERROR)
    extra = {f"{key}.txt": value for key, value in settings.metadata.items()}
    for graph in graphs:
        name = f"{graph.name}.pt"
        save(trace(graph, NAME), folder / name, extra)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            module = _JIT.load(str(folder / name), map_location="cpu")
        yield graph, Written("float32", (name,), _runner(module, graph))


def _runner(module: Any, graph: SourceGraph) -> Runner:
    def run(inputs: Mapping[str, Array]) -> Arrays:
        with torch.inference_mode():
            results = module(*(torch.from_numpy(inputs[name].copy()) for name in graph.spec.inputs))
        return {name: result.numpy() for name, result in zip(graph.spec.outputs, results, strict=True)}

    return run
