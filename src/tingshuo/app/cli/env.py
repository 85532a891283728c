"""``tingshuo env``: with what a voice was made."""

from typing import Annotated

import typer

from tingshuo.errors import RequestError

ACTIONS = ("show",)


def env(
    action: Annotated[str, typer.Argument(help="show: print the libraries as a requirements file.")],
    bundle: Annotated[str, typer.Argument(help="A voice's name or the folder of a bundle.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show with which libraries a voice was made.

    As a requirements file, so that the same ones can be installed again; Python, system and processor are comments in it.

    Example:

      tingshuo env show default > requirements.txt
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.environment import requirements
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.voices import find_voice

    if action not in ACTIONS:
        raise RequestError(f"unknown action {action!r}; accepted: {', '.join(ACTIONS)}", "action")
    manifest = read_manifest(find_voice(bundle))
    if as_json:
        print_json({"name": manifest.name, "version": manifest.version, "created_with": manifest.created_with})
    else:
        typer.echo(requirements(manifest), nl=False)
