"""Which files make a Vocos, and what its config.yaml says: names of classes and their arguments, which are mapped to our own.

::

    config.yaml  pytorch_model.bin | model.safetensors     a download
    config.yaml  checkpoints/*.ckpt                        a training of Lightning; give the checkpoint

No class that is named is imported. Source: https://github.com/gemelo-ai/vocos (MIT), ``pretrained.py``, ``configs``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tingshuo.errors import PortError
from tingshuo.port.importers.sambert_files import read_yaml

_WEIGHTS = ("pytorch_model.bin", "model.safetensors", "pytorch_model.safetensors")
_SUFFIXES = (".bin", ".safetensors", ".ckpt", ".pt", ".pth")
_CONFIGS = ("config.yaml", "config.yml", "../config.yaml")
_PARTS = ("feature_extractor", "backbone", "head")
_KINDS = {
    "feature_extractor": ("MelSpectrogramFeatures", "EncodecFeatures"),
    "backbone": ("VocosBackbone",),
    "head": ("ISTFTHead",),
}
_WHY = {
    "VocosResNetBackbone": "its backbone is made of residual blocks",
    "IMDCTSymExpHead": "its head makes an MDCT",
    "IMDCTCosHead": "its head makes an MDCT",
}
_SHOWN = 5
T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class VocosFiles:
    """Weights and settings."""

    weights: Path
    config: Path


class FeatureArguments(msgspec.Struct):
    """Of ``MelSpectrogramFeatures``; the last four are of forks, and None is what torchaudio does by itself."""

    sample_rate: int = 24000
    n_fft: int = 1024
    hop_length: int = 256
    n_mels: int = 100
    padding: str = "center"
    f_min: float | None = None
    f_max: float | None = None
    mel_scale: str | None = None
    norm: str | None = None


class CodeArguments(msgspec.Struct):
    """Of ``EncodecFeatures``."""

    encodec_model: str = "encodec_24khz"
    bandwidths: tuple[float, ...] = (1.5, 3.0, 6.0, 12.0)


class BackboneArguments(msgspec.Struct):
    """Of ``VocosBackbone``."""

    input_channels: int
    dim: int
    intermediate_dim: int
    num_layers: int
    adanorm_num_embeddings: int | None = None


class HeadArguments(msgspec.Struct):
    """Of ``ISTFTHead``."""

    dim: int
    n_fft: int
    hop_length: int
    padding: str = "same"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the three classes are made with."""

    features: FeatureArguments | CodeArguments
    """Of mels, or of the codes of a codec."""
    backbone: BackboneArguments
    head: HeadArguments


def find_vocos(path: Path) -> VocosFiles:
    """Find the files of a vocoder.

    Parameters
    ----------
    path : Path
        A file of weights, or the folder in which it lies.

    Raises
    ------
    PortError
        There are no weights or several files that may be them, or there is no config.yaml.
    """
    if not path.exists():
        raise PortError(f"{path}: there is no such file or folder")
    weights = path if path.is_file() else _choose(path)
    config = next((weights.parent / name for name in _CONFIGS if (weights.parent / name).is_file()), None)
    if config is None:
        raise PortError(f"{weights.parent / 'config.yaml'}: is missing, and {weights.name} does not say what it is made of")
    return VocosFiles(weights, config)


def _choose(folder: Path) -> Path:
    known = [folder / name for name in _WEIGHTS if (folder / name).is_file()]
    if known:
        return known[0]
    others = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix in _SUFFIXES]
    if len(others) == 1:
        return others[0]
    if others:
        names = ", ".join(path.name for path in others[:_SHOWN])
        raise PortError(f"{folder}: has several files that may be a Vocos: {names}; give one of them")
    raise PortError(f"{folder}: has no pytorch_model.bin nor another file of weights")


def read_arguments(path: Path) -> Arguments:
    """Read config.yaml.

    Raises
    ------
    PortError
        It cannot be read, names a class that is not supported, or an argument is missing or wrong.
    """
    content = read_yaml(path)
    if isinstance(model := content.get("model"), Mapping) and isinstance(model.get("init_args"), Mapping):
        content = model["init_args"]  # the config of a training has it one storey deeper
    parts: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    for part in _PARTS:
        named = content.get(part)
        if not isinstance(named, Mapping) or not isinstance(named.get("class_path"), str):
            raise PortError(f"{path}: has no {part} with a class_path, so it is not the config.yaml of a Vocos")
        kind = named["class_path"].rpartition(".")[2]
        if kind not in _KINDS[part]:
            why = _WHY.get(kind, f"{' or '.join(_KINDS[part])} is the {part} that is known")
            raise PortError(f"{path}: a Vocos with {kind} is not supported: {why}")
        parts[part], kinds[part] = named.get("init_args") or {}, kind
    backbone = _convert(path, parts["backbone"], BackboneArguments)
    features: FeatureArguments | CodeArguments
    if kinds["feature_extractor"] == "EncodecFeatures":
        features = _convert(path, parts["feature_extractor"], CodeArguments)
    else:
        features = _convert(path, parts["feature_extractor"], FeatureArguments)
        if backbone.adanorm_num_embeddings is not None:
            raise PortError(
                f"{path}: a Vocos of mels whose norms depend on a bandwidth (adanorm_num_embeddings) is not supported"
            )
    return Arguments(features, backbone, _convert(path, parts["head"], HeadArguments))


def _convert(path: Path, arguments: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(arguments, kind)
    except msgspec.ValidationError as error:
        raise PortError(f"{path}: {error}") from error
