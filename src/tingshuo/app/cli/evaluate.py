"""``tingshuo evaluate``: how good is a voice, in figures with counts and intervals."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.errors import ConfigError, DataError, OutputError, RequestError, TrainError

if TYPE_CHECKING:
    from rich.table import Table

    from tingshuo.app.cli.subjects import Subject
    from tingshuo.tasks.evaluate.forced import Timings
    from tingshuo.tasks.evaluate.result import Evaluation
    from tingshuo.tasks.evaluate.versus import Difference
    from tingshuo.tasks.tts import Voice
    from tingshuo.train.aligner import Aligner

SPLITS = ("train", "dev", "test")
PAGE, FIGURES = "evaluation.html", "evaluation.json"
NO_TIMING = "Nothing is predicted with the recordings' own timing"
NO_ALIGNER = "neither the voice nor the built-in one brings an aligner; name a voice that does with --aligner"


def evaluate(
    bundle: Annotated[str, typer.Argument(help="A voice's name or the folder of a bundle.")] = "default",
    data: Annotated[Path | None, typer.Option(help="A corpus, folder or manifest; without it texts are spoken.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="A part of a corpus that has several; may be repeated.")] = None,
    split: Annotated[str, typer.Option(help=f"Rows of the corpus: {', '.join(SPLITS)}.")] = "dev",
    speaker: Annotated[str | None, typer.Option(help="Only rows of this speaker; on texts, who speaks.")] = None,
    texts: Annotated[Path | None, typer.Option(help="A file of texts, one a line, instead of our own sentences.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="At most so many, drawn at random, always the same ones.")] = None,
    style: Annotated[str | None, typer.Option(help="Whose rhythm and melody; the voice's default without it.")] = None,
    aligner: Annotated[
        str | None, typer.Option(help="The voice whose aligner finds the recordings' timing: this one, else the built-in.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help=f"Another voice, or an {FIGURES}: say what is better and what is worse.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=f"Folder for {PAGE} and {FIGURES}.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure how good a voice is.

    On recordings: distances of spectra, pitch and timing, of speech from text, of what is predicted with the recordings' own
    timing, and of copy-synthesis. On texts: tones, speed. DNSMOS, what listeners would say, needs the extra evaluate: pip
    install tingshuo[evaluate]. Every figure has its count and 95 % interval; --against compares row by row.

    Example:

      tingshuo evaluate default --data my_corpus --count 50 -o report

      tingshuo evaluate mine --data my_corpus --against default
    """
    if data is not None and texts is not None:
        raise RequestError("--data and --texts exclude each other: a corpus brings its own texts")
    if split not in SPLITS:
        raise RequestError(f"unknown split {split!r}; accepted: {', '.join(SPLITS)}", "split")
    if output is not None:
        _make_folder(output)
    from tingshuo.app.cli.subjects import find_aligner, read_lines, read_rows
    from tingshuo.tasks.evaluate.page import to_html, to_json, to_text
    from tingshuo.tasks.voices import load

    known = None if against is None else _read_evaluation(against)
    subject = read_lines(texts, count) if data is None else read_rows(data, part, split, speaker, count)
    voice = load(bundle)
    timings, notes = _timings(subject, voice, find_aligner(bundle, aligner)) if subject.rows else ({}, [])
    evaluation = _evaluate(voice, subject, speaker, style, timings)
    evaluation.notes += notes
    if against is not None and known is None:
        known = to_json(_evaluate(load(against), subject, speaker, style, timings))
    report = to_json(evaluation)
    found, old = _compared(known, report)
    report |= {"against": [one.to_json() for one in found]} if known else {}
    if output is not None:
        _write(output, to_text(report), to_html(evaluation, against=found, old=old))
    if as_json:
        typer.echo(to_text(report), nl=False)
        return
    show(evaluation, typer.echo)
    if known:
        show_differences(found, old, typer.echo)
    typer.echo(f"Written: {output / PAGE}" if output else f"-o FOLDER writes {PAGE}, with pictures and sounds.")


