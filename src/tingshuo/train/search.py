"""A search for good settings: trials one after the other, each a training in a folder of its own, and the best of them.

A search folder holds::

    search.json        what is searched for
    trial-000/         a run folder as the training makes it, and trial.json: what was tried, and what came of it
    results.json   report.html   best.yaml

Whatever it is that is trained, it is a `Trainer`. A search that was interrupted goes on where it was; trials that are done are
not run again.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tingshuo.errors import ConfigError, TrainError
from tingshuo.store.atomic import replace_file
from tingshuo.train.config import merge
from tingshuo.train.run_folder import claimed
from tingshuo.train.search_plan import Plan, Settings
from tingshuo.train.search_report import render
from tingshuo.train.search_trial import Trial

Trainer = Callable[[Settings, Path, int], float | None]
"""Trains with settings in a run folder until it has so many steps, going on with what is there, and returns what the trial came
to, lower being better. None says that it was interrupted."""
PLAN, TRIAL, RESULTS, BEST = "search.json", "trial.json", "results.json", "best.yaml"


@dataclass(frozen=True, slots=True)
class Found:
    """How a search ended: its trials, the best first, and whether all are done."""

    trials: tuple[Trial, ...]
    finished: bool

    @property
    def best(self) -> Trial | None:
        """The best trial, None where every one failed or none is done."""
        return self.trials[0] if self.trials and math.isfinite(self.trials[0].value) else None


def search(
    plan: Plan,
    folder: Path,
    trainer: Trainer,
    base: Mapping[str, Any] | None = None,
    tell: Callable[[int, int, Trial], None] | None = None,
) -> Found:
    """Run the trials of a plan that are not done yet, and write down what came of all.

    Parameters
    ----------
    plan : Plan
        What is tried.
    folder : Path
        Of the search; one with trials of the same plan is gone on with, also when it is to have more of them.
    trainer : callable
        Trains.
    base : Mapping or None
        Nested settings that all trials share, for ``best.yaml``.
    tell : callable or None
        Told before each training which of how many it is, and its trial.

    Raises
    ------
    TrainError
        The folder holds another search, or is in use.
    OutputError
        Something cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with claimed(folder):
        _check_plan(plan, folder)
        replace_file(folder / PLAN, json.dumps(plan.fields(), ensure_ascii=False, indent=1).encode())
        trials = [_read(folder, n, plan.settings(n)) for n in range(plan.size)]
        finished = _run_rounds(plan, trials, folder, trainer, tell)
        found = Found(tuple(best_first(trials)), finished)
        _write(found, folder, base or {})
    return found


def _run_rounds(
    plan: Plan, trials: list[Trial], folder: Path, trainer: Trainer, tell: Callable[[int, int, Trial], None] | None
) -> bool:
    """Run what is not done yet, and put what came of it into ``trials``; returns whether nothing was interrupted."""
    done, total, before = 0, sum(count for _, count in plan.rounds), 0
    for steps, count in plan.rounds:
        fit = sorted((one for one in trials if before in one.values), key=lambda one: (one.values[before], one.number))
        for trial in fit[:count] if before else list(trials):
            done += 1
            if steps in trial.values or trial.failed:
                continue
            if tell is not None:
                tell(done, total, trial)
            after = _run(trial, folder, trainer, steps)
            if after is None:
                return False
            trials[trial.number] = after
        before = steps
    return True


def best_first(trials: Sequence[Trial]) -> list[Trial]:
    """Return trials in their order: those that came furthest, and of these the best, first."""
    return sorted(trials, key=lambda one: (one.failed is not None, -one.steps, one.value, one.number))


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys as a document: ``{"loop.rate": 1}`` is ``{"loop": {"rate": 1}}``."""
    whole: dict[str, Any] = {}
    for key, value in settings.items():
        inner: Any = value
        for part in reversed(key.split(".")):
            inner = {part: inner}
        whole = merge(whole, inner)
    return whole


def as_set(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as ``--set`` takes them."""
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]


def _run(trial: Trial, folder: Path, trainer: Trainer, steps: int) -> Trial | None:
    """Train; a training that breaks is a result too.

    So are settings that do not fit each other, but these take no time and are tried again whenever the search goes on, as it may
    be the settings of all trials that are wrong.
    """
    path = folder / trial.name
    path.mkdir(exist_ok=True)
    _keep(trial, folder)
    try:
        value = trainer(trial.settings, path, steps)
    except ConfigError as error:
        return Trial(trial.number, trial.settings, trial.values, str(error))
    except TrainError as error:
        after = Trial(trial.number, trial.settings, trial.values, str(error))
    else:
        if value is None:
            return None
        failed = None if math.isfinite(value) else "what it came to is no number"
        values = {**trial.values, steps: value} if failed is None else trial.values
        after = Trial(trial.number, trial.settings, values, failed)
    _keep(after, folder)
    return after


def _check_plan(plan: Plan, folder: Path) -> None:
    """Refuse to go on with another search."""
    path = folder / PLAN
    if not path.exists():
        return
    try:
        before = Plan.check(json.loads(path.read_text("utf-8")), str(path))
    except (OSError, ValueError, ConfigError) as error:
        raise TrainError(f"{path}: cannot be read: {error}; search in a new folder") from error
    old, new = before.identity(), plan.identity()
    changed = [key for key in new if old.get(key) != new[key]]
    if changed:
        raise TrainError(
            f"{folder}: holds a search whose {' and '.join(changed)} were others; only the number of trials may change. Give the "
            "plan that it was begun with, or search in a new folder"
        )


def _keep(trial: Trial, folder: Path) -> None:
    row: dict[str, Any] = {"settings": trial.settings, "values": {str(steps): value for steps, value in trial.values.items()}}
    if trial.failed is not None:
        row["failed"] = trial.failed
    replace_file(folder / trial.name / TRIAL, json.dumps(row, ensure_ascii=False, indent=1).encode())


def _read(folder: Path, number: int, settings: Settings) -> Trial:
    """Return a trial as far as it is done."""
    trial = Trial(number, settings)
    path = folder / trial.name / TRIAL
    if not path.exists():
        return trial
    try:
        row = json.loads(path.read_text("utf-8"))
        values = {int(steps): float(value) for steps, value in row["values"].items()}
        return Trial(number, settings, values, row.get("failed"))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise TrainError(f"{path}: cannot be read: {error}; remove {path.parent}, and it is tried anew") from error


def _write(found: Found, folder: Path, base: Mapping[str, Any]) -> None:
    rows = [
        {"trial": one.name, "settings": one.settings, "steps": one.steps, "value": one.value if one.values else None}
        | ({"failed": one.failed} if one.failed else {})
        for one in found.trials
    ]
    told = {"finished": found.finished, "trials": rows}
    replace_file(folder / RESULTS, json.dumps(told, ensure_ascii=False, indent=1).encode())
    replace_file(folder / "report.html", render(folder.resolve().name, found.trials).encode())
    if found.best is not None:
        whole = merge(base, nested(found.best.settings))
        replace_file(folder / BEST, yaml.safe_dump(whole, allow_unicode=True, sort_keys=False).encode())
