"""Recognisers of WeNet (https://github.com/wenet-e2e/wenet), read into our own net.

::

    recogniser = read_recogniser(find_model(Path("20210815_unified_conformer_exp")))
    net = recogniser.net()

Beside this module, ``wenet_files`` knows where the files lie, ``wenet_settings`` what their settings mean and ``wenet_names``
what their tensors are called here. Nothing of a file is run. Exports for WeNet's runtime (``final.zip``, ONNX) are refused: they
lack what is needed, or hold it as program text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tingshuo.config.fbank import Cmvn, FbankConfig
from tingshuo.errors import PortError
from tingshuo.models.conformer.config import ConformerConfig
from tingshuo.models.conformer.net import Conformer
from tingshuo.models.layers.transformer import sinusoids
from tingshuo.port.filling import filled
from tingshuo.port.foreign.checkpoint import ForeignTensor, open_checkpoint, tensors_of
from tingshuo.port.importers.keys import Fitted, KeyReport, fit, fold_weight_norm, shapes_of
from tingshuo.port.importers.wenet_files import CMVN, UNITS, ModelFiles, read_cmvn, read_settings, read_units
from tingshuo.port.importers.wenet_names import IDLE, INVERSE_DEVIATION, MEAN, TABLE, our_tensors
from tingshuo.port.importers.wenet_settings import (
    Marks,
    check_kind,
    fbank_config,
    marks,
    net_config,
    reverse_weight,
    wants_cmvn,
)

_AROUND = ("module", "model", "state_dict")
"""Names under which some ways of training keep the tensors, beside those of the optimizer."""
_TABLE_ERROR = 1e-3


@dataclass(frozen=True, slots=True)
class Recogniser:
    """A recogniser as it was read."""

    config: ConformerConfig
    fitted: Fitted
    fbank: FbankConfig
    cmvn: Cmvn | None
    """What features are normalised by; None if they are not."""
    units: tuple[str, ...]
    marks: Marks
    reverse_weight: float
    """How much the decoder from right to left counted in training, 0 to 1."""
    tokenizer: str
    """How texts are cut into units: ``char`` or ``bpe``."""
    pieces: Path | None
    """The model of SentencePiece, of a tokenizer ``bpe``, if it is there."""
    licence: str | None
    """What the folder says; None where it says nothing."""
    notes: tuple[str, ...]
    """Sentences about choices that were made."""

    def net(self) -> Conformer:
        """Return the net with these weights, ready to run."""
        with torch.device("meta"):
            net = Conformer(self.config)
        return filled(net, self.fitted.tensors)


def read_recogniser(files: ModelFiles) -> Recogniser:
    """Read a recogniser.

    Raises
    ------
    PortError
        A file is missing, damaged, of another net or of a kind that is not supported, a tensor has no place, or the parts do not
        fit each other; the message names the file.
    """
    settings = read_settings(files.settings)
    check_kind(files.settings, settings)
    fbank = fbank_config(files.settings, settings)
    with open_checkpoint(files.checkpoint) as checkpoint:
        if checkpoint.is_script:
            raise PortError(
                f"{files.checkpoint}: is TorchScript, an export for a runtime; give the final.pt that it was made from"
            )
        given, left_out = _state(files.checkpoint, checkpoint.value)
        config = net_config(files.settings, settings, {name: tensor.shape for name, tensor in given.items()})
        cmvn = _cmvn(files, settings, given, config.features)
        fitted = _fit(files, config, given, left_out)
    units = _units(files, settings, config.units)
    pieces = _last_part(settings, "bpe_path") if settings.get("tokenizer") == "bpe" else None
    return Recogniser(
        config,
        fitted,
        fbank,
        cmvn,
        units,
        marks(files.settings, settings, config.units),
        reverse_weight(settings) if config.reverse_layers else 0.0,
        settings.get("tokenizer", "char"),
        files.beside(pieces) if pieces else None,
        _licence(files),
        files.notes,
    )


def _state(path: Path, value: Any) -> tuple[dict[str, ForeignTensor], tuple[str, ...]]:
    """Return the net's tensors by their own names, and names of what else the file holds."""
    whole = value if isinstance(value, Mapping) else {}
    chosen = next((key for key in _AROUND if isinstance(whole.get(key), Mapping)), None)
    given = tensors_of(whole if chosen is None else whole[chosen])
    if "ctc.ctc_lo.weight" not in given or not any(name.startswith("encoder.encoders.") for name in given):
        held = ", ".join(list(given)[:3]) or ", ".join(map(str, list(whole)[:3])) or type(value).__name__
        raise PortError(f"{path}: is no recogniser of WeNet: it has no encoder with CTC; it holds {held}")
    return given, () if chosen is None else tuple(str(key) for key in whole if key != chosen)


