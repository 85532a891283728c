"""A draft becomes a bundle when every graph of it computes what its net computes, on what it is given when it is used."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.port.card import FIRST_VERSION, model_card
from tingshuo.port.convert.rehearsals import rehearse
from tingshuo.port.draft import NOT_KNOWN, UNKNOWN_LICENCE, Draft
from tingshuo.port.draft_folder import EXPORT_SHARE, READ_SHARE, Prepared, architecture_of, open_draft, prepare
from tingshuo.port.given import LIMITS_DB, Moved
from tingshuo.port.lean import LeanGraphs, open_mapped
from tingshuo.port.reference import answers
from tingshuo.port.verify import check, errors_of, golden_files
from tingshuo.port.voice import graph_entries, graph_path
from tingshuo.port.work_folder import work_folder
from tingshuo.port.worker import Tell, silent
from tingshuo.store.atomic import Content, place_folder
from tingshuo.store.bundle import write_bundle
from tingshuo.store.environment import LIBRARIES, TRAINING, environment
from tingshuo.store.tensors import release
from tingshuo.types import GraphSpec

Array = NDArray[Any]
Arrays = Mapping[str, Array]
PROVED_CALLS = 3
"""Of a graph that runs more often in a rehearsal, the first call, one in the middle and the last are compared with the net."""


class Opened(Protocol):
    """A graph that can be run, and tells its inputs and outputs."""

    @property
    def spec(self) -> GraphSpec:
        """Its inputs and outputs."""
        ...

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run it."""
        ...


