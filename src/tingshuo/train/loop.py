"""The training loop: steps, learning rate, moving average, evaluation, log, checkpoints, and a clean end at any moment.

What is trained is a `Recipe`. A killed training goes on from its last checkpoint and then does exactly what it would have
done: batches follow from (seed, epoch), every other random choice from (seed, step, rank), and all other state is in the
checkpoint. On one machine with the same number of threads, losses are equal to the last bit.
"""

import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from tingshuo.errors import OutputError, TrainError
from tingshuo.store.atomic import replace_file
from tingshuo.train.average import Average
from tingshuo.train.checkpoint import State, collect, has_checkpoint, load_checkpoint, read_state, restore, save_checkpoint
from tingshuo.train.distributed import World
from tingshuo.train.loop_config import LoopConfig

LOG = "log.jsonl"
CHECKPOINTS = "checkpoints"
_SEED_STRIDE = 1_000_003
"""A prime: seeds of different (seed, step, rank) do not coincide in practice."""


class Recipe(Protocol):
    """What `fit` drives: nets, their optimizers, batches, one step, an evaluation.

    Optimizers are built with their base rates; the schedule scales these. ``averaged`` is the net whose moving average is kept,
    judged and published; None is none.
    """

    averaged: nn.Module | None

    def nets(self) -> Mapping[str, nn.Module]:
        """Return the nets whose tensors make a checkpoint, by name."""
        ...

    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Return the optimizers, by name."""
        ...

    def batches(self, epoch: int) -> Sequence[Any]:
        """Return this process's batches of an epoch, a function of seed, epoch and rank alone."""
        ...

    def describe(self, batch: Any) -> str:
        """Name the clips of a batch, for messages."""
        ...

    def step(self, batch: Any, step: int) -> dict[str, float]:
        """Learn from a batch: forward, backward, clip, optimizer steps. Returns losses by name, of all processes together."""
        ...

    def evaluate(self) -> dict[str, float]:
        """Return losses on held-out clips; the first decides which checkpoint is best, lower is better. May be empty."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands: ``done`` of 1, losses of the latest step, and the seconds left at the pace so far."""

    step: int
    done: float
    losses: Mapping[str, float]
    left_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """How a training ended: after ``step`` steps in ``seconds``; ``finished`` is False when it was interrupted."""

    step: int
    seconds: float
    finished: bool
    best: float | None


def take_step(
    optimizer: torch.optim.Optimizer, parameters: Iterable[nn.Parameter], clip: float, world: World, loss: Tensor
) -> float:
    """Go one step down a loss: gradients summed over all processes, clipped, applied. Returns their norm before clipping.

    With a gradient that is not finite, nothing is changed; the loop then stops at the norm.
    """
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    world.sum_gradients(learning)
    norm = float(nn.utils.clip_grad_norm_(learning, clip))
    if math.isfinite(norm):
        optimizer.step()
    return norm


def fit(
    recipe: Recipe,
    run: Path,
    config: LoopConfig,
    identity: Mapping[str, Any],
    *,
    resume: bool = False,
    world: World | None = None,
    watch: Callable[[Progress], None] | None = None,
    show: Callable[[int], None] | None = None,
) -> Result:
    """Train until the steps or minutes are done, or until SIGINT or SIGTERM asks for an end; either way the state is saved.

    Parameters
    ----------
    recipe : Recipe
        What is trained.
    run : Path
        Folder of the training; gets ``log.jsonl`` and ``checkpoints/``.
    config : LoopConfig
        How long, how fast, how often.
    identity : Mapping[str, Any]
        Settings and data hash, plain JSON; a checkpoint with others is refused.
    resume : bool
        Go on from the last checkpoint; without it, the run must not have one.
    world : World or None
        The processes that train together.
    watch : callable or None
        Called after every step.
    show : callable or None
        Called by the first process after every evaluation, with the steps so far, while the net holds its average.

    Raises
    ------
    TrainError
        The run has a checkpoint and ``resume`` is False, or none and it is True; the checkpoint is of other settings or data;
        a loss is not finite.
    OutputError
        A checkpoint or the log cannot be written; the last checkpoint stays.
    """
    return _Fit(recipe, run, config, dict(identity), world or World(), watch, show).run(resume)


