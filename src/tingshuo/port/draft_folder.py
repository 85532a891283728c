"""A draft in a folder, with its graphs: what the process that read a stranger's files leaves for the one that proves them.

::

    draft.json                  everything but numbers
    nets.json                   graphs of nets, and the parts that their tensors lie in
    weights/<part>.safetensors  as the bundle will have them
    graphs/<graph>.onnx         structures, of nets and of given graphs
    originals/<graph>.onnx      given graphs as they came, their weights in a file beside them
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray

from tingshuo.config import Size
from tingshuo.config.families import config_of
from tingshuo.errors import OutputError, PortError
from tingshuo.port.draft import Draft, Part
from tingshuo.port.given import Moved, merged, move, save_original
from tingshuo.port.importers.keys import KeyReport
from tingshuo.port.structure import Structure, export_structures
from tingshuo.port.work_folder import NETS
from tingshuo.port.worker import Tell, silent
from tingshuo.store.manifest import Attribution
from tingshuo.store.tensors import is_finite, read_tensors, release, write_tensors

Array = NDArray[Any]
DRAFT = "draft.json"
READ_SHARE, EXPORT_SHARE = 0.1, 0.6
"""Of the work."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A draft that was read from a folder: its tensors are mapped, its given graphs have their weights outside them."""

    folder: Path
    draft: Draft
    nets: Mapping[str, str]
    """Graph of a net to the part that its tensors lie in."""
    moved: Mapping[str, Moved]
    """Given graphs; their tensors are among those of the parts."""
    tensors: Mapping[str, Mapping[str, Array]]
    """Part to name to tensor."""

    def structure(self, graph: str) -> Structure:
        """Return a graph without weights."""
        return onnx.load(self.folder / "graphs" / f"{graph}.onnx", load_external_data=False)

    def original(self, graph: str) -> Path:
        """Return where a given graph lies as it came."""
        return self.folder / "originals" / f"{graph}.onnx"

    def weights(self, part: str) -> Path:
        """Return where the tensors of a part lie."""
        return weights_of(self.folder, part)


def weights_of(folder: Path, part: str) -> Path:
    """Return where the tensors of a part lie in the folder of a draft."""
    return folder / "weights" / f"{part}.safetensors"


def architecture_of(draft: Draft) -> Mapping[str, Size]:
    """Return the sizes of the nets of a draft, none where all of its graphs are given.

    Raises
    ------
    PortError
        It has neither sizes nor graphs.
    """
    sizes: Mapping[str, Size] = getattr(draft.config, "architecture", None) or {}
    if not sizes and not draft.graphs:
        raise PortError(f"the config of family {draft.config.family} tells no sizes, so its nets cannot be rebuilt")
    return sizes


def prepare(draft: Draft, folder: Path, *, here: bool = False, tell: Tell = silent) -> None:
    """Write a draft and the graphs of its nets into an empty folder.

    Parameters
    ----------
    draft : Draft
        Of an importer.
    folder : Path
        Is there, and empty.
    here : bool
        Export in this process, which is one for that.
    tell : callable
        See `tingshuo.port.worker.Tell`.

    Raises
    ------
    PortError
        A weight is NaN or infinite, a net cannot be exported, or a given graph cannot be kept.
    OutputError
        The folder cannot be written to.
    """
    architecture = architecture_of(draft)
    save_draft(draft, folder)
    export_nets(architecture, folder, here=here, tell=tell)


def save_draft(draft: Draft, folder: Path) -> None:
    """Write a draft into an empty folder, without the graphs of its nets; see `prepare`."""
    with _told(folder):
        moved = _save(draft, folder)
        (folder / DRAFT).write_text(json.dumps(_plain(draft, moved)), "utf-8")


