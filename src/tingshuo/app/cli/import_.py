"""``tingshuo import``: a stranger's model becomes a bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tingshuo.port.importing import Imported


def import_(
    path: Annotated[Path, typer.Argument(help="A file of a model, or the folder that it was downloaded or trained in.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The bundle's folder; one of the model's name without it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the bundle is called; the model's own name without it.")] = None,
    voice: Annotated[str | None, typer.Option(help="Which of several voices; the first without it.")] = None,
    system: Annotated[str | None, typer.Option(help="Whose model it is, where that is not found out.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights, where their files do not say: CC-BY-4.0.")] = None,
    fuse: Annotated[Path | None, typer.Option(help="Another voice of RVC, to be mixed with this one.")] = None,
    share: Annotated[float, typer.Option(help="With --fuse: the share of the first voice, 0 to 1.")] = 0.5,
    force: Annotated[bool, typer.Option("--force", help="Take the place of a bundle that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a safe, proven bundle of a model of another system.

    Every tensor has to find its place; our graphs are compared with the net that the weights are put into; pickles are read as
    data, in a process without network. `tingshuo probe` says what a file is; docs/import tells what each system needs.

    Example:

      tingshuo import ~/Downloads/speech_sambert-hifigan_tts -o zhitian

      tingshuo say 你好 --voice zhitian

      tingshuo import a.pth --fuse b.pth --share 0.3 -o ab
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.progress import Progress
    from tingshuo.port.importing import import_checkpoint

    with Progress("Reading", 1.0) as bar:

        def tell(share: float, what: str) -> None:
            bar.describe(what)
            bar.advance(share - bar.done)

        made = import_checkpoint(
            path, output, name=name, voice=voice, system=system, licence=licence, fuse=fuse, share=share,
            force=force, tell=tell,
        )  # fmt: skip
    if as_json:
        print_json(made.to_json())
        return
    for line in _lines(made):
        typer.echo(line)


def _lines(made: "Imported") -> list[str]:
    worst = max(error for outputs in made.errors.values() for error in outputs.values())
    used, left = sum(made.tensors.values()), sum(map(len, made.left_out.values()))
    lines = [
        f"{made.path}: {made.name}, imported from {made.system}, {made.task} at {made.sample_rate} Hz, licence {made.licence}",
        f"  {used} tensors have their place, {left} that only training needs are left out; the card names them",
        f"  {len(made.errors)} graphs equal the net: the largest error is {worst:.0f} dB",
        *(f"  note: {note}" for note in made.notes),
    ]
    return [*lines, f"  Try: tingshuo say 你好 --voice {made.path}"] if made.task == "tts" else lines
