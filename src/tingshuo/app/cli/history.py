"""``tingshuo history``: the versions of a voice."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tingshuo.store.registry import Record, Registry


def history(
    name: Annotated[str | None, typer.Argument(help="Of a voice; all names without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the saved versions of a voice.

    The newest comes first, with what points to it, and the size of its training's state where save --state has kept it.

    Example:

      tingshuo history anna
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.registry import Registry

    registry = Registry()
    names = registry.names() if name is None else (name,)
    found = {one: registry.history(one) for one in names}
    aliases = {one: registry.pointers(one).now() for one in names}
    if as_json:
        rows = {
            one: [record.fields() | {"state_bytes": _state_bytes(registry, record)} for record in records]
            for one, records in found.items()
        }
        print_json({"versions": rows, "aliases": aliases})
        return
    if not found:
        typer.echo("Nothing has been saved yet. Try: tingshuo save RUN --name my-voice")
    for one, records in found.items():
        for record in records:
            marks = ", ".join(alias for alias, version in aliases[one].items() if version == record.version)
            size = _state_bytes(registry, record)
            state = f"state {size / 1e6:.1f} MB" if size else ""
            parts = record.label, record.saved[:16], marks and f"({marks})", state, record.note
            typer.echo("  ".join(part for part in parts if part))


def _state_bytes(registry: "Registry", record: "Record") -> int:
    listing = registry.state(record)
    return 0 if listing is None else listing.n_bytes
