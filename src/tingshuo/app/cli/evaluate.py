"""``tingshuo evaluate``: how good is a voice or a recogniser, in figures with counts and intervals."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.app.cli.evaluation_files import FIGURES, PAGE, make_folder, read_evaluation, write_evaluation
from tingshuo.errors import ConfigError, DataError, RequestError, TrainError, UnknownVoiceError

if TYPE_CHECKING:
    from tingshuo.app.cli.subjects import Subject
    from tingshuo.tasks.evaluate.forced import Timings
    from tingshuo.tasks.evaluate.result import Evaluation
    from tingshuo.tasks.evaluate.versus import Difference
    from tingshuo.tasks.recognise.hearing import Hears
    from tingshuo.tasks.tts import Voice
    from tingshuo.train.aligner import Aligner

SPLITS = ("train", "dev", "test")
KEYS = frozenset(("voice", "version", "subject", "n", "rows", "figures"))
"""What a saved evaluation of a voice has."""
NO_TIMING = "Nothing is predicted with the recordings' own timing"
NO_ALIGNER = "neither the voice nor the built-in one brings an aligner; name a voice that does with --aligner"


def evaluate(
    bundle: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[asr] BUNDLE", help="A voice or a recogniser: its name or the folder of its bundle; default without it."
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="A corpus, folder or manifest; without it texts are spoken.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="A part of a corpus that has several; may be repeated.")] = None,
    split: Annotated[str, typer.Option(help=f"Rows of the corpus: {', '.join(SPLITS)}.")] = "dev",
    speaker: Annotated[str | None, typer.Option(help="Only rows of this speaker; on texts, who speaks.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="At most so many, drawn at random, always the same ones.")] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", "--versus", help=f"Another bundle, or an {FIGURES}: say what is better and what is worse."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=f"Folder for {PAGE} and {FIGURES}.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    texts: Annotated[Path | None, typer.Option(help="A voice: a file of texts, one a line, instead of our own.")] = None,
    style: Annotated[str | None, typer.Option(help="A voice: whose rhythm and melody; its default without it.")] = None,
    aligner: Annotated[
        str | None, typer.Option(help="A voice: whose aligner finds the recordings' timing; its own, else the built-in.")
    ] = None,
    ear: Annotated[
        str | None, typer.Option(help="A voice: a recogniser that tells how well it is understood; a name or a bundle.")
    ] = None,
    form: Annotated[
        str | None, typer.Option(help="A recogniser: how texts are compared: written, plain or spoken; plain without it.")
    ] = None,
    beam: Annotated[
        int | None, typer.Option(min=1, help="A recogniser: how many texts it keeps on the way; 10 without it.")
    ] = None,
    add_noise: Annotated[
        str | None, typer.Option(help="A recogniser: hear all again with noise at these ratios, dB, such as 20,10,0.")
    ] = None,
) -> None:
    """Measure how good a voice is, or a recogniser.

    A voice, on recordings: distances of spectra, pitch and timing, of speech from text, of what is predicted with the
    recordings' own timing, and of copy-synthesis. On texts: tones, speed. With --ear: what a recogniser mishears. DNSMOS, what
    listeners would say, needs the extra evaluate: pip install tingshuo[evaluate].
    A recogniser, on recordings with texts: errors of characters, words, syllables and tones, by speaker, length and noise, what
    is taken for what, how sure and how often right, speed. The bundle says which of both it is; asr before it insists.
    Every figure has its count and 95 % interval; --against compares row by row.

    Example:

      tingshuo evaluate default --data my_corpus --count 50 -o report

      tingshuo evaluate mine --data my_corpus --against default

      tingshuo evaluate asr my_recogniser --data my_corpus --versus other --add-noise 20,10,0 -o report
    """
    if data is not None and texts is not None:
        raise RequestError("--data and --texts exclude each other: a corpus brings its own texts")
    if split not in SPLITS:
        raise RequestError(f"unknown split {split!r}; accepted: {', '.join(SPLITS)}", "split")
    name, path, hears = find(bundle or [])
    if not hears:
        _refuse({"--form": form, "--beam": beam, "--add-noise": add_noise}, f"{name} is a voice")
        make_folder(output)
        _judge_voice(name, data, part, split, speaker, texts, count, style, aligner, ear, against, output, as_json)
        return
    from tingshuo.app.cli.evaluate_recogniser import judge_recogniser, read_noise
    from tingshuo.app.cli.subjects import read_rows

    _refuse({"--texts": texts, "--style": style, "--aligner": aligner, "--ear": ear}, f"{name} is a recogniser")
    if data is None:
        raise RequestError(f"{name} is a recogniser, and hears recordings with texts: name them with --data", "data")
    noise_db = read_noise(add_noise)
    make_folder(output)
    subject = read_rows(data, part, split, speaker, count)
    judge_recogniser(
        path, subject, form=form or "plain", beam=beam or 10, noise_db=noise_db, against=against, output=output, as_json=as_json
    )


def _refuse(options: Mapping[str, object], what: str) -> None:
    """Say that options do not fit what is evaluated, where they are given."""
    given = [option for option, value in options.items() if value is not None]
    if given:
        raise RequestError(f"{what}, so there is no {given[0]}", given[0].strip("-").replace("-", "_"))


def _judge_voice(
    bundle: str, data: Path | None, part: list[str] | None, split: str, speaker: str | None, texts: Path | None,
    count: int | None, style: str | None, aligner: str | None, ear: str | None, against: str | None, output: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Evaluate a voice; the parameters are those of `evaluate`."""
    from tingshuo.app.cli.subjects import find_aligner, read_lines, read_rows
    from tingshuo.tasks.evaluate.page import to_html, to_json, to_text
    from tingshuo.tasks.recognise.find import load_recogniser
    from tingshuo.tasks.voices import load

    known = None if against is None else read_evaluation(against, KEYS, "a voice")
    subject = read_lines(texts, count) if data is None else read_rows(data, part, split, speaker, count)
    voice, listens = load(bundle), None if ear is None else load_recogniser(ear)
    timings, notes = _timings(subject, voice, find_aligner(bundle, aligner)) if subject.rows else ({}, [])
    evaluation = _evaluate(voice, subject, speaker, style, timings, listens)
    evaluation.notes += notes
    if against is not None and known is None:
        known = to_json(_evaluate(load(against), subject, speaker, style, timings, listens))
    report = to_json(evaluation)
    found, old = _compared(known, report)
    report |= {"against": [one.to_json() for one in found]} if known else {}
    if output is not None:
        write_evaluation(output, to_text(report), to_html(evaluation, against=found, old=old))
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

    from tingshuo.app.cli.tables import rendered
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
    say(rendered(table))
    for note in evaluation.notes:
        say(note)


