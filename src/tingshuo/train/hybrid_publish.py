"""From a taught net of frames to a bundle: its graph, proved, its words, and how well it hears what was held out."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from tingshuo.config.conformer import SpellingConfig
from tingshuo.config.dnn import DnnBundleConfig
from tingshuo.models.dnn.graphs import GRAPH, graphs
from tingshuo.models.dnn.net import Dnn
from tingshuo.models.layers.cost import count_parameters
from tingshuo.port.export import export_graph, half_tensors
from tingshuo.port.families import sizes
from tingshuo.port.verify import check, compare, golden_files, open_model, reference_outputs
from tingshuo.port.voice import graph_entries, graph_path
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import write_bundle
from tingshuo.store.environment import LIBRARIES, TRAINING, environment
from tingshuo.tasks.hybrid.ears import spliced
from tingshuo.tasks.hybrid.model import HybridRecogniser
from tingshuo.tasks.recognise.hearing import TASK
from tingshuo.tasks.recognise.language import FILE, language_tensors
from tingshuo.text.metrics import Errors, count, pair_up
from tingshuo.text.metrics import compare as compare_texts
from tingshuo.text.spelling import Speller
from tingshuo.train.hybrid_align import Counts
from tingshuo.train.hybrid_config import HybridTraining
from tingshuo.train.hybrid_material import Material
from tingshuo.train.recogniser_language import Language

Array = NDArray[Any]
WEIGHTS = "weights/recogniser.safetensors"
PRECISION = "fp32"
NOTHING = Errors()


class Learnt(NamedTuple):
    """A taught net, what its alignment says of the states, and the steps that it learnt for."""

    net: Dnn
    counts: Counts
    steps: int


def publish_hybrid(destination: Path, learnt: Learnt, material: Material, config: HybridTraining, language: Language) -> Path:
    """Write the bundle of a net.

    Parameters
    ----------
    destination : Path
        The bundle's folder; one that is there is replaced.
    learnt : Learnt
        The net and its states.
    material : Material
        What taught and judged it.
    config : HybridTraining
        Settings, among them what the manifest says.
    language : Language
        The words that it writes.

    Raises
    ------
    VerifyError
        The graph differs from its net.
    OutputError
        The destination cannot be written.
    """
    net = learnt.net.cpu()
    tensors = half_tensors(net)
    net.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()})
    settings = _settings(learnt, material, config)
    (graph,) = graphs(net)
    clip = sorted(material.taught, key=lambda clip: clip.frames)[len(material.taught) // 2]
    given = {"frames": spliced(material.heard(clip), config.offsets)}
    expected = reference_outputs(graph, given)
    model = export_graph(graph)
    session = open_model(model, tensors)
    check(compare(session, given, expected), PRECISION)
    figures = judged(HybridRecogniser(settings, {GRAPH: session}, Speller(*language)), material, config.judged)
    models = {GRAPH: model}
    manifest = _manifest(settings, config, material, learnt.steps, models, figures)
    files: dict[str, Content] = {
        "config.json": json.dumps(settings.fields(), ensure_ascii=False, indent=1).encode() + b"\n",
        WEIGHTS: save(tensors),
        FILE: save(language_tensors(*language)),
        **golden_files({GRAPH: (given, expected)}),
        "MODELCARD.md": _card(manifest, net, figures).encode(),
        graph_path(GRAPH, PRECISION): model.SerializeToString(deterministic=True),
    }
    return write_bundle(destination, manifest, files, replace=True)


def judged(recogniser: HybridRecogniser, material: Material, clips: int) -> dict[str, float]:
    """Return how a recogniser hears clips that were held out: errors of characters and of syllables, as shares.

    ``cer`` is with words, ``cer_greedy`` without their say in what was heard, ``syllable_error`` before anything is written.
    """
    held = material.held_out
    if not held:
        return {}
    written = greedily = syllables = NOTHING
    units = recogniser.settings.units
    for n in np.unique(np.linspace(0, len(held) - 1, clips).astype(int)):
        clip = held[n]
        features = material.heard(clip)
        if clip.row.text:
            written += compare_texts(clip.row.text, _best(recogniser, features, 10))
            greedily += compare_texts(clip.row.text, _best(recogniser, features, 1))
        said = [units[unit] for unit in recogniser.syllables(features)]
        syllables += count(pair_up(list(clip.syllables), said))
    found = {"cer": written, "cer_greedy": greedily, "syllable_error": syllables}
    return {name: round(errors.rate, 4) for name, errors in found.items() if errors.reference}


def _best(recogniser: HybridRecogniser, features: NDArray[np.float32], beam: int) -> str:
    found = recogniser.read(features, beam)
    return recogniser.text(found[0].units) if found else ""


def _settings(learnt: Learnt, material: Material, config: HybridTraining) -> DnnBundleConfig:
    fields = {
        "family": DnnBundleConfig.FAMILY,
        "mfcc": config.mfcc.fields(),
        "deviation": material.deviation.tolist(),
        "offsets": config.offsets,
        "phones": material.phones,
        "states": config.hmm.states,
        "priors": learnt.counts.priors.tolist(),
        "durations": learnt.counts.durations.tolist(),
        "units": material.units,
        "frequencies": material.frequencies.tolist(),
        "beam": config.beam.fields(),
        "spelling": SpellingConfig(model=FILE, weight=config.language.weight, bonus=config.language.bonus).fields(),
        "architecture": sizes("dnn", learnt.net.config),
    }
    return DnnBundleConfig.check(fields, "config.json")


def _manifest(
    settings: DnnBundleConfig,
    config: HybridTraining,
    material: Material,
    steps: int,
    models: Mapping[str, Any],
    figures: dict[str, float],
) -> dict[str, Any]:
    bundle = config.bundle
    hours = sum(clip.frames for clip in material.taught) * material.frame_s / 3600
    people = len({(clip.row.source, clip.row.speaker) for clip in material.taught})
    made = f"{len(material.taught)} clips, {hours:.1f} hours of {people} speakers, taught for {steps} steps."
    return {
        "name": bundle.name,
        "version": bundle.version,
        "family": settings.family,
        "task": TASK,
        "languages": list(bundle.languages),
        "sample_rate": settings.sample_rate,
        "licence": bundle.licence,
        "attributions": [one.fields() for one in bundle.attributions],
        "data_statement": f"{bundle.data_statement} {made}",
        "consent": bundle.consent,
        "created_with": environment((*LIBRARIES, *TRAINING)),
        "graphs": graph_entries({PRECISION: models}, lambda _: WEIGHTS),
        "measured": [{"engine": "onnx", "precision": PRECISION, "machine": platform.machine(), "threads": 1, "figures": figures}]
        if figures
        else [],
    }


def _card(manifest: Mapping[str, Any], net: Dnn, figures: Mapping[str, float]) -> str:
    rows = "".join(f"| {name} | {value:.4f} |\n" for name, value in figures.items())
    credits = "".join(f"- {one['work']}, {one['author']}, {one['licence']}, {one['url']}\n" for one in manifest["attributions"])
    table = f"| share of errors in clips that were held out | |\n|---|---|\n{rows}" if rows else "No clip was held out.\n"
    return (
        f"# {manifest['name']} {manifest['version']}\n\n{manifest['data_statement']}\n\n"
        f"Licence: {manifest['licence']}. Consent: {manifest['consent']}\n\n{credits}{credits and chr(10)}"
        f"{count_parameters(net)} parameters: a net tells states of phones, a search finds syllables, words are written. "
        f"It hears Mandarin; anything else is written as Mandarin that sounds like it.\n\n{table}"
    )
