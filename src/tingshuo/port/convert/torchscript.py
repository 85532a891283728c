"""TorchScript of a known system: its weights are read out of it as data, and imported as those in a checkpoint are.

Nothing of the program in it is run. What belongs beside a checkpoint (``train.yaml``, ``units.txt``, ``config.json``) is looked
for beside the file.
"""

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tingshuo.errors import PortError, TingshuoError
from tingshuo.port.convert.converters import CONVERTERS
from tingshuo.port.draft import Draft
from tingshuo.port.foreign.checkpoint import open_checkpoint, tensors_of
from tingshuo.port.importers.torchscript import FORMAT
from tingshuo.port.recognise.formats import detect
from tingshuo.port.recognise.seen import Seen
from tingshuo.port.recognise.systems import recognise


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a model.

    Parameters
    ----------
    path : Path
        What ``torch.jit.save`` wrote, or a folder with one such file.
    voice : str or None
        Which of several, as the system of the weights has it.

    Raises
    ------
    PortError
        Its weights are those of no system that is known, or something that belongs to them is missing or does not fit.
    """
    script = _script(path)
    with open_checkpoint(script) as checkpoint:
        tensors = {name: tensor.read() for name, tensor in tensors_of(checkpoint.value).items()}
    found = recognise(Seen(script, "torch zip", {name: tensor.shape for name, tensor in tensors.items()}))
    if found is None or not found.usable or found.system not in CONVERTERS:
        whose = (
            f"weights of {found.system}, {found.role}, which are not imported" if found else "weights of no system that is known"
        )
        raise PortError(
            f"{script}: is TorchScript with {whose}; with a contract of how it is called it can be made a bundle: tingshuo "
            f"import {script.name} --contract new"
        )
    return _as_checkpoint(script, tensors, found.system, voice)


def _as_checkpoint(script: Path, tensors: dict[str, Any], system: str, voice: str | None) -> Draft:
    """Write the weights as a checkpoint, with links to what lies beside the script, and import that."""
    with tempfile.TemporaryDirectory(prefix="tingshuo-torchscript-") as name:
        folder = Path(name).resolve() / script.resolve().parent.name
        folder.mkdir()
        for file in script.resolve().parent.iterdir():
            if file.name != script.name:
                (folder / file.name).symlink_to(file)
        checkpoint = folder / f"{script.stem}.pt"
        if checkpoint.is_symlink():
            checkpoint.unlink()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that arrays cannot be written to, which nobody does
            torch.save({key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in tensors.items()}, checkpoint)
        try:
            made: Draft = CONVERTERS.load(system)(checkpoint, voice)
        except TingshuoError as error:
            said = str(error).replace(str(checkpoint), str(script)).replace(str(folder), str(script.parent))
            renamed = type(error)(said)
            renamed.param = error.param
            raise renamed from error
        said = f"its weights were read out of the TorchScript {script.name}; the program in that was not run"
        return replace(made, source=f"{made.source} ({script.name}, TorchScript)", notes=(*made.notes, said))


def _script(path: Path) -> Path:
    if path.is_file():
        return path
    found = [file for file in sorted(path.iterdir()) if file.is_file() and detect(file) == FORMAT]
    if len(found) != 1:
        held = ", ".join(file.name for file in found) or "no TorchScript"
        raise PortError(f"{path}: holds {held}; give the path of one file")
    return found[0]
