"""``tingshuo mirror``: keep the registry on other disks too."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.errors import RegistryError, RequestError

if TYPE_CHECKING:
    from tingshuo.store.mirrors import Mirrored


def mirror(
    to: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A folder to be a mirror from now on; may be repeated.")
    ] = None,
    forget: Annotated[Path | None, typer.Option(metavar="DIR", help="Take a mirror from the list; its files stay.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Only list the mirrors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Keep whole copies of the registry.

    Copy what the registry holds to its mirrors, of which tingshuo scrub heals it.

    Each mirror is a whole registry in a folder, best on another disk. Nothing in it is overwritten or removed, but for what
    tingshuo forget has forgotten; what is damaged here is not copied. Without options, the mirrors that are known are brought up
    to date.

    Example:

      tingshuo mirror --to backup/voices

      tingshuo mirror
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.progress import Progress
    from tingshuo.store.mirror_list import forget_mirror, known_mirrors
    from tingshuo.store.mirrors import mirror as bring_up_to_date
    from tingshuo.store.registry import Registry

    if sum((bool(to), forget is not None, list_)) > 1:
        raise RequestError("--to, --forget and --list exclude each other: give one of them")
    registry = Registry()
    if forget is not None or list_:
        folders = known_mirrors(registry) if forget is None else forget_mirror(registry, forget)
        _list(folders, as_json)
        return
    with Progress("copying to the mirrors", 1.0) as bar:
        done = bring_up_to_date(registry, to or (), lambda share: bar.advance(share - bar.done))
    failed = sum(not one.ok for one in done)
    if as_json:
        print_json({"ok": not failed, "mirrors": [_fields(one) for one in done]})
    else:
        for one in done:
            typer.echo(f"{one.folder}: {len(one.versions)} versions are new, {one.n_bytes / 1e6:.1f} MB")
            if one.forgotten:
                typer.echo(f"{one.folder}: {len(one.forgotten)} things that had been forgotten are removed")
        for problem in dict.fromkeys(problem for one in done for problem in one.problems):
            typer.echo(problem)
    if failed:
        raise RegistryError(f"{failed} of {len(done)} mirrors do not hold all that the registry holds")


def _list(folders: tuple[Path, ...], as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json

    if as_json:
        print_json({"mirrors": [str(folder) for folder in folders]})
        return
    for folder in folders:
        typer.echo(str(folder))
    if not folders:
        typer.echo("No mirror is known. Try: tingshuo mirror --to DIR")


def _fields(one: "Mirrored") -> dict[str, Any]:
    return {
        "folder": str(one.folder),
        "ok": one.ok,
        "versions": one.versions,
        "n_bytes": one.n_bytes,
        "problems": one.problems,
        "forgotten": [str(path) for path in one.forgotten],
    }
