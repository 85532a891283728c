"""``--search PLAN`` of the trainings: trials of settings one after the other, a table of what they came to, and the best."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tingshuo.errors import DataError, RequestError, TrainError

if TYPE_CHECKING:
    from tingshuo.train.search import Found
    from tingshuo.train.search_trial import Trial
    from tingshuo.train.told import Taught

Teach = Callable[[list[str], Path, bool], "Taught"]
"""Trains with more settings, as ``--set`` takes them, in a run folder, and goes on with what is there when that is asked."""
SHOWN = 20


def search_settings(
    plan: Path, folder: Path, teach: Teach, config: Path | None, settings: Sequence[str], *, as_json: bool
) -> None:
    """Search, and tell what was found.

    Parameters
    ----------
    plan : Path
        YAML; see `tingshuo.train.search_plan`.
    folder : Path
        Of the search.
    teach : callable
        One training.
    config, settings
        What all trials share: a file, and values that win over it.
    as_json : bool
        Print JSON.

    Raises
    ------
    RequestError
        Several processes were started.
    ConfigError, DataError, TrainError, OutputError
        As of `tingshuo.train.search.search`.
    """
    from tingshuo.train.checkpoint import has_checkpoint
    from tingshuo.train.config import merge, one_setting, read_yaml
    from tingshuo.train.search import as_set, search
    from tingshuo.train.search_plan import read_plan

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise RequestError("--search trains one trial after the other in one process; start it without torchrun", "search")
    base: dict[str, Any] = {} if config is None else read_yaml(config)
    for setting in settings:
        base = merge(base, one_setting(setting))

    def trainer(tried: dict[str, Any], run: Path, steps: int) -> float | None:
        length = [f"loop.steps={steps}", "loop.minutes=null"]
        taught = teach([*settings, *as_set(tried), *length], run, has_checkpoint(run))
        if taught.finished and taught.best is None:
            raise DataError("nothing was held out, so trials cannot be compared; hold some of the data out")
        return taught.best if taught.finished else None

    def tell(number: int, total: int, trial: "Trial") -> None:
        typer.echo(f"{number} of {total}: {trial.name}, {', '.join(as_set(trial.settings))}", err=True)

    _report(search(read_plan(plan), folder, trainer, base, tell), folder, as_json)


def _report(found: "Found", folder: Path, as_json: bool) -> None:
    """Print the table, and how to train on."""
    import json

    from rich.table import Table

    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.tables import rendered
    from tingshuo.train.search import BEST, RESULTS
    from tingshuo.train.search_report import rows_of

    if as_json:
        print_json(json.loads((folder / RESULTS).read_text("utf-8")) | {"best": str(folder / BEST) if found.best else None})
        return
    keys = sorted({key for trial in found.trials for key in trial.settings})
    shown = Table("trial", "steps", "value", *keys, box=None)
    for row in rows_of(found.trials[:SHOWN], keys):
        shown.add_row(*row)
    typer.echo(rendered(shown))
    for trial in found.trials:
        if trial.failed:
            typer.echo(f"{trial.name} failed: {trial.failed}", err=True)
    if not found.finished:
        typer.echo("Interrupted; the same command goes on.")
    elif found.best is None:
        raise TrainError(f"{folder}: every trial failed; {folder / RESULTS} says why")
    else:
        typer.echo(f"{folder / BEST}: the settings of {found.best.name}. Train with them: --config {folder / BEST}")
