"""``tingshuo gc``: remove what the registry does not need."""

from typing import Annotated

import typer


def gc(
    keep: Annotated[
        int | None, typer.Option(min=1, help="Keep so many versions of each name, and those with an alias; all without it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Remove what no version needs.

    Leftovers of interrupted work, blobs of no version and, with --keep, old versions.

    Example:

      tingshuo gc --keep 5 --dry-run
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.garbage import collect, find_garbage
    from tingshuo.store.registry import Registry

    registry = Registry()
    found = find_garbage(registry, keep) if dry_run else collect(registry, keep)
    if as_json:
        print_json(
            {
                "removed": not dry_run,
                "versions": [record.label for record in found.versions],
                "blobs": len(found.blobs),
                "leftovers": len(found.leftovers),
                "n_bytes": found.n_bytes,
            }
        )
        return
    for record in found.versions:
        typer.echo(f"{record.label}  {record.saved[:16]}  {record.note}".rstrip())
    counts = f"{len(found.versions)} versions, {len(found.blobs)} blobs, {len(found.leftovers)} leftovers"
    typer.echo(f"{counts}, {found.n_bytes / 1e6:.1f} MB {'would go' if dry_run else 'are gone'}")
