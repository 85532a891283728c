"""A voice whose nets are a stranger's graphs, as a draft of a bundle: checked against its contract, then tried out.

The graphs stay as they came, but for two things that change no number of theirs. Random numbers that a graph draws itself become
an input of it, so that a seed repeats what it says. Where it rounds the durations of symbols, these become an output, so that
words can be timed. How far a frame reaches in the vocoder is measured, so that it can be made piece by piece.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.graph_voice import GraphVoiceConfig, VocoderRoles
from tingshuo.errors import EngineError, PortError
from tingshuo.port.draft import Draft, GivenGraph
from tingshuo.port.given import precision_of
from tingshuo.port.importers.contract import check
from tingshuo.port.importers.graph_voice_check import check_acoustic, check_bands, check_ids, check_vocoder, inputs_of
from tingshuo.port.importers.graph_voice_contract import VoiceContract, text_config
from tingshuo.port.importers.graph_voice_durations import DURATIONS, find_durations
from tingshuo.port.importers.graph_voice_noise import draws_itself, give_draws
from tingshuo.port.importers.graph_voice_reach import find_reach
from tingshuo.port.importers.graph_voice_trial import open_plain
from tingshuo.store.manifest import Attribution
from tingshuo.tasks.graph_voice.acoustic import Manner, speak
from tingshuo.tasks.graph_voice.acoustic import inputs_of as acoustic_inputs
from tingshuo.tasks.graph_voice.model import ACOUSTIC, VOCODER
from tingshuo.tasks.graph_voice.symbols import Spelt
from tingshuo.types import GraphSpec

Models = Mapping[str, onnx.ModelProto]
TRIALS = ((7, 1.0), (12, 1.3), (19, 0.8))
"""Symbols and length scale of each trial of an acoustic graph."""
MANDARIN = ("zh-CN",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of a voice beside its graphs and config."""

    name: str
    system: str
    source: str
    """What was imported, for the model card."""
    where: str
    """What messages begin with."""
    languages: tuple[str, ...] = MANDARIN
    licence: str | None = None
    attributions: tuple[Attribution, ...] = ()
    notes: tuple[str, ...] = ()


def graph_voice_draft(
    graphs: Models,
    fields: Mapping[str, Any],
    *,
    name: str,
    licence: str | None,
    languages: tuple[str, ...],
    source: str,
    folder: Path,
) -> Draft:
    """Return a draft of a voice by what a user says of it.

    Parameters
    ----------
    graphs : mapping
        ``acoustic`` and, where that gives a mel, ``vocoder``; a single graph may have any name. Weights are inside them.
    fields : mapping
        The keys of a contract of the task ``tts``, not checked yet: see
        `tingshuo.port.importers.graph_voice_contract.VoiceContract`.
    name : str
        Of the bundle.
    licence : str or None
        Of the weights.
    languages : tuple of str
        None is Mandarin.
    source : str
        What was imported, for the model card and for messages.
    folder : Path
        Where the files lie that the contract names.

    Raises
    ------
    ConfigError
        A key is unknown, missing or of the wrong kind.
    PortError
        Graphs and contract do not fit, a graph cannot be run, or a file that the contract names is missing or wrong.
    """
    said = check(VoiceContract, fields, source)
    where = str(folder)
    models = {ACOUSTIC: next(iter(graphs.values()))} if len(graphs) == 1 else dict(graphs)
    text, notes = text_config(said.text, folder, where, tones=bool(said.inputs.tones))
    names = tuple(map(str, range(said.speakers))) if isinstance(said.speakers, int) else said.speakers
    config = GraphVoiceConfig(
        family=GraphVoiceConfig.FAMILY,
        speakers=people(names if len(names) > 1 or isinstance(said.speakers, tuple) else (name,)),
        styles=ONE_STYLE,
        emotions=said.emotions,
        frames=FrameConfig(said.sample_rate, said.hop_length),
        inputs=said.inputs,
        outputs=said.outputs,
        text=text,
        vocoder=said.vocoder,
        mel=said.mel,
        scales=said.scales,
        silence_s=said.silence_s,
    )
    told = Told(
        name=name, system="onnx", source=source, where=where, languages=languages or MANDARIN, licence=licence, notes=notes
    )
    return voice_draft(models, config, told)


def people(names: Sequence[str]) -> tuple[PersonConfig, ...]:
    """Return speakers by their names."""
    return tuple(PersonConfig(name, "unspecified") for name in names)


def voice_draft(models: Models, config: GraphVoiceConfig, told: Told) -> Draft:
    """Return a draft of a voice, after its graphs were checked and tried.

    Parameters
    ----------
    models : mapping
        ``acoustic``, and ``vocoder`` where that gives a mel; they are changed.
    config : GraphVoiceConfig
        What is said of them; what can be found out is added.
    told : Told
        The rest.

    Raises
    ------
    PortError
        Graphs and config do not fit, or a graph cannot be run.
    """
    checked = _checked(models, config, told.where)
    notes = [*told.notes, *_told_precision(models)]
    draws = give_draws(models[ACOUSTIC])
    if draws:
        checked = checked.replace(inputs=checked.inputs.replace(draws=draws))
        notes.append("the random numbers that its graph drew itself are given to it now, so the same seed sounds the same")
    elif draws_itself(models[ACOUSTIC]):
        notes.append("its graph draws random numbers that no seed reaches, so no two runs of it sound quite the same")
    try:
        checked, found = _tried(models, checked)
    except (EngineError, PortError) as error:
        raise PortError(f"{told.where}: {error}") from error
    return Draft(
        name=told.name,
        task="tts",
        config=checked,
        graphs={name: GivenGraph(model, name) for name, model in models.items()},
        system=told.system,
        source=told.source,
        languages=told.languages,
        emotions=checked.emotions,
        licence=told.licence,
        attributions=told.attributions,
        notes=(*notes, *found),
    )


