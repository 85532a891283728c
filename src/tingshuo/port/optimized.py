"""The bundle that comes out of `tingshuo.port.optimizing`: kept graphs beside or in place of those that were there."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.port.gates import limit_db
from tingshuo.port.passes.subject import Subject
from tingshuo.port.trials import Trial
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import Bundle, write_bundle
from tingshuo.store.manifest import Manifest
from tingshuo.store.tensors import write_tensors
from tingshuo.store.versions import Step, Version
from tingshuo.tasks.choice import SPEEDUP, machine_kind
from tingshuo.tasks.golden import LIMITS

Array = NDArray[Any]
Kept = Mapping[tuple[str, str, str], tuple[Subject, Trial]]
REPORT, CARD = "optimize.json", "MODELCARD.md"
HEADING = "## Optimised"
WEIGHTS = ".safetensors"


def write_optimized(
    bundle: Bundle, destination: Path, kept: Kept, report: Callable[[], Mapping[str, Any]], *, replace: bool = False
) -> Path:
    """Write a bundle with other graphs.

    Parameters
    ----------
    bundle : Bundle
        Where they come from.
    destination : Path
        The new folder.
    kept : mapping
        Graph, engine and precision to what takes that place.
    report : callable
        Returns what becomes ``optimize.json``.
    replace : bool
        Take the place of a bundle that is there.

    Raises
    ------
    OutputError
        The destination exists or cannot be written.
    BundleError
        It would be no sound bundle.
    """
    manifest = bundle.manifest
    files: dict[str, Content] = {name: bundle.path / name for name in manifest.files if name != REPORT}
    stored = {name: bundle.tensors(name) for name in manifest.files if name.endswith(WEIGHTS) and name.startswith("weights/")}
    graphs = {name: entry.fields() for name, entry in manifest.graphs.items()}
    for (graph, engine, precision), (subject, _) in kept.items():
        path = f"graphs/{engine}/{precision}/{graph}.onnx"
        files[path] = subject.model.SerializeToString(deterministic=True)
        weights, added = _weights(bundle, subject, f"weights/{graph}.{engine}.{precision}{WEIGHTS}", stored)
        if added:
            files[weights[-1]] = partial(write_tensors, added)
        rows = [row for row in graphs[graph]["variants"] if (row["engine"], row["precision"]) != (engine, precision)]
        made = {"engine": engine, "precision": precision, "path": path, "weights": weights}
        graphs[graph]["variants"] = sorted([*rows, made], key=lambda row: (row["engine"] != "onnx", row["precision"] != "fp32"))
    _drop_unused(bundle, kept, stored, files)
    if LIMITS in manifest.files:
        files[LIMITS] = _limits(bundle, kept)
    told = report()
    files[REPORT] = json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"
    version = str(Version.parse(manifest.version).next(Step.MINOR))
    files[CARD] = _card(bundle, version, told, kept)
    fields = manifest.fields() | {
        "version": version,
        "parent": f"{manifest.name}@{manifest.version}",
        "graphs": graphs,
        "measured": [*(one.fields() for one in _older(manifest)), *_measured(kept, told)],
    }
    return write_bundle(destination, fields, files, replace=replace)


def _weights(
    bundle: Bundle, subject: Subject, own: str, stored: Mapping[str, Mapping[str, Array]]
) -> tuple[list[str], dict[str, Array]]:
    """Return the files that hold the tensors of a graph, and those tensors that no file holds yet."""
    sources = bundle.manifest.variant(subject.name, "fp32", "onnx").weights
    named = subject.named()
    files = [file for file in sources if any(name in stored[file] for name in named)]
    added = {name: np.asarray(tensor) for name, tensor in named.items() if not any(name in stored[file] for file in sources)}
    return [*files, *([own] if added else [])], added


def _drop_unused(bundle: Bundle, kept: Kept, stored: Mapping[str, Mapping[str, Array]], files: dict[str, Content]) -> None:
    """Leave out tensors that only graphs which are gone have named; tables that no graph ever named stay."""
    from tingshuo.port.optimizing import subject_of

    before: dict[str, set[str]] = {}
    after: dict[str, set[str]] = {}
    for graph, entry in bundle.manifest.graphs.items():
        for variant in entry.variants:
            if variant.engine != "onnx":
                continue
            names = set(subject_of(bundle, graph, variant.precision).named())
            replaced = kept.get((graph, variant.engine, variant.precision))
            for file in variant.weights:
                before.setdefault(file, set()).update(names)
                after.setdefault(file, set()).update(names if replaced is None else ())
        for (one, _, _), (subject, _) in kept.items():
            for file in {file for variant in entry.variants for file in variant.weights} if one == graph else ():
                after.setdefault(file, set()).update(subject.named())
    for file, tensors in stored.items():
        gone = (before.get(file, set()) - after.get(file, set())) & set(tensors)
        if gone:
            files[file] = partial(write_tensors, {name: tensor for name, tensor in tensors.items() if name not in gone})


def _limits(bundle: Bundle, kept: Kept) -> bytes:
    """Return the limits of golden vectors, with those of the precisions that came in."""
    limits: dict[str, dict[str, float]] = json.loads((bundle.path / LIMITS).read_text("utf-8"))
    for (graph, _, precision), _ in kept.items():
        row = limits.setdefault(precision, {})
        for output in bundle.manifest.graphs[graph].outputs:
            row[output] = max(row.get(output, -np.inf), limit_db(precision, output))
    return json.dumps(limits, indent=1).encode() + b"\n"


def _older(manifest: Manifest) -> list[Any]:
    """What was measured elsewhere or of other things stays."""
    return [one for one in manifest.measured if not any(name.endswith(SPEEDUP) for name in one.figures)]


def _measured(kept: Kept, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a manifest says was measured: how much faster each kept variant is, and the voice as it now speaks."""
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for (graph, engine, precision), (_, trial) in kept.items():
        if trial.ratio is not None:
            rows.setdefault((engine, precision), {})[f"{graph}{SPEEDUP}"] = trial.ratio
    machine = machine_kind()
    made = [
        {"engine": e, "precision": p, "machine": machine, "threads": 1, "figures": figures} for (e, p), figures in rows.items()
    ]
    quality = {name: value for name, value in (told.get("quality") or {}).items() if isinstance(value, float)}
    for threads, figures in told["after"].items():
        found = {**figures, **(quality if threads == "1" else {})}
        made.append({"engine": "auto", "precision": "auto", "machine": machine, "threads": int(threads), "figures": found})
    return made


def _card(bundle: Bundle, version: str, told: Mapping[str, Any], kept: Kept) -> bytes:
    """Return the model card with a section on what was done."""
    old = bundle.path / CARD
    text = (
        old.read_text("utf-8").partition(f"\n{HEADING}")[0].rstrip()
        if CARD in bundle.manifest.files
        else f"# {bundle.manifest.name}"
    )
    rows = "".join(
        f"| {graph} | {engine} {precision} | {', '.join(trial.passes)} | "
        f"{'not measured here' if trial.ratio is None else f'{trial.ratio:.2f}'} | {max(trial.error_db.values()):.0f} |\n"
        for (graph, engine, precision), (_, trial) in kept.items()
    )
    notes = "".join(f"{note}.\n\n" for note in told["notes"])
    return (
        f"{text}\n\n{HEADING}\n\nVersion {version}, for {told['target']}, of {bundle.manifest.version}. Speed is on one thread "
        f"over the graph that was there; all that was tried is in {REPORT}. Character errors were not measured: there is no "
        f"recogniser.\n\n{notes}"
        f"| graph | variant | passes | speed | largest error, dB |\n|---|---|---|---|---|\n{rows}"
    ).encode()
