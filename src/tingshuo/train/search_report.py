"""What a search found, as a page: a table of its trials, and for each key what its values came to."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from tingshuo.audio.page import card, page, section, table
from tingshuo.audio.plot import Series, line_plot, scatter
from tingshuo.train.search_trial import Trial


def render(title: str, trials: Sequence[Trial]) -> str:
    """Return the page.

    Parameters
    ----------
    title : str
        Of the search.
    trials : sequence of Trial
        The best first.
    """
    keys = sorted({key for trial in trials for key in trial.settings})
    plots = "".join(card(_of_key(key, trials)) for key in keys)
    parts = [
        section("试验 · Trials", card(_table(trials, keys))),
        section("先后 · In their order", card(_in_order(trials))),
        section("各项的影响 · What each key does", f'<div class="grid">{plots}</div>'),
    ]
    done = sum(math.isfinite(trial.value) for trial in trials)
    how = f"{done} / {len(trials)} 次试验有结果 trials came to something; 越低越好 lower is better"
    return page(f"搜索 · Search: {title}", how, parts)


def rows_of(trials: Sequence[Trial], keys: Sequence[str]) -> list[list[str]]:
    """Return the rows of a table: trial, steps, what it came to, and the value of each key."""
    return [
        [trial.name, str(trial.steps), _came_to(trial), *(_short(trial.settings.get(key)) for key in keys)] for trial in trials
    ]


def _came_to(trial: Trial) -> str:
    return "failed" if trial.failed else f"{trial.value:.5g}" if trial.values else ""


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(trials: Sequence[Trial], keys: Sequence[str]) -> str:
    rows = []
    for trial, row in zip(trials, rows_of(trials, keys), strict=True):
        cells = [escape(cell) for cell in row]
        if trial.failed:
            cells[2] = f'<span class="bad" title="{escape(trial.failed)}">failed</span>'
        rows.append(cells)
    header = ["试验 trial", "步 steps", "结果 value", *keys]
    return table(header, rows, numbers=range(1, len(header)))


def _in_order(trials: Sequence[Trial]) -> str:
    """Draw what the trials came to, one after the other, and the best so far."""
    ordered = sorted((trial for trial in trials if math.isfinite(trial.value)), key=lambda one: one.number)
    numbers = [trial.number for trial in ordered]
    values = np.array([trial.value for trial in ordered])
    lines = [Series("试验 · trial", numbers, values)]
    if len(values):
        lines.append(Series("最好 · best so far", numbers, np.minimum.accumulate(values), dashed=True))
    return line_plot(lines, title="", x_label="试验 trial", width=1080, height=240)


def _of_key(key: str, trials: Sequence[Trial]) -> str:
    """Draw what the values of a key came to; of a number over itself, or its logarithm where it spans decades."""
    done = [trial for trial in trials if math.isfinite(trial.value) and key in trial.settings]
    given = [trial.settings[key] for trial in done]
    label = key
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        x = np.array(given, np.float64)
        if len(x) and x.min() > 0 and x.max() >= 10 * x.min():
            x, label = np.log10(x), f"log10 {key}"
    else:
        kinds = list(dict.fromkeys(map(_short, given)))
        x = np.array([kinds.index(_short(value)) for value in given], np.float64)
        label = f"{key}: " + ", ".join(f"{n} {kind}" for n, kind in enumerate(kinds))
    names = [f"{trial.name}: {_short(trial.settings[key])}, {trial.value:.5g}" for trial in done]
    y = np.array([trial.value for trial in done])
    return scatter({key: (x, y)}, names={key: names}, title=key, x_label=label, width=540, height=240)
