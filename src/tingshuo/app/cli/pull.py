"""``tingshuo pull``: bring a version from where somebody pushed it."""

from pathlib import Path
from typing import Annotated

import typer

from tingshuo.errors import RequestError


def pull(
    address: Annotated[
        str, typer.Argument(help="Such as s3://bucket/voices/NAME@1.2.0, https://..., file:///... or a folder's path.")
    ],
    name: Annotated[str | None, typer.Option("--as", help="Its name on this machine; its own without it.")] = None,
    mirror: Annotated[
        list[str] | None, typer.Option(help="A place that has the same, asked when others fail; may be repeated.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The public key that must have signed it, PEM.")] = None,
    policy: Annotated[Path | None, typer.Option(help="A policy: which keys may publish which names.")] = None,
    allow_http: Annotated[bool, typer.Option("--allow-http", help="Accept connections that are not encrypted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fetch a version from another place.

    Into the registry, every byte of it checked; interrupted, the same command goes on.

    After @ comes a version, or an alias, which then points to it here too; without either it is the current one. With --key or
    --policy the signature is checked before anything else is read; this needs the sign extra.

    Example:

      tingshuo pull s3://bucket/voices/anna@prod

      tingshuo pull https://voices.example.org/voices/anna@1.2.0 --key keys/acme.pub --mirror https://mirror.example.org
    """
    from contextlib import ExitStack

    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.progress import Progress
    from tingshuo.app.cli.sign import key_fields
    from tingshuo.store.registry import Registry
    from tingshuo.store.remote import open_store, parse_address
    from tingshuo.store.remote_manifest import read_trust
    from tingshuo.store.remote_pull import pull as fetch
    from tingshuo.store.remote_transfer import Tell

    source = parse_address(address)
    if not source.name:
        raise RequestError(
            f"{address!r} names no voice; it ends as voices/NAME@1.2.0, tingshuo list shows what there is", "address"
        )
    trust = read_trust(key, policy)
    stores = [open_store(parse_address(place).place, allow_http=allow_http) for place in (address, *(mirror or ()))]
    with ExitStack() as stack:

        def begin(n_bytes: int) -> Tell:
            return stack.enter_context(Progress(f"pulling {source.name}", n_bytes)).advance

        done = fetch(Registry(), stores, source.name, source.wanted, trust=trust, local_name=name, begin=begin)
    if as_json:
        signature = key_fields(done.signer) if done.signer is not None else None
        fields = {"already": done.already, "new_bytes": done.new_bytes, "path": str(done.path), "signature": signature}
        print_json(fields | {"record": done.record.fields()})
        return
    how = "was there already" if done.already else f"{done.new_bytes / 1e6:.1f} MB were fetched"
    by = f", signed with {done.signer.label}" if done.signer is not None else ""
    typer.echo(f"{done.record.label}{by}: {how}. Try: tingshuo say 你好 --voice {done.record.label}")
