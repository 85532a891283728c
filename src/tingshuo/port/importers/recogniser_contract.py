"""What a person, or an importer, says of a recogniser's graph, checked against the graph and the files beside it.

The contract tells which input and output plays which role, what the graph hears, and what its scores are of; names, types and
sizes are looked up in the graph, and whatever does not fit is refused with a sentence of its own.
"""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import msgspec
import onnx

from tingshuo.audio.fbank import mel_triangles
from tingshuo.config.fbank import Cmvn, FbankConfig
from tingshuo.config.graph_recogniser import (
    Choice,
    GraphFeatures,
    GraphInputs,
    GraphOutputs,
    GraphRecogniserConfig,
    Layout,
    Positive,
    Tokenizer,
)
from tingshuo.config.strict import StrictModel
from tingshuo.errors import ConfigError, PortError
from tingshuo.port.importers.recogniser_files import read_mvn, read_units, without_extra
from tingshuo.port.importers.recogniser_graph import (
    FLOATS,
    INTEGERS,
    Value,
    check_all_given,
    check_features,
    find_input,
    shown,
    values_of,
)
from tingshuo.port.importers.recogniser_units import BLANKS, EOS, blank_of, tokenizer_of, unit_of
from tingshuo.store.manifest import check_relative_path


class ContractInputs(StrictModel, frozen=True):
    """Names of inputs."""

    features: str
    lengths: str | None = None


class ContractChoice(StrictModel, frozen=True):
    """An input that the user chooses."""

    input: str
    values: dict[str, int]
    default: str


class ContractFeatures(StrictModel, frozen=True, kw_only=True):
    """As `GraphFeatures`, but that ``cmvn`` may be in a file, and what is not said follows from the graph."""

    fbank: FbankConfig | None = None
    samples_hz: Positive | None = None
    normalize_samples: bool | None = None
    normalize: Literal["none", "utterance"] = "none"
    stack: Positive = 1
    stride: Positive = 1
    cmvn: Cmvn | str | None = None
    layout: Layout | None = None


class Contract(StrictModel, frozen=True, kw_only=True):
    """A contract as it is written; `GraphRecogniserConfig` says what each word means."""

    output: Literal["ctc", "paraformer"]
    inputs: ContractInputs
    outputs: GraphOutputs
    choices: dict[str, ContractChoice] = msgspec.field(default_factory=dict)
    scores: Literal["log_probs", "logits", "probabilities"] = "log_probs"
    features: ContractFeatures
    least_frames: Positive = 1
    subsampling: Positive | None = None
    peaks_per_frame: Positive = 3
    units: str | tuple[str, ...]
    """A file in the folder of the graph, or the units themselves."""
    tokenizer: Tokenizer | None = None
    blank: str | int | None = None
    eos: str | int | None = None
    silent: tuple[str | int, ...] = ()
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    licence: str | None = None


def read_contract(said: Mapping[str, Any], source: str) -> Contract:
    """Read a contract from what a document holds.

    Raises
    ------
    PortError
        A key is missing or unknown, or a value is of the wrong kind.
    """
    try:
        return Contract.check(dict(said), source)
    except ConfigError as error:
        raise PortError(f"the contract of {error}") from error


def fulfil(contract: Contract, model: onnx.ModelProto, folder: Path, source: str) -> GraphRecogniserConfig:
    """Return the config of a graph that keeps a contract.

    Parameters
    ----------
    contract : Contract
        Of the graph.
    model : onnx.ModelProto
        The graph.
    folder : Path
        Where the files lie that the contract names.
    source : str
        What the graph is called in messages.

    Raises
    ------
    PortError
        The graph is not what the contract says, or a file is missing or does not fit.
    """
    given, made = values_of(model)
    inputs = GraphInputs(
        find_input(given, contract.inputs.features, FLOATS, source),
        find_input(given, contract.inputs.lengths, INTEGERS, source) if contract.inputs.lengths else None,
    )
    choices = {name: _choice(one, name, given, source) for name, one in contract.choices.items()}
    roles = [inputs.features, *([inputs.lengths] if inputs.lengths else ()), *(choice.input for choice in choices.values())]
    check_all_given(given, [one.name for one in roles], source)
    features = _features(contract.features, given[inputs.features.name], inputs.features.name, folder, source)
    units = _units(contract, _scores(contract, made, source), folder, source)
    blank = blank_of(contract.blank, units, source)
    if contract.output == "ctc" and blank is None:
        raise PortError(f"{source}: none of its units is {', '.join(BLANKS)}, so its contract has to say which one is the blank")
    if contract.output == "ctc" and contract.subsampling is None:
        raise PortError(
            f"{source}: its contract has to say subsampling: how many vectors of features are one frame of the scores"
        )
    eos = None if contract.output == "ctc" else unit_of(EOS if contract.eos is None else contract.eos, units, "eos", source)
    return GraphRecogniserConfig(
        family=GraphRecogniserConfig.FAMILY, output=contract.output, inputs=inputs, outputs=contract.outputs, choices=choices,
        scores=contract.scores, features=features, least_frames=contract.least_frames, subsampling=contract.subsampling or 1,
        peaks_per_frame=contract.peaks_per_frame, units=units, tokenizer=contract.tokenizer or tokenizer_of(units), blank=blank,
        eos=eos, silent=tuple(unit_of(unit, units, "silent", source) for unit in contract.silent), tags=contract.tags,
    )  # fmt: skip


