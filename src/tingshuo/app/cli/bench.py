"""``tingshuo bench``: the figures that we promise, measured here and now."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.app.cli.figures import Figure


def bench(
    voice: Annotated[str, typer.Option("--voice", "-v", help="The voice to measure.")] = "default",
    requests: Annotated[int, typer.Option(help="The server's memory must not grow after so many; twice as many are sent.")] = 200,
    repeats: Annotated[int, typer.Option(help="Runs of which the median is taken.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure speed and memory.

    RTF, cold start, first audio of a warm server, and the server's memory under many requests.
    Other work on the machine makes every figure worse.

    Example:

      tingshuo bench --json
    """
    if requests < 1 or repeats < 1:
        raise RequestError("requests and repeats must be at least 1")
    from tingshuo.app.cli.figures import cold_start, server_figures, speed
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.progress import Progress

    figures: list[Figure] = []
    with Progress("Measuring", 2 * requests + 3 * repeats) as progress:
        for figure in speed(voice, repeats):
            figures.append(figure)
            progress.advance(repeats)
        figures.append(cold_start(voice, repeats))
        progress.advance(repeats)
        figures += server_figures(voice, requests, lambda: progress.advance(1))
    if as_json:
        print_json({"figures": [asdict(figure) for figure in figures]})
    else:
        for figure in figures:
            typer.echo(line(figure))


def line(figure: "Figure") -> str:
    """Return a figure with its bounds as a line of text."""
    bounds = []
    if figure.limit is not None:
        bounds.append(f"{'kept' if figure.value <= figure.limit else 'MISSED'}: at most {figure.limit:g}")
    if figure.aim is not None:
        bounds.append(f"aim {figure.aim:g}")
    value = f"{figure.value:g} {figure.unit}".strip()
    return f"{figure.name:28} {value:>10}  {', '.join(bounds):32}  {figure.detail}".rstrip()