def export_nets(architecture: Mapping[str, Size], folder: Path, *, here: bool, tell: Tell) -> None:
    """Write the graphs of the nets of an architecture into the folder of a draft; see `prepare`."""
    tell(READ_SHARE, "Exporting")
    parts: dict[str, str] = {}
    if architecture:
        models = export_structures(architecture, here=here)
        parts = _parts_of_graphs(architecture)
        with _told(folder):
            for name, model in models.items():
                (folder / "graphs" / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
    with _told(folder):
        (folder / NETS).write_text(json.dumps(parts), "utf-8")
    tell(READ_SHARE + EXPORT_SHARE, "Comparing with the original")


def open_draft(folder: Path) -> Prepared:
    """Read what `prepare` wrote; numbers stay where they are."""
    told = json.loads((folder / DRAFT).read_text("utf-8"))
    config = config_of(told["family"]).check(told["config"], "the config of the import")
    tensors = {part: read_tensors(weights_of(folder, part)) for part in told["files"]}
    reports = {name: KeyReport(n_used, tuple(left_out)) for name, (n_used, left_out) in told["parts"].items()}
    draft = Draft(
        name=told["name"],
        task=told["task"],
        config=config,
        parts={name: Part(tensors.get(name, {}), report) for name, report in reports.items()},
        system=told["system"],
        source=told["source"],
        languages=tuple(told["languages"]),
        emotions=tuple(told["emotions"]),
        licence=told["licence"],
        attributions=tuple(Attribution.check(one, "a credit of the import") for one in told["attributions"]),
        notes=tuple(told["notes"]),
    )
    prepared = Prepared(folder, draft, json.loads((folder / NETS).read_text("utf-8")), {}, tensors)
    moved = {
        name: Moved(prepared.structure(name), {own: tensors[one["part"]][own] for own in one["tensors"]}, one["part"],
                    one["precision"], one["draws"])
        for name, one in told["moved"].items()
    }  # fmt: skip
    return replace(prepared, moved=moved)


def architecture_in(folder: Path) -> Mapping[str, Size]:
    """Return the sizes of the nets of the draft in a folder."""
    told = json.loads((folder / DRAFT).read_text("utf-8"))
    sizes: Mapping[str, Size] = told["config"].get("architecture") or {}
    return sizes


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say of a disk that is full what a user can do something about."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{folder.parent}: cannot be written: {error.strerror or error}") from error


def _save(draft: Draft, folder: Path) -> dict[str, Moved]:
    """Write the numbers of a draft, and its given graphs."""
    for name in ("weights", "graphs", "originals"):
        (folder / name).mkdir()
    taken: dict[str, dict[str, Array]] = {name: dict(part.tensors) for name, part in draft.parts.items()}
    moved: dict[str, Moved] = {}
    for name, given in draft.graphs.items():
        moved[name] = move(name, given, taken.setdefault(given.part, {}))
        taken[given.part].update(moved[name].tensors)
        (folder / "graphs" / f"{name}.onnx").write_bytes(moved[name].model.SerializeToString(deterministic=True))
    for part, tensors in merged(taken, ()).items():
        for name, tensor in tensors.items():
            if not is_finite(tensor):
                raise PortError(f"tensor {name!r} of {part} has a NaN or an infinity, so the model is damaged")
            release([tensor])
        write_tensors(tensors, weights_of(folder, part))
    for name, given in draft.graphs.items():
        save_original(given.model, folder / "originals" / f"{name}.onnx")
    return moved


def _parts_of_graphs(architecture: Mapping[str, Size]) -> dict[str, str]:
    from tingshuo.port.families import build_nets

    return {graph.name: built.part for built in build_nets(architecture) for graph in built.graphs}


def _plain(draft: Draft, moved: Mapping[str, Moved]) -> dict[str, Any]:
    """Return everything but numbers."""
    return {
        "name": draft.name,
        "task": draft.task,
        "family": draft.config.family,
        "config": draft.config.fields(),
        "files": [part for part, tensors in merged(_tensors_of(draft), moved.values()).items() if tensors],
        "parts": {name: [part.report.n_used, list(part.report.left_out)] for name, part in draft.parts.items()},
        "moved": {
            name: {"part": one.part, "precision": one.precision, "draws": one.draws, "tensors": list(one.tensors)}
            for name, one in moved.items()
        },
        "system": draft.system,
        "source": draft.source,
        "languages": list(draft.languages),
        "emotions": list(draft.emotions),
        "licence": draft.licence,
        "attributions": [one.fields() for one in draft.attributions],
        "notes": list(draft.notes),
    }


def _tensors_of(draft: Draft) -> dict[str, Mapping[str, Array]]:
    return {name: part.tensors for name, part in draft.parts.items()}