def check_begin(run: Path, resume: bool, identity: Mapping[str, Any] | None = None) -> None:
    """Refuse to begin what has begun already, to go on with nothing, or with other settings or data than it was begun with.

    Raises
    ------
    TrainError
        The run has a checkpoint and ``resume`` is False, or none and it is True, or one of another identity.
    """
    if has_checkpoint(run) and not resume:
        raise TrainError(f"{run}: has a training already; add --resume to go on with it, or choose another folder")
    if resume and not has_checkpoint(run):
        raise TrainError(f"{run}: holds no 'last' checkpoint; train without --resume")
    if resume and identity is not None:
        _check_identity(run, read_state(run).identity, _plain(identity))


def is_done(run: Path, config: LoopConfig) -> bool:
    """Whether the last checkpoint of a run has all the steps, or minutes, that the config asks for.

    Raises
    ------
    TrainError
        There is no checkpoint, or it is damaged.
    """
    state = read_state(run)
    return _share(state.step, state.seconds, config) >= 1


def _share(step: int, seconds: float, config: LoopConfig) -> float:
    """Return the share of a training that is done, 0 to 1."""
    if config.minutes is not None:
        return min(1.0, seconds / (60 * config.minutes))
    return min(1.0, step / config.steps)


def _plain(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return an identity as it is read back from JSON: a tuple is a list there."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(identity)))
    return plain


class _Fit:
    """One training in progress."""

    def __init__(
        self,
        recipe: Recipe,
        run: Path,
        config: LoopConfig,
        identity: dict[str, Any],
        world: World,
        watch: Callable[[Progress], None] | None,
        show: Callable[[int], None] | None,
    ) -> None:
        self.recipe, self.folder, self.config = recipe, run, config
        self.identity = _plain(identity)
        self.world, self.watch, self.show = world, watch, show
        self.step = self.epoch = self.position = 0
        self.finished = self.stopped = False
        self.stop = threading.Event()
        self.seconds_before = 0.0
        self.best: float | None = None
        self.average = Average(recipe.averaged, config.average)
        self.rates = {name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in recipe.optimizers().items()}
        self.begun, self.begun_step = time.monotonic(), 0

    def run(self, resume: bool) -> Result:
        self._begin(resume)
        with _stop_signals() as self.stop:
            while not self.finished and not self.stopped:
                self._epoch()
        if self.begun_step < self.step:
            self._checkpoint()
        return Result(self.step, self.seconds, self.finished, self.best)

    @property
    def seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.begun

    @property
    def done(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return _share(self.step, self.seconds, self.config)

    def _begin(self, resume: bool) -> None:
        """Load the last checkpoint, or write the first, so that there is one from the start."""
        check_begin(self.folder, resume, self.identity)
        self.world.any(False)  # nobody writes before everybody has looked
        if resume:
            self._load()
        else:
            if self.world.leads:
                replace_file(self.folder / LOG, b"")
            self._checkpoint()
        self.begun_step, self.begun = self.step, time.monotonic()
        self.finished = self.world.any(self.done >= 1)

    def _load(self) -> None:
        tensors, state = load_checkpoint(self.folder)
        restore(tensors, state, self.recipe.nets(), self.recipe.optimizers(), self.average.tensors)
        self.step, self.epoch, self.position = state.step, state.epoch, state.position
        self.seconds_before, self.best = state.seconds, state.best
        if self.world.leads:
            _cut_log(self.folder / LOG, self.step)

    def _epoch(self) -> None:
        """Learn from what is left of an epoch."""
        batches = self.recipe.batches(self.epoch)
        if not batches:
            raise TrainError("there is nothing to learn from: no clip is left for training")
        for batch in batches[self.position :]:
            self._learn(batch)
            self.stopped = self.world.any(self.stop.is_set())
            if self.finished or self.stopped:
                break
        if self.position >= len(batches):
            self.epoch, self.position = self.epoch + 1, 0

    def _learn(self, batch: Any) -> None:
        factor = self._set_rate()
        torch.manual_seed((self.config.seed * _SEED_STRIDE + self.step) * _SEED_STRIDE + self.world.rank)
        losses = self.recipe.step(batch, self.step)
        self._check_finite(losses, batch)
        self.average.update(self.step)
        self.step += 1
        self.position += 1
        self.finished = self.world.any(self.done >= 1)
        if self.step % self.config.log_every == 0 or self.finished:
            self._log({"epoch": self.epoch, "factor": factor, "losses": losses})
        better = self._evaluate() if self.step % self.config.evaluate_every == 0 or self.finished else False
        if better or self.step % self.config.checkpoint_every == 0:
            self._checkpoint(best=better)
        if self.watch is not None:
            self.watch(Progress(self.step, self.done, losses, self._left_s()))

    def _set_rate(self) -> float:
        """Set the rates of this step; returns the factor on the base rates."""
        factor = self.config.rate_factor(self.step, self.done)
        for name, optimizer in self.recipe.optimizers().items():
            for group, rate in zip(optimizer.param_groups, self.rates[name], strict=True):
                group["lr"] = rate * factor
        return factor

    def _check_finite(self, losses: Mapping[str, float], batch: Any) -> None:
        wrong = [name for name, value in losses.items() if not math.isfinite(value)]
        if self.world.any(bool(wrong)):
            names = ", ".join(wrong) or "a loss of another process"
            raise TrainError(
                f"step {self.step + 1}: {names} is not finite, on the clips {self.recipe.describe(batch)}; look at these, or "
                "lower loop.rate, and go on from the last checkpoint with --resume"
            )

    def _evaluate(self) -> bool:
        """Judge the average on held-out clips; returns whether it is the best so far. Only the first process does."""
        if not self.world.leads:
            return False
        with self.average.in_place():
            held = self.recipe.evaluate()
            if held:
                self._log({"epoch": self.epoch, "held_out": held})
            if self.show is not None:
                self.show(self.step)
        if not held:
            return False
        value = next(iter(held.values()))
        if not math.isfinite(value) or (self.best is not None and value >= self.best):
            return False
        self.best = value
        return True

    def _checkpoint(self, best: bool = False) -> None:
        if not self.world.leads:
            return
        tensors, rest = collect(self.recipe.nets(), self.recipe.optimizers(), self.average.tensors)
        state = State(
            step=self.step,
            epoch=self.epoch,
            position=self.position,
            seconds=self.seconds,
            best=self.best,
            identity=self.identity,
            optimizers=rest,
        )
        save_checkpoint(self.folder / CHECKPOINTS, tensors, state, best=best)

    def _log(self, record: dict[str, Any]) -> None:
        if not self.world.leads:
            return
        line = json.dumps({"step": self.step, "seconds": round(self.seconds, 3), **record}, ensure_ascii=False) + "\n"
        try:
            with (self.folder / LOG).open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise OutputError(f"{self.folder / LOG}: cannot be written: {error.strerror}") from error

    def _left_s(self) -> float:
        if self.config.minutes is not None:
            return max(0.0, 60 * self.config.minutes - self.seconds)
        pace = (time.monotonic() - self.begun) / (self.step - self.begun_step)
        return pace * (self.config.steps - self.step)


def _check_identity(run: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    different = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    if different:
        changes = ", ".join(f"{key} was {old.get(key)!r} and is {new.get(key)!r}" for key in different[:5])
        raise TrainError(
            f"{run}: cannot be resumed with other settings or data: {changes}; give what it was begun with, or train into a "
            "new folder"
        )


def _cut_log(path: Path, step: int) -> None:
    """Drop what was logged after the checkpoint, and a line that was cut short."""
    kept = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if record["step"] <= step:
            kept.append(line + "\n")
    replace_file(path, "".join(kept).encode())


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """Note SIGINT and SIGTERM instead of dying of them; a second one is not caught."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, note)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
