"""Plots as SVG text, without a plotting library: lines, histograms, scattered points and values with intervals.

Data that is not finite is left out (a line breaks there). A picture needs no file beside it and no script. Its colours are the
page's (`audio.page` names them as CSS variables) or, alone, those written here; a name beside each colour, and dashes, tell the
series apart without it. Hovering a point shows its name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

COLOURS = ("#0f6b5c", "#c2571a", "#3d62b3", "#9a2f6b", "#7a7a12", "#5b6b74")
"""Of the series, in order; on a page the CSS variables ``--series-1`` to ``--series-6``."""
SOFT, LINE = "var(--soft, #4c5f59)", "var(--line, #d5dfda)"
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 30, 40
"""Pixels around the plotting area."""
LARGEST_SERIES = 1500
"""Points of a line; a longer one keeps the lowest and highest of each stretch, so spikes stay."""


@dataclass(frozen=True, slots=True)
class Series:
    """A line: ``x`` and ``y`` of equal length; ``dashed`` sets it apart from others of its colour.

    ``colour`` is an index into `COLOURS`; None is the place in the list.
    """

    name: str
    x: ArrayLike
    y: ArrayLike
    dashed: bool = False
    colour: int | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with the ends of its interval."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Axes:
    """A frame with scales: from data to pixels."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    width: int
    height: int
    log_y: bool = False

    def x(self, value: float) -> float:
        """Return the pixel of a value on the horizontal axis."""
        return LEFT + (value - self.x_low) / (self.x_high - self.x_low) * (self.width - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the pixel of a value on the vertical axis."""
        low, high, at = (log10(v) if self.log_y else v for v in (self.y_low, self.y_high, value))
        return self.height - BOTTOM - (at - low) / (high - low) * (self.height - TOP - BOTTOM)


def line_plot(
    series: Sequence[Series],
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    log_y: bool = False,
    width: int = 640,
    height: int = 280,
) -> str:
    """Draw lines over a common axis.

    Parameters
    ----------
    series : sequence of Series
        At most six are told apart by colour.
    title, x_label, y_label : str
        Words around it.
    log_y : bool
        Logarithmic vertical axis; values that are not above 0 are left out.
    width, height : int
        Pixels.

    Returns
    -------
    str
        An ``<svg>`` element; one that says so when there is nothing to draw.
    """
    lines = [(s, *_finite(s.x, s.y, positive=log_y)) for s in series]
    drawn = [(s, x, y) for s, x, y in lines if np.isfinite(y).any()]
    if not drawn:
        return _empty(title, width, height)
    x_range = _padded(np.concatenate([x for _, x, _ in drawn]), 0)
    ys = np.concatenate([y[np.isfinite(y)] for _, _, y in drawn])
    y_range = (float(ys.min()) / 1.1, float(ys.max()) * 1.1) if log_y else _padded(ys, 0.05)
    axes = Axes(*x_range, *y_range, width, height, log_y)
    colours = [index if s.colour is None else s.colour for index, (s, _, _) in enumerate(drawn)]
    names = [(s.name, colour, s.dashed) for (s, _, _), colour in zip(drawn, colours, strict=True)]
    parts = [_frame(axes, title, x_label, y_label), _legend(names, axes)]
    for (s, x, y), colour in zip(drawn, colours, strict=True):
        path = _path(axes, *_thinned(x, y))
        dash = ' stroke-dasharray="5 3"' if s.dashed else ""
        parts.append(f'<path d="{path}" fill="none" stroke="{_colour(colour)}" stroke-width="1.6" stroke-linecap="round"{dash}/>')
        for k in _alone(y):
            parts.append(f'<circle cx="{axes.x(x[k]):.1f}" cy="{axes.y(y[k]):.1f}" r="2" fill="{_colour(colour)}"/>')
    return _svg(parts, title, width, height)


def histogram(
    groups: Mapping[str, ArrayLike],
    *,
    bins: int = 40,
    marks: Iterable[float] = (),
    colours: Sequence[int] = (),
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    width: int = 640,
    height: int = 240,
) -> str:
    """Draw how often values occur, each group in its colour over the same bins.

    Parameters
    ----------
    groups : mapping of str to array (N,)
        Values by name.
    bins : int
        Bars.
    marks : iterable of float
        Where dashed vertical lines go: limits, say.
    colours : sequence of int
        Indices into `COLOURS`, one a group; empty is 0, 1, 2 ...
    title, x_label, y_label, width, height
        As for `line_plot`.
    """
    values = {name: _only_finite(v) for name, v in groups.items()}
    marked = [mark for mark in marks if isfinite(mark)]
    together = np.concatenate([*values.values(), np.array(marked)]) if values else np.empty(0)
    if not sum(len(v) for v in values.values()):
        return _empty(title, width, height)
    low, high = _padded(together, 0.02)
    edges = np.linspace(low, high, bins + 1)
    counts = {name: np.histogram(v, edges)[0] for name, v in values.items()}
    axes = Axes(low, high, 0, 1.05 * max(int(c.max()) for c in counts.values()), width, height)
    parts = [_frame(axes, title, x_label, y_label)]
    if len(counts) > 1:
        parts.append(_legend([(name, c, False) for name, c in zip(counts, colours or range(len(counts)), strict=True)], axes))
    for index, count in zip(colours or range(len(counts)), counts.values(), strict=True):
        bars = "".join(
            f"M{axes.x(a):.1f} {axes.y(0):.1f}V{axes.y(int(n)):.1f}H{axes.x(b):.1f}V{axes.y(0):.1f}Z"
            for a, b, n in zip(edges[:-1], edges[1:], count, strict=True)
            if n
        )
        parts.append(f'<path d="{bars}" fill="{_colour(index)}" fill-opacity="{0.75 if len(counts) == 1 else 0.5}"/>')
    for mark in marked:
        at = f'x1="{axes.x(mark):.1f}" x2="{axes.x(mark):.1f}" y1="{TOP}" y2="{height - BOTTOM}"'
        parts.append(f'<line {at} stroke="{SOFT}" stroke-dasharray="4 3"/>')
    return _svg(parts, title, width, height)


def scatter(
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    width: int = 640,
    height: int = 320,
) -> str:
    """Draw points, each group in its colour.

    Parameters
    ----------
    groups : mapping of str to (x, y)
        Arrays (N,) each, by name.
    names : mapping or None
        For each group that has them, what hovering a point shows.
    title, x_label, y_label, width, height
        As for `line_plot`.
    """
    points = {name: (np.asarray(x, np.float64), np.asarray(y, np.float64)) for name, (x, y) in groups.items()}
    seen = {name: np.isfinite(x) & np.isfinite(y) for name, (x, y) in points.items()}
    if not any(mask.any() for mask in seen.values()):
        return _empty(title, width, height)
    xs = np.concatenate([x[seen[name]] for name, (x, _) in points.items()])
    ys = np.concatenate([y[seen[name]] for name, (_, y) in points.items()])
    axes = Axes(*_padded(xs, 0.03), *_padded(ys, 0.05), width, height)
    parts = [_frame(axes, title, x_label, y_label)]
    if len(points) > 1:
        parts.append(_legend([(name, index, False) for index, name in enumerate(points)], axes))
    for index, (name, (x, y)) in enumerate(points.items()):
        said = (names or {}).get(name)
        dots = []
        for k in np.flatnonzero(seen[name]).tolist():
            hover = f"<title>{escape(said[k])}</title>" if said else ""
            dots.append(f'<circle cx="{axes.x(x[k]):.1f}" cy="{axes.y(y[k]):.1f}" r="2.6">{hover}</circle>')
        parts.append(f'<g fill="{_colour(index)}" fill-opacity="0.6">{"".join(dots)}</g>')
    return _svg(parts, title, width, height)


def interval_plot(rows: Sequence[Interval], *, title: str = "", x_label: str = "", width: int = 640) -> str:
    """Draw values with their intervals, one below the other, on a common axis.

    Parameters
    ----------
    rows : sequence of Interval
        From top to bottom.
    title, x_label, width
        As for `line_plot`.
    """
    known = [row for row in rows if isfinite(row.value)]
    height = TOP + BOTTOM + 26 * len(known)
    if not known:
        return _empty(title, width, 120)
    ends = np.array([(row.low, row.value, row.high) for row in known]).ravel()
    column = max(_length(row.name) for row in known) + 12
    # Names stand left of the frame, values right of it: the frame is as wide as they leave room.
    axes = Axes(*_padded(ends[np.isfinite(ends)], 0.08), 0, 1, width - column - 14 + LEFT - 48, height)
    parts = []
    for index, row in enumerate(known):
        y, colour = TOP + 26 * index + 13, _colour(index)
        if isfinite(row.low) and isfinite(row.high):
            whisker = f"M{axes.x(row.low):.1f} {y}H{axes.x(row.high):.1f}m0 -4v8M{axes.x(row.low):.1f} {y - 4}v8"
            parts.append(f'<path d="{whisker}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<circle cx="{axes.x(row.value):.1f}" cy="{y}" r="4.5" fill="{colour}"/>')
        parts.append(_text(LEFT - 8, y + 4, row.name, "end", "currentColor"))
        parts.append(_text(axes.width, y + 4, f"{row.value:.3g}", "start", "currentColor"))
    drawn = f'<g transform="translate({column - LEFT + 14})">{_frame(axes, "", x_label, "", levels=False)}{"".join(parts)}</g>'
    return _svg([_text(14, 17, title, fill="currentColor", size=13, more=' font-weight="600"'), drawn], title, width, height)


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Return round numbers (1, 2 or 5 times a power of ten apart) from ``low`` to ``high``, about ``count`` of them."""
    raw = (high - low) / max(count, 1)
    power = 10.0 ** floor(log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * (1 - 1e-9))
    return [round(k * step, 12) for k in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers from ``low`` to ``high``, both above 0, for a logarithmic axis."""
    decades = log10(high / low)
    steps = (1,) if decades > 3 else (1, 2, 5) if decades > 0.7 else (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
    found = [m * 10.0**k for k in range(floor(log10(low)), ceil(log10(high)) + 1) for m in steps]
    return [value for value in found if low <= value <= high]


def _finite(x: ArrayLike, y: ArrayLike, *, positive: bool) -> tuple[Floats, Floats]:
    """Points in order whose x is finite; y that cannot be drawn becomes NaN, where a line breaks."""
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    assert xs.shape == ys.shape, f"x of {xs.shape} and y of {ys.shape}"
    keep = np.isfinite(xs)
    usable = np.isfinite(ys) & ((ys > 0) | (not positive))
    return xs[keep], np.where(usable, ys, np.nan)[keep]


def _only_finite(values: ArrayLike) -> Floats:
    array = np.asarray(values, np.float64).ravel()
    return array[np.isfinite(array)]


def _padded(values: Floats, share: float) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = (high - low) * share or (0.0 if high > low else max(abs(high) * 0.1, 0.5))
    return low - margin, high + margin


def _thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest point of each stretch of a long line."""
    if len(x) <= LARGEST_SERIES:
        return x, y
    kept: list[int] = []
    for part in np.array_split(np.arange(len(x)), LARGEST_SERIES // 2):
        finite = part[np.isfinite(y[part])]
        kept += sorted({int(finite[y[finite].argmin()]), int(finite[y[finite].argmax()])}) if len(finite) else [int(part[0])]
    return x[kept], y[kept]


def _path(axes: Axes, x: Floats, y: Floats) -> str:
    out, pen = [], "M"
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        if not isfinite(b):
            pen = "M"
            continue
        out.append(f"{pen}{axes.x(a):.1f} {axes.y(b):.1f}")
        pen = "L"
    return "".join(out)


def _alone(y: Floats) -> list[int]:
    """Indices of points without a neighbour to draw a line to."""
    seen = np.pad(np.isfinite(y), 1)
    return np.flatnonzero(seen[1:-1] & ~seen[:-2] & ~seen[2:]).tolist()


def _colour(index: int) -> str:
    index %= len(COLOURS)
    return f"var(--series-{index + 1}, {COLOURS[index]})"


def _text(x: float, y: float, text: str, anchor: str = "start", fill: str = SOFT, size: int = 12, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}"{more}>{escape(text)}</text>'


def _frame(axes: Axes, title: str, x_label: str, y_label: str, *, levels: bool = True) -> str:
    bottom, right = axes.height - BOTTOM, axes.width - RIGHT
    parts = [_text(LEFT, 17, title, fill="currentColor", size=13, more=' font-weight="600"')]
    for value in ticks(axes.x_low, axes.x_high, max(2, axes.width // 100)):
        x = axes.x(value)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}" stroke="{LINE}" stroke-opacity="0.6"/>')
        parts.append(_text(x, bottom + 15, _number(value), "middle", size=11))
    if levels:
        between = log_ticks(axes.y_low, axes.y_high) if axes.log_y else ticks(axes.y_low, axes.y_high, max(2, axes.height // 56))
        for value in between:
            y = axes.y(value)
            parts.append(f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>')
            parts.append(_text(LEFT - 6, y + 4, _number(value), "end", size=11))
    parts.append(f'<line x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}" stroke="var(--edge, #7e918a)"/>')
    parts.append(_text((LEFT + right) / 2, axes.height - 6, x_label, "middle", size=11))
    middle = (TOP + bottom) / 2
    parts.append(_text(13, middle, y_label, "middle", size=11, more=f' transform="rotate(-90 13 {middle:.1f})"'))
    return "".join(parts)


def _legend(names: Sequence[tuple[str, int, bool]], axes: Axes) -> str:
    """Names with colour and dash at the top right, the last one outermost."""
    parts, x = [], float(axes.width - RIGHT)
    for name, index, dashed in reversed(names):
        x -= _length(name)
        parts.append(_text(x, 17, name))
        dash = ' stroke-dasharray="5 3"' if dashed else ""
        parts.append(
            f'<line x1="{x - 22:.1f}" x2="{x - 5:.1f}" y1="13" y2="13" stroke="{_colour(index)}" stroke-width="3"{dash}/>'
        )
        x -= 34
    return "".join(parts)


def _length(text: str) -> int:
    """Pixels that a text takes, about: 7 a character, 12 a Chinese one."""
    return sum(12 if ord(character) > 0x2E80 else 7 for character in text)


def _number(value: float) -> str:
    if abs(value) >= 1e5:
        return f"{value / 1e6:g}M" if abs(value) >= 1e6 else f"{value / 1e3:g}k"
    return f"{value:g}"


def _svg(parts: Sequence[str], title: str, width: int, height: int) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
    return f'{head} aria-label="{escape(title)}" font-family="system-ui, sans-serif">{"".join(parts)}</svg>'


def _empty(title: str, width: int, height: int) -> str:
    words = _text(width / 2, height / 2, "无数据 · no data", "middle", size=13)
    return _svg([_text(LEFT, 17, title, fill="currentColor", size=13), words], title, width, height)
