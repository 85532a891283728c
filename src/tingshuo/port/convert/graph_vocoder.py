"""A stranger's vocoder as one ONNX graph, used as it is: a draft of a bundle ``vocoder+graph``.

How far a sample looks around its frame is measured, so that a sentence cut into pieces sounds as if it were whole. Where the
mel that it reads is that of a voice, it can be put under that voice: ``tingshuo optimize VOICE --vocoder BUNDLE``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx

from tingshuo.audio.mel import log_mel
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import ConfigError, PortError
from tingshuo.port.convert.graph_context import WHOLE_FRAMES, measure_context
from tingshuo.port.convert.graph_vocoder_ends import with_our_ends
from tingshuo.port.convert.rehearsal import speech_features
from tingshuo.port.draft import Draft, GivenGraph
from tingshuo.port.given import DRAWING
from tingshuo.port.importers.contract import check, common_keys
from tingshuo.port.importers.onnx_files import open_whole
from tingshuo.port.importers.vocoder_contract import VocoderContract
from tingshuo.tasks.vocoder import copy_synthesis

TASK, FAMILY = "vocoder", "vocoder+graph"
NO_LANGUAGE = "zxx"
"""What BCP 47 writes where there is no language: a vocoder says what it is given."""
FAR_NEPERS = 0.5
"""Between the mel that a vocoder is given and that of what it makes, on average; one that wants another mel makes more."""


def graph_vocoder_draft(
    models: Mapping[str, onnx.ModelProto],
    fields: Mapping[str, Any],
    *,
    name: str,
    licence: str | None,
    source: str,
    contract: str,
) -> Draft:
    """Return a draft of a vocoder whose graph is a stranger's.

    Parameters
    ----------
    models : mapping
        One graph, with its weights inside; it is changed.
    fields : mapping
        The keys of the task.
    name : str
        Of the bundle.
    licence : str or None
        Of the weights.
    source : str
        What was imported, for the model card.
    contract : str
        What the contract is called in messages.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong, or is not so in the graph.
    PortError
        The graph is not what the contract says.
    """
    if len(models) != 1:
        raise PortError(f"{contract}: a vocoder is one graph, and {len(models)} are named: {', '.join(models)}")
    told = check(VocoderContract, fields, contract, common_keys())
    mel = told.mel.config(contract)
    try:
        model = with_our_ends(_without_noise(next(iter(models.values()))), told, mel, contract)
        session = open_whole(model, TASK)
        measured = measure_context(session, mel, reads_f0=told.inputs.f0 is not None)
    except PortError as error:
        raise PortError(f"{contract}: does not fit the graph: {error}") from error
    context = _context(measured, told.context_frames, contract)
    config = VocoderBundleConfig(family=FAMILY, mel=mel, vocoder_context_frames=context)
    return Draft(
        name=name,
        task=TASK,
        config=config,
        graphs={TASK: GivenGraph(model, TASK)},
        system="onnx",
        source=source,
        languages=(NO_LANGUAGE,),
        licence=licence,
        notes=(_reach(context, measured), *_likeness(session, config)),
    )


def _without_noise(model: onnx.ModelProto) -> onnx.ModelProto:
    drawn = sorted({node.op_type for node in model.graph.node} & DRAWING)
    if drawn:
        raise PortError(
            f"it draws random numbers ({drawn[0]}), so a sentence in pieces would not sound as it does whole; export it without "
            "noise"
        )
    return model


def _context(measured: int, told: int | None, contract: str) -> int:
    if told is not None and told < measured:
        far = "the whole sentence" if measured == WHOLE_FRAMES else f"{measured} frames either side"
        raise ConfigError(
            f"{contract}: context_frames: says {told}, but its samples depend on {far}; leave it out: it is measured"
        )
    return measured if told is None else told


def _reach(context: int, measured: int) -> str:
    if context >= WHOLE_FRAMES:
        return "its samples depend on the whole sentence, so the first sound comes when all of it has been computed"
    return f"its samples depend on {measured} frames either side, as was measured"


def _likeness(session: Session, config: VocoderBundleConfig) -> tuple[str, ...]:
    """Say how near what it makes of speech comes to that, which a wrong mel convention does not."""
    mel, f0 = speech_features(config.mel)
    wav = copy_synthesis(session, config, mel, f0)
    if not np.abs(wav).max(initial=0) > 0:
        raise PortError("it makes silence of speech, so it is no vocoder, or its mel is another one")
    again = log_mel(wav, config.mel)
    frames = min(again.shape[1], mel.shape[1])
    span = float(np.ptp(config.mel.levels_db)) * np.log(10) / 20 if config.mel.levels_db else 1.0
    distance = span * float(np.abs(again[:, :frames] - mel[:, :frames]).mean())
    said = f"speech that it makes again differs by {distance:.2f} nepers from what it was given"
    if distance > FAR_NEPERS:
        said += "; that is much: if it sounds wrong, look at mel, log, mean and deviation in the contract"
    return (said,)
