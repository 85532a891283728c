"""Graphs of a bundle: whether each opens here, is what the manifest says, computes what its net computes, and what it weighs."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tingshuo.engine.onnx import open_graph
from tingshuo.errors import BundleError, EngineError
from tingshuo.store.bundle import Bundle
from tingshuo.store.manifest import GraphEntry, GraphVariant, TensorSpec
from tingshuo.tasks.examine.finding import Finding
from tingshuo.tasks.golden import GoldenRun, has_golden, run_golden

_OPERATORS = (
    re.compile(r"Could not find an implementation for (?P<operator>\w+)\(\d+\) node with name '(?P<node>[^']*)'"),
    re.compile(r"No Op registered for (?P<operator>\w+)"),
    re.compile(r"(?P<operator>[\w.]+:\w+)\(-1\) is not a registered function/op"),
)
"""How ONNX Runtime says that it does not know an operator."""


def examine_graphs(bundle: Bundle) -> Iterator[Finding]:
    """Yield a finding for every file of a graph, and one for every output that is off."""
    sound = True
    for name, entry in bundle.manifest.graphs.items():
        for variant in entry.variants:
            if variant.engine != "onnx":
                continue
            found = _open(bundle, name, entry, variant)
            sound = sound and found.state != "broken"
            yield found
    if not has_golden(bundle):
        yield Finding(
            "golden vectors", "note", "it has none, so whether it computes the right thing is not known", "import it again"
        )
    elif sound:
        yield from _golden(bundle)


def _open(bundle: Bundle, name: str, entry: GraphEntry, variant: GraphVariant) -> Finding:
    title = f"graph {name} {variant.precision}"
    before = resident_mb()
    try:
        tensors = {key: tensor for file in variant.weights for key, tensor in bundle.tensors(file).items()}
        session = open_graph(bundle.path / variant.path, tensors)
    except (EngineError, BundleError) as error:
        return Finding(title, "broken", *explain_refusal(str(error)))
    after = resident_mb()
    problems = [
        *_differences("input", session.spec.inputs, entry.inputs),
        *_differences("output", session.spec.outputs, entry.outputs),
    ]
    if problems:
        return Finding(
            title, "broken", "; ".join(problems), "the file is not the one that the manifest is of; get the bundle again"
        )
    weighs = f", {after - before:.0f} MB resident" if before is not None and after is not None else ""
    return Finding(title, "ok", f"opens, inputs {', '.join(entry.inputs)}, outputs {', '.join(entry.outputs)}{weighs}")


def explain_refusal(message: str) -> tuple[str, str]:
    """Return what an engine that refused a graph means, and the remedy."""
    for pattern in _OPERATORS:
        match = pattern.search(message)
        if match:
            parts = match.groupdict()
            node = f" at node {parts['node']!r}" if parts.get("node") else ""
            return (
                f"the engine has no operator {parts['operator']}{node}",
                "install a newer onnxruntime, or import the model again, which writes operators that are known",
            )
    if "has no tensor" in message or "SHA-256" in message or "is missing" in message:
        return message, "get the bundle again"
    return message, "install the version of onnxruntime that created_with names, or import the model again"


Specs = Mapping[str, tuple[str, tuple[int | str, ...]]]


def _differences(what: str, found: Specs, promised: Mapping[str, TensorSpec]) -> Iterator[str]:
    """What the graph and the manifest do not agree on: names, types, sizes that are fixed in both."""
    for name in sorted(found.keys() - promised.keys()):
        yield f"{what} {name!r} is in the graph and not in the manifest"
    for name in sorted(promised.keys() - found.keys()):
        yield f"{what} {name!r} is in the manifest and not in the graph"
    for name in sorted(found.keys() & promised.keys()):
        dtype, shape = found[name]
        spec = promised[name]
        fixed = len(shape) == len(spec.shape) and all(
            a == b for a, b in zip(shape, spec.shape, strict=True) if isinstance(a, int) and isinstance(b, int)
        )
        if dtype != spec.dtype or not fixed:
            yield f"{what} {name!r} is {dtype} {list(shape)}, the manifest says {spec.dtype} {list(spec.shape)}"


def _golden(bundle: Bundle) -> Iterator[Finding]:
    try:
        runs = list(run_golden(bundle))
    except (EngineError, BundleError) as error:
        yield Finding("golden vectors", "broken", str(error), "get the bundle again")
        return
    off = [run for run in runs if not run.ok]
    for run in off:
        told = (
            "is not finite" if run.error_db == float("inf") else f"is off by {run.error_db:.0f} dB, allowed are {run.limit_db:g}"
        )
        yield Finding(
            f"golden {run.graph} {run.precision}", "broken", f"output {run.output!r} {told}",
            "this engine computes something else here: use --precision fp32, or another version of onnxruntime",
        )  # fmt: skip
    if not off:
        yield Finding(
            "golden vectors", "ok", f"{len(runs)} outputs are right, the nearest to its limit by {_margin(runs):.0f} dB"
        )


def _margin(runs: list[GoldenRun]) -> float:
    return min((run.limit_db - run.error_db for run in runs if run.limit_db is not None), default=0.0)


def resident_mb(status: Path = Path("/proc/self/status")) -> float | None:
    """Return the memory that is this process's own, MB, without files that are mapped; None where the system does not tell."""
    try:
        lines = status.read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("RssAnon:")), None)