class Listener:
    """A session that remembers what it was given."""

    def __init__(self, session: Opened) -> None:
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
    """How near the graphs of a bundle came to their nets, or to what they were: graph to output to largest error, dB."""

    tensors: dict[str, int]
    """Part to how many it holds that nets or given graphs name."""
    errors: dict[str, dict[str, float]] = field(default_factory=dict)
    golden: dict[str, tuple[Arrays, Arrays]] = field(default_factory=dict)

    def add(
        self,
        graph: str,
        calls: Sequence[tuple[Arrays, Arrays]],
        expected: Sequence[Arrays],
        precision: str,
        limit_db: float | None = None,
        whose: str = "the net's",
    ) -> None:
        """Compare the calls of a graph with what it should have answered; the first is kept as golden.

        Raises
        ------
        VerifyError
            See `tingshuo.port.verify.check`.
        """
        worst = self.errors.setdefault(graph, {})
        for (_, outputs), reference in zip(calls, expected, strict=True):
            errors = errors_of(outputs, reference)
            check(errors, precision, limit_db, whose)
            worst.update({name: max(error, worst.get(name, -np.inf)) for name, error in errors.items()})
        self.golden[graph] = calls[0][0], expected[0]


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
        See `tingshuo.port.worker.Tell`.

    Raises
    ------
    PortError
        A net cannot be exported, or a given graph cannot be run.
    VerifyError
        A graph does not compute what its net computes, or what it computed before.
    OutputError
        The destination exists or cannot be written.
    """
    with work_folder(destination) as folder:
        prepare(draft, folder, tell=tell)
        return write_prepared(open_draft(folder), destination, replace=replace, tell=tell)


def write_prepared(prepared: Prepared, destination: Path, *, replace: bool = False, tell: Tell = silent) -> Proof:
    """Prove and write a draft that lies in a folder, which is used up; see `write_draft`."""
    proof = prove(prepared)
    tell(READ_SHARE + EXPORT_SHARE + 0.2, "Writing")
    draft, folder = prepared.draft, prepared.folder
    config = json.dumps(draft.config.fields(), ensure_ascii=False, indent=1).encode() + b"\n"
    files: dict[str, Content] = {"config.json": config, **golden_files(proof.golden, _limits(prepared.moved))}
    files |= {weights_path(part): partial(_move, prepared.weights(part)) for part in prepared.tensors}
    files["MODELCARD.md"] = model_card(draft, proof.errors, prepared.moved).encode()
    graphs, entries = _graphs(prepared)
    write_bundle(folder / "bundle", _manifest(draft) | {"graphs": entries}, files | graphs)
    place_folder(folder / "bundle", destination, replace=replace)
    return proof


def _move(source: Path, to: Path) -> None:
    source.rename(to)


def _graphs(prepared: Prepared) -> tuple[dict[str, Content], dict[str, Any]]:
    """Return the graphs as files of a bundle, and what the manifest says of them."""
    part_of = {**prepared.nets, **{name: one.part for name, one in prepared.moved.items()}}
    files: dict[str, Content] = {}
    entries: dict[str, Any] = {}
    for precision in dict.fromkeys(("fp32", *(one.precision for one in prepared.moved.values()))):
        here = {name: one.model for name, one in prepared.moved.items() if one.precision == precision}
        here |= {name: prepared.structure(name) for name in prepared.nets} if precision == "fp32" else {}
        files |= {graph_path(name, precision): model.SerializeToString(deterministic=True) for name, model in here.items()}
        entries |= graph_entries({precision: here}, lambda name: weights_path(part_of[name]))
    for name, one in prepared.moved.items():
        if not one.tensors:  # all of its weights are small, and inside it
            entries[name]["variants"][0]["weights"] = []
    return files, entries


def weights_path(part: str) -> str:
    """Return where in a bundle the tensors of a part lie."""
    return f"weights/{part}.safetensors"


def prove(prepared: Prepared) -> Proof:
    """Use the graphs as they will be used, and compare them with their nets, given ones with what they were.

    Raises
    ------
    VerifyError
        Names the graph, its output and the error.
    """
    calls = _rehearsed(prepared)
    proof = Proof({name: part.report.n_used for name, part in prepared.draft.parts.items()})
    if prepared.nets:
        weights = {part: prepared.weights(part) for part in prepared.nets.values()}
        given = {name: [inputs for inputs, _ in calls[name]] for name in prepared.nets}
        expected = answers(architecture_of(prepared.draft), weights, given, prepared.folder)
        for name in prepared.nets:
            proof.add(name, calls[name], expected[name], "fp32")
    for name, one in prepared.moved.items():
        proof.tensors[one.part] = proof.tensors.get(one.part, 0) + len(one.tensors)
        came = _originally(prepared.original(name), name, [inputs for inputs, _ in calls[name]], anew=one.draws)
        proof.add(name, calls[name], came, one.precision, LIMITS_DB[one.precision], "the original graph's")
    return proof


def _rehearsed(prepared: Prepared) -> dict[str, list[tuple[Arrays, Arrays]]]:
    """Use the graphs; returns what each was given and answered, of those calls that are proved."""
    graphs = LeanGraphs(prepared.folder / "weights")
    opened = {name: graphs.add(name, prepared.structure(name), part) for name, part in prepared.nets.items()}
    opened |= {name: graphs.add(name, prepared.structure(name), one.part) for name, one in prepared.moved.items()}
    listeners = {name: Listener(one) for name, one in opened.items()}
    rehearse(prepared.draft.config, {weights_path(part): own for part, own in prepared.tensors.items()}, listeners)
    calls: dict[str, list[tuple[Arrays, Arrays]]] = {}
    for name, listener in listeners.items():
        assert listener.calls, f"{name} is not rehearsed"
        # Of a graph that draws, each answer depends on those before it.
        draws = name in prepared.moved and prepared.moved[name].draws
        run = opened[name].run_anew if draws else opened[name].run
        calls[name] = [(inputs, run(inputs)) for inputs in listener.chosen()]
    for own in prepared.tensors.values():
        release(own.values())
    graphs.close()
    return calls


def _originally(path: Path, name: str, calls: Sequence[Arrays], *, anew: bool) -> list[Arrays]:
    """Return what a given graph answered before; one that draws is opened for every call."""
    session = None if anew else open_mapped(path, name)
    return [(session or open_mapped(path, name)).run(inputs) for inputs in calls]


def _limits(moved: Mapping[str, Moved]) -> dict[str, dict[str, float]]:
    """Return the limits of given graphs: precision to output to dB."""
    limits: dict[str, dict[str, float]] = {}
    for one in moved.values():
        row = limits.setdefault(one.precision, {})
        row.update({output.name: LIMITS_DB[one.precision] for output in one.model.graph.output})
    return limits


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
