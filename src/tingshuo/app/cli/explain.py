"""``tingshuo explain``: which inputs a voice used, and how much."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tingshuo.tasks.explain.result import Explanation
    from tingshuo.tasks.tts import Voice
    from tingshuo.types import SpeechRequest


def explain(
    text: Annotated[str, typer.Option(help="What to explain, a sentence or two; - reads standard input.")],
    bundle: Annotated[str, typer.Argument(help="A voice's name or the folder of a bundle.")] = "default",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Page to write: one HTML file.")] = None,
    style: Annotated[str | None, typer.Option(help="Whose rhythm and melody; the voice's default without it.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Whose timbre, a speaker of the voice; its first without it.")] = None,
    emotion: Annotated[
        str, typer.Option("--emotion", "-e", help="neutral, happy, sad, angry, surprised, fearful, gentle or serious.")
    ] = "neutral",
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Show what a voice used of its inputs.

    Which of them moved the length, F0 and energy of each syllable.

    Every tone, word, boundary and pause is replaced in turn, and so are style, speaker and emotion. The page shows what each did
    to every syllable, how much of it is noise, and what such a picture does not show.

    Example:

      tingshuo explain default --text "今天天气真好。" -o explain.html
    """
    from tingshuo.app.cli.sources import read_text
    from tingshuo.app.requests import make_request
    from tingshuo.tasks.voices import load

    request = make_request(read_text(text, None), style=style, speaker=speaker, emotion=emotion)
    if output is not None:
        from tingshuo.app.cli.sinks import check_writable

        check_writable(output)
    voice = load(bundle)
    explanation = _explain(bundle, voice, request)
    if output is not None:
        _write(output, explanation, voice, request)
    for warning in explanation.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    if as_json:
        from tingshuo.app.cli.output import print_json
        from tingshuo.tasks.explain.page import to_json

        print_json(to_json(explanation))
        return
    for line in report(explanation):
        typer.echo(line)
    typer.echo(f"Written: {output}" if output else "-o FILE.html writes the page with every number.")


def report(explanation: "Explanation") -> list[str]:
    """Return the largest influences and the noise, a sentence each, under headings."""
    from tingshuo.tasks.explain.page import TOLD
    from tingshuo.tasks.explain.reading import noise
    from tingshuo.tasks.explain.result import MEASURES
    from tingshuo.tasks.explain.summary import largest
    from tingshuo.tasks.explain.tell import in_english

    lines = []
    for measure, (_, english, *_) in MEASURES.items():
        for own, where in ((False, "other syllables"), (True, "its own")):
            found = largest(explanation, measure, TOLD, own=own)
            lines.append(f"What moves {english} most, on {where}:")
            lines += [f"  {in_english(one)}" for one in found] or ["  nothing above the noise"]
    return [*lines, noise(explanation)[1]]


def _explain(bundle: str, voice: "Voice", request: "SpeechRequest") -> "Explanation":
    from tingshuo.app.cli.progress import Progress
    from tingshuo.tasks.explain.occlude import explain as explain_text
    from tingshuo.tasks.voices import load

    exact = load(bundle, precision="fp32") if voice.precision != "fp32" else None
    with Progress("Replacing", 1.0) as bar:
        return explain_text(voice, request, exact=exact, progress=lambda share: bar.advance(share - bar.done))


def _write(path: Path, explanation: "Explanation", voice: "Voice", request: "SpeechRequest") -> None:
    from tingshuo.app.cli.sinks import write_text
    from tingshuo.tasks.explain.page import to_html

    write_text(path, to_html(explanation, voice.finish(voice.speak(request))))
