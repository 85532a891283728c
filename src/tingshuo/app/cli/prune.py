"""``tingshuo prune``: the same voice with fewer hidden features."""

from pathlib import Path
from typing import Annotated

import typer

from tingshuo.app.cli.distill import NAMES, report, train_extra, with_length
from tingshuo.app.cli.progress import Stages
from tingshuo.errors import RequestError


def prune(
    bundle: Annotated[str, typer.Argument(help="A voice's name or the folder of a bundle.")],
    keep: Annotated[float, typer.Option(help="Share of the hidden features that stay, 0.05 to 0.99.")] = 0.6,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the new bundle; NAME-pruned here without it.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Then let the voice as it was teach it for so many steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Or for so long.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Texts to choose by: a file, one a line, or a corpus; ours without it.")
    ] = None,
    texts: Annotated[int | None, typer.Option(min=4, help="At most so many texts; 300 without it, 1200 with steps.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the processor; all without it.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted teaching, with its settings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Drop hidden features of encoder, decoder and vocoder.

    Least squares chooses those whose loss the others make up for best, and solves anew for what reads them. With --steps the
    acoustic model is then taught by the voice as it was. Ends with both measured side by side. Needs the train extra.

    Example:

      tingshuo prune default --keep 0.6 -o my-narrow
    """
    from tingshuo.tasks.voices import find_voice

    if steps is not None and minutes is not None:
        raise RequestError("--steps and --minutes exclude each other: give one of them", "minutes")
    if minutes is not None and not minutes > 0:
        raise RequestError(f"--minutes is {minutes:g}; it must be above 0", "minutes")
    voice = find_voice(bundle)
    with train_extra():
        from tingshuo.train.distill import DistillConfig
        from tingshuo.train.distill_voice import read_run_config, run_folder
        from tingshuo.train.prune import PRUNE_TEXTS, prune_bundle
    output = output or Path(f"{voice.resolve().name}-pruned")
    config = None
    if resume:
        config = with_length(read_run_config(run_folder(output)), steps, minutes, threads)
    elif steps is not None or minutes is not None:
        config = with_length(DistillConfig(texts=texts or DistillConfig().texts), steps, minutes, threads)
    with Stages(NAMES) as stages:
        shrunk = prune_bundle(
            voice, output, keep, config, data, texts=texts or PRUNE_TEXTS, threads=threads or 0, resume=resume, tell=stages.tell
        )
    report(shrunk, as_json, typer.echo)
