"""From a taught recogniser to a bundle: its graphs, proved, its words, and how well it hears what was held out."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from tingshuo.config.conformer import ConformerBundleConfig, SpellingConfig
from tingshuo.models.conformer.graphs import graphs
from tingshuo.models.conformer.net import Conformer
from tingshuo.models.conformer.teaching import BLANK
from tingshuo.models.layers.cost import count_parameters
from tingshuo.port.export import export_graph
from tingshuo.port.families import sizes
from tingshuo.port.optimize import optimize
from tingshuo.port.rows import read_rows, row_tensors, widened
from tingshuo.port.verify import check, compare, golden_files, open_model, reference_outputs
from tingshuo.port.voice import graph_entries, graph_path
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import write_bundle
from tingshuo.store.environment import LIBRARIES, TRAINING, environment
from tingshuo.tasks.recognise.hearing import TASK
from tingshuo.tasks.recognise.language import FILE, language_tensors
from tingshuo.tasks.recognise.model import Recogniser
from tingshuo.text.metrics import Errors, count, pair_up
from tingshuo.text.metrics import compare as compare_texts
from tingshuo.text.spelling import Speller
from tingshuo.train.recogniser_base import WEIGHTS, Base
from tingshuo.train.recogniser_config import RecogniserTraining
from tingshuo.train.recogniser_language import Language
from tingshuo.train.recogniser_material import Clip, Material
from tingshuo.types import Runs

Array = NDArray[Any]
PRECISION = "fp32"
JUDGED = 100
"""Clips of the held out that the finished recogniser hears."""
NOTHING = Errors()


@dataclass(frozen=True, slots=True)
class Made:
    """How a net came about: from what, with which settings, for how many steps, and with which words where it hears syllables.

    ``began`` is the recogniser that it began with, if there was one.
    """

    material: Material
    config: RecogniserTraining
    language: Language | None
    steps: int
    began: Base | None = None


def publish_recogniser(destination: Path, net: Conformer, made: Made) -> Path:
    """Write the bundle of a net.

    Parameters
    ----------
    destination : Path
        The bundle's folder; one that is there is replaced.
    net : Conformer
        Taught and finished.
    made : Made
        How.

    Raises
    ------
    VerifyError
        A graph differs from its net.
    OutputError
        The destination cannot be written.
    """
    tensors = row_tensors(net)
    net.load_state_dict({name: torch.from_numpy(value) for name, value in widened(tensors).items()})
    settings = _settings(net, made)
    models, sessions, golden = _graphs(net, tensors, made.material)
    speller = (Speller(*made.language),) if made.language is not None else ()
    figures = judged(Recogniser(settings, sessions, *speller), made.material)
    manifest = _manifest(settings, made, models, figures)
    files: dict[str, Content] = {
        "config.json": json.dumps(settings.fields(), ensure_ascii=False, indent=1).encode() + b"\n",
        WEIGHTS: save(tensors),
        **({FILE: save(language_tensors(*made.language))} if made.language is not None else {}),
        **golden,
        "MODELCARD.md": _card(manifest, net, made.config, figures).encode(),
    }
    files |= {graph_path(name, PRECISION): model.SerializeToString(deterministic=True) for name, model in models.items()}
    return write_bundle(destination, manifest, files, replace=True)


def judged(recogniser: Recogniser, material: Material) -> dict[str, float]:
    """Return how a recogniser hears what was held out: errors of characters, and of syllables before they are spelled."""
    clips = material.held_out
    if not clips:
        return {}
    written = greedily = syllables = NOTHING
    for n in np.unique(np.linspace(0, len(clips) - 1, JUDGED).astype(int)):
        clip = clips[n]
        features = recogniser.normalised(material.mel(clip))
        if clip.row.text:
            written += compare_texts(clip.row.text, _best(recogniser, features, 10))
            greedily += compare_texts(clip.row.text, _best(recogniser, features, 1))
        if recogniser.settings.spelling is not None:
            syllables += count(pair_up([*map(str, clip.units)], [*map(str, recogniser.syllables(features))]))
    found = {"cer": written, "cer_greedy": greedily, "syllable_error": syllables}
    return {name: round(errors.rate, 4) for name, errors in found.items() if errors.reference}


def _best(recogniser: Recogniser, features: NDArray[np.float32], beam: int) -> str:
    found = recogniser.read(features, beam)
    return recogniser.text(found[0].units) if found else ""


def _settings(net: Conformer, made: Made) -> ConformerBundleConfig:
    config, spelling = made.config, None
    if made.language is not None:
        spelling = SpellingConfig(model=FILE, weight=config.language.weight, bonus=config.language.bonus)
    return ConformerBundleConfig(
        family=ConformerBundleConfig.FAMILY,
        fbank=config.fbank,
        cmvn=made.material.cmvn,
        units=(BLANK, *made.material.units),
        tokenizer="syllable" if spelling is not None else "char",
        spelling=spelling,
        sos=0,
        eos=0,
        subsampling=net.config.subsampling,
        context_frames=net.config.context_frames,
        architecture=sizes("conformer", net.config),
    )


def _graphs(
    net: Conformer, tensors: Mapping[str, Array], material: Material
) -> tuple[dict[str, Any], dict[str, Runs], dict[str, bytes]]:
    """Return the graphs as models and as sessions, and golden vectors."""
    clip = _middling(material)
    features = ((material.mel(clip) - np.array(material.cmvn.mean)) * np.array(material.cmvn.inverse_deviation)).astype(
        np.float32
    )
    models: dict[str, Any] = {}
    sessions: dict[str, Runs] = {}
    vectors: dict[str, tuple[dict[str, Array], dict[str, Array]]] = {}
    for graph in graphs(net):
        given = {name: value.numpy() for name, value in graph.inputs.items()}
        if graph.name == "encoder":
            given = {"features": features[None]}
        elif graph.name == "ctc":
            given = {"encoded": vectors["encoder"][1]["encoded"]}
        expected = reference_outputs(graph, given)
        models[graph.name] = read_rows(optimize(export_graph(graph)), tensors)
        session = open_model(models[graph.name], tensors)
        check(compare(session, given, expected), PRECISION)
        sessions[graph.name], vectors[graph.name] = session, (given, expected)
    return models, sessions, golden_files(vectors)


def _middling(material: Material) -> Clip:
    """Return a clip of middling length, to prove the graphs with."""
    clips = sorted(material.taught, key=lambda clip: clip.frames)
    return clips[len(clips) // 2]


def _manifest(
    settings: ConformerBundleConfig, made: Made, models: Mapping[str, Any], figures: dict[str, float]
) -> dict[str, Any]:
    bundle, clips = made.config.bundle, made.material.taught
    hours = sum(clip.frames for clip in clips) * settings.fbank.frame_shift_ms / 3.6e6
    people = len({(clip.row.source, clip.row.speaker) for clip in clips})
    learnt = f"{len(clips)} clips, {hours:.1f} hours of {people} speakers, taught for {made.steps} steps."
    origin = f" Began as {made.began.label}." if made.began is not None else ""
    works = (*bundle.attributions, *(made.began.attributions if made.began is not None else ()))
    return {
        "name": bundle.name,
        "version": bundle.version,
        "family": settings.family,
        "task": TASK,
        "languages": list(bundle.languages),
        "sample_rate": settings.sample_rate,
        "licence": bundle.licence,
        "attributions": [one.fields() for one in dict.fromkeys(works)],
        "data_statement": f"{bundle.data_statement} {learnt}{origin}",
        "consent": bundle.consent,
        "created_with": environment((*LIBRARIES, *TRAINING)),
        "graphs": graph_entries({PRECISION: models}, lambda _: WEIGHTS),
        "measured": [{"engine": "onnx", "precision": PRECISION, "machine": platform.machine(), "threads": 1, "figures": figures}]
        if figures
        else [],
    }


def _card(manifest: Mapping[str, Any], net: Conformer, config: RecogniserTraining, figures: Mapping[str, float]) -> str:
    rows = "".join(f"| {name} | {value:.4f} |\n" for name, value in figures.items())
    credits = "".join(f"- {one['work']}, {one['author']}, {one['licence']}, {one['url']}\n" for one in manifest["attributions"])
    head = f"| share of errors, up to {JUDGED} clips that were held out | |\n|---|---|\n"
    words = "the words of its transcripts alone" if config.language.closed else "Mandarin"
    return (
        f"# {manifest['name']} {manifest['version']}\n\n{manifest['data_statement']}\n\n"
        f"Licence: {manifest['licence']}. Consent: {manifest['consent']}\n\n{credits}{credits and chr(10)}"
        f"{count_parameters(net)} parameters. It hears {config.units} and writes characters, {words}; anything else is written "
        f"as what sounds most like it.\n\n{head + rows if rows else 'No clip was held out.'}"
    )
