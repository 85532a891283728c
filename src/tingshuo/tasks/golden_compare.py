"""Compare a bundle with the program that its model comes from, by a folder of what that answered, see `golden_folder`.

Every family runs its graphs on a case as it does when it speaks (`ANSWERS`), and gives every answer that lies at the border of a
graph. What lies inside of one needs the net, and so torch: whoever has it passes `Inside`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import FamilyConfig
from tingshuo.errors import EngineError, RequestError
from tingshuo.registry import Registry, Row
from tingshuo.store.bundle import Bundle
from tingshuo.store.manifest import GraphEntry
from tingshuo.tasks.golden_folder import Case, GoldenFolder, Stored
from tingshuo.tasks.golden_graphs import FP32, open_graphs
from tingshuo.types import Runs

Array = NDArray[Any]
Answer = Array | str
"""What a bundle answers, or why it cannot, said in place of it."""
HEAD, TAIL = ".head", ".tail"
"""How the names of answers end of which the first or the last steps alone are kept."""

NOT_LOOKED = "inside a graph"
NOT_KNOWN = "neither at the border of a graph nor of a module that is known by this name"


@dataclass(frozen=True, slots=True)
class Material:
    """What the families know of a bundle beside its open graphs."""

    settings: FamilyConfig
    entries: Mapping[str, GraphEntry]
    tensors: Callable[[str], Mapping[str, Array]]
    """Returns the tensors of a file."""


class Answers(Protocol):
    """How a family answers a case."""

    def __call__(self, graphs: Mapping[str, Runs], material: Material, case: Case) -> Mapping[str, Answer] | None:
        """Return answers by the names that the folder gives them; None where the case is none of this family's."""


Inside = Callable[[Case], Mapping[str, Array]]
"""Returns what the modules of a net answer in a case, by the names that the folder gives them."""

ANSWERS = Registry(
    "family with answers to a golden folder",
    {
        "codec": Row("tingshuo.tasks.codec_golden:answers"),
        "conformer": Row("tingshuo.tasks.recognise.golden:answers"),
        "emotivoice": Row("tingshuo.tasks.emotivoice.golden:answers"),
        "fastspeech": Row("tingshuo.tasks.vocoder_golden:answers"),
        "piper": Row("tingshuo.tasks.piper.golden:answers"),
        "rvc": Row("tingshuo.tasks.convert.golden:answers"),
        "sambert": Row("tingshuo.tasks.sambert.golden:answers"),
        "tdnn_lstm": Row("tingshuo.tasks.recognise.golden:answers"),
        "vocoder": Row("tingshuo.tasks.vocoder_golden:answers"),
    },
)


