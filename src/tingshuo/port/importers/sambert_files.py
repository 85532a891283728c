"""Where the files of a KAN-TTS voice lie: ModelScope downloads, folders of one voice, results of a fine-tuning.

A voice has two parts, each a folder with ``config.yaml`` and ``ckpt/checkpoint_N.pth``, of which the highest N counts. What the
parts are called differs by who wrote them::

    configuration.json  voices/voices.json  voices/<name>/{am,voc}     downloaded from ModelScope; voices.zip until it is unpacked
    basemodel_16k/{sambert,hifigan}                                    a model to be fine-tuned
    tmp_am  tmp_voc  orig_model  data                                  a fine-tuning of it

Source: the loader of ModelScope (``modelscope/models/audio/tts``, Apache-2.0) and the tools of KAN-TTS.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tingshuo.errors import PortError

ACOUSTIC, VOCODER = "KanTtsSAMBERT", "Generator"
"""What a part's settings call its net."""
_ACOUSTIC_FOLDERS = ("am", "tmp_am", "sambert", "basemodel_*/sambert")
_VOCODER_FOLDERS = (
    "voc",
    "tmp_voc",
    "hifigan",
    "basemodel_*/hifigan",
    "orig_model/basemodel_*/hifigan",
    "orig_model/voices/*/voc",
)
_CHECKPOINT = re.compile(r"checkpoint_(\d+)\.pth")
_SETTINGS = {"configuration.json", "voices.json", "config.yaml", "audio_config.yaml"}
"""Files that stand for the folder in which they lie."""


@dataclass(frozen=True, slots=True)
class Part:
    """Half a voice."""

    folder: Path
    checkpoint: Path
    config: Mapping[str, Any]
    """``config.yaml``."""

    def params(self, net: str) -> Mapping[str, Any]:
        """Return the settings of a net.

        Raises
        ------
        PortError
            The part is of another net.
        """
        nets = self.config.get("Model")
        settings = nets.get(net) if isinstance(nets, Mapping) else None
        params = settings.get("params") if isinstance(settings, Mapping) else None
        if not isinstance(params, Mapping):
            known = ", ".join(nets) if isinstance(nets, Mapping) and nets else "no net"
            raise PortError(f"{self.folder / 'config.yaml'}: is of {known} instead of {net}; put each part into its own folder")
        return params


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    """The files of a voice."""

    name: str
    folder: Path
    acoustic: Part
    vocoder: Part


def find_voices(path: Path) -> tuple[VoiceFiles, ...]:
    """Find the voices of a download, a folder or a checkpoint; the first is the default one.

    Parameters
    ----------
    path : Path
        A folder as above, the folder of one voice, or anything in that: of a part or of what lies in one the voice is found
        upward. A checkpoint counts instead of the highest then.

    Raises
    ------
    PortError
        Something is missing; the message says what and where.
    """
    if not path.exists():
        raise PortError(f"{path}: there is no such file or folder")
    if path.is_file() and path.name not in _SETTINGS:
        return (_voice_of_checkpoint(path),)
    return tuple(_voice(folder, name) for name, folder in _folders(path).items())


def find_lone_vocoder(path: Path) -> Path | None:
    """Find a vocoder that lies somewhere without its acoustic model; None where there is no such, or more than one.

    Parameters
    ----------
    path : Path
        As for `find_voices`.

    Returns
    -------
    Path or None
        Its folder, or the checkpoint that was given.

    Raises
    ------
    PortError
        A list of voices is damaged, or a download is not unpacked.
    """
    if path.is_file() and path.name not in _SETTINGS:
        owner = _owner(path.resolve().parent.parent)
        return None if owner is None or _has(owner, _ACOUSTIC_FOLDERS) else path
    folders = list(_folders(path).values()) if path.exists() else []
    if any(_has(folder, _ACOUSTIC_FOLDERS) for folder in folders):
        return None
    parts = [
        part
        for folder in folders
        for pattern in _VOCODER_FOLDERS
        for part in _matches(folder, pattern)
        if any(_checkpoints(part))
    ]
    return parts[0] if len(parts) == 1 else None


