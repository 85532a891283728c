"""``tingshuo voices``: what there is to speak with."""

from typing import Annotated

import typer


def voices(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the voices and what each can do.

    Example:

      tingshuo voices --json
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.tasks.voices import list_voices
    from tingshuo.types import EMOTIONS

    catalogue = list_voices()
    if as_json:
        fields = ("version", "languages", "speakers", "styles", "emotions", "sample_rate", "licence")
        rows = [{"name": name, **{f: getattr(manifest, f) for f in fields}} for name, manifest in catalogue.items()]
        print_json({"voices": rows, "emotions": EMOTIONS})
        return
    for name, manifest in catalogue.items():
        typer.echo(f"{name}  {manifest.version}  {', '.join(manifest.languages)}  {manifest.sample_rate} Hz  {manifest.licence}")
        typer.echo(f"  speakers  {', '.join(manifest.speakers)}")
        typer.echo(f"  styles    {', '.join(manifest.styles)}")
        typer.echo(f"  emotions  {', '.join(manifest.emotions)}")
