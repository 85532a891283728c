"""From a taught language model to a bundle, judged on sentences that were held out, beside an n-gram model of the same texts."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from tingshuo.config.language import UNKNOWN, LanguageBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.models.language.graphs import graphs
from tingshuo.models.language.net import STATES, Language
from tingshuo.models.layers.cost import count_parameters
from tingshuo.port.export import export_graph, half_tensors
from tingshuo.port.families import sizes
from tingshuo.port.verify import check, compare, golden_files, open_model, reference_outputs
from tingshuo.port.voice import graph_entries, graph_path
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import write_bundle
from tingshuo.store.environment import LIBRARIES, TRAINING, environment
from tingshuo.tasks.language_model import TASK, NeuralLanguage, stacked
from tingshuo.train.language_model_config import LanguageModelTraining
from tingshuo.train.language_model_material import Material, Row

Array = NDArray[Any]
WEIGHTS = "weights/language.safetensors"
_PRECISION = "fp32"
_GOLDEN_TEXTS = 3


def publish_language_model(
    destination: Path, net: Language, material: Material, config: LanguageModelTraining, steps: int
) -> Path:
    """Write the bundle of a net.

    Parameters
    ----------
    destination : Path
        The bundle's folder; one that is there is replaced.
    net : Language
        Taught; its numbers are rounded to half precision.
    material : Material
        What taught and judges it.
    config : LanguageModelTraining
        Settings, among them what the manifest says.
    steps : int
        How many it learnt for.

    Raises
    ------
    VerifyError
        A graph differs from the net.
    OutputError
        The destination cannot be written.
    """
    tensors = half_tensors(net)
    net.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()})
    settings = LanguageBundleConfig(
        family=LanguageBundleConfig.FAMILY,
        characters=material.characters,
        others=material.others,
        architecture=sizes("language", net.config),
    )
    sessions: dict[str, Session] = {}
    models, vectors = {}, {}
    for graph in graphs(net.eval()):
        given = _examples(graph.name, net, material)
        expected = reference_outputs(graph, given)
        models[graph.name] = export_graph(graph)
        sessions[graph.name] = open_model(models[graph.name], tensors)
        check(compare(sessions[graph.name], given, expected), _PRECISION)
        vectors[graph.name] = (given, expected)
    figures = _figures(NeuralLanguage(settings, sessions), material)
    manifest = _manifest(settings, config, material, steps, models, figures)
    files: dict[str, Content] = {
        "config.json": json.dumps(settings.fields(), ensure_ascii=False, indent=1).encode() + b"\n",
        WEIGHTS: save(tensors),
        **golden_files(vectors),
        "MODELCARD.md": _card(manifest, figures, net, config).encode(),
    }
    files |= {graph_path(name, _PRECISION): model.SerializeToString(deterministic=True) for name, model in models.items()}
    return write_bundle(destination, manifest, files, replace=True)


def _examples(graph: str, net: Language, material: Material) -> dict[str, Array]:
    """Return what a graph is given to be compared with the net."""
    rows = (material.judging or material.taught)[:_GOLDEN_TEXTS]
    texts = stacked(rows)
    if graph == "judge":
        return {"texts": texts}
    with torch.inference_mode():
        _, state = net(torch.from_numpy(texts[:, :-2]))
    names = STATES[net.config.kind]
    return {"unit": texts[:, -2].copy()} | {name: one.numpy() for name, one in zip(names, state, strict=True)}


def _figures(language: NeuralLanguage, material: Material) -> dict[str, float]:
    """Return perplexities per unit of the sentences that judge, ends included."""
    rows: tuple[Row, ...] = material.judging
    if not rows:
        return {}
    each = np.concatenate(language.judge(rows))
    unknown = sum(row.count(UNKNOWN) for row in rows) / sum(map(len, rows))
    return {
        "perplexity": round(float(np.exp(-each.mean(dtype=np.float64))), 2),
        "ngram_perplexity": round(material.ngram_perplexity(rows), 2),
        "unknown_share": round(unknown, 4),
    }


def _manifest(
    settings: LanguageBundleConfig,
    config: LanguageModelTraining,
    material: Material,
    steps: int,
    models: Mapping[str, Any],
    figures: Mapping[str, float],
) -> dict[str, Any]:
    bundle = config.bundle
    characters = sum(map(len, material.taught))
    made = (
        f"{len(material.taught)} sentences, {characters} characters, taught; {len(material.choosing)} chose the checkpoint after "
        f"{steps} steps; {len(material.judging)} judged."
    )
    figure = {"engine": "onnx", "precision": _PRECISION, "machine": platform.machine(), "threads": 1, "figures": dict(figures)}
    return {
        "name": bundle.name,
        "version": bundle.version,
        "family": settings.family,
        "task": TASK,
        "languages": list(bundle.languages),
        "sample_rate": 0,
        "licence": bundle.licence,
        "attributions": [one.fields() for one in bundle.attributions],
        "data_statement": f"{bundle.data_statement} {made}",
        "consent": bundle.consent,
        "created_with": environment((*LIBRARIES, *TRAINING)),
        "graphs": graph_entries({_PRECISION: models}, lambda _: WEIGHTS),
        "measured": [figure] if figures else [],
    }


def _card(manifest: Mapping[str, Any], figures: Mapping[str, float], net: Language, config: LanguageModelTraining) -> str:
    rows = "".join(f"| {name} | {value:g} |\n" for name, value in figures.items())
    credits = "".join(f"- {one['work']}, {one['author']}, {one['licence']}, {one['url']}\n" for one in manifest["attributions"])
    return (
        f"# {manifest['name']} {manifest['version']}\n\n{manifest['data_statement']}\n\n"
        f"Licence: {manifest['licence']}. Consent: {manifest['consent']}\n\n{credits}{credits and chr(10)}"
        f"A language model of characters ({net.config.kind}), {count_parameters(net)} parameters, {net.config.units} units. It "
        f"repeats what its texts say, and how often; it is meant to choose among what a recogniser heard.\n\n"
        f"| figure, on sentences held out; n-grams of up to {config.order} characters beside it | |\n|---|---|\n{rows}"
    )
