"""A confusion matrix as SVG: what was said by row, what was heard by column, each row shaded by its shares."""

from collections.abc import Sequence
from html import escape

from numpy.typing import NDArray

CELL, SMALLEST_CELL = 30, 12
"""Pixels of a cell: of a few classes, and of many."""
WIDEST = 900
"""Pixels of all cells together, where there are many."""
WRITTEN_CELL = 20
"""Numbers are written in cells from this size on; hovering shows them always."""
LONGEST = 12
"""Characters of a name that are written."""
ROWS, COLUMNS = "说的 said ↓", "听成 heard →"


def matrix_plot(names: Sequence[str], matrix: NDArray, title: str = "") -> str:  # type: ignore[type-arg]
    """Draw a confusion matrix.

    Parameters
    ----------
    names : sequence of str
        Of the C classes.
    matrix : NDArray
        (C, C) counts, what was said by row. A row without any is left out.
    title : str
        Plain text, for those who cannot see it.

    Returns
    -------
    str
        An ``<svg>`` element. What is right, on the diagonal, is of another colour than what is wrong.
    """
    rows = [k for k in range(len(names)) if matrix[k].sum()]
    columns = [k for k in range(len(names)) if matrix[k].sum() or matrix[:, k].sum()]
    cell = max(SMALLEST_CELL, min(CELL, WIDEST // max(len(columns), 1)))
    left = 16 + max([_pixels(ROWS), *(_pixels(_short(names[k])) for k in rows)])
    top = 26 + max((_pixels(_short(names[k])) for k in columns), default=0) if columns else 26
    parts = [_text(left, 14, COLUMNS, "start", soft=True), _text(left - 6, top - 6, ROWS, "end", soft=True)]
    for x, k in enumerate(columns):
        at = left + x * cell + cell / 2 + 4
        turn = f' transform="rotate(-90 {at:.0f} {top - 6})"'
        parts.append(_text(at, top - 6, _short(names[k]), "start", more=turn))
    for y, row in enumerate(rows):
        parts.append(_text(left - 6, top + y * cell + cell / 2 + 4, _short(names[row]), "end"))
        total = int(matrix[row].sum())
        for x, column in enumerate(columns):
            n = int(matrix[row, column])
            place = (left + x * cell, top + y * cell)
            parts.append(_cell(place, cell, n, total, row == column, f"{names[row]} → {names[column]}: {n} / {total}"))
    width, height = left + cell * len(columns) + 8, top + cell * len(rows) + 8
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
    return f'{head} aria-label="{escape(title)}" font-family="system-ui, sans-serif">{"".join(parts)}</svg>'


def _cell(place: tuple[int, int], size: int, n: int, total: int, right: bool, hover: str) -> str:
    x, y = place
    colour = "var(--series-1, #0f6b5c)" if right else "var(--series-2, #c2571a)"
    box = f'x="{x + 1}" y="{y + 1}" width="{size - 2}" height="{size - 2}" rx="3"'
    # The square root keeps single confusions visible beside hundreds that are right.
    shade = f'<rect {box} fill="{colour}" fill-opacity="{(n / total) ** 0.5:.3f}"/>' if n else ""
    frame = f'<rect {box} fill="none" stroke="var(--line, #d5dfda)"/>'
    dark = n / total > 0.3
    said = str(n) if n and size >= WRITTEN_CELL else ""
    number = _text(x + size / 2, y + size / 2 + 4, said, "middle", fill="var(--surface, #fbfdfc)" if dark else "currentColor")
    return f"<g><title>{escape(hover)}</title>{frame}{shade}{number if said else ''}</g>"


def _text(x: float, y: float, text: str, anchor: str, *, soft: bool = False, fill: str = "currentColor", more: str = "") -> str:
    fill = "var(--soft, #4c5f59)" if soft else fill
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{fill}" font-size="12"{more}>{escape(text)}</text>'


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _pixels(text: str) -> int:
    """How long a text is, about: 7 a character, 12 a Chinese one."""
    return sum(12 if ord(character) > 0x2E80 else 7 for character in text)
