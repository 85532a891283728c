"""A quality report as one HTML file: what was found, where, and how the measures are spread. No script, nothing fetched."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np

from tingshuo.audio.page import card, figure, page, section, table
from tingshuo.audio.plot import histogram, scatter
from tingshuo.data.corpora.corpus import Skipped
from tingshuo.data.findings import KINDS, MAX_EDGE_S, MAX_PAUSE_S, MIN_SNR_DB, OF_THE_CORPUS, Finding
from tingshuo.data.quality import QualityReport
from tingshuo.store.atomic import replace_file

LISTED = 100
"""Findings of a kind that are written out; of the rest the number is told."""
PLOTTED = 4000
"""Points of the scatter plot: all findings, and the others evenly thinned."""
SPEAKERS = 40
"""Speakers in the table, those with the most recordings first."""
SEVERITIES = {"bad": "不可用 · unusable", "warning": "警告 · warning", "note": "提示 · note"}


def write_page(path: Path, report: QualityReport, skipped: Sequence[Skipped] = (), title: str = "") -> None:
    """Write a report as HTML, whole or not at all.

    Parameters
    ----------
    path : Path
        Where.
    report : QualityReport
        What was found.
    skipped : sequence of Skipped
        What the reader of the corpus left out.
    title : str
        What the corpus is called.

    Raises
    ------
    OutputError
        The path cannot be written.
    """
    replace_file(path, render(report, skipped, title).encode())


def render(report: QualityReport, skipped: Sequence[Skipped] = (), title: str = "") -> str:
    """Return the report as HTML; see `write_page`."""
    sections = [_summary(report, len(skipped)), _kinds(report)]
    if report.measures:
        sections += [section("分布 · Distributions", _plots(report)), _speakers(report)]
    sections += [_findings(report), _skipped(skipped)]
    heading = f"数据质量报告 · Data quality{': ' if title else ''}{title}"
    return page(heading, f"{len(report.rows)} 条录音 · recordings, {_hours(report.duration_s)}", filter(None, sections))


def _summary(report: QualityReport, skipped: int) -> str:
    bad = len(report.bad)
    splits: dict[str, int] = defaultdict(int)
    for row in report.rows:
        splits[row.split] += 1
    rates = sorted({m.sample_rate for m in report.measures.values()})
    rows = [
        ("可用录音 · usable recordings", f"{len(report.rows) - bad} / {len(report.rows)}"),
        ("总时长 · duration", _hours(report.duration_s)),
        ("说话人 · speakers", str(len({row.speaker for row in report.rows}))),
        ("划分 · splits", ", ".join(f"{name} {splits[name]}" for name in ("train", "dev", "test") if splits[name])),
        ("采样率 · sample rates", ", ".join(f"{rate} Hz" for rate in rates) or "–"),
        ("读取时跳过 · skipped by the reader", str(skipped)),
    ]
    note = ""
    if bad:
        note = (
            f'<p class="note">{bad} 条录音无法用于训练，已列在下面。 · {bad} recordings cannot be learnt from; listed below.</p>'
        )
    return note + card(
        table(("项目 · item", "数值 · value"), [(escape(name), f"<strong>{escape(value)}</strong>") for name, value in rows])
    )


def _kinds(report: QualityReport) -> str:
    counts = report.counts
    if not counts:
        return section("检查结果 · Findings", '<p class="note">没有发现问题。 · Nothing was found.</p>')
    rows = []
    for kind, count in counts.items():
        row = KINDS[kind]
        css = ' class="bad"' if row.severity == "bad" else ""
        share = "" if kind in OF_THE_CORPUS else f"{100 * count / max(len(report.rows), 1):.2f} %"
        name = f'<a href="#{kind}" style="color: inherit">{escape(row.zh)} · {escape(row.en)}</a>'
        rows.append((name, f"<span{css}>{SEVERITIES[row.severity]}</span>", str(count), share))
    header = ("类别 · kind", "程度 · severity", "数量 · count", "占比 · share")
    return section("检查结果 · Findings", card(table(header, rows, numbers=(2, 3))))


def _plots(report: QualityReport) -> str:
    m = list(report.measures.values())
    edges = {"开头 · start": [x.lead_s for x in m], "结尾 · end": [x.tail_s for x in m]}
    pictures = [
        histogram({"": [x.duration_s for x in m]}, title="时长 · duration", x_label="秒 · s"),
        histogram({"": [x.snr_db for x in m]}, marks=[MIN_SNR_DB], title="信噪比 · SNR (estimate)", x_label="dB"),
        histogram({"": [x.level_db for x in m]}, title="语音电平 · level of speech", x_label="dBFS"),
        histogram({"": [x.bandwidth_hz / 1000 for x in m]}, title="带宽 · bandwidth", x_label="kHz"),
        histogram(edges, marks=[MAX_EDGE_S], title="首尾静音 · silence at the ends", x_label="秒 · s"),
        histogram({"": [x.pause_s for x in m]}, marks=[MAX_PAUSE_S], title="最长停顿 · longest pause", x_label="秒 · s"),
        histogram({"": [20 * np.log10(max(x.peak, 1e-5)) for x in m]}, title="峰值 · peak", x_label="dBFS"),
        _tempo(report),
    ]
    return '<div class="grid">' + "".join(card(figure(svg)) for svg in pictures) + "</div>"


def _tempo(report: QualityReport) -> str:
    """Draw duration against syllables, outliers apart."""
    outliers = {finding.id for finding in report.findings if finding.kind == "outlier"}
    known = [row.id for row in report.rows if report.syllables.get(row.id)]
    usual = [id for id in known if id not in outliers]
    usual = usual[:: max(1, len(usual) // PLOTTED)]
    groups = {"正常 · usual": usual, "异常 · outlier": [id for id in known if id in outliers]}
    points = {
        name: ([report.syllables[i] for i in ids], [report.measures[i].speech_s for i in ids]) for name, ids in groups.items()
    }
    title = "时长与音节 · duration, syllables"
    return scatter(points, names=groups, title=title, x_label="音节 · syllables", y_label="秒 · s", height=240)


def _speakers(report: QualityReport) -> str:
    groups = defaultdict(list)
    for row in report.rows:
        if row.id in report.measures:
            groups[row.speaker].append(row.id)
    rows = []
    for speaker, ids in sorted(groups.items(), key=lambda pair: -len(pair[1]))[:SPEAKERS]:
        m = [report.measures[i] for i in ids]
        spoken = [(report.syllables[i], report.measures[i].speech_s) for i in ids if report.syllables[i]]
        tempo = f"{sum(n for n, _ in spoken) / max(sum(s for _, s in spoken), 1e-9):.1f}" if spoken else "–"
        medians = (np.median([x.snr_db for x in m]), np.median([x.level_db for x in m]))
        wide = np.percentile([x.bandwidth_hz for x in m], 90) / 1000
        minutes = sum(x.duration_s for x in m) / 60
        rows.append(
            (escape(speaker), str(len(ids)), f"{minutes:.1f}", tempo, f"{medians[0]:.0f}", f"{medians[1]:.1f}", f"{wide:.1f}")
        )
    header = (
        "说话人 · speaker",
        "条数 · clips",
        "分钟 · min",
        "音节/秒 · syll/s",
        "信噪比 · SNR dB",
        "电平 · level dB",
        "带宽 · kHz",
    )
    more = _more(len(groups), SPEAKERS)
    return section("说话人 · Speakers", card(table(header, rows, numbers=range(1, 7))), more)


def _findings(report: QualityReport) -> str:
    by_kind: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        by_kind[finding.kind].append(finding)
    texts = {row.id: row.text or row.pinyin or "" for row in report.rows}
    parts = []
    for kind, row in KINDS.items():
        found = by_kind[kind]
        if found:
            cells = [(f"<code>{escape(f.id)}</code>", escape(f.why), escape(texts.get(f.id, "")[:60])) for f in found[:LISTED]]
            head = f"{escape(row.zh)} · {escape(row.en)} ({len(found)})"
            listed = table(("录音 · recording", "原因 · why", "文本 · text"), cells)
            opened = " open" if row.severity == "bad" else ""
            parts.append(
                card(f'<details id="{kind}"{opened}><summary>{head}</summary>{listed}{_more(len(found), LISTED)}</details>')
            )
    return section("明细 · Details", *parts) if parts else ""


def _skipped(skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return ""
    rows: Iterable[tuple[str, str]] = ((f"<code>{escape(where)}</code>", escape(why)) for where, why in skipped[:LISTED])
    content = card(table(("位置 · where", "原因 · why"), rows), _more(len(skipped), LISTED))
    return section(f"读取时跳过 · Skipped by the reader ({len(skipped)})", content)


def _more(count: int, shown: int) -> str:
    if count <= shown:
        return ""
    return f'<p class="soft">还有 {count - shown} 条 · and {count - shown} more</p>'


def _hours(duration_s: float) -> str:
    if duration_s >= 3600:
        return f"{duration_s / 3600:.2f} 小时 · h"
    return f"{duration_s / 60:.1f} 分钟 · min" if duration_s >= 60 else f"{duration_s:.1f} 秒 · s"