def _checked(models: Models, config: GraphVoiceConfig, where: str) -> GraphVoiceConfig:
    """Compare graphs with a config, before anything is run."""
    known = (ACOUSTIC, VOCODER) if config.vocoder is not None else (ACOUSTIC,)
    if set(models) != set(known):
        raise PortError(f"{where}: graphs of this voice are {' and '.join(known)}, and there are {', '.join(models)}")
    if config.outputs.mel and config.vocoder is None:
        raise PortError(f"{where}: its graph gives a mel and no samples, so a vocoder has to be told too")
    if config.outputs.wav and config.vocoder is not None:
        raise PortError(f"{where}: its graph gives samples, so its vocoder has nothing to do; leave it out")
    check_acoustic(models[ACOUSTIC], config.inputs, config.outputs, where)
    text = config.text
    ids = [*text.tokens.values(), *(row for rows in text.phoneme_ids.values() for row in rows)]
    check_ids(models[ACOUSTIC], config.inputs.symbols, ids, where)
    if len(config.speakers) > 1 and not config.inputs.speaker:
        raise PortError(f"{where}: there are {len(config.speakers)} speakers, and no input that takes one; name it under inputs")
    if config.vocoder is not None:
        check_vocoder(models[VOCODER], config.vocoder, where)
        check_bands(models[ACOUSTIC], config.outputs, models[VOCODER], config.vocoder, where)
    return config


def _tried(models: Models, config: GraphVoiceConfig) -> tuple[GraphVoiceConfig, tuple[str, ...]]:
    """Find out by running it what nobody has said of a voice."""
    acoustic, notes = models[ACOUSTIC], []
    bands = _bands(acoustic, config)
    hop = config.frames.hop_length
    if not config.outputs.durations:
        axis = None if config.outputs.wav else 1 if config.outputs.frames_first else 2
        found = find_durations(acoustic, list(_trials(acoustic, config)), config.outputs.wav or config.outputs.mel, mel_axis=axis)
        if found:
            config = config.replace(outputs=config.outputs.replace(durations=DURATIONS))
            hop = found if config.outputs.wav else hop
    if config.vocoder is not None:
        roles, hop, said = _measured(models[VOCODER], config.vocoder, bands)
        config = config.replace(vocoder=roles)
        notes.append(said)
    config = config.replace(frames=FrameConfig(config.sample_rate, hop))
    if config.outputs.durations and hop:
        notes.append("its graph tells how long each symbol lasts, so words are timed")
    else:
        notes.append("how long a symbol lasts is not known, so a subtitle line is timed as a whole")
    return config, tuple(notes)


def _measured(model: onnx.ModelProto, roles: VocoderRoles, bands: int) -> tuple[VocoderRoles, int, str]:
    """Return the roles of a vocoder with its context, the samples of a frame, and a sentence about it."""
    hop, context = find_reach(open_plain(model, VOCODER), roles, bands)
    said = (
        f"its vocoder looks {context} frames around, so it is made piece by piece"
        if context
        else "its vocoder looks at the whole sentence, so each is made at once"
    )
    return roles.replace(context_frames=context), hop, said


def _bands(model: onnx.ModelProto, config: GraphVoiceConfig) -> int:
    """Run an acoustic graph once; return the bands of its mel, 0 of samples."""
    graph = open_plain(model, ACOUSTIC)
    made = speak(graph, graph.spec, config, _spelt(config, TRIALS[0][0]), Manner(config.scales), np.random.default_rng(0))
    return 0 if made.mel is None else int(made.mel.shape[0])


def _trials(model: onnx.ModelProto, config: GraphVoiceConfig) -> Iterator[tuple[int, Mapping[str, NDArray[Any]]]]:
    spec = GraphSpec({name: (value.dtype, value.shape or ()) for name, value in inputs_of(model).items()})
    for n, (symbols, length) in enumerate(TRIALS):
        manner = Manner(config.scales.replace(length=length))
        given = acoustic_inputs(spec, config, _spelt(config, symbols), manner, np.random.default_rng(n))
        yield symbols, given


def _spelt(config: GraphVoiceConfig, symbols: int) -> Spelt:
    """Return symbols that are nobody's sentence: the table of the voice from its end, where it would leave the graph's."""
    text = config.text
    known = sorted({*text.tokens.values(), *(row for rows in text.phoneme_ids.values() for row in rows)})
    ids = np.resize(np.array(known[::-1], np.int64), symbols)
    none = np.zeros(symbols, np.int64)
    return Spelt(ids, none, none, None, ())


def _told_precision(models: Models) -> Iterator[str]:
    for name, model in models.items():
        precision = precision_of(model)
        if precision == "int8":
            yield f"its {name} graph counts in 8 bits and stays so: it is smaller, and on many processors slower than in float32"
        elif precision == "fp16":
            yield f"its {name} graph is of half precision and stays so"
