"""Optimise a bundle: try passes on every graph, measure, keep what is faster and passes its gate, write a new bundle."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx

from tingshuo.errors import BundleError, OutputError
from tingshuo.port.gates import Hearing, hear
from tingshuo.port.material import Material, Speaker, gather, is_voice, speaker_of
from tingshuo.port.optimized import write_optimized
from tingshuo.port.passes.passes import PASSES, PRACTICES
from tingshuo.port.passes.subject import Subject
from tingshuo.port.targets import check_target, chosen_passes, is_measured, unasked
from tingshuo.port.trials import GATE, KEPT, STORED, UNMEASURED, Contest, Trial, improve, two_threads, variants
from tingshuo.port.voice_figures import measure
from tingshuo.port.worker import Tell, silent
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.types import Runs

Kept = dict[tuple[str, str, str], tuple[Subject, Trial]]
"""Graph, engine and precision to what is kept."""
ON_DEVICE = "speed on this target cannot be measured here: measure on the device with `tingshuo optimize` there"

ELSEWHERE = "variants for openvino run where `pip install 'tingshuo[openvino]'` was done; elsewhere those for onnx do"
TURNS = 2
"""Of the voice before and after; the smaller figure counts, as what else the machine does only adds to it."""
UNHEARD = "it says none of our sentences, so graphs were judged, and int8 scales chosen, by golden vectors alone"


@dataclass(slots=True)
class Optimized:
    """What was tried and what it gave.

    ``trials`` are all attempts, ``before`` and ``after`` figures of the whole voice by number of threads, ``hearing`` how whole
    sentences changed. ``path`` is None where nothing was kept and no bundle was written. ``untried`` are passes of the target
    that have to be named.
    """

    name: str
    target: str
    path: Path | None = None
    version: str = ""
    trials: list[Trial] = field(default_factory=list)
    before: dict[int, dict[str, float]] = field(default_factory=dict)
    after: dict[int, dict[str, float]] = field(default_factory=dict)
    size_bytes: tuple[int, int] = (0, 0)
    hearing: Hearing | None = None
    untried: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "target": self.target,
            "path": str(self.path) if self.path else None,
            "version": self.version,
            "trials": [trial.to_json() for trial in self.trials],
            "before": {str(threads): row for threads, row in self.before.items()},
            "after": {str(threads): row for threads, row in self.after.items()},
            "size_bytes": list(self.size_bytes),
            "quality": self.hearing.figures() | {"cer": self.hearing.cer} if self.hearing else None,
            "practices": PRACTICES,
            "untried": self.untried,
            "notes": self.notes,
        }


def optimize_bundle(
    path: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    target: str = "cpu",
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    force: bool = False,
    tell: Tell = silent,
) -> Optimized:
    """Make a faster bundle of a bundle.

    Parameters
    ----------
    path : path-like
        The bundle's folder; it is not changed.
    destination : path-like
        The new bundle's folder.
    target : str
        ``cpu``, ``pi``, ``openvino``, ``cuda`` or ``tensorrt``.
    only, skip : sequence of str
        Names of passes to try, or to leave out; none is every one that the target has.
    force : bool
        Take the place of a bundle that is there.
    tell : callable
        Is told the share of the work that is done, and what is going on.

    Raises
    ------
    RequestError
        An unknown target or pass.
    EngineNotInstalledError
        The target's device or engine is missing here.
    BundleError
        It is not a sound bundle, or it is encrypted.
    OutputError
        The destination exists or cannot be written.
    PortError
        Nothing can be measured with it.
    """
    check_target(target)
    names = chosen_passes(target, only, skip)
    if Path(destination).exists() and not force:
        raise OutputError(f"{destination}: is there already; give another --output, or --force to take the place of a bundle")
    bundle = open_bundle(path, verify=True)
    if bundle.manifest.sealed is not None:
        raise BundleError(f"{bundle.path}: is encrypted, so its graphs cannot be changed; `tingshuo unseal` first")
    tell(0.02, "Speaking sentences")
    speaker = speaker_of(bundle)
    material = gather(bundle, speaker, calibrate=any(PASSES[name].calibrated for name in names))
    result = Optimized(
        bundle.manifest.name, target, untried=[] if only else [name for name in unasked(target) if name not in skip]
    )
    if not is_measured(target):
        result.notes.append(ON_DEVICE)
    if not material.texts:
        speaker = None
        result.notes.append(UNHEARD)
    kept: Kept = {}
    graphs = list(bundle.manifest.graphs)
    for index, graph in enumerate(graphs):
        tell(0.05 + 0.75 * index / len(graphs), f"Trying passes on {graph}")
        kept |= _one_graph(bundle, graph, names, material, _ear(speaker, material), result)
    _hear_together(speaker, material, kept, result)
    if kept:
        result.notes += [ELSEWHERE] if any(engine == "openvino" for _, engine, _ in kept) else []
        tell(0.85, "Measuring the voice")
        made = Path(destination)
        made.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{made.name}-", dir=made.parent) as folder:
            # What is measured becomes a part of the bundle, so there is one before.
            written = write_optimized(bundle, Path(folder) / made.name, kept, result.to_json)
            _measure(bundle, written, result, speaks=speaker is not None and is_voice(bundle))
        tell(0.97, "Writing")
        result.path = write_optimized(bundle, made, kept, result.to_json, replace=force)
    return result


def _one_graph(
    bundle: Bundle, graph: str, names: Sequence[str], material: Material, heard: Callable[[str, Runs], str], result: Optimized
) -> Kept:
    stored = subject_of(bundle, graph, "fp32", material)
    calls = material.test.get(graph, ())
    if not calls:
        result.trials.append(Trial(graph, (), status=UNMEASURED, why="the sentences do not use it"))
        return {}
    contest = Contest(stored, calls, heard, is_measured(result.target))
    beat = 1.0
    for variant in bundle.manifest.graphs[graph].variants:
        trial = Trial(graph, (), variant.engine, variant.precision)
        contest.trials.append(trial)
        if variant.engine == "onnx":
            contest.judge(subject_of(bundle, graph, variant.precision, material), trial)
        trial.status = STORED
        trial.why = "against itself, so what differs from 1.00x is noise" if trial.ratio and variant.precision == "fp32" else ""
        if variant.precision != "fp32":
            beat = max(beat, trial.ratio or 1.0)
    exact, best = improve(contest, names)
    found: dict[str, tuple[Subject, Trial]] = {}
    if exact is not None and best is not None:
        found["fp32"] = (exact, best)
        beat = max(beat, best.ratio or 1.0)
    others = variants(contest, names, exact, beat, best.passes if best is not None else ()) if contest.measured else {}
    if contest.measured:
        two_threads(contest, found | {"/".join(key): row for key, row in others.items()})
    result.trials += contest.trials
    return {(graph, row[0].engine, row[0].precision): row for row in (*found.values(), *others.values())}


def subject_of(bundle: Bundle, graph: str, precision: str, material: Material | None = None) -> Subject:
    """Return a graph of a bundle as passes take it.

    Raises
    ------
    BundleError
        It has none at this precision.
    """
    variant = bundle.manifest.variant(graph, precision, "onnx")
    tensors = {name: tensor for file in variant.weights for name, tensor in bundle.tensors(file).items()}
    model = onnx.load(bundle.path / variant.path, load_external_data=False)
    calibration = material.calibration.get(graph, ()) if material else ()
    return Subject(graph, model, tensors, calibration, precision=precision)


def _ear(speaker: Speaker | None, material: Material) -> Callable[[str, Runs], str]:
    """Return what says whether sentences that are spoken with another graph are good enough."""

    def heard(graph: str, session: Runs) -> str:
        return _spoken(speaker, material, {graph: session}).refusal if speaker is not None else ""

    return heard


def _spoken(speaker: Speaker, material: Material, sessions: Mapping[str, Runs]) -> Hearing:
    with speaker.using(sessions):
        return hear(speaker.says(material.texts), material.speeches, material.timbres)


def _hear_together(speaker: Speaker | None, material: Material, kept: Kept, result: Optimized) -> None:
    """Speak with all that is kept; where that is not good enough, the worst variant goes until it is."""
    while kept and speaker is not None:
        chosen: dict[str, tuple[Subject, Trial]] = {}
        for (graph, _, _), row in kept.items():
            if graph not in chosen or (row[1].ratio or 0) > (chosen[graph][1].ratio or 0):
                chosen[graph] = row
        result.hearing = _spoken(speaker, material, {graph: row[0].open() for graph, row in chosen.items()})
        lossy = [key for key in kept if key[2] != "fp32"]
        if not result.hearing.refusal or not lossy:
            return
        worst = max(lossy, key=lambda key: max(kept[key][1].error_db.values()))
        trial = kept.pop(worst)[1]
        trial.status, trial.why = GATE, f"with the others: {result.hearing.refusal}"


def _measure(bundle: Bundle, made: Path, result: Optimized, *, speaks: bool) -> None:
    manifest = open_bundle(made).manifest
    result.version = manifest.version
    result.size_bytes = tuple(sum(one.size for one in m.files.values()) for m in (bundle.manifest, manifest))  # type: ignore[assignment]  # two of them
    if not speaks or not is_measured(result.target):
        return
    for threads in (1, 2):
        turns = [(measure(bundle.path, threads), measure(made, threads)) for _ in range(TURNS)]
        result.before[threads], result.after[threads] = (_least(rows) for rows in zip(*turns, strict=True))


def _least(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: round(min(row[name] for row in rows), 4) for name in rows[0]}


def kept_passes(result: Optimized) -> dict[str, tuple[str, ...]]:
    """Return the passes that are kept, by graph and precision."""
    return {f"{one.graph} {one.precision}": one.passes for one in result.trials if one.status == KEPT}
