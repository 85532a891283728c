"""Which files make a recogniser of WeNet: a folder, or a checkpoint, is given; the others lie beside it.

::

    final.pt                       as it is published, or a link to the last epoch
    avg_30.pt                      the mean of several, what recipes test with
    epoch_9.pt, step_80000.pt, 9.pt, each with a .yaml of its own
    train.yaml                     settings; a copy is in the .yaml beside a checkpoint
    units.txt or lang_char.txt     units of writing, "unit number" a line; words.txt in old runtime folders
    global_cmvn                    sums of features, JSON or Kaldi's text

Paths in the settings point to where it was trained; the last part of them is looked for here. Layout:
https://github.com/wenet-e2e/wenet (``wenet/bin``, ``wenet/cli/model.py``; Apache-2.0).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tingshuo.audio.fbank import cmvn_of_sums
from tingshuo.config.fbank import Cmvn
from tingshuo.errors import PortError

SETTINGS, CMVN, UNITS = "train.yaml", "global_cmvn", ("units.txt", "lang_char.txt", "words.txt")
_AVERAGED = re.compile(r"avg_?(\d+)\.pt")
_NUMBERED = re.compile(r"(?:epoch_|step_)?(\d+)\.pt")
_REMEDY = "give the final.pt, or avg_….pt, that it was made from, with train.yaml and units.txt beside it"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of a recogniser."""

    checkpoint: Path
    settings: Path
    notes: tuple[str, ...] = ()
    """Sentences about a choice that was made."""

    def beside(self, *names: str) -> Path | None:
        """Return the first of these files that lies beside the checkpoint or the settings."""
        folders = dict.fromkeys((self.checkpoint.parent, self.settings.parent))
        return next((folder / name for name in names for folder in folders if (folder / name).is_file()), None)


def find_model(path: Path) -> ModelFiles:
    """Find the files of a recogniser.

    Parameters
    ----------
    path : Path
        A folder, or a checkpoint in one.

    Raises
    ------
    PortError
        There is no checkpoint, it is one without learning or for a runtime, or its settings are missing.
    """
    checkpoint, notes = (path, ()) if path.is_file() else _choose(path)
    if checkpoint.suffix in (".zip", ".onnx", ".ort"):
        kind = "TorchScript" if checkpoint.suffix == ".zip" else "an ONNX graph"
        raise PortError(f"{checkpoint}: is {kind}, an export for a runtime; {_REMEDY}")
    if checkpoint.name == "init.pt":
        raise PortError(f"{checkpoint}: is the net before training, which knows nothing; {_REMEDY}")
    places = [checkpoint.parent / SETTINGS, checkpoint.with_suffix(".yaml"), checkpoint.parent.parent / SETTINGS]
    settings = next((place for place in places if place.is_file()), None)
    if settings is None:
        raise PortError(f"{checkpoint}: has no {SETTINGS} beside it, so the sizes of the net are not known; put it there")
    return ModelFiles(checkpoint, settings, notes)


def read_settings(path: Path) -> Mapping[str, Any]:
    """Read settings; what is not plain data in them is left out, and nothing is made of it.

    Raises
    ------
    PortError
        The file cannot be read or does not hold names and values.
    """
    try:
        content = yaml.load(path.read_text("utf-8"), _PlainLoader)  # noqa: S506 - a SafeLoader that makes less
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise PortError(f"{path}: cannot be read as YAML: {reason}") from error
    if not isinstance(content, Mapping):
        raise PortError(f"{path}: does not hold settings")
    return content


class _PlainLoader(yaml.SafeLoader):
    """Reads objects of Python, which the ``.yaml`` beside a checkpoint may hold, as nothing."""


def _nothing(_loader: yaml.Loader, _suffix: str, _node: yaml.Node) -> None:
    return None


_PlainLoader.add_multi_constructor("tag:yaml.org,2002:python/", _nothing)


