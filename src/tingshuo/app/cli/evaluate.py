"""``tingshuo evaluate``: how good is a voice, in figures with counts and intervals."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from tingshuo.errors import OutputError, RequestError

if TYPE_CHECKING:
    from tingshuo.data.utterance import Utterance
    from tingshuo.tasks.evaluate.voice import Evaluation

SPLITS = ("train", "dev", "test")
PAGE, FIGURES = "evaluation.html", "evaluation.json"
T = TypeVar("T")


def evaluate(
    bundle: Annotated[str, typer.Argument(help="A voice's name or the folder of a bundle.")] = "default",
    data: Annotated[Path | None, typer.Option(help="A corpus, folder or manifest; without it texts are spoken.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="A part of a corpus that has several; may be repeated.")] = None,
    split: Annotated[str, typer.Option(help=f"Rows of the corpus: {', '.join(SPLITS)}.")] = "dev",
    speaker: Annotated[str | None, typer.Option(help="Only rows of this speaker; on texts, who speaks.")] = None,
    texts: Annotated[Path | None, typer.Option(help="A file of texts, one a line, instead of our own sentences.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="At most so many, drawn at random, always the same ones.")] = None,
    style: Annotated[str | None, typer.Option(help="Whose rhythm and melody; the voice's default without it.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=f"Folder for {PAGE} and {FIGURES}.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure how good a voice is.

    On recordings: distances of spectra, pitch and timing, copy-synthesis beside speech from text. On texts: tones, speed.
    DNSMOS, what listeners would say, needs the extra evaluate: pip install tingshuo[evaluate].

    Example:

      tingshuo evaluate default --data my_corpus --count 50 -o report
    """
    from tingshuo.app.cli.progress import Progress
    from tingshuo.tasks.evaluate.page import to_html, to_json, to_text
    from tingshuo.tasks.evaluate.voice import evaluate_rows, evaluate_texts
    from tingshuo.tasks.voices import load

    if data is not None and texts is not None:
        raise RequestError("--data and --texts exclude each other: a corpus brings its own texts")
    if split not in SPLITS:
        raise RequestError(f"unknown split {split!r}; accepted: {', '.join(SPLITS)}", "split")
    if output is not None:
        _make_folder(output)
    voice = load(bundle)
    with Progress("Evaluating", 1.0) as bar:

        def progress(share: float) -> None:
            bar.advance(share - bar.done)

        if data is not None:
            rows, subject = read_rows(data, part or [], split, speaker)
            evaluation = evaluate_rows(voice, draw(rows, count), subject, style=style, progress=progress)
        else:
            lines, subject = read_lines(texts)
            evaluation = evaluate_texts(voice, draw(lines, count), subject, speaker=speaker, style=style, progress=progress)
    if output is not None:
        from tingshuo.store.atomic import replace_file

        replace_file(output / FIGURES, to_text(evaluation).encode())
        replace_file(output / PAGE, to_html(evaluation).encode())
    if as_json:
        from tingshuo.app.cli.output import print_json

        print_json(to_json(evaluation))
    else:
        show(evaluation, typer.echo)
        typer.echo(f"Written: {output / PAGE}" if output else f"-o FOLDER writes {PAGE}, with pictures and sounds.")


def show(evaluation: "Evaluation", say: Callable[[str], None]) -> None:
    """Print an evaluation as a table, line by line through ``say``."""
    from rich.console import Console
    from rich.table import Table

    from tingshuo.tasks.evaluate.figures import KINDS, MEASURES, by_measure

    kinds = list(evaluation.results[0].sounds())
    who = ", ".join(evaluation.speakers)
    title = f"{evaluation.voice} {evaluation.version} ({who}), {evaluation.precision}, style {evaluation.style}"
    table = Table(title=f"{title}, on {len(evaluation.results)} of {evaluation.subject}", title_justify="left")
    table.add_column("measure")
    table.add_column("better")
    for kind in kinds:
        table.add_column(KINDS[kind][1], justify="right")
    for name, found in by_measure(evaluation.figures).items():
        measure = MEASURES[name]
        label = f"{measure.english}, {measure.unit}" if measure.unit else measure.english
        cells = [f"{found[kind].text}  n={found[kind].n}" if kind in found else "" for kind in kinds]
        table.add_row(label, measure.better, *cells)
    console = Console(width=max(Console().width, 130))
    with console.capture() as capture:
        console.print(table)
    say(capture.get().rstrip())
    for note in evaluation.notes:
        say(note)


def read_rows(data: Path, parts: list[str], split: str, speaker: str | None) -> tuple[list["Utterance"], str]:
    """Return the rows of a corpus that have a text, and what to call them.

    Raises
    ------
    RequestError
        There is none in the split, or of the speaker.
    DataError
        The corpus cannot be read.
    """
    from tingshuo.data.corpora.registry import read_corpus

    corpus = [row for row in read_corpus(data, parts=parts).rows if row.text]
    of_split = [row for row in corpus if row.split == split]
    if not of_split:
        there = sorted({row.split for row in corpus})
        raise RequestError(f"{data}: has no row with a text in split {split!r}; there are: {', '.join(there) or 'none'}", "split")
    rows = [row for row in of_split if speaker in (None, row.speaker)]
    if not rows:
        speakers = sorted({row.speaker for row in of_split})
        raise RequestError(
            f"{data}: split {split!r} has no row of {speaker!r}; its speakers: {', '.join(speakers[:20])}", "speaker"
        )
    name = " ".join([data.resolve().name, *parts, *([speaker] if speaker else [])])
    return rows, f"{name}, split {split}"


def read_lines(texts: Path | None) -> tuple[list[str], str]:
    """Return the lines of a file, or our own sentences for None, and what to call them.

    Raises
    ------
    RequestError
        The file cannot be read, is not UTF-8 or holds no text.
    """
    if texts is None:
        from tingshuo.tasks.evaluate.sentences import SENTENCES

        return list(SENTENCES), "the built-in sentences"
    try:
        lines = [line.strip() for line in texts.read_text("utf-8-sig").splitlines() if line.strip()]
    except OSError as error:
        raise RequestError(f"{texts}: cannot be read: {error.strerror}", "texts") from error
    except UnicodeDecodeError as error:
        raise RequestError(f"{texts}: is not UTF-8; convert it, as with iconv -f GB18030 -t UTF-8", "texts") from error
    if not lines:
        raise RequestError(f"{texts}: holds no text", "texts")
    return lines, texts.name


def draw(things: list[T], count: int | None) -> list[T]:
    """Return at most ``count`` of them, in their order, the same ones every time."""
    if count is None or count >= len(things):
        return things
    chosen = sorted(random.Random(0).sample(range(len(things)), count))
    return [things[index] for index in chosen]


def _make_folder(path: Path) -> None:
    """Before the work, not after it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}") from error
