"""``tingshuo train clean``: remove from a training's folder what can be made again."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tingshuo.train.clean import Temporary


def clean(
    run: Annotated[Path, typer.Argument(help="Folder of a training.")],
    everything: Annotated[bool, typer.Option("--all", help="TensorBoard's files too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without a question.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Remove from a training's folder what can be made again.

    Older checkpoints, features, previews and what was half written: first a list with sizes, then a question. What --resume
    needs stays, the settings, the rows and the last and best checkpoints, and so does the finished voice. Nothing outside the
    folder is touched. Without a terminal to ask on, --yes is needed.

    Example:

      tingshuo train clean run --dry-run

      tingshuo train clean run --all --yes
    """
    from tingshuo.app.cli.distill import train_extra

    with train_extra():
        from tingshuo.train.clean import check_is_run, find_temporary, remove
        from tingshuo.train.run_folder import claimed

    check_is_run(run)
    with claimed(run):
        found = find_temporary(run, everything=everything)
        may_ask = sys.stdin is not None and sys.stdin.isatty() and not as_json
        if not as_json:
            _show(run, found)
        agreed = bool(found) and not dry_run and (yes or (may_ask and _ask()))
        if agreed:
            remove(found)
    if as_json:
        _print(run, found, agreed)
    if found and not agreed and not dry_run:
        how = "you said no" if may_ask else "there is nobody to ask, so add --yes"
        raise RequestError(f"{run}: nothing was removed: {how}", "yes")
    if agreed and not as_json:
        typer.echo(f"{_megabytes(found)} are gone")


def _ask() -> bool:
    try:
        return typer.confirm("Remove them?", err=True)
    except typer.Abort:  # Ctrl-C and Ctrl-D are a no too
        return False


def _show(run: Path, found: "Sequence[Temporary]") -> None:
    for one in found:
        typer.echo(f"{one.n_bytes / 1e6:10.1f} MB  {one.path.relative_to(run)}  ({one.kind})")
    typer.echo(f"{len(found)} temporary, {_megabytes(found)}" if found else f"{run}: holds nothing temporary")


def _print(run: Path, found: "Sequence[Temporary]", removed: bool) -> None:
    from tingshuo.app.cli.output import print_json

    rows = [{"path": str(one.path.relative_to(run)), "kind": one.kind, "n_bytes": one.n_bytes} for one in found]
    print_json({"removed": removed, "temporary": rows, "n_bytes": sum(one.n_bytes for one in found)})


def _megabytes(found: "Sequence[Temporary]") -> str:
    return f"{sum(one.n_bytes for one in found) / 1e6:.1f} MB"
