"""What is exported: the float32 graphs of a sound bundle, with their tensors, and inputs on which every copy is compared."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.engine.embed import embed, graph_spec
from tingshuo.engine.onnx import open_graph
from tingshuo.engine.structure import external_names
from tingshuo.errors import BundleError, RequestError, SealedError
from tingshuo.store.bundle import Bundle, open_bundle, verify_bundle
from tingshuo.store.consent import check_consent
from tingshuo.types import GraphSpec

Array = NDArray[Any]
Arrays = dict[str, Array]
Runner = Callable[[Mapping[str, Array]], Arrays]
"""Runs a graph: inputs by name to outputs by name."""

ENGINE, PRECISION = "onnx", "fp32"
_FREE = 23
"""Size of a free dimension in inputs that are made up, of which a seventh or a half is nothing whole."""


@dataclass(frozen=True, slots=True)
class SourceGraph:
    """A graph of the bundle.

    ``model`` is the graph file, structure only; ``tensors`` holds what it names, and nothing else; ``examples`` are inputs of two
    lengths with the outputs of our own float32 session.
    """

    name: str
    model: bytes
    tensors: Mapping[str, Array]
    spec: GraphSpec
    examples: tuple[tuple[Arrays, Arrays], ...]

    def whole(self, metadata: Mapping[str, str] | None = None) -> bytes:
        """Return the graph with its tensors inside, an ONNX model that runs alone."""
        return embed(self.model, self.tensors, metadata)

    @property
    def free(self) -> dict[str, list[tuple[str, int]]]:
        """Free dimensions: name to the inputs and axes that have it."""
        found: dict[str, list[tuple[str, int]]] = {}
        for name, (_, shape) in self.spec.inputs.items():
            for axis, size in enumerate(shape):
                if isinstance(size, str):
                    found.setdefault(size, []).append((name, axis))
        return found


@dataclass(frozen=True, slots=True)
class Source:
    """A bundle as the formats see it; ``tables`` are the tensors that no graph names: rows of speakers, styles, emotions."""

    bundle: Bundle
    graphs: tuple[SourceGraph, ...]
    tables: Mapping[str, Array]

    def only(self, names: Sequence[str]) -> "Source":
        """Return it with these graphs alone, in its own order; as it is when there are no names.

        Raises
        ------
        RequestError
            There is no such graph; the message lists those there are.
        """
        known = [graph.name for graph in self.graphs]
        for name in names:
            if name not in known:
                raise RequestError(f"unknown graph {name!r}; accepted: {', '.join(known)}", "graphs")
        return replace(self, graphs=tuple(graph for graph in self.graphs if not names or graph.name in names))


def read_source(path: Path) -> Source:
    """Read a bundle for export.

    Parameters
    ----------
    path : Path
        Its folder; every file is verified.

    Raises
    ------
    SealedError
        It is encrypted.
    BundleError
        It is damaged, or a graph of it has no float32 file.
    ConsentError
        It was cloned from a person who has not agreed, or no longer agrees.
    """
    bundle = open_bundle(path)
    if bundle.manifest.sealed is not None:
        raise SealedError(f"{path}: is encrypted, and an export would not be; `tingshuo unseal` it first, if you may")
    report = verify_bundle(path)
    if not report.ok:
        raise BundleError(f"{report.problems[0]} (only a sound bundle is exported)")
    check_consent(bundle.manifest, date.today())
    if not bundle.manifest.graphs:
        raise BundleError(f"{path}: has no graphs to export")
    variants = {name: bundle.manifest.variant(name, PRECISION, ENGINE) for name in bundle.manifest.graphs}
    files = {file: bundle.tensors(file) for variant in variants.values() for file in variant.weights}
    graphs = tuple(
        _read_graph(bundle, name, {key: array for file in variant.weights for key, array in files[file].items()})
        for name, variant in variants.items()
    )
    named = {name for graph in graphs for name in graph.tensors}
    tables = {name: array for arrays in files.values() for name, array in arrays.items() if name not in named}
    return Source(bundle, graphs, tables)


def _read_graph(bundle: Bundle, name: str, tensors: Mapping[str, Array]) -> SourceGraph:
    path = bundle.graph(name, PRECISION, ENGINE)
    session = open_graph(path, tensors)
    model = path.read_bytes()
    spec = graph_spec(model)
    given = _golden_inputs(bundle, name) or _made_up(spec)
    examples = tuple((inputs, session.run(inputs)) for inputs in (given, shortened(spec, given)))
    return SourceGraph(name, model, {key: tensors[key] for key in external_names(model)}, spec, examples)


def shortened(spec: GraphSpec, inputs: Mapping[str, Array]) -> Arrays:
    """Return inputs with three fifths of every free dimension: a graph that took the first length for the only one shows."""
    short: Arrays = {}
    for name, array in inputs.items():
        for axis, size in enumerate(spec.inputs[name][1]):
            if isinstance(size, str):
                array = np.take(array, range(max(1, array.shape[axis] * 3 // 5)), axis)
        short[name] = np.ascontiguousarray(array)
    return short


def _golden_inputs(bundle: Bundle, graph: str) -> Arrays:
    """Inputs of a bundle's golden vectors; empty where it has none."""
    name = f"golden/{graph}.npz"
    if name not in bundle.manifest.files:
        return {}
    try:
        with bundle.file(name).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {key.removeprefix("input/"): arrays[key] for key in arrays.files if key.startswith("input/")}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BundleError(f"{bundle.file(name)}: cannot be read as golden vectors: {error}") from error


def _made_up(spec: GraphSpec) -> Arrays:
    rng = np.random.default_rng(0)
    made: Arrays = {}
    for name, (dtype, free) in spec.inputs.items():
        shape = [_FREE if isinstance(size, str) else size for size in free]
        integers = np.issubdtype(np.dtype(dtype), np.integer) or dtype == "bool"
        made[name] = (rng.integers(0, 2, shape) if integers else rng.standard_normal(shape)).astype(dtype)
    return made
