"""A draft becomes a bundle when every graph of it computes what its net computes, on what it is given when it is used."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from tingshuo.engine.onnx import Session
from tingshuo.port.draft import NOT_KNOWN, UNKNOWN_LICENCE, Draft
from tingshuo.port.families import BuiltNet, build_nets, fill, has_architecture
from tingshuo.port.structure import export_structures
from tingshuo.port.verify import check, compare, golden_files, open_model, reference_outputs
from tingshuo.port.voice import graph_entries, graph_path
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import write_bundle
from tingshuo.store.environment import LIBRARIES, TRAINING, environment
from tingshuo.store.tensors import write_tensors
from tingshuo.types import Runs

Array = NDArray[Any]
READ_SHARE, EXPORT_SHARE = 0.1, 0.6
"""Of the work."""
PROVED_CALLS = 3
"""Of a graph that runs more often in a rehearsal, the first call, one in the middle and the last are compared with the net."""
FIRST_VERSION = "1.0.0"


Tell = Callable[[float, str], None]
"""Is told the share of the work that is done, and what is going on."""


def silent(share: float, what: str) -> None:
    """Tell nobody."""


class Listener:
    """A session that remembers what it was given."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.spec = session.spec
        self.calls: list[dict[str, Array]] = []

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the graph."""
        self.calls.append({name: np.array(value) for name, value in inputs.items()})
        return self.session.run(inputs)

    def chosen(self) -> list[dict[str, Array]]:
        """Return what to prove the graph with."""
        last = len(self.calls) - 1
        return [self.calls[n] for n in sorted({0, last // 2, last})][:PROVED_CALLS]


@dataclass(slots=True)
class Proof:
    """How near the graphs of a bundle came to their nets: graph to output to largest error, dB."""

    errors: dict[str, dict[str, float]] = field(default_factory=dict)
    golden: dict[str, tuple[Mapping[str, Array], Mapping[str, Array]]] = field(default_factory=dict)


def write_draft(draft: Draft, destination: Path, *, replace: bool = False, tell: Tell = silent) -> Proof:
    """Export, prove and write a draft.

    Parameters
    ----------
    draft : Draft
        Of an importer.
    destination : Path
        The bundle's folder.
    replace : bool
        Take the place of a bundle that is there.
    tell : callable
        See `Tell`.

    Raises
    ------
    PortError
        A net cannot be exported.
    VerifyError
        A graph does not compute what its net computes.
    OutputError
        The destination exists or cannot be written.
    """
    architecture = has_architecture(draft.config)
    tell(READ_SHARE, "Exporting")
    models = export_structures(architecture)
    tell(READ_SHARE + EXPORT_SHARE, "Comparing with the net")
    nets = [fill(built, draft.parts[built.part].tensors) for built in build_nets(architecture)]
    proof = prove(draft, nets, models)
    tell(1 - READ_SHARE, "Writing")
    file_of = {graph.name: f"weights/{built.part}.safetensors" for built in nets for graph in built.graphs}
    config = json.dumps(draft.config.fields(), ensure_ascii=False, indent=1).encode() + b"\n"
    files: dict[str, Content] = {"config.json": config, **draft.files, **golden_files(proof.golden)}
    for name, part in draft.parts.items():
        files[f"weights/{name}.safetensors"] = partial(write_tensors, part.tensors)
    files |= {graph_path(name, "fp32"): model.SerializeToString(deterministic=True) for name, model in models.items()}
    files["MODELCARD.md"] = _card(draft, proof).encode()
    manifest = _manifest(draft) | {"graphs": graph_entries({"fp32": models}, file_of.__getitem__)}
    write_bundle(destination, manifest, files, replace=replace)
    return proof


def prove(draft: Draft, nets: Sequence[BuiltNet], models: Mapping[str, onnx.ModelProto]) -> Proof:
    """Use the graphs as they will be used, and compare them with their nets.

    Raises
    ------
    VerifyError
        Names the graph, its output and the error.
    """
    listeners = {
        graph.name: Listener(open_model(models[graph.name], draft.parts[built.part].tensors, lean=True))
        for built in nets
        for graph in built.graphs
    }
    runs: dict[str, Runs] = dict(listeners)
    draft.rehearse(runs)
    proof = Proof()
    for built in nets:
        for graph in built.graphs:
            listener = listeners[graph.name]
            assert listener.calls, f"{graph.name} is not rehearsed"
            worst: dict[str, float] = {}
            for inputs in listener.chosen():
                expected = reference_outputs(graph, inputs)
                errors = compare(listener.session, inputs, expected)
                check(errors, "fp32")
                worst = {name: max(error, worst.get(name, -np.inf)) for name, error in errors.items()}
                proof.golden.setdefault(graph.name, (inputs, expected))
            proof.errors[graph.name] = worst
    return proof


def _manifest(draft: Draft) -> dict[str, Any]:
    config = draft.config
    return {
        "name": draft.name,
        "version": FIRST_VERSION,
        "family": config.family,
        "task": draft.task,
        "languages": list(draft.languages),
        "speakers": [one.name for one in config.speakers],
        "styles": [one.name for one in config.styles],
        "emotions": list(draft.emotions),
        "sample_rate": config.sample_rate,
        "licence": draft.licence or UNKNOWN_LICENCE,
        "attributions": [one.fields() for one in draft.attributions],
        "data_statement": f"Imported from {draft.source}. What it was trained on is not known here.",
        "consent": NOT_KNOWN,
        "created_with": environment((*LIBRARIES, *TRAINING)),
    }


def _card(draft: Draft, proof: Proof) -> str:
    """Return the model card: what this is, where it comes from, how every tensor went over, how near its graphs are."""
    notes = "".join(f"- {note}\n" for note in draft.notes)
    parts = "".join(
        f"| {name} | {part.report.n_used} | {len(part.report.left_out)} | {', '.join(part.report.left_out[:8])} |\n"
        for name, part in draft.parts.items()
    )
    errors = "".join(
        f"| {graph} | {output} | {error:.1f} |\n" for graph, rows in proof.errors.items() for output, error in rows.items()
    )
    return (
        f"# {draft.name} {FIRST_VERSION}\n\nImported from {draft.source}.\n\n"
        f"Licence: {draft.licence or 'not stated by its files'}. Consent: {NOT_KNOWN}\n\n{notes}{notes and chr(10)}"
        "Tensors, all of which have a place or are left out on purpose:\n\n"
        f"| part | used | left out | such as |\n|---|---|---|---|\n{parts}\n"
        "Graphs against their nets in PyTorch, float32, energy of the difference over energy:\n\n"
        f"| graph | output | error, dB |\n|---|---|---|\n{errors}"
    )
