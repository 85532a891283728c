"""``tingshuo push``: bring a saved version to where other machines find it."""

from typing import TYPE_CHECKING, Annotated

import typer

from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.store.manifest import Manifest
    from tingshuo.store.remote import Address


def push(
    voice: Annotated[str, typer.Argument(help="A saved version: NAME, NAME@1.2.0 or NAME@ALIAS.")],
    address: Annotated[str, typer.Argument(help="Where to: s3://bucket/prefix, file:///path or a folder.")],
    alias: Annotated[list[str] | None, typer.Option(help="Let this alias point to it there; may be repeated.")] = None,
    with_private: Annotated[bool, typer.Option("--with-private", help="Send timbres of people (speakers/) too.")] = False,
    allow_http: Annotated[bool, typer.Option("--allow-http", help="Accept an endpoint that is not encrypted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bring a version to another place.

    To a bucket or a folder, whole or not at all.

    Files that are there are not sent again, what was sent is read again, and the version appears last. No version is ever
    overwritten. Interrupted, the same command goes on. Buckets need the remote extra and take keys from the environment.

    Example:

      tingshuo push anna@1.2.0 s3://bucket --alias prod
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.progress import Progress
    from tingshuo.store.manifest import read_manifest
    from tingshuo.store.registry import Registry
    from tingshuo.store.remote import open_store, parse_address
    from tingshuo.store.remote_push import push as send

    registry, target = Registry(), parse_address(address)
    manifest = read_manifest(registry.path(voice))
    _check_target(target, manifest)
    store = open_store(target.place, allow_http=allow_http)
    size = sum({entry.sha256: entry.size for entry in manifest.files.values()}.values())
    with Progress(f"pushing {manifest.name}@{manifest.version}", size) as progress:
        done = send(registry, voice, store, with_private=with_private, aliases=alias or (), tell=progress.advance)
    if as_json:
        fields = {"where": done.where, "already": done.already, "new_bytes": done.new_bytes, "signed": done.signed}
        print_json(fields | {"record": done.record.fields()})
        return
    how = "was there already" if done.already else f"{done.new_bytes / 1e6:.1f} MB were sent"
    signature = ", with its signature" if done.signed else ""
    typer.echo(f"{done.record.label} is at {done.where}{signature}: {how}")


def _check_target(target: "Address", manifest: "Manifest") -> None:
    """Refuse an address that names another voice or version than the one that is pushed."""
    if target.name and (target.name, target.wanted or manifest.version) != (manifest.name, manifest.version):
        raise RequestError(
            f"the address names {target.name} {target.wanted}, what is pushed is {manifest.name} {manifest.version}; "
            "an address without voices/NAME will do, aliases are set with --alias",
            "address",
        )
