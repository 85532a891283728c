"""The numbers of a training by step, read from its log; and as files that TensorBoard shows.

A log is ``log.jsonl``: one JSON object a line, with a ``step`` and numbers. Those inside ``losses`` are of training, those inside
``held_out`` (or ``dev``, ``valid``, ``test``) of held-out clips; numbers on the line itself (seconds, rate, epoch) are the rest.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tingshuo.errors import TrainError

HELD_OUT = ("held_out", "dev", "valid", "test")
TRAIN, DEV, REST = "train", "dev", "rest"
EVENTS_A_CURVE = 1000
"""As many as TensorBoard shows of a curve; the first and the last are among them."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Numbers of a log: ``train``, ``dev`` or ``rest`` -> name -> (steps, values). ``broken`` lines could not be read."""

    values: dict[str, dict[str, tuple[list[float], list[float]]]] = field(default_factory=dict)
    broken: int = 0


def read_log(path: Path) -> Curves:
    """Read every number of a log; a line that is no JSON object with a step, as a killed run leaves it, is counted as broken.

    Raises
    ------
    TrainError
        There is no log.
    """
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise TrainError(f"{path}: cannot be read: {error.strerror}; give the folder of a training") from error
    values: dict[str, dict[str, tuple[list[float], list[float]]]] = {TRAIN: {}, DEV: {}, REST: {}}
    broken = 0
    for line in filter(str.strip, lines):
        try:
            record = json.loads(line)
            step = float(record["step"])
        except (ValueError, TypeError, KeyError):
            broken += 1
            continue
        for kind, name, value in _numbers(record):
            steps, found = values[kind].setdefault(name, ([], []))
            steps.append(step)
            found.append(value)
    return Curves(values, broken)


def write_events(folder: Path, curves: Curves) -> None:
    """Write curves for TensorBoard, from their beginning, in place of what is in ``folder``.

    Raises
    ------
    TrainError
        The package ``tensorboard`` is missing.
    """
    if find_spec("tensorboard") is None:
        raise TrainError("TensorBoard's files need the package 'tensorboard': pip install tensorboard")
    event, summary = (import_module(f"tensorboard.compat.proto.{name}_pb2") for name in ("event", "summary"))
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    writer = import_module("tensorboard.summary.writer.event_file_writer").EventFileWriter(str(folder))
    for kind, names in curves.values.items():
        for name, (steps, values) in names.items():
            spread = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), EVENTS_A_CURVE)).round().astype(int)).tolist()
            for step, value in ((steps[index], values[index]) for index in spread):
                point = summary.Summary.Value(tag=f"{kind}/{name}", simple_value=value)
                writer.add_event(event.Event(step=int(step), summary=summary.Summary(value=[point])))
    writer.close()


def _numbers(record: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Yield kind, name and value of every number of a line."""
    kind = DEV if record.get("kind") in HELD_OUT else TRAIN
    for key, value in record.items():
        if isinstance(value, Mapping):
            inner = DEV if key in HELD_OUT else kind
            yield from ((inner, str(name), float(v)) for name, v in value.items() if _is_number(v))
        elif key != "step" and _is_number(value):
            yield REST, key, float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
