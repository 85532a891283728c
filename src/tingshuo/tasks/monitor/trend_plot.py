"""One figure over time as SVG: a point for each round, its band as a shaded strip, a mark where the bundle changed.

In the frame and colours of `tingshuo.audio.plot`; time runs in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from math import ceil, isfinite

from tingshuo.audio.plot import BOTTOM, COLOURS, LEFT, LINE, RIGHT, SOFT, TOP, Axes, ticks
from tingshuo.tasks.monitor.bands import Band

MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
         DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 182 * DAY, 365 * DAY)  # fmt: skip
"""Seconds between the dates on an axis; the first that leaves room for their words is taken."""
FEW_POINTS = 150
"""Up to so many rounds each has its dot; of more only those outside their band, and the last."""
LETTER = 6.5
"""Pixels of a letter, about. A version that would run into the one before is left to the hover text."""
HEADROOM = 0.2
"""Share of the values' range above them, where versions are written; below them half of it."""
MARK = "var(--series-4, #9a2f6b)"
BAD = "var(--bad, #a3201b)"


@dataclass(frozen=True, slots=True)
class Point:
    """A figure of a round: ``at`` in seconds since 1970, the version of the bundle, and its digest, which tells two apart."""

    at: float
    value: float
    band: Band
    alarming: bool
    version: str
    digest: str


def trend_plot(points: Sequence[Point], *, title: str = "", y_label: str = "", width: int = 640, height: int = 250) -> str:
    """Draw a figure over time.

    Parameters
    ----------
    points : sequence of Point
        The oldest first; those whose value is NaN leave a gap. At least one has a value.
    title, y_label : str
        Words around it.
    width, height : int
        Pixels.
    """
    assert any(isfinite(point.value) for point in points), title
    axes = _axes(points, width, height)
    parts = [
        _strips(points, axes),
        _frame(axes, title, y_label),
        *_marks(points, axes),
        _line(points, axes),
        *_dots(points, axes),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
    return f'{head} aria-label="{escape(title)}" font-family="system-ui, sans-serif">{"".join(parts)}</svg>'


def time_ticks(start: float, end: float, count: int) -> list[tuple[float, str]]:
    """Return round times between two, in seconds since 1970, at most ``count``, with what is written below them."""
    step = next((step for step in STEPS if (end - start) / step <= count), STEPS[-1])
    form = "%m-%d %H:%M" if step < DAY else "%Y-%m-%d" if end - start > 180 * DAY else "%m-%d"
    first = ceil(start / step)
    times = [k * step for k in range(first, int(end // step) + 1)][:count]
    return [(float(time), datetime.fromtimestamp(time, UTC).strftime(form)) for time in times]


def _axes(points: Sequence[Point], width: int, height: int) -> Axes:
    start, end = points[0].at, max(point.at for point in points)
    room = (end - start) * 0.02 or HOUR
    limits = [limit for point in points for limit in (point.band.low, point.band.high) if limit is not None]
    values = [value for value in (*limits, *(point.value for point in points)) if isfinite(value)]
    low, high = min(values), max(values)
    margin = (high - low) * HEADROOM or abs(high) * HEADROOM or 1.0
    return Axes(start - room, end + room, low - margin / 2, high + margin, width, height)


def _frame(axes: Axes, title: str, y_label: str) -> str:
    bottom, right = axes.height - BOTTOM, axes.width - RIGHT
    parts = [_text(LEFT, 17, title, fill="currentColor", size=13, more=' font-weight="600"')]
    for time, words in time_ticks(axes.x_low, axes.x_high, max(2, (right - LEFT) // 85)):
        x = axes.x(time)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}" stroke="{LINE}" stroke-opacity="0.6"/>')
        inside = min(x, axes.width - LETTER * len(words) / 2)
        parts.append(_text(inside, bottom + 15, words, "middle", size=11))
    for value in ticks(axes.y_low, axes.y_high, max(2, axes.height // 56)):
        y = axes.y(value)
        parts.append(f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{value:g}", "end", size=11))
    parts.append(f'<line x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}" stroke="var(--edge, #7e918a)"/>')
    middle = (TOP + bottom) / 2
    parts.append(_text(13, middle, y_label, "middle", size=11, more=f' transform="rotate(-90 13 {middle:.1f})"'))
    return "".join(parts)


def _strips(points: Sequence[Point], axes: Axes) -> str:
    """Shade each band from the round where it begins to that where another does; an open side reaches the frame."""
    starts = [k for k, point in enumerate(points) if k == 0 or point.band != points[k - 1].band]
    ends = [points[k].at for k in starts[1:]] + [axes.x_high]
    parts = []
    for k, end in zip(starts, ends, strict=True):
        band = points[k].band
        if band == Band():
            continue
        left, right = axes.x(axes.x_low if k == 0 else points[k].at), axes.x(end)
        top, bottom = (
            axes.y(value if limit is None else limit) for value, limit in ((axes.y_high, band.high), (axes.y_low, band.low))
        )
        box = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
        parts.append(f'<rect {box} fill="var(--series-1, {COLOURS[0]})" fill-opacity="0.13"/>')
        for limit in (band.low, band.high):
            if limit is not None:
                y = axes.y(limit)
                dashes = f'stroke="var(--series-1, {COLOURS[0]})" stroke-dasharray="5 3" stroke-opacity="0.8"'
                parts.append(f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}" {dashes}/>')
    return "".join(parts)


def _marks(points: Sequence[Point], axes: Axes) -> list[str]:
    """A vertical line where the bundle is another than in the round before, with its version."""
    changes = [(points[0].version, LEFT + 0.0)]
    changes += [(b.version, axes.x((a.at + b.at) / 2)) for a, b in pairwise(points) if a.digest != b.digest]
    parts, free = [], 0.0
    for place, (version, x) in enumerate(changes):
        if place:
            hover = f"<title>{escape(version)}</title>"
            line = f'x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{axes.height - BOTTOM}" stroke="{MARK}" stroke-dasharray="2 3"'
            parts.append(f'<line {line} stroke-width="1.5">{hover}</line>')
        x, length = min(x + 4, axes.width - LETTER * len(version)), LETTER * len(version)
        if x >= free:
            parts.append(_text(x, TOP + 11, version, fill=MARK, size=11))
            free = x + length
    return parts


def _line(points: Sequence[Point], axes: Axes) -> str:
    out, pen = [], "M"
    for point in points:
        if isfinite(point.value):
            out.append(f"{pen}{axes.x(point.at):.1f} {axes.y(point.value):.1f}")
            pen = "L"
        else:
            pen = "M"
    colour = f"var(--series-3, {COLOURS[2]})"
    return f'<path d="{"".join(out)}" fill="none" stroke="{colour}" stroke-width="1.4" stroke-linejoin="round"/>'


def _dots(points: Sequence[Point], axes: Axes) -> list[str]:
    known = [point for point in points if isfinite(point.value)]
    if len(known) > FEW_POINTS:
        known = [point for point in known[:-1] if point.alarming] + known[-1:]
    dots = []
    for point in known:
        when = datetime.fromtimestamp(point.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        colour, size = (BAD, 4.5) if point.alarming else (f"var(--series-3, {COLOURS[2]})", 3)
        hover = f"<title>{when}: {point.value:.5g} ({escape(point.version)})</title>"
        dots.append(
            f'<circle cx="{axes.x(point.at):.1f}" cy="{axes.y(point.value):.1f}" r="{size}" fill="{colour}">{hover}</circle>'
        )
    return dots


def _text(x: float, y: float, text: str, anchor: str = "start", fill: str = SOFT, size: int = 12, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}"{more}>{escape(text)}</text>'
