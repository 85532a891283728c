"""Optimise a bundle: try passes on every graph, measure, keep what is faster and passes its gate, write a new bundle."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import onnx

from tingshuo.engine.onnx import Session
from tingshuo.errors import BundleError, OutputError
from tingshuo.port.gates import Hearing, hear, say_all
from tingshuo.port.material import TEST, Material, gather, is_voice
from tingshuo.port.optimized import write_optimized
from tingshuo.port.passes.passes import PASSES, PRACTICES
from tingshuo.port.passes.subject import Subject
from tingshuo.port.targets import check_target, chosen_passes, is_measured
from tingshuo.port.trials import GATE, KEPT, STORED, UNMEASURED, Contest, Trial, improve, two_threads, variants
from tingshuo.port.voice_figures import measure
from tingshuo.port.worker import Tell, silent
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.tasks.tts import Voice
from tingshuo.types import Runs

Kept = dict[tuple[str, str, str], tuple[Subject, Trial]]
"""Graph, engine and precision to what is kept."""
ON_DEVICE = "speed on this target cannot be measured here: measure on the device with `tingshuo optimize` there"


@dataclass(slots=True)
class Optimized:
    """What was tried and what it gave.

    ``trials`` are all attempts, ``before`` and ``after`` figures of the whole voice by number of threads, ``hearing`` how whole
    sentences changed. ``path`` is None where nothing was kept and no bundle was written.
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
    voice = Voice(bundle, precision="fp32") if is_voice(bundle) else None
    tell(0.02, "Speaking sentences")
    material = gather(bundle, voice, calibrate=any(PASSES[name].calibrated for name in names))
    result = Optimized(bundle.manifest.name, target)
    if not is_measured(target):
        result.notes.append(ON_DEVICE)
    kept: Kept = {}
    graphs = list(bundle.manifest.graphs)
    for index, graph in enumerate(graphs):
        tell(0.05 + 0.75 * index / len(graphs), f"Trying passes on {graph}")
        kept |= _one_graph(bundle, graph, names, material, _ear(voice, material), result)
    _hear_together(voice, material, kept, result)
    if kept:
        tell(0.85, "Measuring the voice")
        made = Path(destination)
        made.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{made.name}-", dir=made.parent) as folder:
            # What is measured becomes a part of the bundle, so there is one before.
            _measure(bundle, write_optimized(bundle, Path(folder) / made.name, kept, result.to_json), result)
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
        trial.status, trial.why = STORED, ""
        if variant.precision != "fp32":
            beat = max(beat, trial.ratio or 1.0)
    exact, best = improve(contest, names)
    found: dict[str, tuple[Subject, Trial]] = {}
    if exact is not None and best is not None:
        found["fp32"] = (exact, best)
        beat = max(beat, best.ratio or 1.0)
    others = variants(contest, names, exact, beat) if contest.measured else {}
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


def _ear(voice: Voice | None, material: Material) -> Callable[[str, Runs], str]:
    """Return what says whether sentences that are spoken with another graph are good enough."""

    def heard(graph: str, session: Runs) -> str:
        return _spoken(voice, material, {graph: session}).refusal if voice is not None else ""

    return heard


def _spoken(voice: Voice, material: Material, sessions: Mapping[str, Runs]) -> Hearing:
    before = dict(voice.graphs)
    voice.graphs.update(cast(Mapping[str, Session], sessions))
    try:
        return hear(say_all(voice, TEST), material.speeches, material.timbres)
    finally:
        voice.graphs.update(before)


def _hear_together(voice: Voice | None, material: Material, kept: Kept, result: Optimized) -> None:
    """Speak with all that is kept; where that is not good enough, the worst variant goes until it is."""
    while kept and voice is not None:
        chosen: dict[str, tuple[Subject, Trial]] = {}
        for (graph, _, _), row in kept.items():
            if graph not in chosen or (row[1].ratio or 0) > (chosen[graph][1].ratio or 0):
                chosen[graph] = row
        result.hearing = _spoken(voice, material, {graph: row[0].open() for graph, row in chosen.items()})
        lossy = [key for key in kept if key[2] != "fp32"]
        if not result.hearing.refusal or not lossy:
            return
        worst = max(lossy, key=lambda key: max(kept[key][1].error_db.values()))
        trial = kept.pop(worst)[1]
        trial.status, trial.why = GATE, f"with the others: {result.hearing.refusal}"


def _measure(bundle: Bundle, made: Path, result: Optimized) -> None:
    manifest = open_bundle(made).manifest
    result.version = manifest.version
    result.size_bytes = tuple(sum(one.size for one in m.files.values()) for m in (bundle.manifest, manifest))  # type: ignore[assignment]  # two of them
    if not is_voice(bundle) or not is_measured(result.target):
        return
    for threads in (1, 2):
        result.before[threads] = _rounded(measure(bundle.path, threads))
        result.after[threads] = _rounded(measure(made, threads))


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def kept_passes(result: Optimized) -> dict[str, tuple[str, ...]]:
    """Return the passes that are kept, by graph and precision."""
    return {f"{one.graph} {one.precision}": one.passes for one in result.trials if one.status == KEPT}
