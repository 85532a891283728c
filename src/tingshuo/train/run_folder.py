"""Where a training keeps what: the folder of a run, and what of it has been done already.

::

    config.yaml   data.jsonl   skipped.jsonl   voice.json   report.html   tensorboard/   cache/   bundle/
    acoustic/     log.jsonl   samples/   checkpoints/
    vocoder/      the same
    joint/        the same
    lock          held by who trains, saves or cleans at this moment

Each stage is a training of its own with its own log and checkpoints; a later one begins with what an earlier one has learnt.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tingshuo.errors import RegistryError, TrainError
from tingshuo.store.locks import locked
from tingshuo.train.checkpoint import has_checkpoint
from tingshuo.train.config import STAGES, Stage, TrainConfig
from tingshuo.train.loop import check_begin, is_done

MANIFEST, SKIPPED, VOICE, BUNDLE = "data.jsonl", "skipped.jsonl", "voice.json", "bundle"
LOCK = "lock"
BEFORE: Mapping[Stage, tuple[Stage, ...]] = {"acoustic": (), "vocoder": (), "joint": ("acoustic", "vocoder")}
"""What a stage begins with the results of."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a stage came to: steps done, whether these are all, and the lowest held-out loss where something was held out."""

    stage: Stage
    step: int
    finished: bool
    best: float | None


@contextmanager
def claimed(run: Path) -> Iterator[None]:
    """Keep everybody else from training in a run, from saving and from cleaning it, while the block runs.

    Raises
    ------
    TrainError
        Somebody is at it.
    OutputError
        The run cannot be written, or its disk knows no locks.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(run / LOCK))
        except RegistryError as error:
            raise TrainError(
                f"{run}: is in use, by a training or by who saves or cleans it; wait until that has ended"
            ) from error
        yield


def begun(run: Path) -> tuple[Stage, ...]:
    """Return the stages that have a checkpoint."""
    return tuple(stage for stage in STAGES if has_checkpoint(run / stage))


def check_run(run: Path, config: TrainConfig, resume: bool) -> TrainConfig:
    """Refuse to begin what has begun, and to go on with what cannot be gone on with; return the config with all stages.

    Stages that the run has finished before stay part of it, whether the config names them or not.

    Raises
    ------
    TrainError
        The run has a checkpoint and ``resume`` is False, or none and it is True; a stage that is not asked for is unfinished; or
        a stage would go on after another has begun with what it had learnt.
    """
    there = begun(run)
    if there and not resume:
        raise TrainError(f"{run}: has a training already; add --resume to go on with it, or choose another folder")
    if resume and not there:
        raise TrainError(f"{run}: holds no checkpoint to go on from; train without --resume")
    for stage in there:
        done = is_done(run / stage, config.loop_of(stage))
        if not done and stage not in config.stages:
            raise TrainError(f"{run / stage}: is not finished, and stages leaves it out; name it too, or train into a new folder")
        heirs = [heir for heir in there if stage in BEFORE[heir]]
        if not done and heirs:
            raise TrainError(
                f"{run / heirs[0]}: began with what {stage} had learnt, which cannot learn on now; leave its steps as they "
                "were, or train into a new folder"
            )
    return config.replace(stages=tuple(stage for stage in STAGES if stage in (*config.stages, *there)))


def check_identities(run: Path, identities: Mapping[Stage, Mapping[str, Any]]) -> None:
    """Refuse to go on with other settings or data than a stage was begun with, before anything is changed.

    Raises
    ------
    TrainError
        Names what differs.
    """
    for stage in begun(run):
        if stage in identities:
            check_begin(run / stage, True, identities[stage])
