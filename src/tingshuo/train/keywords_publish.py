"""From a taught net of words to a bundle: float32 and int8, both judged on the clips that were held out."""

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

from tingshuo.config.keywords import KeywordsBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import VerifyError
from tingshuo.models.keywords.graphs import GRAPH, graphs
from tingshuo.models.keywords.net import KeywordsNet
from tingshuo.models.layers.cost import count_macs, count_parameters
from tingshuo.port.export import export_graph, half_tensors
from tingshuo.port.families import sizes
from tingshuo.port.optimize import optimize
from tingshuo.port.quantize import observe, quantize
from tingshuo.port.verify import check, compare, golden_files, open_model, reference_outputs
from tingshuo.port.voice import graph_entries, graph_path
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import write_bundle
from tingshuo.store.environment import LIBRARIES, TRAINING, environment
from tingshuo.tasks.keywords.model import TASK
from tingshuo.train.keywords_config import KeywordsTraining
from tingshuo.train.keywords_disguise import placed
from tingshuo.train.keywords_material import Material

Array = NDArray[Any]
WEIGHTS = "weights/recogniser.safetensors"
CALIBRATION, TESTS = 48, 16
"""Windows that choose the scales of int8, and that judge both precisions against the net."""
INT8_DB = -14.0
"""Largest error of the probabilities at int8, dB; what matters is how often another word is heard, which is measured."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a window costs: numbers of the net, multiply-accumulates, and bytes of the two largest neighbours in a chain, int8."""

    parameters: int
    macs: int
    ram_bytes: int


def cost_of(net: KeywordsNet) -> Cost:
    """Return what a net costs; the estimate of RAM is for one byte a number, input and residual kept beside the widest layers."""
    config = net.config
    steps = config.frames // config.stack
    window = config.frames * config.mels
    chain = max(window + steps * config.dim, 3 * steps * config.dim, steps * config.dim + 2 * steps * config.wide)
    features = torch.zeros(1, config.frames, config.mels)
    return Cost(count_parameters(net), count_macs(net, features), chain)


def publish_keywords(destination: Path, net: KeywordsNet, material: Material, config: KeywordsTraining, steps: int) -> Path:
    """Write the bundle of a net.

    Parameters
    ----------
    destination : Path
        The bundle's folder; one that is there is replaced.
    net : KeywordsNet
        Taught, with norms or folded.
    material : Material
        What taught and judged it.
    config : KeywordsTraining
        Settings, among them what the manifest says.
    steps : int
        How many it learnt for.

    Raises
    ------
    VerifyError
        The float32 graph differs from its net.
    OutputError
        The destination cannot be written.
    """
    plain = net.folded()
    tensors = half_tensors(plain)
    plain.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()})
    settings = KeywordsBundleConfig(
        family=KeywordsBundleConfig.FAMILY,
        fbank=config.fbank,
        frames=plain.config.frames,
        words=material.words,
        threshold=config.threshold,
        architecture=sizes("keywords", plain.config),
    )
    models, figures, golden = _graphs(plain, tensors, material, config)
    manifest = _manifest(settings, config, material, steps, models, figures)
    files: dict[str, Content] = {
        "config.json": json.dumps(settings.fields(), ensure_ascii=False, indent=1).encode() + b"\n",
        WEIGHTS: save(tensors),
        **golden,
        "MODELCARD.md": _card(manifest, material, figures, cost_of(plain)).encode(),
    }
    files |= {
        graph_path(GRAPH, precision): model[GRAPH].SerializeToString(deterministic=True) for precision, model in models.items()
    }
    return write_bundle(destination, manifest, files, replace=True)


def _graphs(
    net: KeywordsNet, tensors: Mapping[str, Array], material: Material, config: KeywordsTraining
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, float]], dict[str, bytes]]:
    """Return the graph at each precision that passes, the figures of each, and golden vectors."""
    (graph,) = graphs(net)
    seen, tests = _windows(material, net.config.frames, config)
    expected = [reference_outputs(graph, given) for given in tests]
    whole = optimize(export_graph(graph))
    session = open_model(whole, tensors)
    check(_worst(session, tests, expected), "fp32")
    models, figures = {"fp32": {GRAPH: whole}}, {"fp32": _figures(session, material)}
    small = quantize(whole, tensors, observe(whole, tensors, seen))
    session = open_model(small, tensors)
    try:
        check(_worst(session, tests, expected), "int8", INT8_DB)
    except VerifyError:
        pass  # a bundle without it says so in its card
    else:
        models["int8"], figures["int8"] = {GRAPH: small}, _figures(session, material)
    vectors = {GRAPH: (tests[0], expected[0])}
    return models, figures, golden_files(vectors, {"int8": {"probabilities": INT8_DB}})


