"""Which files of a folder are a Piper voice, and what its settings file says.

Layouts as they are found: a download of ``voice.onnx`` and ``voice.onnx.json``, often with a ``MODEL_CARD``; a training's folder
of ``config.json`` and ``lightning_logs/version_N/checkpoints/epoch=E-step=S.ckpt``.

Source: the voices' own settings files and TRAINING.md of https://github.com/rhasspy/piper (MIT).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tingshuo.errors import PortError
from tingshuo.tasks.piper.loop import Scales
from tingshuo.text.foreign.piper import KINDS, Inventory

_STEP = re.compile(r"epoch=(\d+)-step=(\d+)(?:-v\d+)?\.ckpt")
_VERSION = re.compile(r"version_(\d+)")
_LEVELS = 4
"""Folders above a checkpoint in which its settings are looked for."""
_CARD = re.compile(r"^\s*(?:[*-]\s*)?Licen[cs]e\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A voice's files."""

    weights: Path
    """``.onnx`` or ``.ckpt``."""
    settings: Path
    card: Path | None

    @property
    def name(self) -> str:
        """Of the voice: that of its graph, of its settings file, or of the training's folder."""
        if self.weights.suffix == ".onnx":
            return self.weights.stem
        if self.settings.name == "config.json":
            return self.settings.resolve().parent.name
        return self.settings.name.removesuffix(".json").removesuffix(".onnx").removesuffix(".ckpt")

    @property
    def licence(self) -> str | None:
        """What the card says."""
        if self.card is None:
            return None
        found = _CARD.search(self.card.read_text("utf-8", "replace"))
        return found[1].strip() if found else None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a settings file says."""

    sample_rate: int
    quality: str
    inventory: Inventory
    scales: Scales
    speakers: tuple[str, ...]
    """Names in the order of the speaker table; those without a name are called by their number."""
    symbols: int
    language: str
    """As the file has it, ``zh_CN``; empty where it does not say."""


def find_voice(path: Path) -> Found:
    """Find the files of a voice.

    Parameters
    ----------
    path : Path
        A ``.onnx``, ``.onnx.json`` or ``.ckpt`` file, or a folder.

    Raises
    ------
    PortError
        There is no voice, or more than one, or its settings are missing.
    """
    if not path.exists():
        raise PortError(f"{path}: is not there; give the .onnx or .ckpt file of a voice or its folder")
    weights = _weights_in(path) if path.is_dir() else path
    if weights.name.endswith(".onnx.json"):
        weights = weights.with_name(weights.name.removesuffix(".json"))
        if not weights.is_file():
            raise PortError(f"{weights}: is not there; {path.name} are only the settings of that voice")
    if weights.suffix not in (".onnx", ".ckpt"):
        raise PortError(f"{weights}: is no voice of Piper; give its .onnx or its .ckpt")
    settings = _settings_of(weights)
    near = [weights.parent / "MODEL_CARD", settings.parent / "MODEL_CARD"]
    return Found(weights, settings, next((card for card in near if card.is_file()), None))


def _weights_in(folder: Path) -> Path:
    graphs = sorted(folder.glob("*.onnx"))
    if len(graphs) == 1:
        return graphs[0]
    if graphs:
        names = ", ".join(file.name for file in graphs[:_SHOWN]) + (", ..." if len(graphs) > _SHOWN else "")
        raise PortError(f"{folder}: holds {len(graphs)} voices ({names}); give the path of one of them")
    checkpoints = sorted(folder.rglob("*.ckpt"))
    if not checkpoints:
        raise PortError(f"{folder}: holds no .onnx and no .ckpt, so there is no voice of Piper in it")
    return max(checkpoints, key=_age)


def _age(file: Path) -> tuple[int, int, int]:
    """Return version of the training, epoch and step; files with other names are older than all."""
    version = next((int(found[1]) for part in file.parts if (found := _VERSION.fullmatch(part))), -1)
    saved = _STEP.fullmatch(file.name)
    return (version, int(saved[1]), int(saved[2])) if saved else (version, -1, -1)


def _settings_of(weights: Path) -> Path:
    beside = weights.with_name(weights.name + ".json")
    if beside.is_file():
        return beside
    folder = weights.resolve().parent
    if weights.suffix == ".onnx":
        near = [folder / "config.json"]
    else:
        near = [file for above in (folder, *folder.parents[:_LEVELS]) for file in _of_training(above)]
    for file in near:
        if file.is_file():
            return file
    what = beside.name if weights.suffix == ".onnx" else "config.json"
    raise PortError(f"{weights}: its settings {what} are missing, without which nobody knows its phonemes; put them beside it")


def _of_training(folder: Path) -> list[Path]:
    """Return what may be the settings of a training: its own, or those of the voice that was exported of it."""
    exported = sorted(folder.glob("*.onnx.json"))
    return [folder / "config.json", *(exported if len(exported) == 1 else ())]


def read_settings(path: Path) -> Settings:
    """Read a settings file.

    Raises
    ------
    PortError
        It is not JSON or no settings of a Piper voice.
    """
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise PortError(f"{path}: cannot be read as JSON: {error}") from error
    try:
        settings = _settings(said)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PortError(f"{path}: is no settings file of a Piper voice: {type(error).__name__} {error}") from error
    kind = settings.inventory.kind
    if kind not in KINDS:
        raise PortError(f"{path}: its phonemes are of the kind {kind!r}, which is not supported; {', '.join(KINDS)} are")
    return settings


def _settings(said: Mapping[str, Any]) -> Settings:
    inference = said.get("inference") or {}
    ids = {str(phoneme): tuple(map(int, row)) for phoneme, row in said["phoneme_id_map"].items()}
    names = {int(number): str(name) for name, number in (said.get("speaker_id_map") or {}).items()}
    espeak = said.get("espeak") or {}
    # Files from before there were several kinds have none.
    kind = str(said.get("phoneme_type") or "espeak").lower().removeprefix("phonemetype.")
    defaults = Scales()
    return Settings(
        int(said["audio"]["sample_rate"]),
        str(said["audio"].get("quality") or ""),
        Inventory(kind, ids, str(espeak.get("voice") or "")),
        Scales(
            float(inference.get("noise_scale", defaults.noise)),
            float(inference.get("length_scale", defaults.length)),
            float(inference.get("noise_w", defaults.duration_noise)),
        ),
        tuple(names.get(number, str(number)) for number in range(int(said.get("num_speakers") or 1))),
        int(said["num_symbols"]),
        str((said.get("language") or {}).get("code") or ""),
    )
