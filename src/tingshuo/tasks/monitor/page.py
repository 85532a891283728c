"""Rounds as JSON and as one self-contained HTML page: each figure over time with its band, the latest round as a table."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from html import escape
from typing import Any

from tingshuo.audio.page import card, page, section, table
from tingshuo.tasks.monitor.bands import ROUNDS, Band
from tingshuo.tasks.monitor.history import Round, since_fresh
from tingshuo.tasks.monitor.readings import COPY, known_names, measure_of, written
from tingshuo.tasks.monitor.trend_plot import Point, trend_plot
from tingshuo.tasks.monitor.verdicts import VERDICTS, Judged

ARROWS = {"lower": "↓ 越低越好 lower is better", "higher": "↑ 越高越好 higher is better", "": ""}
UNBROKEN = 'style="white-space: nowrap"'
"""On a narrow screen the table is scrolled, not piled up."""
METHOD = (
    "每个点是一轮；色带是当时的范围，虚线是它的界限，红点在范围之外；竖线是声音包换了的地方，旁边是版本。时间是 UTC。",
    "A point is a round; the strip is the band that held then, dashed lines its limits, red points lie outside; a vertical line "
    "is where the bundle changed, with its version. Times are UTC. docs/evaluate.md defines the figures, docs/monitor.md bands.",
)


def to_json(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the latest round as plain values; NaN becomes None.

    Parameters
    ----------
    rounds : sequence of Round
        As for `to_html`.
    """
    last = rounds[-1]
    return {
        "round": last.id,
        "at": last.at,
        **asdict(last.origin),
        "rounds": len(rounds),
        "learning": learning(last),
        "alarm": bool(last.alarms),
        "figures": [
            {
                "name": f.name, "value": _plain(f.reading.value), "low": _plain(f.reading.low), "high": _plain(f.reading.high),
                "n": f.reading.n, "band_low": f.band.low, "band_high": f.band.high, "verdict": f.verdict,
            }
            for f in last.figures
        ],
    }  # fmt: skip


def learning(one: Round) -> bool:
    """Tell whether there was nothing to judge a round by yet."""
    return any(figure.verdict == "learning" for figure in one.figures)


def to_html(rounds: Sequence[Round]) -> str:
    """Return the page.

    Parameters
    ----------
    rounds : sequence of Round
        Of one series on one machine, the oldest first, at least one.
    """
    last = rounds[-1]
    origin = last.origin
    title = f"声音监测 · Watching {origin.voice}"
    subtitle = f"{origin.subject} · {origin.n} 条 rows · {origin.precision} · 风格 style {origin.style} · 说话人 {origin.speaker}"
    names = [name for name in known_names() if any(r.name == name for one in rounds for r in one.readings)]
    plots = [card(_plot(name, rounds)) for name in names]
    return page(
        title,
        subtitle,
        [
            _state(rounds),
            section("最近一轮 · The latest round", card(_latest(rounds))),
            section(
                "走势 · Trend",
                *(f'<p class="soft">{escape(text)}</p>' for text in METHOD),
                f'<div class="grid">{"".join(plots)}</div>',
            ),
        ],
    )


def _state(rounds: Sequence[Round]) -> str:
    """What has to be known first: the alarm, or that there is none, and what was watched."""
    last, learnt = rounds[-1], len(since_fresh(rounds))
    if last.alarms:
        state = "".join(f'<p class="note bad">{escape(figure.sentence)}.</p>' for figure in last.alarms)
    elif learning(last):
        words = f"学习中：{ROUNDS} 轮中的第 {learnt} 轮 · Learning: round {learnt} of {ROUNDS}, no verdict yet."
        state = f'<p class="note">{words}</p>'
    else:
        state = '<p class="note">全部在范围内 · All figures lie in their bands.</p>'
    facts = {
        "轮次 rounds": str(len(rounds)),
        "首轮 first": _when(rounds[0]),
        "最近 latest": _when(last),
        "报警 with an alarm": str(sum(1 for one in rounds if one.alarms)),
        "声音包 bundle": f"{last.origin.version} ({last.origin.digest[:12]})",
        "机器 machine": last.origin.machine,
        "Tingshuo": last.origin.tingshuo,
    }
    chips = "".join(f"<span>{escape(name)} <b>{escape(value)}</b></span>" for name, value in facts.items())
    return f'{state}<p class="chips">{chips}</p>'


def _latest(rounds: Sequence[Round]) -> str:
    rows = []
    for figure in rounds[-1].figures:
        value, before = figure.reading, _before(figure.name, rounds)
        css = ' class="bad"' if figure.alarming else ' class="soft"' if figure.verdict in ("learning", "free") else ""
        rows.append(
            [
                _name(figure.name),
                f"<b>{written(figure.name, value.value)}</b>" if value.n else "–",
                f'<span class="soft">{before}</span>',
                f'<span class="soft" {UNBROKEN}>{escape(figure.band.text(figure.name))}</span>',
                f"<span{css} {UNBROKEN}>{escape(' '.join(VERDICTS[figure.verdict]))}</span>",
            ]
        )
    header = ("", "现在 now", "上一轮 before", "范围 band", "")
    return table(header, rows, numbers=(1, 2))


def _plot(name: str, rounds: Sequence[Round]) -> str:
    points = [_point(one, next((f for f in one.figures if f.name == name), None)) for one in rounds]
    measure = measure_of(name)
    title = f"{'复制合成 copy: ' if name.startswith(COPY + '.') else ''}{measure.chinese} · {measure.english}"
    return trend_plot(points, title=title, y_label=" ".join(filter(None, (measure.unit, ARROWS[measure.better]))), width=540)


def _point(one: Round, figure: Judged | None) -> Point:
    at, origin = datetime.fromisoformat(one.at).timestamp(), one.origin
    if figure is None:
        return Point(at, math.nan, Band(), False, origin.version, origin.digest)
    return Point(at, figure.reading.value, figure.band, figure.alarming, origin.version, origin.digest)


def _before(name: str, rounds: Sequence[Round]) -> str:
    """The value of the round before, empty where there is none."""
    if len(rounds) < 2:
        return ""
    return next((written(name, reading.value) for reading in rounds[-2].readings if reading.name == name), "")


def _name(name: str) -> str:
    measure = measure_of(name)
    kind = ("复制合成：", "copy-synthesis: ") if name.startswith(f"{COPY}.") else ("", "")
    return f'{kind[0]}{escape(measure.chinese)}<br><span class="soft">{kind[1]}{escape(measure.label)}</span>'


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _when(one: Round) -> str:
    return datetime.fromisoformat(one.at).strftime("%Y-%m-%d %H:%M UTC")
