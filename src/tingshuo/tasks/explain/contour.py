"""The picture of a sentence as spoken: F0 over time, with the borders, characters and lengths of the syllables."""

from collections.abc import Sequence
from html import escape

import numpy as np

from tingshuo.audio.plot import BOTTOM, LEFT, LINE, RIGHT, SOFT, TOP, Axes, log_ticks
from tingshuo.tasks.explain.result import Explained, Spoken

PER_S, MOST_PER_S = 240, 600
"""Pixels a second, and at most, where syllables are short."""
NARROWEST = 40
"""Pixels that a syllable's text needs."""
HEIGHT, TEXT = 290, 62
"""Pixels of the picture, and of the three lines of text at its foot."""
MARGIN = 1.08
"""F0 above the highest and below the lowest, as a factor."""


def contour(sentence: Explained) -> str:
    """Return F0 over time as an SVG of fixed width, as wide as the text needs; broad bars are the means of the syllables."""
    length_s = len(sentence.f0) * sentence.frame_s
    shortest_s = min(one.end_s - one.start_s for one in sentence.syllables)
    width = round(LEFT + RIGHT + length_s * min(MOST_PER_S, max(PER_S, NARROWEST / shortest_s)))
    voiced = sentence.f0[sentence.f0 > 0].astype(np.float64)
    low, high = (float(voiced.min()), float(voiced.max())) if len(voiced) else (100.0, 200.0)
    # The text takes the place of the labels of an axis, and more: the frame ends above it.
    axes = Axes(0.0, length_s, low / MARGIN, high * MARGIN, width, HEIGHT - TEXT + BOTTOM, log_y=True)
    parts = [_level(axes, value) for value in log_ticks(axes.y_low, axes.y_high)]
    for one in sentence.syllables:
        parts += _syllable(axes, one)
    line = f'd="{_line(axes, sentence)}" fill="none" stroke="var(--series-1, #0f6b5c)" stroke-width="1.8"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" role="img" '
        f'aria-label="F0: {escape(sentence.text)}" font-family="system-ui, sans-serif">{"".join(parts)}<path {line}/></svg>'
    )


def _level(axes: Axes, value: float) -> str:
    y = axes.y(value)
    return (
        f'<line x1="{LEFT}" x2="{axes.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{SOFT}" font-size="11">{value:g} Hz</text>'
    )


def _syllable(axes: Axes, one: Spoken) -> list[str]:
    """Its borders, its mean F0, and under them what is written, pinyin and length."""
    left, right, foot = axes.x(one.start_s), axes.x(one.end_s), HEIGHT - TEXT
    parts = [f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{foot}" stroke="{LINE}"/>' for x in (left, right)]
    if one.f0_hz is not None:
        y = axes.y(one.f0_hz)
        bar = 'stroke="var(--series-3, #3d62b3)" stroke-width="6" stroke-opacity="0.3"'
        parts.append(f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}" {bar}/>')
    texts: Sequence[tuple[str, int, int, str]] = (
        (one.text, 22, 17, "currentColor"),
        (one.pinyin, 38, 11, SOFT),
        (f"{1000 * one.duration_s:.0f} ms", 54, 11, SOFT),
    )
    for text, below, size, fill in texts:
        at = f'x="{(left + right) / 2:.1f}" y="{foot + below}"'
        parts.append(f'<text {at} text-anchor="middle" fill="{fill}" font-size="{size}">{escape(text)}</text>')
    return parts


def _line(axes: Axes, sentence: Explained) -> str:
    """F0 through the middle of each frame, broken where it is unvoiced."""
    out, pen = [], "M"
    for k, f0 in enumerate(sentence.f0.tolist()):
        if f0 > 0:
            out.append(f"{pen}{axes.x((k + 0.5) * sentence.frame_s):.1f} {axes.y(f0):.1f}")
        pen = "L" if f0 > 0 else "M"
    return "".join(out)
