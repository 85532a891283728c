"""A recogniser whose graph is used as it is: a draft of a bundle from a graph and a contract, and its rehearsal.

No torch: rehearsals run in a process without it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from tingshuo.audio.resample import resample
from tingshuo.config.graph_recogniser import GraphRecogniserConfig
from tingshuo.errors import PortError
from tingshuo.port.draft import Draft, GivenGraph
from tingshuo.port.importers.licences import licence_beside
from tingshuo.port.importers.recogniser_contract import fulfil, read_contract
from tingshuo.port.importers.recogniser_units import languages_of
from tingshuo.tasks.graph_recogniser.model import GRAPH, GraphRecogniser
from tingshuo.tasks.voices import load
from tingshuo.types import Runs

TASK = "asr"
PART = "recogniser"
SENTENCE = "你好，今天真好。"
BEAM = 3
_UNLIKE = 0.35
"""Share by which frames, times their subsampling, may differ from the features of the sentence: what the edges take."""


def graph_recogniser_draft(
    models: Mapping[str, onnx.ModelProto],
    contract: Mapping[str, Any],
    *,
    name: str,
    source: str,
    folder: Path,
    system: str = "onnx",
) -> Draft:
    """Return a draft of a recogniser that is one graph.

    Parameters
    ----------
    models : Mapping[str, onnx.ModelProto]
        The graph, with its weights inside; what it is called does not matter.
    contract : Mapping
        See `tingshuo.port.importers.recogniser_contract.Contract`.
    name : str
        Of the bundle.
    source : str
        What was imported, for the model card and for messages.
    folder : Path
        Where the files lie that the contract names.
    system : str
        Whose it is.

    Raises
    ------
    PortError
        The contract has a wrong key, the graph is not what the contract says, or a file is missing or does not fit.
    """
    if len(models) != 1:
        raise PortError(f"{source}: a recogniser of this kind is one graph, and these are {len(models)}: {', '.join(models)}")
    (model,) = models.values()
    said = read_contract(contract, source)
    config = fulfil(said, model, folder, source)
    return Draft(
        name=name,
        task=TASK,
        config=config,
        graphs={GRAPH: GivenGraph(model, PART)},
        system=system,
        source=source,
        languages=said.languages or languages_of(config.units, config.tokenizer),
        licence=said.licence or licence_beside((folder,)),
        notes=_notes(config),
    )


def _notes(config: GraphRecogniserConfig) -> tuple[str, ...]:
    said = ["its graph is used as it is, and its net is not known: it can be run and verified, and not trained further"]
    if config.output == "paraformer" and config.outputs.peaks is None:
        said.append("its graph does not tell where tokens begin, so its texts have no times")
    if config.choices:
        said.append("can be chosen: " + "; ".join(f"{name} of {', '.join(one.values)}" for name, one in config.choices.items()))
    return tuple(said)


def hear_sentence(
    config: GraphRecogniserConfig, tensors: Mapping[str, Mapping[str, NDArray[Any]]], graphs: Mapping[str, Runs]
) -> None:
    """Rehearse: a sentence of the built-in voice is heard, and the second half of it, so that two lengths are proved.

    Raises
    ------
    PortError
        The graph answers with other sizes than its contract says.
    """
    voice = load()
    wav = resample(voice.synthesize(SENTENCE).wav, voice.sample_rate, config.sample_rate).astype(np.float32)
    recogniser = GraphRecogniser(config, graphs)
    for piece in (wav, wav[len(wav) // 2 :]):
        features = recogniser.features(piece)
        outputs = recogniser.outputs(features)
        _check_sizes(config, len(features), outputs[config.outputs.scores])
        recogniser.read(outputs, BEAM)


def _check_sizes(config: GraphRecogniserConfig, n_features: int, scores: NDArray[Any]) -> None:
    if scores.ndim != 3 or scores.shape[0] != 1 or scores.shape[2] != len(config.units):
        raise PortError(
            f"the graph's output {config.outputs.scores!r} has shape {scores.shape}, and (1, frames, {len(config.units)}) is "
            "wanted: one row for each of its units"
        )
    frames = (scores.shape[1] - len(config.tags)) * config.subsampling
    if config.output == "ctc" and abs(frames - n_features) > max(_UNLIKE * n_features, config.subsampling * 4):
        raise PortError(
            f"the graph answers {scores.shape[1]} frames to {n_features} vectors of features, which is not the subsampling by "
            f"{config.subsampling} that its contract says"
        )