def _choice(said: ContractChoice, name: str, given: Mapping[str, Value], source: str) -> Choice:
    if said.default not in said.values:
        known = ", ".join(said.values)
        raise PortError(f"{source}: the default {said.default!r} of its choice {name!r} is none of its values: {known}")
    return Choice(find_input(given, said.input, INTEGERS, source), said.values, said.default)


def _features(wanted: ContractFeatures, value: Value, name: str, folder: Path, source: str) -> GraphFeatures:
    fields = {key: getattr(wanted, key) for key in wanted.__struct_fields__}
    if isinstance(wanted.cmvn, str):
        fields["cmvn"] = read_mvn(_beside(folder, wanted.cmvn, source))
    if wanted.normalize_samples is None:
        fields["normalize_samples"] = wanted.fbank is None
    fields["layout"] = wanted.layout or _layout(wanted, value)
    try:
        features = GraphFeatures(**fields)
        if features.fbank is not None:
            mel_triangles(features.fbank)
    except (ValueError, ConfigError) as error:
        raise PortError(f"{source}: the features of its contract contradict themselves: {error}") from error
    check_features(features, value, name, source)
    cmvn = features.cmvn
    if cmvn is not None and not len(cmvn.mean) == len(cmvn.inverse_deviation) == features.size:
        raise PortError(
            f"{source}: its cmvn normalises {len(cmvn.mean)} numbers a frame, and its features have {features.size}; they do not "
            "fit"
        )
    if cmvn is not None and not all(map(isfinite, (*cmvn.mean, *cmvn.inverse_deviation))):
        raise PortError(f"{source}: its cmvn has a number that is not finite")
    return features


def _layout(wanted: ContractFeatures, value: Value) -> Layout:
    """Return how features lie, by the shape of the input where it tells."""
    shape = value.shape or ()
    if wanted.fbank is None:
        return "b1t" if len(shape) == 3 else "bt"
    size = wanted.fbank.n_mels * wanted.stack
    return "bdt" if len(shape) == 3 and shape[1] == size and shape[2] != size else "btd"


def _scores(contract: Contract, made: Mapping[str, Value], source: str) -> Value:
    """Return the output of scores; all that are named have to be there, and to be of this kind of recogniser."""
    wanted = contract.outputs
    for name in (wanted.scores, wanted.lengths, wanted.count, wanted.peaks):
        if name is not None and name not in made:
            raise PortError(f"{source}: the graph has no output {name!r}; it has: {', '.join(made)}")
    strange = (wanted.count or wanted.peaks) if contract.output == "ctc" else wanted.lengths
    if strange:
        raise PortError(f"{source}: the output {strange!r} has a role that a graph of the kind {contract.output} does not have")
    scores = made[wanted.scores]
    if scores.dtype not in FLOATS or (scores.shape is not None and len(scores.shape) != 3):
        raise PortError(
            f"{source}: the graph's output {wanted.scores!r} is {scores.dtype} of shape {shown(scores.shape or ())}, and "
            "(1, frames, units) is wanted"
        )
    return scores


def _units(contract: Contract, scores: Value, folder: Path, source: str) -> tuple[str, ...]:
    """Return the units, as many as the scores have rows."""
    if isinstance(contract.units, str):
        path = _beside(folder, contract.units, source)
        units, where = read_units(path), str(path)
    else:
        units, where = contract.units, f"{source}: its contract"
    n_scored = scores.shape[2] if scores.shape is not None else None
    units = without_extra(units, n_scored) if isinstance(n_scored, int) else units
    if isinstance(n_scored, int) and len(units) != n_scored:
        raise PortError(f"{where}: lists {len(units)} units, but the graph scores {n_scored}; it is of another model")
    if not units:
        raise PortError(f"{where}: lists no units")
    return units


def _beside(folder: Path, name: str, source: str) -> Path:
    """Return a file in a folder; the name may not lead out of it."""
    try:
        path = folder / check_relative_path(name)
    except ValueError as error:
        raise PortError(f"{source}: its contract names {name!r}, and files have to lie in its folder") from error
    if not path.is_file():
        raise PortError(f"{path}: is not there, and the contract of {source} names it; put it there")
    return path