def _fit(files: ModelFiles, config: ConformerConfig, given: dict[str, ForeignTensor], left_out: tuple[str, ...]) -> Fitted:
    """Give every tensor its place, but those that have none in a net like this."""
    idle = [name for name in given if _is_idle(name, config)]
    read = fold_weight_norm({name: tensor for name, tensor in given.items() if name not in set(idle)})
    for name in idle:
        if TABLE.fullmatch(name):
            _check_table(files.checkpoint, name, given[name].read(), config.dim)
    with torch.device("meta"):
        shapes = shapes_of(Conformer(config).state_dict())
    try:
        fitted = fit(our_tensors(read, shapes, config.conv_eps), shapes)
    except PortError as error:
        raise PortError(f"{files.checkpoint}: {error}; is {files.settings} the one that it was trained with?") from error
    return Fitted(fitted.tensors, KeyReport(fitted.report.n_used, (*left_out, *idle)))


def _is_idle(name: str, config: ConformerConfig) -> bool:
    """Whether a tensor does nothing in a net of this config, or has its place elsewhere."""
    if name in (MEAN, INVERSE_DEVIATION) or IDLE.fullmatch(name) or TABLE.fullmatch(name):
        return True
    if name.startswith("encoder.after_norm."):
        return not config.norm_first
    if name.startswith("decoder.right_decoder.") and not config.reverse_layers:
        return True
    return name.startswith("decoder.") and ".after_norm." in name and not config.decoder_norm_first


def _check_table(path: Path, name: str, table: NDArray[Any], dim: int) -> None:
    """Refuse positions other than those that our net computes: training leaves them alone."""
    ours = sinusoids(torch.arange(table.shape[-2]), dim).numpy() if table.ndim > 1 else np.zeros(0)
    if table.shape[-2:] != ours.shape or not np.allclose(table.reshape(ours.shape), ours, atol=_TABLE_ERROR):
        raise PortError(f"{path}: {name} is not what WeNet makes it, so this is a changed net that is not supported")


def _cmvn(files: ModelFiles, settings: Mapping[str, Any], given: Mapping[str, ForeignTensor], features: int) -> Cmvn | None:
    """Return what the checkpoint holds, which wins over the file; the file where it holds nothing."""
    if MEAN in given and INVERSE_DEVIATION in given:
        found = Cmvn(*(tuple(given[name].read().astype(np.float64).tolist()) for name in (MEAN, INVERSE_DEVIATION)))
        source = files.checkpoint
    elif wants_cmvn(settings):
        path = files.beside(*dict.fromkeys((_last_part(settings, "cmvn_file") or CMVN, CMVN)))
        if path is None:
            raise PortError(f"{files.checkpoint}: has no {CMVN} in it or beside it, and the net wants normalised features")
        found, source = read_cmvn(path), path
    else:
        return None
    if len(found.mean) != features or len(found.inverse_deviation) != features:
        raise PortError(f"{source}: normalises {len(found.mean)} features, but the net reads {features}; they do not fit")
    return found


def _units(files: ModelFiles, settings: Mapping[str, Any], n_units: int) -> tuple[str, ...]:
    named = _last_part(settings, "symbol_table_path") or _last_part(settings, "dict")
    path = files.beside(*((named,) if named else ()), *UNITS)
    if path is None:
        raise PortError(f"{files.checkpoint}: has no {UNITS[0]} beside it, so what it hears cannot be written; put it there")
    units = read_units(path)
    if len(units) != n_units:
        raise PortError(f"{path}: lists {len(units)} units, but the net knows {n_units}; it is of another model")
    return units


def _last_part(settings: Mapping[str, Any], key: str) -> str | None:
    """Return the name of a file that settings point to, wherever that was: either spelling of paths."""
    sections = (settings, settings.get("tokenizer_conf"), settings.get("cmvn_conf"))
    value = next((section[key] for section in sections if isinstance(section, Mapping) and section.get(key)), None)
    return re.split(r"[/\\]", value)[-1] or None if isinstance(value, str) else None


def _licence(files: ModelFiles) -> str | None:
    """Return what a model card's header, or a licence's first line, says."""
    card = files.beside("README.md")
    header = re.match(r"---\n(.*?)\n---", card.read_text("utf-8", "replace"), re.DOTALL) if card else None
    found = re.search(r"^license:[ \t]*(\S.*?)[ \t]*$", header[1], re.MULTILINE) if header else None
    if found:
        return found[1]
    path = files.beside("LICENSE", "LICENCE")
    lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip()] if path else []
    return "Apache-2.0" if lines[:1] == ["Apache License"] else lines[0] if lines else None
