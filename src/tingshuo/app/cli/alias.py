"""``tingshuo alias`` and ``tingshuo rollback``: what a name points to."""

from typing import Annotated

import typer

from tingshuo.errors import RequestError


def alias(
    reference: Annotated[str, typer.Argument(help="NAME@VERSION, or NAME@ALIAS for what that points to now.")],
    to: Annotated[str, typer.Argument(metavar="ALIAS", help="The alias; current is what NAME alone means.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let an alias point to a version.

    Example:

      tingshuo alias anna@1.2.0 prod
    """
    from tingshuo.store.registry import Registry

    name, _, version = reference.partition("@")
    if not version:
        raise RequestError(f"{reference!r} names no version; write {reference}@1.0.0 or {reference}@current", "reference")
    _tell(Registry().point(name, to, Registry().find(reference).version).label, f"{name}@{to}", as_json)


def rollback(
    reference: Annotated[str, typer.Argument(help="NAME, or NAME@ALIAS.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Point a name back to the version before.

    An alias too: NAME@ALIAS. No version is removed.

    Example:

      tingshuo rollback anna@prod
    """
    from tingshuo.store.pointers import CURRENT
    from tingshuo.store.registry import Registry

    name, _, which = reference.partition("@")
    record = Registry().rollback(name, which or CURRENT)
    _tell(record.label, f"{name}@{which}" if which else name, as_json)


def _tell(label: str, pointer: str, as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json

    if as_json:
        print_json({"pointer": pointer, "version": label})
    else:
        typer.echo(f"{pointer} is {label} now")
