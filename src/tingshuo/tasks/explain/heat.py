"""Maps of influence: a table with a row for each input and a column for each syllable.

A table can be read aloud, copied, and scrolled on a phone with its inputs in view; colour repeats what the numbers say.
"""

from html import escape
from itertools import groupby
from math import isfinite

from tingshuo.tasks.explain.inputs import TONES
from tingshuo.tasks.explain.result import KINDS, MEASURES, Explained, Influence

STEPS = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Shares of a measure's scale at which the colour changes."""
SHARES = (8, 20, 34, 48, 62)
"""Percent of colour from each step on."""
STYLE = """
.heat { border-collapse: separate; border-spacing: 1px; width: auto; font-size: 0.85rem; }
.heat th, .heat td { padding: 3px 5px; border: 0; }
.heat thead th, .heat td { text-align: center; min-width: 2.8em; }
.heat thead th { color: var(--ink); font-size: 1rem; }
.heat small { display: block; font-weight: 400; color: var(--soft); font-size: 0.7rem; }
.heat .who { position: sticky; left: 0; z-index: 1; min-width: 6.5em; text-align: left; background: var(--surface);
  font-weight: 400; color: var(--ink); }
.heat .group { padding-top: 10px; text-align: left; }
.heat .group span { position: sticky; left: 5px; }
.heat .own { outline: 1.5px solid var(--edge); outline-offset: -1.5px; }
.heat .none { color: var(--soft); }
.wide { overflow-x: auto; }
.wide svg { max-width: none; }
""" + "".join(
    f".heat .{side}{step} {{ background: color-mix(in srgb, var(--series-{colour}) {share}%, var(--surface)); }}\n"
    for side, colour in (("up", 2), ("down", 3))
    for step, share in enumerate(SHARES, 1)
)
"""What the page's style needs beside its own; orange is more, blue is less."""
_HEADINGS = {
    "phones": ("音素，换成 de", "phones, replaced with de"),
    "tone": ("声调，换成轻声", "tone, made neutral"),
    "boundary": ("词界，与前一个词连成一个词", "word boundary, joined to the word before"),
    "pause": ("停顿，去掉", "pause, dropped"),
}


def heat_map(sentence: Explained, measure: str, floor: float) -> str:
    """Return the map of one measure as HTML; `STYLE` belongs to it.

    Parameters
    ----------
    sentence : Explained
        With its influences.
    measure : str
        One of `tingshuo.tasks.explain.result.MEASURES`.
    floor : float
        Influences that are not larger are noise and shown as a dot.
    """
    head = "".join(
        f'<th scope="col"><small>{number}</small>{escape(one.text)}<small>{escape(one.pinyin)}</small></th>'
        for number, one in enumerate(sentence.syllables, 1)
    )
    order = list(KINDS)
    body = []
    for kind, each in groupby(sorted(sentence.influences, key=lambda one: order.index(one.kind)), key=lambda one: one.kind):
        rows = list(each)
        heading = f"<span>{escape(_heading(kind, rows[0]))}</span>"
        body.append(f'<tr><th class="group" colspan="{len(sentence.syllables) + 1}">{heading}</th></tr>')
        body += [_row(one, measure, floor) for one in rows]
    lines = "\n".join(body)
    return (
        f'<div class="scroll"><table class="heat">\n<thead><tr><th class="who"></th>{head}</tr></thead>\n'
        f"<tbody>\n{lines}\n</tbody></table></div>"
    )


def row_name(influence: Influence) -> str:
    """Say which input a row is, in few words: the number of its syllable (or of those it lies between), and what it is."""
    at, of = influence.span[0], influence.of
    if influence.kind == "tone":
        return f"{at + 1} {of} {TONES[int(influence.value)][0]}"
    if influence.kind == "phones":
        return f"{at + 1} {of} → {influence.instead}"
    if influence.kind == "boundary":
        return f"{at}|{at + 1} {of}"
    return f"{at}| {of}" if influence.kind == "pause" else influence.instead


def _heading(kind: str, first: Influence) -> str:
    if kind in _HEADINGS:
        return " · ".join(_HEADINGS[kind])
    return f"{KINDS[kind].chinese} {first.of}，对比 · {KINDS[kind].english} {first.of}, against"


def _row(influence: Influence, measure: str, floor: float) -> str:
    local = KINDS[influence.kind].local
    cells = [
        _cell(float(value), measure, floor, own=local and influence.distance(s) == 0)
        for s, value in enumerate(influence.change[measure])
    ]
    return f'<tr><th class="who" scope="row">{escape(row_name(influence))}</th>{"".join(cells)}</tr>'


def _cell(value: float, measure: str, floor: float, *, own: bool) -> str:
    """A number in its colour: ``–`` where it is not known, ``0`` where it is exactly that, ``·`` where it may be noise."""
    scale, digits = MEASURES[measure].scale, MEASURES[measure].digits
    if not isfinite(value):
        text, colour = "–", "none"
    elif abs(value) <= floor or not round(value, digits):
        text, colour = "·" if value else "0", "none"
    else:
        text = f"{value:+.{digits}f}".replace("-", "−")
        step = sum(abs(value) >= share * scale for share in STEPS)
        colour = f"{'up' if value > 0 else 'down'}{step}" if step else ""
    classes = " ".join(filter(None, ("own" if own else "", colour)))
    return f'<td class="{classes}">{text}</td>' if classes else f"<td>{text}</td>"
