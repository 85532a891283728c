"""The graph in PyTorch, compiled for this processor by ``torch.compile``, in float32 or in bfloat16.

No engine of a bundle runs it, so it is measured and never kept: it tells what such an engine would give. Compiling takes from
seconds to a minute for each graph, and again for lengths of another kind.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tingshuo.engine.embed import graph_spec
from tingshuo.errors import EngineError
from tingshuo.port.formats.source import SourceGraph
from tingshuo.port.formats.torch_module import GraphModule
from tingshuo.port.passes.subject import Subject
from tingshuo.types import Runs

Array = NDArray[Any]
ENGINE = "torch"
BACKEND = "inductor"
"""What compiles; it needs a C++ compiler."""
_TOLD = 200
"""Characters of what the compiler says: it shows all of its input."""


def float32(subject: Subject) -> Subject:
    """Compile it as it is."""
    return subject.changed(subject.model, engine=ENGINE, precision="fp32", opener=_open)


def bfloat16(subject: Subject) -> Subject:
    """Compile it with products and convolutions in bfloat16, as PyTorch chooses them."""
    return subject.changed(subject.model, engine=ENGINE, precision="bf16", opener=_open)


class CompiledGraph:
    """A graph as a compiled module, called as a session is.

    Parameters
    ----------
    subject : Subject
        Of standard operators.

    Raises
    ------
    PortError
        It has an operator that has no equivalent in PyTorch.
    """

    def __init__(self, subject: Subject) -> None:
        model = subject.model.SerializeToString()
        self.name, self.spec = subject.name, graph_spec(model)
        module = GraphModule(SourceGraph(subject.name, model, subject.tensors, self.spec, ()), "torch").eval()
        self._module: Any = torch.compile(module, dynamic=True, backend=BACKEND)
        self._bf16 = subject.precision == "bf16"

    @torch.inference_mode()
    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run it; the first time, it is compiled.

        Raises
        ------
        EngineError
            It cannot be compiled or run here: there is no compiler, or it does not understand the graph.
        """
        given = [torch.from_numpy(np.ascontiguousarray(inputs[name])) for name in self.spec.inputs]
        try:
            with torch.autocast("cpu", torch.bfloat16) if self._bf16 else nullcontext():
                outputs = self._module(*given)
        except Exception as error:  # a compiler's errors have no common base below Exception
            raise EngineError(f"graph {self.name!r} cannot be compiled: {_reason(error)}") from error
        floats = (value.float() if value.dtype == torch.bfloat16 else value for value in outputs)
        return {name: value.numpy() for name, value in zip(self.spec.outputs, floats, strict=True)}


def _open(subject: Subject, threads: int) -> Runs:
    torch.set_num_threads(threads)
    return CompiledGraph(subject)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:_TOLD] or type(error).__name__
