"""Voices of RVC and of Applio: the small file that is passed around, or the checkpoint of a training.

::

    voice = read_rvc(Path("assets/weights/someone.pth"))
    net = filled(Rvc(voice.config), voice.tensors)

The small file holds ``weight`` in half precision, ``config`` as a list of 18 values, and ``info sr f0 version``; Applio adds
more. A training's ``G_*.pth`` holds ``model`` in float32 with a part that only training needs, ``optimizer``, and no word about
its sizes. What a file does not say is read from the shapes of its tensors. Where labels and tensors disagree the tensors are
right, and the disagreement is remarked.

Facts: train/process_ckpt.py of github.com/RVC-Project/Retrieval-based-Voice-Conversion-WebUI at 4338f12 and
rvc/train/process/extract_model.py of github.com/IAHispano/Applio at b9c0ccb (both MIT).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tingshuo.errors import PortError, RequestError
from tingshuo.models.rvc.config import RvcConfig
from tingshuo.models.rvc.net import Rvc
from tingshuo.port.foreign.checkpoint import ForeignTensor, open_checkpoint, tensors_of
from tingshuo.port.importers.keys import KeyReport, fit, fold_weight_norm, rename, shapes_of
from tingshuo.port.importers.rvc_files import Found, find_voice, is_base, refuse_objects, refuse_others
from tingshuo.port.importers.rvc_layout import Labels, config_of, rate_of, rules, version_of

Fact = str | int | float | bool

_NEW_NORM = ((".parametrizations.weight.original0", ".weight_g"), (".parametrizations.weight.original1", ".weight_v"))
_TRAINING_ONLY = "enc_q."
_MARK = "enc_p.emb_phone.weight"
"""What every voice has and no other model."""
_VOCODERS = (("dec.mrfs.", "MRF HiFi-GAN"), ("dec.downsample_blocks.", "RefineGAN"))
_PLAIN_VOCODER = "HiFi-GAN"
_EMBEDDER = "contentvec"
"""What hears the content where a file does not say."""
_PARTS = ("weight", "model", "config", "optimizer", "scaler")
_LABELS = ("sr", "f0", "version", "vocoder", "embedder_model")


@dataclass(frozen=True, slots=True)
class RvcVoice:
    """A voice, by our names."""

    name: str
    files: tuple[Path, ...]
    """What it was read from."""
    config: RvcConfig
    tensors: dict[str, NDArray[np.float32]]
    report: KeyReport
    version: str
    """``v1``: content is layer 9 of the embedder and its projection; ``v2``: layer 12 as it is."""
    embedder: str
    """What hears the content; ``contentvec`` unless the file names another."""
    facts: dict[str, Fact]
    """What else the file says of itself: epoch, author, date ..."""
    remarks: tuple[str, ...]
    """What was inferred, and where labels are wrong: for people to read."""
    index: Path | None
    """Content vectors of the speaker, see `tingshuo.port.importers.faiss_index`."""

    @property
    def licence(self) -> str | None:
        """What the file says of its licence; neither program writes one."""
        said = self.facts.get("licence", self.facts.get("license"))
        return None if said is None else str(said)


@dataclass(frozen=True, slots=True)
class _Source:
    """A checkpoint as it was: its tensors in half precision, norms spelt the old way."""

    found: Found
    tensors: dict[str, Any]
    left_out: tuple[str, ...]
    labels: Labels
    facts: dict[str, Fact]


def read_rvc(path: Path) -> RvcVoice:
    """Read a voice.

    Parameters
    ----------
    path : Path
        The small file, a ``G_*.pth``, or a folder with one of them; of several of one voice the last one.

    Raises
    ------
    PortError
        There is no voice, it is a file of another kind, its decoder is not supported, or its tensors are not what its config
        says.
    """
    return _voice(_read(find_voice(path)))


def fuse(first: Path, second: Path, share: float = 0.5) -> RvcVoice:
    """Mix two voices tensor by tensor, as RVC does: before weight norm is folded, in float32, and halved after that.

    Parameters
    ----------
    first, second : Path
        Of two voices with the same sizes; of speaker tables the rows that both have are kept.
    share : float
        Of the first, 0..1.

    Raises
    ------
    RequestError
        The share is outside its range.
    PortError
        One cannot be read, or they differ in more than their numbers.
    """
    if not 0 <= share <= 1:
        raise RequestError(f"share is {share:g}; it is from 0 to 1", "share")
    ours, theirs = _read(find_voice(first)), _read(find_voice(second))
    voices = _voice(ours), _voice(theirs)
    _check_alike(*voices)
    mixed = {name: _mix(name, tensor, theirs.tensors[name], share) for name, tensor in ours.tensors.items()}
    voice = _voice(replace(ours, tensors=mixed))
    facts: dict[str, Fact] = {"info": f"{share:g} of {voices[0].name}, {1 - share:g} of {voices[1].name}"}
    files = voices[0].files[:1] + voices[1].files[:1]
    return replace(voice, name=f"{voices[0].name}-{voices[1].name}", files=files, facts=facts, index=None)


def _check_alike(first: RvcVoice, second: RvcVoice) -> None:
    pairs = {
        "version": (first.version, second.version),
        "sample rate": (first.config.sample_rate, second.config.sample_rate),
        "use of pitch": (first.config.pitched, second.config.pitched),
        "embedder": (first.embedder, second.embedder),
        "sizes": (first.config.replace(speakers=0), second.config.replace(speakers=0)),
    }
    for what, (ours, theirs) in pairs.items():
        if ours != theirs:
            shown = "" if what == "sizes" else f" ({ours} and {theirs})"
            raise PortError(
                f"{first.files[0]} and {second.files[0]} cannot be fused: they differ in {what}{shown}; train both alike"
            )


def _mix(name: str, first: NDArray[Any], second: NDArray[Any], share: float) -> NDArray[Any]:
    rows = min(len(first), len(second)) if name == "emb_g.weight" else len(first)
    ours, theirs = (tensor[:rows].astype(np.float32) for tensor in (first, second))
    mixed: NDArray[Any] = (np.float32(share) * ours + np.float32(1 - share) * theirs).astype(np.float16)
    return mixed


def _read(found: Found) -> _Source:
    try:
        with open_checkpoint(found.weights) as checkpoint:
            return _source(found, checkpoint.value)
    except PortError as error:
        if "holds whole objects" in str(error):
            refuse_objects(found.weights)
        raise


def _source(found: Found, value: Any) -> _Source:
    path = found.weights
    if not isinstance(value, dict):
        raise PortError(f"{path}: holds no tensors by name, so it is no voice of RVC")
    part = next((name for name in ("weight", "model") if isinstance(value.get(name), dict)), None)
    tensors = tensors_of(value if part is None else value[part])
    refuse_others(path, tensors)
    if _MARK not in tensors:
        raise PortError(f"{path}: is no voice of RVC, it has no tensor {_MARK!r}; a voice is in assets/weights or in G_*.pth")
    if part == "model" and is_base(value, tensors.values()):
        raise PortError(
            f"{path}: is a pretrained net that a training begins with, nobody's voice; import what was trained from it"
        )
    facts = {key: said for key, said in value.items() if key not in _PARTS and isinstance(said, Fact)}
    _check_vocoder(path, facts, tensors)
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(_TRAINING_ONLY)}
    left_out = tuple(name for name in tensors if name not in kept)
    left_out += tuple(name for name in ("optimizer", "scaler") if value.get(name))
    halves = {_old_spelling(name): _half(path, name, tensor) for name, tensor in kept.items()}
    return _Source(found, halves, left_out, _labels(value, tensors), facts)


def _labels(value: Mapping[str, Any], tensors: Mapping[str, ForeignTensor]) -> Labels:
    config, version, pitched = value.get("config"), value.get("version"), value.get("f0")
    spectrum = tensors.get("enc_q.pre.weight")
    return Labels(
        config if isinstance(config, list) else None,
        None if version is None else str(version),
        None if pitched is None else bool(pitched),  # 1 and 0 in RVC, True and False in Applio
        rate_of(value.get("sr")),
        None if spectrum is None else spectrum.shape[1],
    )


def _check_vocoder(path: Path, facts: Mapping[str, Fact], tensors: Mapping[str, ForeignTensor]) -> None:
    by_name = (vocoder for begin, vocoder in _VOCODERS if any(name.startswith(begin) for name in tensors))
    vocoder = next(by_name, facts.get("vocoder", _PLAIN_VOCODER))
    if vocoder != _PLAIN_VOCODER:
        raise PortError(f"{path}: speaks with the decoder {vocoder}, which is not supported; {_PLAIN_VOCODER} is")


def _old_spelling(name: str) -> str:
    for new, old in _NEW_NORM:
        if name.endswith(new):
            return name.removesuffix(new) + old
    return name


def _half(path: Path, name: str, tensor: ForeignTensor) -> NDArray[Any]:
    """Read a tensor as the small file stores it; the voice of a training's checkpoint is that of its small file too."""
    with np.errstate(over="ignore"):
        half: NDArray[Any] = tensor.read().astype(np.float16)
    if not np.isfinite(half).all():
        raise PortError(
            f"{path}: {name} has a value that is not finite in half precision, so the voice is broken; use an earlier one"
        )
    return half


def _voice(source: _Source) -> RvcVoice:
    path, tensors, facts = source.found.weights, source.tensors, source.facts
    config, remarks = config_of(path, {name: tensor.shape for name, tensor in tensors.items()}, source.labels)
    try:
        with torch.device("meta"):  # names and shapes are all that is wanted of it
            places = shapes_of(Rvc(config).state_dict())
        with np.errstate(divide="ignore", invalid="ignore"):
            fitted = fit(rename(fold_weight_norm(tensors, _single), rules(config)), places)
    except PortError as error:
        raise PortError(f"{path}: {error}") from error
    for name, tensor in fitted.tensors.items():
        if not np.isfinite(tensor).all():  # a direction of zeros has no length
            raise PortError(
                f"{path}: {name} is not finite once its norm is folded in, so the voice is broken; use an earlier one"
            )
    return RvcVoice(
        source.found.name,
        (path,),
        config,
        fitted.tensors,
        KeyReport(fitted.report.n_used, source.left_out),
        version_of(config),
        str(facts.get("embedder_model") or _EMBEDDER),
        {key: said for key, said in facts.items() if key not in _LABELS},
        remarks,
        source.found.index,
    )


def _single(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(tensor, np.float32)
