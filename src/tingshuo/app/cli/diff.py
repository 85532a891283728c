"""``tingshuo diff``: what differs between two versions."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tingshuo.store.differences import Difference, Differences

SHOWN = 60
"""Characters of a value that are shown."""


def diff(
    old: Annotated[str, typer.Argument(help="NAME, NAME@VERSION, NAME@ALIAS, or the folder of a bundle.")],
    new: Annotated[str, typer.Argument(help="The other one.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what differs between two versions.

    In config, statements, figures, tensors and files.

    Example:

      tingshuo diff anna@1.0.0 anna
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.bundle import open_bundle
    from tingshuo.store.differences import compare
    from tingshuo.tasks.voices import find_voice

    found = compare(*(open_bundle(find_voice(one)) for one in (old, new)))
    if as_json:
        rows = {part: [row._asdict() for row in rows] for part, rows in _parts(found).items()}
        print_json({"old": old, "new": new, "same": found.same, **rows})
        return
    for part, lines in _lines(found).items():
        if lines:
            typer.echo(f"{part}:")
            for line in lines:
                typer.echo(f"  {line}")
    if found.same:
        typer.echo(f"{old} and {new} are the same")


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
