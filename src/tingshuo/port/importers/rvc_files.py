"""Which file of a folder is an RVC voice, which index belongs to it, and what the files are that are often taken for one.

Folders as they are found: ``assets/weights/NAME.pth`` beside ``logs/NAME/added_*.index``; a training's ``logs/NAME`` with
``G_*.pth`` and ``D_*.pth`` (``2333333`` means that only the latest was kept); an unpacked download of one ``.pth`` and one
``.index``.
"""

import math
import re
import zipfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import PortError
from tingshuo.port.foreign.checkpoint import ForeignTensor, open_checkpoint, tensors_of

_TRAINING = re.compile(r"([GD])_(\d+)\.pth")
_BASE = re.compile(r"(?:f0)?([GD])(?:24|32|40|48)k(?:_?v[12])?\.pth")
"""``f0G40k.pth``: what every training begins with."""
_SAVED_AT = re.compile(r"_(?:e\d+_s(\d+)|\d+e_(\d+)s).*")
"""What training programs add to a voice's name: epoch and step."""
_VOICES = Path("assets/weights")
_SHOWN = 5

_CONTENT_ENCODER = "the content encoder (HuBERT or ContentVec) that all voices share; import the voice's own .pth"
_OTHERS = (
    ("discriminators.", "the discriminator of a training (D_*.pth), which judges voices and has none; import G_*.pth beside it"),
    ("enc_p.ssl_proj.", "a model of GPT-SoVITS, not of RVC"),
    ("emb_uv.", "a model of so-vits-svc, not of RVC"),
    ("enc_p.emb.", "a text-to-speech model of the VITS family, not of RVC"),
    ("dp.", "a text-to-speech model of the VITS family, not of RVC"),
    ("unet.encoder.", "the pitch estimator RMVPE, which hears pitch and has no voice; import the voice's own .pth"),
    ("feature_extractor.conv_layers.", _CONTENT_ENCODER),
)  # fmt: skip
"""How names begin that only a file of another kind has."""


@dataclass(frozen=True, slots=True)
class Found:
    """A voice's files: its checkpoint, the index of its content vectors where there is one, and its name."""

    weights: Path
    index: Path | None
    name: str


def find_voice(path: Path) -> Found:
    """Find the files of a voice.

    Parameters
    ----------
    path : Path
        A ``.pth`` file or a folder, that of the whole program too, with voices in ``assets/weights``.

    Raises
    ------
    PortError
        There is no voice, or more than one, or the file is another one of RVC's.
    """
    if path.is_dir():
        weights = _weights_in(path)
    elif path.exists():
        weights = path
    else:
        raise PortError(f"{path}: is not there; give the .pth file of a voice or its folder")
    _check_name(weights)
    is_training = _TRAINING.fullmatch(weights.name) is not None
    name = weights.resolve().parent.name if is_training else _SAVED_AT.sub("", weights.stem)
    return Found(weights, _index_of(weights, name), name)


def _weights_in(folder: Path) -> Path:
    files = sorted(folder.glob("*.pth"))
    kept = folder / _VOICES
    if not files and kept.is_dir():  # the folder of the whole program
        return _weights_in(kept)
    voices = [file for file in files if not _TRAINING.fullmatch(file.name) and not _BASE.fullmatch(file.name)]
    steps = {int(found[2]): file for file in files if (found := _TRAINING.fullmatch(file.name)) and found[1] == "G"}
    if len({_SAVED_AT.sub("", file.stem) for file in voices}) == 1:
        return max(voices, key=_step)
    if voices:
        names = ", ".join(file.name for file in voices[:_SHOWN]) + (", ..." if len(voices) > _SHOWN else "")
        raise PortError(f"{folder}: holds {len(voices)} voices ({names}); give the path of one of them")
    if steps:
        return steps[max(steps)]
    if files:
        raise PortError(f"{files[0]}: {_no_voice(files[0])}")
    raise PortError(f"{folder}: holds no .pth file; a voice of RVC is in assets/weights or, as G_*.pth, in logs/NAME")


def _step(file: Path) -> float:
    """Return the step at which a small file was saved; one without it was saved at the end."""
    found = _SAVED_AT.search(file.stem)
    return int(found[1] or found[2]) if found else math.inf


def _no_voice(file: Path) -> str:
    if _TRAINING.fullmatch(file.name):
        return "is the discriminator of a training, which judges voices and has none; G_*.pth of the same training is missing"
    return _base_said(file.name)


def _base_said(name: str) -> str:
    found = _BASE.fullmatch(name)
    kind = "discriminator" if found and found[1] == "D" else "net"
    return f"is the pretrained {kind} that a training begins with, nobody's voice; import what was trained from it"


def _check_name(weights: Path) -> None:
    try:
        with weights.open("rb") as file:
            begin = file.read(8)
    except OSError as error:
        raise PortError(f"{weights}: cannot be read: {error.strerror}") from error
    if begin[:2] in (b"Iw", b"Ix") or begin.startswith(b"\x93NUMPY"):
        raise PortError(
            f"{weights}: holds content vectors for a voice, not a voice; import its .pth file with this one beside it"
        )
    if _BASE.fullmatch(weights.name):
        raise PortError(f"{weights}: {_base_said(weights.name)}")
    if begin.startswith(b"PK"):
        packed: list[str] = []
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(weights) as archive:  # a damaged one is told of when it is read
            packed = [name for name in archive.namelist() if name.endswith(".pth")]
        if packed:
            raise PortError(f"{weights}: is an archive with {packed[0]} in it; unpack it and import the folder")


def _index_of(weights: Path, name: str) -> Path | None:
    """Return the index of a voice: one with its name, or the only one beside it."""
    near = weights.resolve().parent
    own = [near] if near.name == name or len(list(near.glob("*.pth"))) == 1 else []
    own += [root / "logs" / name for root in near.parents[:2]]
    whole = re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", re.IGNORECASE)
    named = [file for file in _indices(near) if whole.search(file.name)]
    return next((found[0] for found in (named, *map(_indices, own)) if len(found) == 1), None)


def _indices(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.index")) if not file.name.startswith("trained_")]


def refuse_others(path: Path, names: Collection[str]) -> None:
    """Say what a checkpoint is that has tensors of these names, where it is known and no voice of RVC.

    Raises
    ------
    PortError
        It is known.
    """
    for begin, what in _OTHERS:
        if any(name.startswith(begin) or f".{begin}" in name for name in names):
            raise PortError(f"{path}: is {what}")


def refuse_objects(path: Path) -> None:
    """Say of a checkpoint with objects in it what its tensors tell; returns where they tell nothing.

    Raises
    ------
    PortError
        Its names are known.
    """
    with open_checkpoint(path, check=False) as checkpoint:
        refuse_others(path, tensors_of(checkpoint.value))


def is_base(value: Mapping[str, object], tensors: Collection[ForeignTensor]) -> bool:
    """Whether a checkpoint of a training is one that was published for others to begin with: halves, without an optimizer."""
    return not value.get("optimizer") and all(tensor.dtype != "F32" for tensor in tensors)
