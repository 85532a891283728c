"""``tingshuo diff``: what differs between two versions, and whether a figure is worse by more than it may be."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.app.cli.monitor import ALARM
from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.store.differences import Difference, Differences, Worse

SHOWN = 60
"""Characters of a value that are shown."""
CLOCK = ("rtf",)
"""Measures of the machine as much as of the voice: shown, and not judged."""
WORSE = ALARM
"""Exit code when a figure is worse by more than it may be: the work is done, and somebody has to look at the voice."""


def diff(
    old: Annotated[str, typer.Argument(help="A voice's name, NAME@VERSION, a bundle's folder or archive, an evaluation.json.")],
    new: Annotated[str, typer.Argument(help="The other one.")],
    figures: Annotated[bool, typer.Option("--figures", help="Only the figures.")] = False,
    worse_than: Annotated[
        str | None, typer.Option(help="Such as 5%: exit with 20 when a figure is worse by more of what it was.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what differs between two versions.

    In config, statements, figures, tensors and files. A manifest's figures say how far int8 is from float32; how good a voice
    is, tingshuo evaluate measures, and two of its files evaluation.json are compared here too. With --worse-than the exit code
    is 20 when a figure is worse by more than that; differences that chance explains (their 95 % interval has 0 in it) and the
    speed, which is the machine's, do not count.

    Example:

      tingshuo diff anna@1.0.0 anna

      tingshuo diff last/evaluation.json new/evaluation.json --figures --worse-than 5%
    """
    from tingshuo.store.differences import judged, worse

    tolerance = None if worse_than is None else _share(worse_than)
    found, rows, better = _compared(old, new, figures)
    wrong: Sequence[Worse] = ()
    if tolerance is not None:
        if not judged(rows, better):
            raise RequestError(f"{old} and {new} have no figure in common that could be judged; tingshuo evaluate -o makes some")
        wrong = worse(rows, better, tolerance)
    if as_json:
        _print(old, new, found, wrong if tolerance is not None else None)
    else:
        _show(old, new, found)
        if tolerance is not None:
            _conclude(wrong, len(judged(rows, better)), tolerance)
    if wrong:
        raise typer.Exit(WORSE)


def _compared(old: str, new: str, figures: bool) -> "tuple[Differences, Sequence[Difference], dict[str, str]]":
    """What differs; all figures that may be judged; and which way each is better."""
    from tingshuo.store.archive_formats import is_archive
    from tingshuo.store.bundle import open_bundle
    from tingshuo.store.differences import ERRORS, Differences, compare, compare_figures
    from tingshuo.store.sealing import readable
    from tingshuo.tasks.evaluate.figures import MEASURES
    from tingshuo.tasks.voices import find_voice

    better = dict.fromkeys(ERRORS, "lower") | {name: one.better for name, one in MEASURES.items() if name not in CLOCK}
    places = Path(old), Path(new)
    if any(place.is_file() and not is_archive(place) for place in places):
        changed, every = _evaluations(*places)
        return Differences((), (), changed, (), ()), every, better
    bundles = [readable(open_bundle(find_voice(one))) for one in (old, new)]
    every = compare_figures(*bundles)
    if figures:
        return Differences((), (), tuple(row for row in every if row.old != row.new), (), ()), every, better
    return compare(*bundles), every, better


def _evaluations(old: Path, new: Path) -> "tuple[tuple[Difference, ...], tuple[Difference, ...]]":
    """How two evaluations differ: the figures that have changed, and all, of which those that chance explains have not.

    Raises
    ------
    RequestError
        One of them is not an evaluation.
    DataError
        They are not of the same rows.
    """
    from tingshuo.store.differences import Difference
    from tingshuo.tasks.evaluate.versus import differences

    both = {f"{one.kind} {one.measure}": one for one in differences(*map(_read_evaluation, (old, new)))}
    rows = {where: Difference(where, one.old, one.new) for where, one in both.items()}
    changed = tuple(row for row in rows.values() if row.old != row.new)
    chance = {where for where, one in both.items() if one.verdict == "same" and not math.isnan(one.low)}
    return changed, tuple(row._replace(new=row.old) if where in chance else row for where, row in rows.items())


def _read_evaluation(path: Path) -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if {"subject", "n", "rows", "figures"} <= known.keys():
            return known
    except (OSError, ValueError, AttributeError):
        pass
    raise RequestError(f"{path}: is not an evaluation.json, and the other one is a file; tingshuo evaluate -o makes one")


def _share(text: str) -> float:
    """Return 0.05 for ``5%``."""
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = math.nan
    if not text.endswith("%") or not 0 <= share < math.inf:
        raise RequestError(f"--worse-than {text}: must be a percentage of 0 or more, such as 5%", "worse_than")
    return share


def _print(old: str, new: str, found: "Differences", wrong: "Sequence[Worse] | None") -> None:
    from tingshuo.app.cli.output import print_json

    rows = {part: [row._asdict() for row in rows] for part, rows in _parts(found).items()}
    verdict = {} if wrong is None else {"worse": [_plain(row) for row in wrong]}
    print_json({"old": old, "new": new, "same": found.same, **rows, **verdict})


def _plain(row: "Worse") -> dict[str, Any]:
    """Return a figure as JSON has it, which knows no infinity."""
    return row._asdict() | {"share": row.share if math.isfinite(row.share) else None}


def _show(old: str, new: str, found: "Differences") -> None:
    for part, lines in _lines(found).items():
        if lines:
            typer.echo(f"{part}:")
            for line in lines:
                typer.echo(f"  {line}")
    if found.same:
        typer.echo(f"{old} and {new} are the same")


def _conclude(wrong: "Sequence[Worse]", n_judged: int, tolerance: float) -> None:
    for row in wrong:
        by = f"{100 * row.share:.3g} %" if math.isfinite(row.share) else "more than can be said, as it was 0"
        typer.echo(f"Worse: {row.where}, {row.old:.5g} -> {row.new:.5g}, by {by}", err=True)
    limit = f"worse by more than {100 * tolerance:g} %"
    typer.echo(f"{len(wrong) or 'None'} of {n_judged} figures {'is' if len(wrong) < 2 else 'are'} {limit}", err=bool(wrong))


def _parts(found: "Differences") -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("config", "statements", "figures", "tensors", "files")}


def _lines(found: "Differences") -> dict[str, list[str]]:
    tensors = []
    for row in found.tensors:
        how = row.how if row.relative is None else f"{row.how} by {100 * row.relative:.2g} %"
        tensors.append(f"{row.file} {row.name} {'x'.join(map(str, row.shape))}: {how}")
    return {
        "config": [_told(row) for row in found.config],
        "statements": [_told(row) for row in found.statements],
        "figures": [_told(row) for row in found.figures],
        "tensors": tensors,
        "files, bytes": [_told(row) for row in found.files],
    }


def _told(row: "Difference") -> str:
    old, new = (_short(value) for value in (row.old, row.new))
    return f"{row.where}: {old} -> {new}"


def _short(value: object) -> str:
    text = "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
