"""``tingshuo env``: with what a voice was made, and separate environments for what cannot live beside us."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.port.environments import EnvironmentReport

ACTIONS = ("show", "list", "make", "remove")


def env(
    action: Annotated[str, typer.Argument(help="show BUNDLE, list, make NAME, or remove NAME.")],
    name: Annotated[str | None, typer.Argument(help="For show a voice's name or a bundle, else an environment.")] = None,
    registry: Annotated[
        str | None, typer.Option(help="With make web: address of the npm registry; that of npm's settings without it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make an environment anew.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a voice was made with; make environments.

    `show` prints a requirements file, so that the same libraries can be installed again. `make tensorflow` fetches a pinned
    TensorFlow, which converts its models in a process of its own; `make web` fetches what exported pages run on. Nothing else
    that is said here uses the network.

    Example:

      tingshuo env show default > requirements.txt

      tingshuo env make tensorflow
    """
    if action not in ACTIONS:
        raise RequestError(f"unknown action {action!r}; accepted: {', '.join(ACTIONS)}", "action")
    if action == "list":
        _list(as_json)
        return
    if name is None:
        raise RequestError(
            f"tingshuo env {action} needs a name: {'a voice' if action == 'show' else 'tensorflow or web'}", "name"
        )
    if action == "show":
        _show(name, as_json)
    elif action == "make":
        _make(name, as_json, registry, force=force)
    else:
        _remove(name, as_json)


def _show(bundle: str, as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.environment import requirements
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.voices import find_voice

    manifest = read_manifest(find_voice(bundle))
    if as_json:
        print_json({"name": manifest.name, "version": manifest.version, "created_with": manifest.created_with})
    else:
        typer.echo(requirements(manifest), nl=False)


def _list(as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.port.environments import list_environments

    reports = list_environments()
    if as_json:
        print_json({"environments": [_fields(one) for one in reports]})
        return
    for one in reports:
        state = "not made" if not one.made else "made" if one.current else "of another version: make it again with --force"
        typer.echo(f"{one.name:12}  {state:10}  {one.n_bytes / 1e6:7.1f} MB  {one.path}  {one.purpose}")


def _make(name: str, as_json: bool, registry: str | None, *, force: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.port.environments import make
    from tingshuo.port.formats.web_runtime import NAME as WEB
    from tingshuo.port.formats.web_runtime import fetch_runtime

    if name == WEB:
        path = fetch_runtime(registry=registry)
        if as_json:
            print_json({"name": WEB, "path": str(path)})
        else:
            typer.echo(f"{path}: what exported pages run on")
        return
    made = make(name, replace=force, tell=lambda line: typer.echo(line, err=True))
    if as_json:
        print_json(_fields(made))
    else:
        typer.echo(f"{made.path}: {made.n_packages} packages, {made.n_bytes / 1e9:.1f} GB")


def _remove(name: str, as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.port.environments import remove

    gone = remove(name)
    if as_json:
        print_json(_fields(gone))
    else:
        typer.echo(f"removed {gone.path}, {gone.n_bytes / 1e9:.1f} GB free again")


def _fields(report: "EnvironmentReport") -> dict[str, object]:
    return asdict(report) | {"path": str(report.path)}
