"""A voice with the light vocoder that it has taught, as a bundle: everything else of it lies where it lay."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.engine.onnx import Session
from tingshuo.models.layers.graph import Graph
from tingshuo.models.vocos.graphs import graphs as vocos_graphs
from tingshuo.models.vocos.net import Vocos
from tingshuo.port.bundling import Listener
from tingshuo.port.convert.rehearsal import SENTENCE, speak_once
from tingshuo.port.families import sizes
from tingshuo.port.structure import Structure, export_structures
from tingshuo.port.verify import check, compare, golden_files, open_model, reference_outputs
from tingshuo.port.voice import graph_entries, graph_path
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import Bundle, write_bundle
from tingshuo.store.environment import LIBRARIES, TRAINING, environment
from tingshuo.store.manifest import Attribution, Manifest
from tingshuo.store.tensors import write_tensors
from tingshuo.store.versions import Step, Version
from tingshuo.tasks.golden import LIMITS
from tingshuo.train.light_teacher import GRAPH, STUDENT, TABLES, Settings

Array = NDArray[Any]
CARD = "MODELCARD.md"
WEIGHTS = f"weights/{GRAPH}.safetensors"
WORK = Attribution(
    work="Vocos",
    author="Hubert Siuzdak",
    licence="MIT",
    url="https://github.com/gemelo-ai/vocos",
    used_for="layout of the light vocoder; its weights were learnt from this voice's own speech",
)


@dataclass(frozen=True, slots=True)
class Student:
    """A light vocoder that is done learning: its graph for torch and for the runtime, its tensors, and an open session."""

    graph: Graph
    model: Structure
    tensors: Mapping[str, Array]
    session: Session


def export_student(net: Vocos) -> Student:
    """Export a light vocoder, float32.

    Raises
    ------
    PortError
        It cannot be exported.
    """
    model = export_structures(sizes(STUDENT, net.config))[GRAPH]
    tensors = {name: value.detach().numpy().astype(np.float32) for name, value in net.eval().state_dict().items()}
    return Student(vocos_graphs(net)[0], model, tensors, open_model(model, tensors))


def write_light(
    destination: Path,
    bundle: Bundle,
    settings: Settings,
    student: Student,
    voice_graphs: Mapping[str, Session],
    learnt: str,
    measured: Sequence[Mapping[str, Any]] = (),
    table: str = "",
) -> Path:
    """Write a voice with a light vocoder.

    Parameters
    ----------
    destination : Path
        A new folder.
    bundle : Bundle
        The voice that taught it.
    settings : Settings
        Of the voice with it, see `tingshuo.train.light_teacher.light_settings`.
    student : Student
        The vocoder.
    voice_graphs : mapping
        The voice's open graphs.
    learnt : str
        A sentence that says what it has learnt from and for how long.
    measured : sequence of mapping
        For the manifest.
    table : str
        For the model card.

    Raises
    ------
    VerifyError
        The graph does not compute what the net computes.
    OutputError
        The destination is there or cannot be written.
    """
    golden, errors = _prove(bundle, settings, student, voice_graphs)
    entry = graph_entries({"fp32": {GRAPH: student.model}}, lambda graph: WEIGHTS)[GRAPH]
    files: dict[str, Content] = {name: bundle.path / name for name in bundle.manifest.files if name not in _own(bundle.manifest)}
    assert WEIGHTS not in files, f"{WEIGHTS} is read by another graph too"
    files["config.json"] = json.dumps(settings.fields(), ensure_ascii=False, indent=1).encode() + b"\n"
    files[WEIGHTS] = partial(write_tensors, student.tensors)
    files[graph_path(GRAPH, "fp32")] = student.model.SerializeToString(deterministic=True)
    files |= _golden(bundle, golden)
    manifest = _manifest(bundle.manifest, settings.family, learnt) | {"measured": list(measured)}
    manifest["graphs"] = {name: one.fields() for name, one in bundle.manifest.graphs.items()} | {GRAPH: entry}
    files[CARD] = _card(bundle, manifest["version"], learnt, errors, table)
    return write_bundle(destination, manifest, files)


def _prove(
    bundle: Bundle, settings: Settings, student: Student, voice_graphs: Mapping[str, Session]
) -> tuple[tuple[Mapping[str, Array], Mapping[str, Array]], dict[str, float]]:
    """Let the voice speak with it; returns what it was given and should answer, and the errors of its outputs, dB."""
    listener = Listener(student.session)
    speak_once(settings, bundle.tensors(TABLES))({**voice_graphs, GRAPH: listener})
    worst: dict[str, float] = {}
    proved = [(inputs, reference_outputs(student.graph, inputs)) for inputs in listener.chosen()]
    for inputs, expected in proved:
        errors = compare(student.session, inputs, expected)
        check(errors, "fp32")
        worst = {name: max(error, worst.get(name, -np.inf)) for name, error in errors.items()}
    return proved[0], worst


def _own(manifest: Manifest) -> set[str]:
    """Return the files that only the vocoder of a bundle has."""
    used = {
        name: {path for variant in entry.variants for path in (variant.path, *variant.weights)}
        for name, entry in manifest.graphs.items()
    }
    others = {path for name, paths in used.items() if name != GRAPH for path in paths}
    return (used[GRAPH] - others) | {f"golden/{GRAPH}.npz"}


def vocoder_bytes(bundle: Bundle) -> int:
    """Return the bytes of the files that only the vocoder of a bundle has."""
    return sum(bundle.manifest.files[name].size for name in _own(bundle.manifest) & bundle.manifest.files.keys())


def _golden(bundle: Bundle, proved: tuple[Mapping[str, Array], Mapping[str, Array]]) -> dict[str, bytes]:
    """Return the golden vectors of the vocoder, and the limits of all graphs."""
    made = golden_files({GRAPH: proved})
    limits: dict[str, dict[str, float]] = json.loads(made[LIMITS])
    if LIMITS in bundle.manifest.files:
        held: dict[str, dict[str, float]] = json.loads(bundle.file(LIMITS).read_text("utf-8"))
        limits = {precision: held.get(precision, {}) | limits.get(precision, {}) for precision in {**held, **limits}}
    return {**made, LIMITS: json.dumps(limits, indent=1).encode() + b"\n"}


def _manifest(parent: Manifest, family: str, learnt: str) -> dict[str, Any]:
    """Return the fields of the new manifest; figures that were measured with the old vocoder are left out."""
    return parent.fields() | {
        "version": str(Version.parse(parent.version).next(Step.MINOR)),
        "family": family,
        "attributions": [one.fields() for one in (*parent.attributions, *({WORK} - set(parent.attributions)))],
        "data_statement": f"{parent.data_statement} {learnt}",
        "created_with": environment((*LIBRARIES, *TRAINING)),
        "parent": f"{parent.name}@{parent.version}",
    }


def _card(bundle: Bundle, version: str, learnt: str, errors: Mapping[str, float], table: str) -> bytes:
    held = CARD in bundle.manifest.files
    old = bundle.file(CARD).read_text("utf-8") if held else f"# {bundle.manifest.name}\n"
    rows = "".join(f"| {name} | {error:.1f} |\n" for name, error in errors.items())
    return (
        f"{old.rstrip()}\n\n## Light vocoder of {version}\n\n{learnt} What this card says above of sound and speed was measured "
        f"before.\n\n{table}{table and chr(10)}"
        f"Its graph against its net in PyTorch while the voice says {SENTENCE}, energy of the difference over energy:\n\n"
        f"| output | error, dB |\n|---|---|\n{rows}"
    ).encode()
