"""``tingshuo import``: a stranger's model becomes a bundle."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tingshuo.port.importing import Imported

NEW = "new"
"""In place of a file: one to fill in."""


def import_(
    path: Annotated[
        Path, typer.Argument(help="A model: a file, an archive, or the folder that it was downloaded or trained in.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The bundle's folder; one of the model's name without it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the bundle is called; the model's own name without it.")] = None,
    voice: Annotated[str | None, typer.Option(help="Which of several voices; the first without it.")] = None,
    system: Annotated[str | None, typer.Option(help="Whose model it is, where that is not found out.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights, where their files do not say: CC-BY-4.0.")] = None,
    fuse: Annotated[Path | None, typer.Option(help="Another voice of RVC, to be mixed with this one.")] = None,
    share: Annotated[float, typer.Option(help="With --fuse: the share of the first voice, 0 to 1.")] = 0.5,
    contract: Annotated[
        str | None,
        typer.Option(help="File that tells what goes in and out of a graph; new prints one to fill in."),
    ] = None,
    config: Annotated[
        str | None, typer.Option(help="Our config, for weights that lie alone; new:FAMILY prints one to fill in.")
    ] = None,
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

      tingshuo import model.onnx --contract new > contract.yaml

      tingshuo import model.onnx --contract contract.yaml -o mine
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.progress import Progress
    from tingshuo.port.importing import import_checkpoint

    blank = _blank(path, contract, config)
    if blank is not None:
        typer.echo(blank, nl=False)
        return
    with Progress("Reading", 1.0) as bar:

        def tell(share: float, what: str) -> None:
            bar.describe(what)
            bar.advance(share - bar.done)

        made = import_checkpoint(
            path, output, name=name, voice=voice, system=system, licence=licence, fuse=fuse, share=share,
            contract=contract, config=config, force=force, tell=tell,
        )  # fmt: skip
    if as_json:
        print_json(made.to_json())
        return
    for line in _lines(made):
        typer.echo(line)


def _blank(path: Path, contract: str | None, config: str | None) -> str | None:
    """Return what is to be filled in, None where nobody asks for it: ``new`` or ``new:TASK`` of a contract, ``new:FAMILY``."""
    from tingshuo.port.convert.converters import BLANKS

    asked, _, kind = (contract or "").partition(":")
    if asked == NEW:
        text: str = BLANKS.load("contract")(path, kind or None)
        return text
    asked, _, kind = (config or "").partition(":")
    return json.dumps(BLANKS.load("config")(kind), ensure_ascii=False, indent=2) + "\n" if asked == NEW else None


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