def _folders(path: Path) -> dict[str, Path]:
    """Return the folders of the voices that a path stands for by their names, the default one first."""
    path = path if path.is_dir() else path.parent
    if not _is_root(path) and (owner := _owner(path.resolve()) or _owner(path.resolve().parent)) is not None:
        return {owner.name: owner}
    voices = path / "voices" if (path / "voices").is_dir() else path
    if (voices / "voices.json").is_file():
        return {name: voices / name for name in _names(voices)}
    if (path / "voices.zip").is_file():
        raise PortError(f"{path / 'voices.zip'}: is not unpacked; unpack it where it lies, so that there is {path / 'voices'}")
    kept = {}
    if voices.resolve().name == "voices":  # of some downloads there are only some of the folders left
        kept = {one.name: one for one in _matches(voices, "*") if _has(one, (*_ACOUSTIC_FOLDERS, *_VOCODER_FOLDERS))}
    return kept or {path.resolve().name: path}


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Read settings.

    Raises
    ------
    PortError
        The file cannot be read or does not hold names and values.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise PortError(f"{path}: cannot be read as YAML: {reason}") from error
    if not isinstance(content, Mapping):
        raise PortError(f"{path}: does not hold settings")
    return content


def read_json(path: Path) -> Mapping[str, Any]:
    """Read a list; errors are those of `read_yaml`."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise PortError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(content, Mapping):
        raise PortError(f"{path}: does not hold settings")
    return content


def _names(voices: Path) -> list[str]:
    """Names in ``voices.json``; those whose folder was not downloaded are left out, as the original does."""
    names = read_json(voices / "voices.json").get("voices")
    if not isinstance(names, list) or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise PortError(f'{voices / "voices.json"}: has to be {{"voices": [names of folders beside it]}}')
    there = [name for name in names if (voices / name).is_dir()]
    if not there:
        raise PortError(f"{voices}: has no folder of the voices in voices.json: {', '.join(names) or 'it names none'}")
    return there


def _voice(folder: Path, name: str, given: Path | None = None) -> VoiceFiles:
    acoustic = _part(folder, "acoustic model", _ACOUSTIC_FOLDERS, given)
    return VoiceFiles(name, folder, acoustic, _part(folder, "vocoder", _VOCODER_FOLDERS, given))


def _voice_of_checkpoint(path: Path) -> VoiceFiles:
    if _CHECKPOINT.fullmatch(path.name) is None:
        raise PortError(f"{path}: is not called checkpoint_N.pth as those of KAN-TTS; name the folder of the voice instead")
    part = path.resolve().parent.parent
    owner = _owner(part)
    if owner is not None:
        return _voice(owner, owner.name, path.resolve())
    known = ", ".join(pattern for pattern in (*_ACOUSTIC_FOLDERS, *_VOCODER_FOLDERS) if "/" not in pattern)
    raise PortError(
        f"{path}: lies in {part.name}/{path.resolve().parent.name}, not in FOLDER/ckpt where FOLDER is one of {known}"
    )


def _is_root(folder: Path) -> bool:
    """Whether a folder is a download or the folder of a voice, whatever it is called itself."""
    return any((folder / name).exists() for name in ("voices", "voices.json", "voices.zip")) or _has(folder, _ACOUSTIC_FOLDERS)


def _has(folder: Path, patterns: tuple[str, ...]) -> bool:
    return any(_matches(folder, pattern) for pattern in patterns)


def _owner(part: Path) -> Path | None:
    """Return the folder of the voice that a part is of, best one that has both its parts; None where it is no part."""
    patterns = (*_ACOUSTIC_FOLDERS, *_VOCODER_FOLDERS)
    deepest = max(pattern.count("/") + 1 for pattern in patterns)
    owners = [folder for folder in list(part.parents)[:deepest] if any(part in _matches(folder, one) for one in patterns)]
    whole = [folder for folder in owners if _has(folder, _ACOUSTIC_FOLDERS) and _has(folder, _VOCODER_FOLDERS)]
    return next(iter([*whole, *owners]), None)


def _part(folder: Path, what: str, patterns: tuple[str, ...], given: Path | None) -> Part:
    found = [part for pattern in patterns for part in _matches(folder, pattern)]
    if given is not None and given.parent.parent in [part.resolve() for part in found]:
        part = given.parent.parent
        return Part(part, given, read_yaml(part / "config.yaml"))
    for part in found:
        numbered = {int(match[1]): path for path, match in _checkpoints(part)}
        if numbered:
            return Part(part, numbered[max(numbered)], read_yaml(part / "config.yaml"))
    if found:
        raise PortError(f"{found[0] / 'ckpt'}: has no checkpoint_N.pth, so the {what} of {folder.name} is missing")
    raise PortError(
        f"{folder}: has no {what}; it lies in {patterns[0]}/ckpt/checkpoint_N.pth, or in one of {', '.join(patterns[1:3])}"
    )


def _matches(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_dir())


def _checkpoints(part: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    for path in (part / "ckpt").glob("checkpoint_*.pth"):
        if (match := _CHECKPOINT.fullmatch(path.name)) and path.is_file():
            yield path, match
