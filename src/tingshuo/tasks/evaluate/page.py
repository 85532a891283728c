"""An evaluation as JSON and as one self-contained HTML page: figures, plots, and the worst rows to look at and listen to."""

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from tingshuo.audio.align import Path, warp
from tingshuo.audio.page import card, figure, page, picture, player, section, table
from tingshuo.audio.picture import mel_png
from tingshuo.audio.plot import Interval, Series, histogram, interval_plot, line_plot
from tingshuo.tasks.evaluate.figures import KINDS, MEASURES, Figure, by_measure
from tingshuo.tasks.evaluate.result import Evaluation, Result
from tingshuo.tasks.evaluate.syllables import POINTS, TONE_CONTOURS
from tingshuo.tasks.evaluate.versus import Difference

VERDICTS = {
    "better": "<b>更好 better</b>",
    "worse": '<span class="bad">更差 worse</span>',
    "same": '<span class="soft">相当 same</span>',
    "": "",
}
WORST = 12
"""Rows that are shown."""
PLACES = {kind: place for place, kind in enumerate(KINDS)}
"""The colour of each kind, the same in every plot."""
ARROWS = {"lower": "↓", "higher": "↑", "": ""}
SHORT = {
    "mcd_db": "MCD",
    "lsd_db": "LSD",
    "f0_rmse_cents": "F0",
    "melody_rmse_cents": "旋律 melody",
    "voicing_error_pct": "清浊 voicing",
    "tempo_ratio": "时长比 length ×",
    "syllable_error_ms": "音节时长 syllables",
    "reading_error_pct": "读音 readings",
    "inaudible_pct": "听不见 inaudible",
    "misheard_characters_pct": "听错的字 misheard",
    "tones_correlation": "声调 tones",
}
"""Measures that are told of a row, with short names."""
METHOD = (
    "录音与文本合成之间用动态时间规整（DTW）对齐后逐帧比较；复制合成（录音的梅尔谱和基频经声码器）与给定时长与基频的预测，"
    "与录音逐帧比较。"
    "谱距离只算录音有声的帧和录音的频带。方括号是 95% 自助法区间，n 是样本数。↓ 越小越好，↑ 越大越好。",
    "Speech from text is laid along its recording by dynamic time warping; copy-synthesis (the recording's own mel and F0 "
    "through the vocoder) and what is predicted with the recording's phone lengths and F0 run in step with it. "
    "Distances of spectra count frames in which the recording speaks, in its band. "
    "Brackets are 95 % bootstrap intervals, n counts values. ↓ lower is better, ↑ higher is better. "
    "docs/evaluate.md defines each measure.",
)


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return everything but the sounds as plain values; NaN becomes None."""
    return {
        "voice": evaluation.voice,
        "version": evaluation.version,
        "precision": evaluation.precision,
        "style": evaluation.style,
        "speakers": list(evaluation.speakers),
        "subject": evaluation.subject,
        "n": len(evaluation.results),
        "figures": [
            {
                "measure": f.measure, "kind": f.kind, "value": _plain(f.value), "low": _plain(f.low), "high": _plain(f.high),
                "n": f.n, "unit": MEASURES[f.measure].unit, "better": MEASURES[f.measure].better,
            }
            for f in evaluation.figures
        ],
        "rows": [
            {
                "id": r.id, "text": r.text, "speaker": r.speaker, "spoken_by": r.spoken_by, "warnings": list(r.warnings),
                "measures": {kind: {name: _plain(v) for name, v in own.items()} for kind, own in r.measures.items()},
                **({"heard_as": r.heard_as} if r.heard_as else {}),
            }
            for r in evaluation.results
        ],
        "notes": evaluation.notes,
    }  # fmt: skip


def to_html(evaluation: Evaluation, worst: int = WORST, against: Sequence[Difference] = (), old: str = "") -> str:
    """Return the page.

    Parameters
    ----------
    evaluation : Evaluation
        What to show.
    worst : int
        So many rows are shown with their sounds.
    against, old : sequence of Difference, str
        How it differs from another evaluation, and what to call that.
    """
    kinds = evaluation.kinds
    subtitle = (
        f"{evaluation.subject} · {len(evaluation.results)} 条 rows · {evaluation.precision} · 风格 style {evaluation.style}"
        f" · 说话人 speaker {', '.join(evaluation.speakers)}"
    )
    notes = [f'<p class="note">{escape(note)}</p>' for note in evaluation.notes]
    shown = evaluation.worst(worst)
    return page(
        f"声音评测 · Evaluation of {evaluation.voice} {evaluation.version}",
        subtitle,
        [
            *notes,
            section(
                "数字 · Figures",
                card(_figure_table(evaluation.figures, kinds)),
                *(f'<p class="soft">{escape(text)}</p>' for text in METHOD),
            ),
            *([section(f"对比 {escape(old)} · Against {escape(old)}", card(_difference_table(against)))] if against else []),
            section("分布 · Distributions", f'<div class="grid">{"".join(_plots(evaluation))}</div>'),
            section("声调 · Tones", f'<div class="grid">{"".join(_tone_plots(evaluation))}</div>'),
            section(f"最差的 {len(shown)} 条 · The worst {len(shown)}", *(_result_card(result, evaluation) for result in shown)),
        ],
    )


def to_text(report: Mapping[str, Any]) -> str:
    """Return the plain values of `to_json` as text."""
    return json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _figure_table(figures: list[Figure], kinds: list[str]) -> str:
    header = ["", "", *(" · ".join(KINDS[kind]) for kind in kinds)]
    rows = []
    for measure, found in by_measure(figures).items():
        m = MEASURES[measure]
        name = f'{escape(m.chinese)}<br><span class="soft">{escape(m.english)}</span>'
        cells = [_cell(found[kind]) if kind in found else "" for kind in kinds]
        rows.append([name, f'<span class="soft">{escape(m.unit)} {ARROWS[m.better]}</span>', *cells])
    return table(header, rows, numbers=range(2, 2 + len(kinds)))


def _difference_table(against: Sequence[Difference]) -> str:
    rows = []
    for one in against:
        m = MEASURES[one.measure]
        name = f'{escape(m.chinese)}<br><span class="soft">{escape(m.english)}</span>'
        value, _, interval = one.text.partition(" ")
        numbers = [f"{v:.{one.digits}f}" for v in (one.old, one.new)] + [f'<b>{value}</b> <span class="soft">{interval}</span>']
        unit = f'<span class="soft">{escape(m.unit)} {ARROWS[m.better]}</span>'
        rows.append([name, unit, " · ".join(KINDS[one.kind]), *numbers, VERDICTS[one.verdict]])
    header = ["", "", "", "之前 before", "现在 now", "差 difference（* 逐条 row by row）", ""]
    return table(header, rows, numbers=range(3, 6))


def _cell(found: Figure) -> str:
    value, _, interval = found.text.partition(" ")
    return f'<b>{value}</b> <span class="soft">{interval} n={found.n}</span>'


def _plots(evaluation: Evaluation) -> list[str]:
    """What listeners would say, and how the rows spread."""
    plots = []
    found = by_measure(evaluation.figures)
    for measure in ("dnsmos_ovrl", "dnsmos_p808"):
        if measure in found:
            rows = [Interval(" · ".join(KINDS[k]), f.value, f.low, f.high) for k, f in found[measure].items()]
            plots.append(card(interval_plot(rows, title=MEASURES[measure].english, width=540)))
    for measure in ("mcd_db", "f0_rmse_cents", "duration_error_pct", "misheard_characters_pct", "tones_correlation"):
        found_of = {
            kind: [r.measures[kind][measure] for r in evaluation.results if measure in r.measures.get(kind, {})] for kind in KINDS
        }
        groups = {" · ".join(KINDS[kind]): values for kind, values in found_of.items() if values}
        if groups:
            colours = [place for place, values in enumerate(found_of.values()) if values]
            m = MEASURES[measure]
            title = f"{m.chinese} · {m.english}{', ' if m.unit else ''}{m.unit}"
            plots.append(card(histogram(groups, bins=24, colours=colours, x_label=title, y_label="n", width=540)))
    return plots


def _tone_plots(evaluation: Evaluation) -> list[str]:
    """The mean contour of each tone; dashed: what is expected, at the mean height of what is drawn."""
    plots = []
    x = np.linspace(0, 1, POINTS)
    for tone, levels in TONE_CONTOURS.items():
        drawn = {kind: by_tone[tone] for kind, by_tone in evaluation.tones.items() if tone in by_tone}
        if not drawn:
            continue
        lines = [Series(" · ".join(KINDS[kind]), x, shapes.contour, colour=PLACES[kind]) for kind, shapes in drawn.items()]
        expected = np.interp(np.linspace(0, 2, POINTS), [0, 1, 2], levels) * 2.0
        middle = float(np.mean([shapes.contour.mean() for shapes in drawn.values()]))
        lines.append(Series("赵元任 · Chao", x, expected - expected.mean() + middle, dashed=True, colour=5))
        count = ", ".join(f"n = {len(shapes.slopes)}" for shapes in drawn.values())
        caption = f"{tone} 声 · tone {tone}（{count}）: 相对整句中位音高的半音 · semitones around the median of the speech"
        plots.append(
            card(
                figure(
                    line_plot(lines, width=540, height=230, x_label="音节内的位置 · place in the syllable", y_label="semitones"),
                    caption,
                )
            )
        )
    return plots


def _result_card(result: Result, evaluation: Evaluation) -> str:
    rate = evaluation.sample_rate
    sounds = [
        figure(
            picture(mel_png(sound.heard.mel, scale=1), f"{KINDS[kind][1]}, mel") + player(sound.wav, rate),
            " · ".join(KINDS[kind]),
        )
        for kind, sound in result.sounds().items()
    ]
    own = result.measures["speech"]
    said = "".join(
        f"<span>{escape(name)} <b>{own[measure]:.{MEASURES[measure].digits}f}</b> {escape(MEASURES[measure].unit)}</span>"
        for measure, name in SHORT.items()
        if math.isfinite(own.get(measure, math.nan))
    )
    warnings = "".join(f'<p class="bad">{escape(warning)}</p>' for warning in result.warnings)
    heard = "".join(
        f'<p class="soft">{escape(" · ".join(KINDS[kind]))}, 听成 heard as: {escape(text) or "—"}</p>'
        for kind, text in result.heard_as.items()
    )
    return card(
        f"<h3>{escape(result.text)}</h3>",
        f'<p class="chips"><span>{escape(f"{result.id} {result.speaker}".strip())}</span>{said}</p>',
        warnings,
        heard,
        f'<div class="trio">{"".join(sounds)}</div>',
        _pitch_plot(result, evaluation),
    )


def _pitch_plot(result: Result, evaluation: Evaluation) -> str:
    """F0 over the time of the recording, the speech laid along it; over its own time without a recording."""
    frame_s = evaluation.hop_length / evaluation.sample_rate
    lines = []
    for kind, sound in result.sounds().items():
        frames = np.arange(len(sound.heard.f0), dtype=np.float64)
        if kind == "speech" and isinstance(result.path, Path):
            frames = warp(frames, result.path)
        f0 = np.where(sound.heard.f0 > 0, sound.heard.f0, np.nan)
        lines.append(Series(" · ".join(KINDS[kind]), frames * frame_s, f0, colour=PLACES[kind]))
    return line_plot(lines, title="F0", x_label="s", y_label="Hz", width=1080, height=220)
