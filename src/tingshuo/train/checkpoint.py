"""The state of a training on disk: tensors in safetensors, the rest in JSON, there whole or not at all.

::

    checkpoints/
      step-00001500/   tensors.safetensors  state.json
      last -> step-00001500
      best -> step-00000500

A checkpoint is a new folder; then one rename of a link makes it the last (or best) one. So at every moment, also when the
process is killed or the disk is full, ``last`` leads to a whole checkpoint. Folders that no link leads to are removed.

Tensors are named ``<net>/<tensor>``, ``<optimizer>#/<parameter number>/<key>`` and ``average/<tensor>``.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError, OutputError, TrainError
from tingshuo.store.atomic import new_folder, write_file

TENSORS, STATE = "tensors.safetensors", "state.json"
LAST, BEST = "last", "best"
AVERAGE = "average/"
SPARE_BYTES = 16 << 20
"""Left free on the disk beyond a checkpoint's own size."""


class State(StrictModel, frozen=True, kw_only=True):
    """What a training knows beside its tensors. Its random choices follow from seed and step, so there is no more to keep."""

    step: int
    """Steps done."""
    epoch: int
    """The epoch that the next step belongs to, from 0."""
    position: int
    """Batches of that epoch already seen."""
    seconds: float
    """Spent training, evaluations included."""
    best: float | None
    """Lowest value of the metric so far."""
    identity: dict[str, Any]
    """What must be the same to go on: settings and the hash of the data."""
    optimizers: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """What optimizers keep that is not a tensor, by optimizer, parameter number and key."""


def collect(
    nets: Mapping[str, nn.Module], optimizers: Mapping[str, torch.optim.Optimizer], average: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, dict[str, Any]]]:
    """Return the tensors of nets, optimizers and average by their names in a checkpoint, and what is not a tensor."""
    tensors = {f"{net}/{name}": value for net, module in nets.items() for name, value in module.state_dict().items()}
    tensors |= {AVERAGE + name: value for name, value in average.items()}
    rest: dict[str, dict[str, Any]] = {}
    for label, optimizer in optimizers.items():
        for number, kept in optimizer.state_dict()["state"].items():
            for key, value in kept.items():
                if isinstance(value, Tensor):
                    tensors[f"{label}#/{number}/{key}"] = value
                else:
                    rest.setdefault(label, {})[f"{number}/{key}"] = value
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, rest


def restore(
    tensors: Mapping[str, Tensor],
    state: State,
    nets: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    average: Mapping[str, Tensor],
) -> None:
    """Put a checkpoint back into nets, optimizers and average.

    Raises
    ------
    TrainError
        The tensors are of other nets.
    """
    try:
        for label, module in nets.items():
            module.load_state_dict(_under(tensors, f"{label}/"))
        kept = _under(tensors, AVERAGE)
        if kept.keys() != average.keys():
            raise TrainError("the checkpoint's average is of another net; give the settings it was trained with")
        for name, value in average.items():
            value.copy_(kept[name])
        for label, optimizer in optimizers.items():
            optimizer.load_state_dict({**optimizer.state_dict(), "state": _optimizer_state(tensors, state, label)})
    except (RuntimeError, ValueError) as error:
        raise TrainError(f"the checkpoint does not fit the nets: {error}") from error


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _optimizer_state(tensors: Mapping[str, Tensor], state: State, label: str) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for place, value in (_under(tensors, f"{label}#/") | state.optimizers.get(label, {})).items():
        number, _, key = place.partition("/")
        found.setdefault(int(number), {})[key] = value
    return found


def save_checkpoint(folder: Path, tensors: Mapping[str, Tensor], state: State, *, best: bool = False) -> Path:
    """Write a checkpoint and make it the last one, with ``best`` also the best one.

    Parameters
    ----------
    folder : Path
        The ``checkpoints`` folder of a run.
    tensors : Mapping[str, Tensor]
        From `collect`.
    state : State
        The rest.

    Raises
    ------
    OutputError
        The disk has no room or cannot be written; the checkpoints that were there stay as they were.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _remove_strays(folder)
    path = folder / f"step-{state.step:08d}"
    if not path.is_dir():  # it was written before a crash, and a step is always the same
        _check_room(folder, sum(value.nbytes for value in tensors.values()))
        with new_folder(path) as partial:
            write_file(partial / TENSORS, lambda file: _save_tensors(tensors, file))
            write_file(partial / STATE, json.dumps(state.fields(), ensure_ascii=False, indent=1).encode())
    # The best first: killed in between, a training goes on from an older last one and comes here again.
    for name in (BEST, LAST) if best else (LAST,):
        _point(folder / name, path.name)
    _remove_strays(folder)
    return path


def load_checkpoint(run: Path, name: str = LAST) -> tuple[dict[str, Tensor], State]:
    """Read the last or best checkpoint of a run.

    Raises
    ------
    TrainError
        There is none, or it is damaged.
    """
    folder, state = run / "checkpoints" / name, read_state(run, name)
    try:
        with safe_open(folder / TENSORS, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, state  # noqa: SIM118, it is not a dict
    except (OSError, SafetensorError) as error:
        raise TrainError(f"{folder}: is damaged: {error}") from error


def load_part(run: Path, part: str, net: nn.Module, name: str = LAST) -> State:
    """Fill a net with a part of a checkpoint, ``average`` or a net's name; returns the rest of it.

    Raises
    ------
    TrainError
        There is none, it is damaged, or of another net.
    """
    tensors, state = load_checkpoint(run, name)
    try:
        net.load_state_dict(_under(tensors, f"{part}/"))
    except RuntimeError as error:
        raise TrainError(f"the checkpoint does not fit the net: {error}") from error
    return state


def read_state(run: Path, name: str = LAST) -> State:
    """Read a checkpoint without its tensors; errors as of `load_checkpoint`."""
    folder = run / "checkpoints" / name
    if not folder.is_dir():
        raise TrainError(f"{run}: holds no {name!r} checkpoint; train without --resume into a new folder")
    try:
        return State.read(folder / STATE)
    except ConfigError as error:
        raise TrainError(f"{folder}: is damaged: {error}") from error


def has_checkpoint(run: Path) -> bool:
    """Whether a run can be resumed."""
    return (run / "checkpoints" / LAST).is_dir()


def _save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    try:
        save_file(dict(tensors), path)
    except SafetensorError as error:
        raise OSError(str(error)) from error


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise OutputError(
            f"{folder}: a checkpoint needs {(needed + SPARE_BYTES) / 1e6:.0f} MB and {free / 1e6:.0f} MB are free; "
            "make room, then train on with --resume"
        )


def _point(link: Path, target: str) -> None:
    """Make ``link`` lead to a folder beside it, in one rename."""
    temporary = link.with_name(f".{link.name}.partial")
    try:
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        temporary.replace(link)
    except OSError as error:
        raise OutputError(f"{link}: cannot be written: {error.strerror or error}") from error


def _remove_strays(folder: Path) -> None:
    """Remove checkpoints that no link leads to and what a killed process left half written."""
    kept = {os.readlink(folder / name) for name in (LAST, BEST) if (folder / name).is_symlink()}
    for path in folder.iterdir():
        stray = path.name.startswith(".step-") or (path.name.startswith("step-") and path.name not in kept)
        if stray and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