def show_differences(found: "Sequence[Difference]", old: str, say: Callable[[str], None]) -> None:
    """Print what is better and what is worse than ``old``, line by line through ``say``."""
    from rich.table import Table

    from tingshuo.app.cli.tables import rendered
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
    say(rendered(table))


def _evaluate(
    voice: "Voice", subject: "Subject", speaker: str | None, style: str | None, timings: "Timings", ear: "Hears | None"
) -> "Evaluation":
    from tingshuo.app.cli.progress import Progress
    from tingshuo.tasks.evaluate.voice import evaluate_rows, evaluate_texts

    with Progress(f"Evaluating {voice.name}", 1.0) as bar:

        def progress(share: float) -> None:
            bar.advance(share - bar.done)

        if not subject.rows:
            return evaluate_texts(voice, subject.lines, subject.name, speaker=speaker, style=style, ear=ear, progress=progress)
        return evaluate_rows(voice, subject.rows, subject.name, style=style, timings=timings, ear=ear, progress=progress)


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


def _compared(known: "dict[str, Any] | None", report: "dict[str, Any]") -> "tuple[list[Difference], str]":
    """How an evaluation differs from a known one, and what to call that."""
    if known is None:
        return [], ""
    from tingshuo.tasks.evaluate.versus import differences

    return differences(known, report), f"{known['voice']} {known['version']}"


def find(words: Sequence[str]) -> tuple[str, Path, bool]:
    """Return what the words of the command line name: the name, the bundle, and whether it hears; ``asr`` before it insists.

    Raises
    ------
    RequestError
        There are more words, or it insists and the bundle does not hear.
    UnknownVoiceError
        There is no such bundle.
    """
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.recognise import find as recognisers
    from tingshuo.tasks.recognise.hearing import TASK
    from tingshuo.tasks.voices import DEFAULT

    insists, names = (True, words[1:]) if words and words[0] == TASK else (False, words)
    if len(names) > 1:
        raise RequestError(f"name one bundle, not {len(names)}; --against takes another one to compare with", "bundle")
    name = names[0] if names else recognisers.DEFAULT if insists else DEFAULT
    path = _where(name, insists)
    task = read_manifest(path).task
    if insists and task != TASK:
        raise RequestError(f"{name!r} is of the task {task} and does not hear; name a recogniser, or leave out {TASK}", "bundle")
    return name, path, task == TASK


def _where(name: str, hears: bool) -> Path:
    """The bundle of a name; of a voice and a recogniser that share it, the one that is expected."""
    from tingshuo.tasks.recognise.find import find_recogniser, list_recognisers
    from tingshuo.tasks.voices import find_voice

    try:
        return find_recogniser(name) if hears else find_voice(name)
    except UnknownVoiceError as error:
        try:
            return find_voice(name) if hears else find_recogniser(name)
        except UnknownVoiceError:
            if not hears:
                raise error from None
            known = ", ".join(list_recognisers()) or "none"
            raise UnknownVoiceError(f"unknown recogniser {name!r}; known: {known}, or the path of a bundle", "bundle") from None
