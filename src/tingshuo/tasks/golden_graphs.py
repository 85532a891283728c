"""Graphs of a bundle, opened when they are first asked for, and ears that hear what goes through one."""

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from tingshuo.engine.onnx import Session, open_graph
from tingshuo.errors import RequestError
from tingshuo.store.bundle import Bundle
from tingshuo.store.manifest import GraphEntry
from tingshuo.types import GraphSpec, Runs

Array = NDArray[Any]
FP32, ENGINE = "fp32", "onnx"


class Graphs(Mapping[str, Runs]):
    """The graphs of a bundle by name; ``used`` are those that were asked for."""

    def __init__(self, bundle: Bundle, precision: str) -> None:
        self._bundle, self._precision = bundle, precision
        self.used: dict[str, Session] = {}

    def __getitem__(self, name: str) -> Session:
        """Open a graph, once; float32 where it has not the precision."""
        if name not in self.used:
            manifest = self._bundle.manifest
            kinds = {variant.precision for variant in manifest.graphs[name].variants if variant.engine == ENGINE}
            variant = manifest.variant(name, self._precision if self._precision in kinds else FP32, ENGINE)
            tensors = {key: tensor for file in variant.weights for key, tensor in self._bundle.tensors(file).items()}
            self.used[name] = open_graph(self._bundle.path / variant.path, tensors)
        return self.used[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._bundle.manifest.graphs)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._bundle.manifest.graphs)


def open_graphs(bundle: Bundle, precision: str = FP32) -> Graphs:
    """Return the graphs of a bundle at a precision.

    Raises
    ------
    RequestError
        No graph has it; the message lists those there are.
    """
    variants = (variant for entry in bundle.manifest.graphs.values() for variant in entry.variants)
    kinds = {variant.precision for variant in variants if variant.engine == ENGINE}
    if precision not in kinds:
        known = ", ".join(sorted(kinds)) or "none"
        raise RequestError(f"no graph of {bundle.manifest.name!r} has the precision {precision!r}; it has: {known}", "precision")
    return Graphs(bundle, precision)


class Heard:
    """A graph that remembers what went in and what came out, call by call."""

    def __init__(self, graph: Runs) -> None:
        self._graph = graph
        self.inputs: list[Mapping[str, Array]] = []
        self.outputs: list[dict[str, Array]] = []

    def run(self, inputs: Mapping[str, Array], /) -> dict[str, Array]:
        """Run the graph."""
        self.inputs.append(inputs)
        self.outputs.append(self._graph.run(inputs))
        return self.outputs[-1]


class Described:
    """A graph that tells its shapes, for what is driven by them and may be given something that stands in for a graph.

    Parameters
    ----------
    graph : Runs
        The graph.
    entry : GraphEntry
        What the manifest tells of its inputs.
    outputs : mapping
        Shapes of its outputs.
    """

    def __init__(self, graph: Runs, entry: GraphEntry, outputs: Mapping[str, tuple[int | str, ...]]) -> None:
        self.run = graph.run
        inputs = {name: (one.dtype, one.shape) for name, one in entry.inputs.items()}
        self.spec = GraphSpec(inputs, {name: ("float32", shape) for name, shape in outputs.items()})
