"""The options of how speech is labelled, for the verbs that let it out (docs/label.md)."""

from pathlib import Path
from typing import Annotated

import typer

Form = Annotated[
    str | None,
    typer.Option("--label", help="What is heard of the label for AI: rhythm, speech, or none with --agreement; default: rhythm."),
]
Position = Annotated[str | None, typer.Option("--label-at", help="Where it is heard: start, middle or end; default: end.")]
Producer = Annotated[
    str | None,
    typer.Option(envvar="TINGSHUO_PRODUCER", help="Code or name of who offers the speech, for the label; visible ASCII."),
]
Watermark = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Key of an inaudible watermark, at least 16 secret bytes; default: none.")
]
