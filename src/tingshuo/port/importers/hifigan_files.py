"""Which files make a HiFi-GAN: the generator of a training or a download, and the config.json that lies beside it.

::

    g_02500000  do_02500000  config.json        a training: the highest number counts; do_ is of training alone
    generator_v1  config.json                   a download, called as anybody likes
"""

import re
from pathlib import Path

from tingshuo.errors import PortError
from tingshuo.port.importers.sambert_files import read_json

_NUMBERED = re.compile(r"g_(\d+)")
_TRAINING = re.compile(r"(do|d)_\d+")
_SUFFIXES = ("", ".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".pkl", ".tar")
_PLAIN = ("readme", "license", "licence", "notice", "makefile")
_MARK = "upsample_rates"
"""A setting that no other kind of config.json has."""
_SHOWN = 5


def find_generator(path: Path) -> Path:
    """Find the weights of a vocoder.

    Parameters
    ----------
    path : Path
        A generator, or the folder in which it lies.

    Raises
    ------
    PortError
        There is none, or there are several.
    """
    if not path.exists():
        raise PortError(f"{path}: there is no such file or folder")
    return path if path.is_file() else _choose(path)


def name_of(generator: Path) -> str:
    """Return what a vocoder is called: as its file, or as the folder of a file that has only a number."""
    own = generator.stem if generator.suffix in _SUFFIXES[1:] else generator.name
    is_numbered = _NUMBERED.fullmatch(own) is not None or own in ("pytorch_model", "model", "generator")
    return generator.resolve().parent.name if is_numbered else own


def _choose(folder: Path) -> Path:
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and _is_weights(path)]
    numbered = {int(found[1]): path for path in files if (found := _NUMBERED.fullmatch(path.stem))}
    if numbered:
        return numbered[max(numbered)]
    training = [path.name for path in files if _TRAINING.fullmatch(path.stem)]
    others = [path for path in files if path.name not in training]
    if len(others) == 1:
        return others[0]
    if others:
        names = ", ".join(path.name for path in others[:_SHOWN])
        raise PortError(f"{folder}: has several files that may be a vocoder: {names}; give one of them")
    if training:
        raise PortError(f"{folder}: has {', '.join(training[:_SHOWN])} alone, which only training needs; the g_… file is wanted")
    raise PortError(f"{folder}: has no generator (g_ and a number, or another file of weights)")


def _is_weights(path: Path) -> bool:
    return path.suffix in _SUFFIXES and not path.name.startswith(".") and path.name.lower() not in _PLAIN


def find_settings(generator: Path) -> Path:
    """Return the settings of a generator: config.json, or the one .json beside it that is of a vocoder.

    Raises
    ------
    PortError
        There are none, or several.
    """
    folder = generator.parent
    if (folder / "config.json").is_file():
        return folder / "config.json"
    found = [path for path in sorted(folder.glob("*.json")) if _is_config(path)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(path.name for path in found[:_SHOWN])
        raise PortError(f"{folder}: has {names}; call the one that {generator.name} was trained with config.json")
    raise PortError(
        f"{folder / 'config.json'}: is missing, and {generator.name} does not say its sizes nor how its mel is computed; it is "
        "in the project or the download that the file is from"
    )


def _is_config(path: Path) -> bool:
    try:
        return _MARK in read_json(path)
    except PortError:
        return False
