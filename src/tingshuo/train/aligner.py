"""Models that tell when each phone is spoken: what they are, and the two small files that hold them.

A folder of its own, or the one named by `tingshuo.store.manifest.ALIGNER` in the bundle of a voice::

    aligner.json            the config, and the phones in the order of the models
    aligner.safetensors     mean, variance (S, K, D) and weight (S, K) of the mixtures, half precision
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import StrictModel
from tingshuo.errors import BundleError, ConfigError, TrainError
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.models.hmm.mixtures import Mixtures
from tingshuo.store.atomic import new_folder
from tingshuo.store.bundle import Bundle
from tingshuo.store.manifest import ALIGNER
from tingshuo.store.tensors import read_tensors
from tingshuo.text.symbols import ALL_PHONES, NEAREST, PHONES

_CONFIG_FILE, _TENSOR_FILE = "aligner.json", "aligner.safetensors"


@dataclass(frozen=True, slots=True)
class Aligner:
    """Models that can align any speech in the phones that they were taught: Mandarin, or Mandarin and English."""

    config: HmmConfig
    mixtures: Mixtures
    phones: tuple[str, ...] = PHONES

    def widened(self, phones: Sequence[str]) -> "Aligner":
        """Return models of these phones too, each that is new a copy of that of the phone which sounds most like it."""
        have = {phone: row for row, phone in enumerate(self.phones)}
        missing = [phone for phone in phones if phone not in have]
        if not missing:
            return self
        rows = np.array([*range(len(have)), *(have[NEAREST[phone]] for phone in missing)])
        states = (rows[:, None] * self.config.states + np.arange(self.config.states)).ravel()
        return Aligner(self.config, self.mixtures.take(states), (*self.phones, *missing))


class _AlignerDocument(StrictModel, frozen=True):
    """aligner.json: the config, and the phones in the order of the models."""

    config: HmmConfig
    phones: tuple[str, ...]


_CONFIG_FILE, _TENSOR_FILE = "aligner.json", "aligner.safetensors"


def aligner_files(aligner: Aligner) -> dict[str, bytes]:
    """Return what `load_aligner` reads, by file name; tensors in half precision, which moves no border."""
    from safetensors.numpy import save

    document = _AlignerDocument(aligner.config, aligner.phones)
    tensors = {name: np.ascontiguousarray(tensor, np.float16) for name, tensor in aligner.mixtures.tensors().items()}
    tensors["weight"] = np.maximum(tensors["weight"], np.finfo(np.float16).tiny)
    return {_CONFIG_FILE: json.dumps(document.fields(), indent=1).encode() + b"\n", _TENSOR_FILE: save(tensors)}


def save_aligner(aligner: Aligner, folder: Path) -> None:
    """Write the files of models to a folder; one that is there is replaced.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    with new_folder(folder, replace=True) as partial:
        for name, data in aligner_files(aligner).items():
            (partial / name).write_bytes(data)


def bundle_files(aligner: Aligner) -> dict[str, bytes]:
    """Return the files of an aligner as a bundle holds them, by their paths in it."""
    return {f"{ALIGNER}/{name}": data for name, data in aligner_files(aligner).items()}


def bundled_aligner(bundle: Bundle) -> Aligner | None:
    """Return the aligner that a voice brings; None where it brings none.

    Raises
    ------
    TrainError
        It is damaged, or of other phones or features than this version knows.
    """
    if f"{ALIGNER}/{_CONFIG_FILE}" not in bundle.manifest.files:
        return None
    return load_aligner(bundle.file(f"{ALIGNER}/{_CONFIG_FILE}").parent)


def load_aligner(folder: Path) -> Aligner:
    """Read models that `save_aligner` wrote.

    Raises
    ------
    TrainError
        A file is missing or damaged, or the models are of other phones.
    """
    try:
        document = _AlignerDocument.read(folder / _CONFIG_FILE)
        tensors = read_tensors(folder / _TENSOR_FILE)
    except (ConfigError, BundleError) as error:
        raise TrainError(f"no aligner can be read: {error}") from error
    if document.phones not in (PHONES, ALL_PHONES):
        raise TrainError(f"{folder}: holds models of other phones than this version knows; teach them again")
    _check(tensors, document, folder / _TENSOR_FILE)
    return Aligner(document.config, Mixtures.from_tensors(tensors), document.phones)


def _check(tensors: Mapping[str, NDArray[Any]], document: _AlignerDocument, path: Path) -> None:
    """Refuse tensors that are not mixtures of the states and features of the config."""
    config = document.config
    found = {name: tensor.shape for name, tensor in tensors.items()}
    gaussians = found["weight"][1] if len(found.get("weight", ())) == 2 else 1
    shape = (len(document.phones) * config.states, gaussians, config.mfcc.size)
    wanted = {"mean": shape, "variance": shape, "weight": shape[:2]}
    if found != wanted:
        raise TrainError(f"{path}: has tensors {found} where its config asks for {wanted}; teach the models again")
    if not all((tensors[name] > 0).all() for name in ("variance", "weight")):
        raise TrainError(f"{path}: a variance or weight is not above 0; teach the models again")