def read_units(path: Path) -> tuple[str, ...]:
    """Read the units, in the order of their numbers.

    Raises
    ------
    PortError
        The file cannot be read, or its numbers are not 0, 1, 2 and so on, each once.
    """
    numbers: dict[int, str] = {}
    for n, line in enumerate(_text(path, "a list of units").split("\n"), 1):
        if not line.strip():
            continue
        parts = line.strip().rsplit(maxsplit=1)
        if len(parts) != 2 or not parts[1].isdecimal():
            raise PortError(f"{path}: line {n} is {line.strip()!r}, and should be a unit and its number")
        if int(parts[1]) in numbers:
            raise PortError(f"{path}: the number {parts[1]} is there twice, of {numbers[int(parts[1])]!r} and {parts[0]!r}")
        numbers[int(parts[1])] = parts[0]
    missing = next((number for number in range(len(numbers)) if number not in numbers), None)
    if missing is not None or not numbers:
        raise PortError(f"{path}: no unit has the number {missing or 0}, so the list is not whole")
    return tuple(numbers[number] for number in range(len(numbers)))


def read_cmvn(path: Path) -> Cmvn:
    """Read sums of features: WeNet's JSON, or Kaldi's statistics as text.

    Raises
    ------
    PortError
        The file cannot be read, is binary, or is neither.
    """
    content = _text(path, "sums of features; of Kaldi's, only text is (compute-cmvn-stats --binary=false)")
    try:
        return _cmvn_of_json(content) if content.lstrip().startswith("{") else _cmvn_of_kaldi(content)
    except (ValueError, KeyError, TypeError) as error:
        raise PortError(f"{path}: holds no sums of features, neither WeNet's JSON nor Kaldi's text: {error}") from error


def _cmvn_of_json(content: str) -> Cmvn:
    stats = json.loads(content)
    return _cmvn(stats["mean_stat"], stats["var_stat"], float(stats["frame_num"]))


def _cmvn_of_kaldi(content: str) -> Cmvn:
    """Between brackets, one row of sums and how many frames, and one of squares and a nought."""
    parts = content.split()
    if len(parts) < 6 or (parts[0], parts[-1]) != ("[", "]") or len(parts) % 2:
        raise ValueError("there are not two rows between brackets")
    numbers = [float(part) for part in parts[1:-1]]
    half = len(numbers) // 2
    return _cmvn(numbers[: half - 1], numbers[half:-1], numbers[half - 1])


def _cmvn(sums: list[float], squares: list[float], frames: float) -> Cmvn:
    if len(sums) != len(squares) or not sums or not frames > 0:
        raise ValueError(f"{len(sums)} sums, {len(squares)} squares, {frames:g} frames")
    if not np.isfinite([*sums, *squares]).all():
        raise ValueError("a sum is not finite")
    return cmvn_of_sums(np.array(sums, np.float64), np.array(squares, np.float64), frames)


def _text(path: Path, what: str) -> str:
    try:
        content = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise PortError(f"{path}: cannot be read as {what}: {reason}") from error
    if "\0" in content:
        raise PortError(f"{path}: cannot be read as {what}: it is binary")
    return content


def _choose(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Choose a checkpoint in a folder: a mean before a single one, of several the highest number."""
    if not folder.is_dir():
        raise PortError(f"{folder}: is not there")
    files = sorted(path for path in folder.iterdir() if path.is_file())
    averaged, numbered = _highest(files, _AVERAGED), _highest(files, _NUMBERED)
    final = folder / "final.pt" if (folder / "final.pt").is_file() else None
    chosen = averaged or final or numbered
    if chosen is not None:
        others = [path.name for path in (averaged, final, numbered) if path is not None and path != chosen]
        return chosen, (f"{chosen.name} was taken; there is {' and '.join(others)} too",) if others else ()
    exported = next((path for path in files if path.suffix in (".zip", ".onnx", ".ort") or path.name == "init.pt"), None)
    if exported is not None:
        return exported, ()
    raise PortError(f"{folder}: has no checkpoint of WeNet (final.pt, avg_30.pt, epoch_9.pt); give the folder that has one")


def _highest(files: Iterable[Path], pattern: re.Pattern[str]) -> Path | None:
    found = [(int(match[1]), path) for path in files if (match := pattern.fullmatch(path.name))]
    return max(found)[1] if found else None
