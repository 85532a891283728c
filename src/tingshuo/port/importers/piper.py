"""Voices of Piper: the exported graph that is passed around, or the checkpoint of a training.

::

    voice = read_piper(Path("zh_CN-huayan-medium.onnx"))
    if voice.net is not None:
        net = voice.net.build()          # our own net, proved to be the graph's
    else:
        ...                              # voice.graph is carried as it is; voice.remarks says why

A graph is taken apart into our own net, which can be run in four parts, streamed, and given its noise. Whether that succeeded is
not believed but tried out: both are run on the same input. A graph that cannot be taken apart, or is another voice then, is kept
whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tingshuo.errors import PortError
from tingshuo.models.vits.config import VitsConfig
from tingshuo.models.vits.net import Vits
from tingshuo.port.filling import filled
from tingshuo.port.foreign.checkpoint import open_checkpoint, tensors_of
from tingshuo.port.importers.keys import KeyReport, fit, fold_weight_norm, rename, shapes_of
from tingshuo.port.importers.piper_files import Found, Settings, find_voice, read_settings
from tingshuo.port.importers.piper_graph import read_graph, recover
from tingshuo.port.importers.piper_layout import TRAINING_ONLY, check_stated, config_of, rules, stated_rates
from tingshuo.port.importers.piper_proof import prove

_PREFIX = "model_g."
_JUDGE = ("model_d.",)
_BESIDE = ("optimizer_states", "lr_schedulers", "loops", "callbacks")


@dataclass(frozen=True, slots=True)
class PiperNet:
    """The net of a voice, by our names."""

    config: VitsConfig
    tensors: dict[str, NDArray[np.float32]]
    report: KeyReport

    def build(self) -> Vits:
        """Return the net, ready to speak."""
        with torch.device("meta"):
            net = Vits(self.config)
        return filled(net, self.tensors)


@dataclass(frozen=True, slots=True)
class PiperVoice:
    """A voice."""

    name: str
    files: tuple[Path, ...]
    """What it was read from."""
    settings: Settings
    net: PiperNet | None
    """None where the graph is carried as it is."""
    graph: Path | None
    """The graph that is carried as it is; None where there is a net."""
    error_db: float | None
    """Between the graph and the net made of it; None of a checkpoint, and where there is no net."""
    licence: str | None
    """What the card beside it says."""
    remarks: tuple[str, ...]
    """What was inferred, and why a graph is kept whole: for people to read."""


def read_piper(path: Path) -> PiperVoice:
    """Read a voice.

    Parameters
    ----------
    path : Path
        ``.onnx`` or ``.ckpt`` with its settings beside it, or a folder with one of them; of several checkpoints the last one.

    Raises
    ------
    PortError
        There is no voice, it is a file of another kind, or its tensors are not what its settings say.
    """
    found = find_voice(path)
    settings = read_settings(found.settings)
    return _of_graph(found, settings) if found.weights.suffix == ".onnx" else _of_checkpoint(found, settings)


def _of_graph(found: Found, settings: Settings) -> PiperVoice:
    model = read_graph(found.weights)
    try:
        recovered = recover(model)
        net = _net(found.weights, recovered.tensors, recovered.rates, settings, ())
        error = prove(model, net.build())
    except PortError as reason:
        why = str(reason).removeprefix(f"{found.weights}: ")
        remark = f"the graph is kept whole, as it could not be taken apart: {why}; so a sentence is made at once"
        return _voice(found, settings, None, None, (remark, *_differences(settings, None)))
    return _voice(found, settings, net, error, _differences(settings, net.config))


def _of_checkpoint(found: Found, settings: Settings) -> PiperVoice:
    path = found.weights
    with open_checkpoint(path) as checkpoint:
        value = checkpoint.value if isinstance(checkpoint.value, Mapping) else {}
        stated = value.get("hyper_parameters") or {}
        tensors = tensors_of(value.get("state_dict"))
        ours = {name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items() if name.startswith(_PREFIX)}
        if "enc_p.emb.weight" not in ours:
            raise PortError(f"{path}: is no voice of Piper, it has no tensor '{_PREFIX}enc_p.emb.weight'")
        strange = [name for name in tensors if not name.startswith((_PREFIX, *_JUDGE))]
        if strange:
            raise PortError(f"{path}: {len(strange)} of its tensors belong to no part of a Piper voice: {', '.join(strange[:5])}")
        left_out = tuple(name for name in tensors if name.startswith(_JUDGE)) + tuple(name for name in _BESIDE if value.get(name))
        try:
            folded = fold_weight_norm(ours)
        except PortError as error:
            raise PortError(f"{path}: {error}") from error
    net = _net(path, folded, stated_rates(path, stated), settings, left_out)
    check_stated(path, net.config, stated)
    return _voice(found, settings, net, None, _differences(settings, net.config))


def _net(
    path: Path, tensors: Mapping[str, NDArray[Any]], rates: Mapping[str, Any], settings: Settings, left_out: tuple[str, ...]
) -> PiperNet:
    config = config_of(path, shapes_of(tensors), rates, settings.sample_rate)
    with torch.device("meta"):  # shapes are all that is wanted of it
        places = shapes_of(Vits(config).state_dict())
    try:
        fitted = fit(rename(tensors, rules(config)), places, TRAINING_ONLY)
    except PortError as error:
        raise PortError(f"{path}: {error}") from error
    for name, tensor in fitted.tensors.items():
        if not np.isfinite(tensor).all():
            raise PortError(f"{path}: {name} is not finite, so the voice is broken; use an earlier one")
    return PiperNet(config, fitted.tensors, KeyReport(fitted.report.n_used, (*fitted.report.left_out, *left_out)))


def _voice(found: Found, settings: Settings, net: PiperNet | None, error: float | None, remarks: tuple[str, ...]) -> PiperVoice:
    graph = found.weights if net is None else None
    return PiperVoice(found.name, (found.weights, found.settings), settings, net, graph, error, found.licence, remarks)


def _differences(settings: Settings, config: VitsConfig | None) -> tuple[str, ...]:
    """Return where the settings are wrong; the tensors are right."""
    said = []
    top = max((number for row in settings.inventory.ids.values() for number in row), default=0)
    rows = settings.symbols if config is None else config.symbols
    if top >= rows:
        raise PortError(f"the settings name phoneme {top}, the net has {rows}; they are of another voice")
    if config is not None and len(settings.speakers) != config.speakers:
        said.append(f"the settings name {len(settings.speakers)} speakers, the net has {config.speakers}")
    return tuple(said)