class Compared(NamedTuple):
    """An answer beside the original's.

    ``where`` is ``graph`` for the border of a graph and ``net`` for the inside of one. ``error`` is the largest difference,
    infinite for a NaN or another shape; ``snr_db`` the energy of the original's over that of the difference, infinite where they
    are equal.
    """

    case: str
    result: str
    where: str
    error: float
    tolerance: float
    snr_db: float
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is as near as it must be."""
        return self.error <= self.tolerance


@dataclass(slots=True)
class Comparison:
    """What was compared, what was not and why, and which graphs of the bundle the folder does not reach."""

    name: str
    precision: str
    compared: list[Compared] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    """``CASE.NAME`` of what was not compared, and why."""
    unused: tuple[str, ...] = ()

    @property
    def beyond(self) -> list[Compared]:
        """What is farther off than it may be."""
        return [one for one in self.compared if not one.ok]

    def to_json(self) -> dict[str, Any]:
        """Return plain values; what is infinite is null."""
        rows = [{**one._asdict(), "ok": one.ok} for one in self.compared]
        plain = [{key: None if value in (np.inf, -np.inf) else value for key, value in row.items()} for row in rows]
        told = {"name": self.name, "precision": self.precision, "ok": not self.beyond, "compared": plain}
        return told | {"not_compared": self.left, "graphs_not_reached": list(self.unused)}


def compare(
    bundle: Bundle, folder: GoldenFolder, *, precision: str = FP32, inside: Inside | None = None, blind: str = NOT_LOOKED
) -> Comparison:
    """Run a bundle on every case of a folder.

    Parameters
    ----------
    bundle : Bundle
        Whose files have been verified.
    folder : GoldenFolder
        Of `read_folder`.
    precision : str
        Of the graphs; a graph that has it not is run in float32.
    inside : callable or None
        See `Inside`; None where the nets are not at hand.
    blind : str
        Why they are not, for what lies inside.

    Raises
    ------
    RequestError
        The folder is of another family, or no graph has that precision.
    ConfigError
        A case does not say what took the place of random numbers.
    EngineError
        A graph cannot be run with what a case gives it.
    """
    graphs = open_graphs(bundle, precision)
    made = compare_graphs(graphs, material_of(bundle), folder, precision=precision, inside=inside, blind=blind)
    made.unused = tuple(name for name in graphs if name not in graphs.used)
    return made


def compare_graphs(
    graphs: Mapping[str, Runs],
    material: Material,
    folder: GoldenFolder,
    *,
    precision: str = FP32,
    inside: Inside | None = None,
    blind: str = NOT_LOOKED,
) -> Comparison:
    """Run graphs on every case of a folder; see `compare`."""
    made = Comparison(folder.name, precision)
    for case in folder.cases:
        answers = _answered(graphs, material, case, folder.path)
        nets = inside(case) if inside is not None else {}
        for name, stored in case.stored.items():
            key = name.removesuffix(HEAD).removesuffix(TAIL)
            where, answer = ("graph", answers[key]) if key in answers else ("net", nets[key]) if key in nets else ("", "")
            if isinstance(answer, str):
                made.left[f"{case.name}.{name}"] = answer or (blind if inside is None else NOT_KNOWN)
            else:
                made.compared.append(_compared(case.name, name, where, answer, stored, precision))
    return made


def material_of(bundle: Bundle) -> Material:
    """Return what the families know of a bundle."""
    return Material(bundle.settings, bundle.manifest.graphs, bundle.tensors)


def run_case(graphs: Mapping[str, Runs], material: Material, case: Case) -> Mapping[str, Answer] | None:
    """Return the answers of a bundle's graphs, or of anything that runs like them, to a case; None for another family's.

    A case whose inputs are called ``GRAPH.INPUT`` runs these graphs as they are, and its answers are called ``GRAPH.OUTPUT``.
    """
    by_graph: dict[str, dict[str, Array]] = {}
    for name, array in case.inputs.items():
        graph, _, given = name.partition(".")
        by_graph.setdefault(graph, {})[given] = array
    if all(name in material.entries and "" not in given for name, given in by_graph.items()):
        return {f"{n}.{key}": value for n, given in by_graph.items() for key, value in graphs[n].run(given).items()}
    family = material.settings.family.partition("+")[0]
    if family not in ANSWERS:
        return None
    answers: Answers = ANSWERS.load(family)
    return answers(graphs, material, case)


def _answered(graphs: Mapping[str, Runs], material: Material, case: Case, path: Path) -> Mapping[str, Answer]:
    try:
        answers = run_case(graphs, material, case)
    except (KeyError, ValueError, IndexError) as error:
        raise EngineError(f"{path}: case {case.name!r} does not fit the bundle's graphs: {error}") from error
    if answers is None:
        family = material.settings.family
        raise RequestError(
            f"{path}: case {case.name!r} gives {', '.join(sorted(case.inputs))}, which a bundle of the family {family} does not "
            f"read; the folder is of another family, or its inputs are to be called GRAPH.INPUT: {_inputs(material)}",
            "golden",
        )
    return answers


def _inputs(material: Material) -> str:
    return ", ".join(f"{graph}.{name}" for graph, entry in material.entries.items() for name in entry.inputs)


def _compared(case: str, name: str, where: str, answer: Any, stored: Stored, precision: str) -> Compared:
    expected, tolerance = stored.value, stored.tolerance(precision)
    ours = cut(np.asarray(answer), expected.shape, name, inner=where == "net")
    if ours.shape != expected.shape:
        why = f"has the shape {list(ours.shape)} instead of {list(expected.shape)}"
        return Compared(case, name, where, np.inf, tolerance, -np.inf, why)
    reference = expected.astype(np.float64)
    difference = ours.astype(np.float64) - reference
    if not np.isfinite(difference).all():
        return Compared(case, name, where, np.inf, tolerance, -np.inf, "has a number that is not finite")
    wrong, energy = float(np.square(difference).sum()), float(np.square(reference).sum())
    with np.errstate(divide="ignore"):
        snr_db = float(10 * np.log10(energy / wrong)) if wrong else np.inf
    return Compared(case, name, where, float(np.abs(difference).max(initial=0)), tolerance, snr_db)


def cut(answer: Array, shape: tuple[int, ...], name: str, *, inner: bool = False) -> Array:
    """Return the steps of an answer that are kept: the last of what ends in ``.tail``, the first of ``.head``.

    Of what lies inside a graph (``inner``) the first ones are kept without being called so.
    """
    if answer.ndim != len(shape) or not (inner or name.endswith((HEAD, TAIL))):
        return answer
    for axis, size in enumerate(shape):
        if answer.shape[axis] > size:
            begin = answer.shape[axis] - size if name.endswith(TAIL) else 0
            answer = answer.take(np.arange(begin, begin + size), axis)
    return answer


def lines_of(made: Comparison) -> Iterator[str]:
    """Yield what is printed: a line for every answer, then what was not compared, by reason."""
    for one in made.compared:
        snr = "exact" if one.snr_db == np.inf else f"{one.snr_db:.1f} dB" if np.isfinite(one.snr_db) else "-"
        mark = "" if one.ok else f"  BEYOND{f': {one.why}' if one.why else ''}"
        yield f"  {f'{one.case}.{one.result}':<32} {one.where:<5} {one.error:9.2e} of {one.tolerance:8.2e}  SNR {snr:>9}{mark}"
    for why in dict.fromkeys(made.left.values()):
        names = [name for name, reason in made.left.items() if reason == why]
        yield f"  {len(names)} not compared, {why}: {', '.join(names)}"
    if made.unused:
        yield f"  The folder does not reach the graphs {', '.join(made.unused)}"
