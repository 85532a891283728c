"""``tingshuo list``: what a place outside this machine holds."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tingshuo.store.remote import Store


def list_remote(
    address: Annotated[str, typer.Argument(help="s3://bucket, https://host, file:///path or a folder; voices/NAME may follow.")],
    allow_http: Annotated[bool, typer.Option("--allow-http", help="Accept connections that are not encrypted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the voices of a place: versions, sizes, aliases.

    Example:

      tingshuo list s3://bucket

      tingshuo list https://voices.example.org/voices/anna --json
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.errors import NotFoundError
    from tingshuo.store.remote import open_store, parse_address

    target = parse_address(address)
    store = open_store(target.place, allow_http=allow_http)
    names = [name for name in store.versions(target.name) if not target.name or name == target.name]
    if target.name and not names:
        raise NotFoundError(f"{store.where}: has no voice {target.name!r}")
    voices = [_voice(store, name, target.wanted) for name in names]
    if as_json:
        print_json({"where": store.where, "voices": voices})
        return
    for voice in voices:
        for row in voice["versions"]:
            aliases = ", ".join(f"@{alias}" for alias, version in voice["aliases"].items() if version == row["version"])
            first = next(iter(row["note"].splitlines()), "")
            signs = "  ".join(filter(None, (f"{row['n_bytes'] / 1e6:8.1f} MB", row["saved"][:10], aliases, first)))
            typer.echo(f"{voice['name']}@{row['version']}  {signs}")
    if not voices:
        typer.echo(f"{store.where} holds no voices")


def _voice(store: "Store", name: str, wanted: str) -> dict[str, Any]:
    records = [store.find(name, wanted)] if wanted else list(store.history(name))
    keys = ("version", "n_bytes", "n_files", "saved", "note", "private", "digest")
    return {
        "name": name,
        "aliases": store.aliases(name),
        "versions": [{key: record.fields()[key] for key in keys} for record in records],
    }