def _windows(material: Material, frames: int, config: KeywordsTraining) -> tuple[list[dict[str, Array]], list[dict[str, Array]]]:
    """Return windows of clips that taught: some for the scales of int8, others to judge with."""
    count = len(material.names)
    rows = torch.linspace(0, count - 1, min(count, CALIBRATION + TESTS)).long()
    with torch.random.fork_rng():
        torch.manual_seed(config.loop.seed)
        windows = placed(material.taught, rows, frames, config.disguise)
    given = [{"features": window[None].numpy()} for window in windows]
    return given[TESTS:] or given, given[:TESTS]


def _worst(session: Session, tests: list[dict[str, Array]], expected: list[dict[str, Array]]) -> dict[str, float]:
    errors = [compare(session, given, wanted) for given, wanted in zip(tests, expected, strict=True)]
    return {name: max(error[name] for error in errors) for name in errors[0]}


def _figures(session: Session, material: Material) -> dict[str, float]:
    """Return how often held-out clips are heard right: words among words, and whether a word is taken for none or the reverse."""
    held, none = material.held_out, len(material.words)
    rows = np.stack(
        [session.run({"features": window[None].numpy()})["probabilities"][0] for window in held.windows] or [np.zeros(none + 1)]
    )
    labels = held.labels.numpy()
    if not len(labels):
        return {}
    spoken = labels < none
    figures = {}
    if spoken.any():
        figures["accuracy"] = float((rows[spoken, :-1].argmax(1) == labels[spoken]).mean())
        figures["rejected_words"] = float((rows[spoken].argmax(1) == none).mean())
    if (~spoken).any():
        figures["accepted_nothing"] = float((rows[~spoken].argmax(1) != none).mean())
    return {name: round(value, 4) for name, value in figures.items()}


def _manifest(
    settings: KeywordsBundleConfig,
    config: KeywordsTraining,
    material: Material,
    steps: int,
    models: Mapping[str, Mapping[str, Any]],
    figures: Mapping[str, dict[str, float]],
) -> dict[str, Any]:
    bundle = config.bundle
    taught, judged = len(material.names), len(material.held_out.labels)
    made = f"{taught} clips of {len(material.words)} words taught for {steps} steps; {judged} clips judged."
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
        "graphs": graph_entries(models, lambda _: WEIGHTS),
        "measured": [
            {"engine": "onnx", "precision": precision, "machine": platform.machine(), "threads": 1, "figures": found}
            for precision, found in figures.items()
            if found
        ],
    }


def _card(manifest: Mapping[str, Any], material: Material, figures: Mapping[str, Mapping[str, float]], cost: Cost) -> str:
    rows = "".join(
        f"| {precision} | {name} | {value:.4f} |\n" for precision, found in figures.items() for name, value in found.items()
    )
    int8 = "" if "int8" in figures else f"There is no int8 graph: its probabilities differed by more than {INT8_DB:g} dB.\n\n"
    credits = "".join(f"- {one['work']}, {one['author']}, {one['licence']}, {one['url']}\n" for one in manifest["attributions"])
    size = (
        f"{cost.parameters} parameters, {cost.macs / 1e6:.2f} million multiply-accumulates a window; about "
        f"{cost.ram_bytes / 1000:.0f} kB of RAM for activations where a number is a byte."
    )
    return (
        f"# {manifest['name']} {manifest['version']}\n\n{manifest['data_statement']}\n\n"
        f"Licence: {manifest['licence']}. Consent: {manifest['consent']}\n\n{credits}{credits and chr(10)}"
        f"Words: {', '.join(material.words)}.\n\n{size}\n\n{int8}"
        f"| precision | figure, on clips held out | |\n|---|---|---|\n{rows}"
    )
