"""Weights alone, of a net of ours, with our config: a ``state_dict`` of PyTorch, or safetensors.

Strict: every tensor of the nets has to be there, of the right shape, and nothing that stands beside them under the same begin
of names may be left over; what lies elsewhere in the file, an optimizer as a rule, is left out and named.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tingshuo.config import FamilyConfig
from tingshuo.errors import BundleError, PortError
from tingshuo.port.convert.family_config import read_family_config
from tingshuo.port.convert.weight_sets import IDLE, compare, find_set, folded_name, listed
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import BuiltNet, build_nets, has_architecture
from tingshuo.port.foreign.checkpoint import open_checkpoint, tensors_of
from tingshuo.port.importers.keys import KeyReport, fold_weight_norm, shapes_of
from tingshuo.port.importers.licences import licence_beside
from tingshuo.port.importers.states import numbers_of
from tingshuo.port.recognise.formats import detect
from tingshuo.store.tensors import read_tensors
from tingshuo.tasks.sambert.model import SPEAKER_TABLE
from tingshuo.types import EMOTIONS

TASKS = {"conformer": "asr", "rvc": "conversion", "vocoder": "vocoder"}
"""Of families that do not speak."""
LANGUAGES = {"vocoder": ("zxx",), "rvc": ("und",), "piper": ("und",)}
"""Of families of which no language is known, as BCP 47 writes that."""
FORMATS = ("safetensors", "torch zip", "torch legacy", "pickle", "torchscript")
Tensors = Mapping[str, Any]


def draft(path: Path, config: Path, voice: str | None = None) -> Draft:
    """Read weights.

    Parameters
    ----------
    path : Path
        A file, or a folder with a file for each part, called as in a bundle: ``acoustic.pth``, ``vocoder.safetensors``.
    config : Path
        Our config, JSON or YAML, see `tingshuo.port.convert.family_config`.
    voice : str or None
        Which of several sets of weights in a file: ``model``, ``ema``.

    Raises
    ------
    ConfigError
        The config is wrong by itself.
    PortError
        A file cannot be read, or its tensors are not those of the nets.
    """
    told = read_family_config(config)
    nets = list(build_nets(has_architecture(told)))
    with ExitStack() as opened:
        files = {name: opened.enter_context(_open(file)) for name, file in _files(path, nets).items()}
        parts, notes = _fill(nets, files, told, voice)
    name = path.resolve().name if path.is_dir() else path.stem
    family = told.family.partition("+")[0]
    return Draft(
        name=name,
        task=TASKS.get(family, "tts"),
        config=told,
        parts=parts,
        system="tingshuo",
        source=f"the weights {path.name} of the family {told.family}",
        languages=LANGUAGES.get(family, ("zh-CN",)),
        emotions=told.emotions or (EMOTIONS if told.prompted else ()),
        licence=licence_beside([path if path.is_dir() else path.parent]),
        notes=notes,
    )


def _fill(
    nets: list[BuiltNet], files: Mapping[str, tuple[Path, Tensors]], config: FamilyConfig, voice: str | None
) -> tuple[dict[str, Part], tuple[str, ...]]:
    """Return the parts of a bundle, and what there is to say of where they were found."""
    notes = []
    claims: list[_Claim] = []
    for built in nets:
        path, tensors = files[built.part]
        shapes = shapes_of(built.net.state_dict()) | _tables(built.part, config)
        found = find_set(tensors, shapes, voice, str(path))
        claims.append(_Claim(built.part, path, tensors, found.begin, found.others, shapes))
        if found.begin:
            notes.append(f"the tensors of {built.part} stand behind {found.begin.rstrip('./')} in {path.name}")
        if found.others:
            others = ", ".join(other.rstrip("./") or "nothing" for other in found.others)
            notes.append(f"{path.name} has them behind {others} as well; --voice chooses")
    return {claim.part: _part(claim, claims) for claim in claims}, tuple(dict.fromkeys(notes))


@dataclass(frozen=True, slots=True)
class _Claim:
    """A net, and the begin of names behind which its tensors stand in a file."""

    part: str
    path: Path
    tensors: Tensors
    begin: str
    others: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]

    def own(self) -> dict[str, str]:
        """Names in the file that are of the net, to what they are there without the begin."""
        names = {name: name.removeprefix(self.begin) for name in self.tensors if name.startswith(self.begin)}
        return {name: short for name, short in names.items() if folded_name(short) in self.shapes}


def _part(claim: _Claim, claims: list[_Claim]) -> Part:
    beside = [other for other in claims if other.path == claim.path]
    claimed = {name for other in beside for name in other.own()}
    strange, left_out = [], []
    for name in claim.tensors:
        if name in claimed:
            continue
        elsewhere = any(other and name.startswith(other) for one in beside for other in one.others)
        under = max((one.begin for one in beside if name.startswith(one.begin)), key=len, default=None)
        if under is None or elsewhere or name.endswith(IDLE):
            left_out.append(name)
        elif under == claim.begin:
            strange.append(name)
    try:
        given = fold_weight_norm({short: claim.tensors[name] for name, short in claim.own().items()}, numbers_of)
    except PortError as error:
        raise PortError(f"{claim.path}: {error}") from error
    compare(given, claim.shapes, strange, str(claim.path))
    silly = [name for name, tensor in given.items() if not np.isfinite(tensor).all()]
    if silly:
        raise PortError(f"{claim.path}: has a NaN or an infinity in {listed(silly)}; it is of a training that failed")
    return Part(given, KeyReport(len(given), tuple(left_out)))


def _tables(part: str, config: FamilyConfig) -> dict[str, tuple[int, ...]]:
    """Tensors that lie beside a net: the vector of the only speaker of a Sambert whose table has none."""
    architecture = has_architecture(config)
    if part == "acoustic" and architecture.get("sambert.speakers") == 0:
        return {SPEAKER_TABLE: (1, int(str(architecture["sambert.speaker_dim"])))}
    return {}


def _files(path: Path, nets: list[BuiltNet]) -> dict[str, Path]:
    """Return the file of each part."""
    if not path.exists():
        raise PortError(f"{path}: there is no such file or folder")
    parts = [built.part for built in nets]
    if path.is_file():
        return dict.fromkeys(parts, path)
    weights = [file for file in sorted(path.iterdir()) if file.is_file() and detect(file) in FORMATS]
    if len(weights) == 1:
        return dict.fromkeys(parts, weights[0])
    found: dict[str, Path] = {}
    for part in parts:
        named = [file for file in weights if file.stem == part]
        if len(named) != 1:
            held = ", ".join(file.name for file in weights) or "no weights"
            raise PortError(
                f"{path}: has no file {part}.pth, .pt, .ckpt or .safetensors, or several; the nets are {', '.join(parts)}, and "
                f"there is {held}"
            )
        found[part] = named[0]
    return found


@contextmanager
def _open(path: Path) -> Iterator[tuple[Path, Tensors]]:
    format = detect(path)
    if format == "safetensors":
        try:
            yield path, read_tensors(path)
        except BundleError as error:
            raise PortError(str(error)) from error
        return
    if format not in FORMATS:
        remedy = "; give a graph with --contract" if format in ("onnx", "savedmodel", "keras", "hdf5", "tflite") else ""
        raise PortError(f"{path}: is {format}, and --config is for weights: a state_dict of PyTorch, or safetensors{remedy}")
    with open_checkpoint(path) as checkpoint:
        yield path, tensors_of(checkpoint.value)
