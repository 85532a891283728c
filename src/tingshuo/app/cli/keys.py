"""``tingshuo keys``: who may use a server, and for what."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from datetime import date

    from tingshuo.serve.access.keys import Key

File = Annotated[Path | None, typer.Option("--keys", metavar="FILE", help="The file of keys; the user's own without it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class KeysGroup(TyperGroup):
    """A group that names its commands when it is asked for another."""

    @property
    def beside(self) -> Mapping[str, Any]:
        """The commands, for the reference."""
        return self.commands

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Answer nothing with help, as the program itself does."""
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the first word names."""
        if args[0] not in self.commands:
            raise RequestError(f"unknown command {args[0]!r} of keys; accepted: {', '.join(self.commands)}; --help tells more")
        return super().resolve_command(ctx, args)


keys = typer.Typer(name="keys", cls=KeysGroup, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@keys.callback()
def _keys() -> None:
    """Say who may use a server, and for what.

    As soon as there is a file of keys, `tingshuo serve` asks every request for one.

    Example:

      tingshuo keys add shop --verb speak --rate 60/minute

      tingshuo keys list

      tingshuo keys revoke k7q2m4xa
    """


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="What to call the key: a person, a program, a customer.")],
    voice: Annotated[
        list[str] | None,
        typer.Option(help="A voice that it may use, NAME or NAME/SPEAKER; may be repeated. Without it all that are no clones."),
    ] = None,
    verb: Annotated[
        list[str] | None,
        typer.Option(help="speak, transcribe, convert, clone, list, metrics, admin; may be repeated. Without it all of speech."),
    ] = None,
    rate: Annotated[list[str] | None, typer.Option(help="Requests in a time, as 60/minute; may be repeated.")] = None,
    concurrency: Annotated[int | None, typer.Option(metavar="N", help="Requests at the same time.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="DATE", help="The last day, UTC, on which it holds: 2030-12-31.")] = None,
    network: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="Where it may be used from, as 10.0.0.0/8; may be repeated.")
    ] = None,
    admin: Annotated[
        bool, typer.Option("--admin", help="For /admin and /metrics: also make the secret of a second factor, for an app.")
    ] = False,
    file: File = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once.

    Standard output is the key alone, and with --admin the address otpauth:// for an app that shows codes.

    Example:

      tingshuo keys add shop --voice narrator --verb speak --rate 60/minute --rate 1000/day --concurrency 4

      tingshuo keys add anna --voice "*" --voice anna --network 10.0.0.0/8 --expires 2030-12-31

      tingshuo keys add operator --admin
    """
    import os

    from tingshuo.app.cli.output import print_json
    from tingshuo.serve.access.keys import add_key, default_path
    from tingshuo.serve.access.scopes import EVERY, NAMED_ONLY
    from tingshuo.serve.access.totp import new_secret, uri

    path = file or default_path()
    first = not os.path.lexists(path)
    secret = new_secret() if admin else None
    verbs = (*(verb or ()), *NAMED_ONLY) if admin else tuple(verb or (EVERY,))
    made, token = add_key(
        path,
        name,
        voices=voice or (EVERY,),
        verbs=verbs,
        rates=rate or (),
        concurrency=concurrency,
        expires=_day(expires),
        networks=network or (),
        totp=secret,
    )
    app = None if secret is None else uri(secret, name)
    if as_json:
        print_json({"key": token, "otpauth": app, **made.told()})
        return
    typer.echo(token)
    if app is not None:
        typer.echo(app)
    typer.echo(f"{_line(made)}\nIt is shown this once and cannot be had again; keep it as you would a password.", err=True)
    if first:
        typer.echo("It is the first: a server that runs asks for keys when it is started anew.", err=True)


@keys.command("list")
def list_(file: File = None, as_json: AsJson = False) -> None:
    """List the keys; what was shown when they were made is not known any more.

    Example:

      tingshuo keys list

      tingshuo keys list --json
    """
    import os

    from tingshuo.app.cli.output import print_json
    from tingshuo.serve.access.keys import default_path, read_keys

    path = file or default_path()
    found = read_keys(path) if file is not None or os.path.lexists(path) else ()
    if as_json:
        print_json({"file": str(path), "keys": [key.told() for key in found]})
        return
    for key in found:
        typer.echo(_line(key))
    if not found:
        typer.echo(f"{path}: there are no keys; tingshuo keys add NAME makes one")


@keys.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The id of the key, as in keys list.")], file: File = None, as_json: AsJson = False
) -> None:
    """Revoke a key: a server that runs refuses it from the next request on.

    Example:

      tingshuo keys revoke k7q2m4xa
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.serve.access.keys import default_path, revoke_key

    gone = revoke_key(file or default_path(), id)
    if as_json:
        print_json(gone.told())
    else:
        typer.echo(_line(gone))


def _line(key: "Key") -> str:
    from tingshuo.serve.access.ring import today

    limits = [*key.rates, *([f"{key.concurrency} at a time"] if key.concurrency else [])]
    parts = [f"{key.id}  {key.name}", f"voices {', '.join(key.voices)}", f"verbs {', '.join(key.verbs)}", *limits]
    parts += [f"from {', '.join(key.networks)}"] if key.networks else []
    parts += [f"until {key.expires}"] if key.expires else []
    parts += ["second factor"] if key.totp else []
    problem = key.problem(today())
    return "; ".join(parts) + (f"  ({problem})" if problem else "")


def _day(text: str | None) -> "date | None":
    if text is None:
        return None
    from datetime import date

    from tingshuo.serve.access.ring import today

    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise RequestError(f"expires must be a day such as 2030-12-31, got {text!r}", "expires") from None
    if day < today():
        raise RequestError(f"expires is the last day on which the key holds, and {day} is over", "expires")
    return day
