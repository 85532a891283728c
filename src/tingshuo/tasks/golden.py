"""Run a bundle's golden vectors: tell whether its graphs compute here what its nets computed when it was made.

``golden/<graph>.npz`` holds ``input/<name>`` and ``output/<name>``, ``golden/limits.json`` the largest error of each output in dB
by precision. An error is the energy of the difference over that of the reference.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.engine.engines import ENGINES
from tingshuo.errors import BundleError, EngineError
from tingshuo.store.bundle import Bundle
from tingshuo.store.manifest import GraphVariant
from tingshuo.tasks.choice import what_is_missing

Array = NDArray[Any]
LIMITS = "golden/limits.json"


class GoldenRun(NamedTuple):
    """An output of a graph at a precision: its error and the largest that is allowed, both dB; None where nothing is said."""

    graph: str
    precision: str
    output: str
    error_db: float
    limit_db: float | None

    @property
    def ok(self) -> bool:
        """Whether it is as near as it must be."""
        return self.limit_db is None or self.error_db <= self.limit_db


def error_db(ours: Array, reference: Array) -> float:
    """Return the energy of the difference over that of the reference, dB, at least -200; infinite for a NaN or another shape."""
    if ours.shape != reference.shape or not np.isfinite(ours).all():
        return np.inf
    difference = ours.astype(np.float64) - reference
    energy = np.sum(np.square(reference, dtype=np.float64)) + 1e-30
    return float(10 * np.log10(np.sum(difference**2) / energy + 1e-20))


def has_golden(bundle: Bundle) -> bool:
    """Whether a bundle brings golden vectors."""
    return LIMITS in bundle.manifest.files


def run_golden(bundle: Bundle) -> Iterator[GoldenRun]:
    """Run every variant of every graph that has golden vectors, but for those of `not_run`.

    Parameters
    ----------
    bundle : Bundle
        Whose files have been verified.

    Raises
    ------
    BundleError
        The vectors cannot be read, or are not those of the graph.
    EngineError
        A graph cannot be opened or run.
    """
    limits = _limits(bundle)
    for name, entry in bundle.manifest.graphs.items():
        if f"golden/{name}.npz" not in bundle.manifest.files:
            continue
        inputs, expected = read_vectors(bundle, name)
        for variant in entry.variants:
            if what_is_missing(variant):
                continue
            outputs = _run(bundle, variant, inputs)
            for output, reference in expected.items():
                limit = limits.get(variant.precision, {}).get(output)
                if output not in outputs:
                    raise BundleError(f"{bundle.path}: graph {name!r} has no output {output!r}, which its golden vectors have")
                yield GoldenRun(name, variant.precision, output, error_db(outputs[output], reference), limit)


def not_run(bundle: Bundle) -> tuple[str, ...]:
    """Return a sentence for each kind of graph that this machine cannot run."""
    lacking = {
        (variant.engine, variant.precision): missing
        for name, entry in bundle.manifest.graphs.items()
        for variant in entry.variants
        if f"golden/{name}.npz" in bundle.manifest.files and (missing := what_is_missing(variant))
    }
    return tuple(
        f"the {engine} {precision} graphs were not run: "
        + ("the processor has no bfloat16" if missing == "bfloat16" else f"pip install 'tingshuo[{missing}]' runs them")
        for (engine, precision), missing in lacking.items()
    )


def _limits(bundle: Bundle) -> Mapping[str, Mapping[str, float]]:
    path = bundle.file(LIMITS)
    try:
        limits = json.loads(path.read_text("utf-8"))
        return {precision: {name: float(value) for name, value in row.items()} for precision, row in limits.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BundleError(f"{path}: cannot be read as limits: {error}") from error


def read_vectors(bundle: Bundle, graph: str) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the golden inputs and outputs of a graph, by name.

    Raises
    ------
    BundleError
        There are none, or they cannot be read.
    """
    path = bundle.file(f"golden/{graph}.npz")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # numpy leaves a torn one open
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path}: cannot be read as golden vectors: {error}") from error
    parts = [{name.removeprefix(kind): a for name, a in found.items() if name.startswith(kind)} for kind in ("input/", "output/")]
    if not all(parts):
        raise BundleError(f"{path}: has no inputs or no outputs")
    return parts[0], parts[1]


def _run(bundle: Bundle, variant: GraphVariant, inputs: dict[str, Array]) -> dict[str, Array]:
    tensors = {name: tensor for file in variant.weights for name, tensor in bundle.tensors(file).items()}
    options = {"precision": "bf16"} if variant.precision == "bf16" else {}
    session = ENGINES.load(variant.engine)(bundle.path / variant.path, tensors, **options)
    try:
        return dict(session.run(inputs))
    except (KeyError, ValueError) as error:
        raise EngineError(f"{bundle.path / variant.path}: cannot be run with its golden vectors: {error}") from error