def show(evaluation: "Evaluation", say: Callable[[str], None]) -> None:
    """Print an evaluation as a table, line by line through ``say``."""
    from rich.table import Table

    from tingshuo.tasks.evaluate.figures import KINDS, MEASURES, by_measure

    kinds = evaluation.kinds
    who = ", ".join(evaluation.speakers)
    title = f"{evaluation.voice} {evaluation.version} ({who}), {evaluation.precision}, style {evaluation.style}"
    table = Table(title=f"{title}, on {len(evaluation.results)} of {evaluation.subject}", title_justify="left")
    table.add_column("measure")
    table.add_column("better")
    for kind in kinds:
        table.add_column(KINDS[kind][1], justify="right")
    for name, found in by_measure(evaluation.figures).items():
        cells = [f"{found[kind].text}  n={found[kind].n}" if kind in found else "" for kind in kinds]
        table.add_row(MEASURES[name].label, MEASURES[name].better, *cells)
    say(_rendered(table))
    for note in evaluation.notes:
        say(note)


def show_differences(found: "Sequence[Difference]", old: str, say: Callable[[str], None]) -> None:
    """Print what is better and what is worse than ``old``, line by line through ``say``."""
    from rich.table import Table

    from tingshuo.tasks.evaluate.figures import KINDS, MEASURES

    counts = Counter(one.verdict for one in found)
    verdicts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("better", "same", "worse"))
    table = Table(
        title=f"Against {old}: {verdicts}", title_justify="left", caption="* compared row by row", caption_justify="left"
    )
    for column in ("measure", "better", "of", "before", "now", "difference", ""):
        table.add_column(column, justify="right" if column in ("before", "now", "difference") else "left")
    for one in found:
        measure = MEASURES[one.measure]
        values = (f"{value:.{one.digits}f}" for value in (one.old, one.new))
        table.add_row(measure.label, measure.better, KINDS[one.kind][1], *values, one.text, one.verdict)
    say(_rendered(table))


def _rendered(table: "Table") -> str:
    from rich.console import Console

    console = Console(width=max(Console().width, 150))
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()


def _evaluate(voice: "Voice", subject: "Subject", speaker: str | None, style: str | None, timings: "Timings") -> "Evaluation":
    from tingshuo.app.cli.progress import Progress
    from tingshuo.tasks.evaluate.voice import evaluate_rows, evaluate_texts

    with Progress(f"Evaluating {voice.name}", 1.0) as bar:

        def progress(share: float) -> None:
            bar.advance(share - bar.done)

        if not subject.rows:
            return evaluate_texts(voice, subject.lines, subject.name, speaker=speaker, style=style, progress=progress)
        return evaluate_rows(voice, subject.rows, subject.name, style=style, timings=timings, progress=progress)


def _timings(subject: "Subject", voice: "Voice", aligner: "Aligner | None") -> "tuple[Timings, list[str]]":
    """When the phones of the rows are spoken; empty where that cannot be found, and a note that says so."""
    from tingshuo.app.cli.progress import Progress
    from tingshuo.tasks.evaluate.voice import listening_mel
    from tingshuo.train.timings import find_timings

    if aligner is None:
        return {}, [f"{NO_TIMING}: {NO_ALIGNER}."]
    with Progress("Aligning", 1.0) as bar:

        def progress(done: int, total: int) -> None:
            bar.advance(done / max(total, 1) - bar.done)

        try:
            return find_timings(aligner, subject.rows, listening_mel(voice.settings), progress), []
        except (ConfigError, DataError, TrainError) as error:
            return {}, [f"{NO_TIMING}: {error}."]


def _read_evaluation(against: str) -> "dict[str, Any] | None":
    """An evaluation that was saved; None where ``against`` is not a file, and so names a voice.

    Raises
    ------
    RequestError
        The file is not an evaluation.
    """
    path = Path(against)
    if not path.is_file():
        return None
    try:
        known: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if {"voice", "version", "subject", "n", "rows", "figures"} <= known.keys():
            return known
    except (OSError, ValueError, AttributeError):
        pass
    raise RequestError(f"{against}: is not an {FIGURES} of this version; make it again with tingshuo evaluate -o", "against")


def _compared(known: "dict[str, Any] | None", report: "dict[str, Any]") -> "tuple[list[Difference], str]":
    """How an evaluation differs from a known one, and what to call that."""
    if known is None:
        return [], ""
    from tingshuo.tasks.evaluate.versus import differences

    return differences(known, report), f"{known['voice']} {known['version']}"


def _write(folder: Path, figures: str, page: str) -> None:
    from tingshuo.store.atomic import replace_file

    replace_file(folder / FIGURES, figures.encode())
    replace_file(folder / PAGE, page.encode())


def _make_folder(path: Path) -> None:
    """Before the work, not after it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}") from error
