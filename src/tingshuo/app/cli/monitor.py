"""``tingshuo monitor``: does a voice stay what it was, and is it asked for what it was taught."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn

import typer

from tingshuo.app.cli.tables import rendered
from tingshuo.errors import OutputError, RequestError

if TYPE_CHECKING:
    from rich.table import Table

    from tingshuo.app.cli.subjects import Subject
    from tingshuo.tasks.monitor.history import Round
    from tingshuo.tasks.monitor.inputs import Drifts
    from tingshuo.tasks.monitor.watch import Watch

ALARM = 20
"""Exit code when a figure is outside its band, or inputs have moved: the work is done, and somebody has to look at the voice."""
SPLITS = ("train", "dev", "test")


class Told(NamedTuple):
    """How rounds are told: on the terminal or as JSON, as a page, to a webhook; ``data`` and ``parts`` are for the remedy."""

    as_json: bool
    report: Path | None
    webhook: str | None
    data: Path | None
    parts: Sequence[str]


def monitor(
    bundle: Annotated[str, typer.Argument(help="A voice's name or the folder of a bundle.")] = "default",
    once: Annotated[bool, typer.Option("--once", help="One round; else one every so often until Ctrl-C.")] = False,
    every: Annotated[str, typer.Option(help="From round to round: 30m, 6h, 1d.")] = "6h",
    show: Annotated[bool, typer.Option("--show", help="Measure nothing; show the latest round, and write --report.")] = False,
    inputs: Annotated[
        Path | None, typer.Option(help="Requests, JSON Lines with text or audio: compare them with what the voice was taught.")
    ] = None,
    texts: Annotated[Path | None, typer.Option(help="A file of texts, one a line, instead of our own sentences.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="A corpus to watch on; with --inputs, what the voice was taught with.")
    ] = None,
    part: Annotated[list[str] | None, typer.Option(help="A part of a corpus that has several; may be repeated.")] = None,
    split: Annotated[str | None, typer.Option(help="Rows of the corpus: train, dev, test; dev, with --inputs train.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Only rows of this speaker; on texts, who speaks.")] = None,
    style: Annotated[str | None, typer.Option(help="Whose rhythm and melody; the voice's default without it.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="At most so many, drawn at random, always the same ones.")] = None,
    bands: Annotated[Path | None, typer.Option(help="YAML with limits; learnt from the first rounds without it.")] = None,
    relearn: Annotated[bool, typer.Option("--relearn", help="Begin to learn bands anew, with this round.")] = False,
    history: Annotated[Path | None, typer.Option(help="Where rounds are kept; $TINGSHUO_HOME/monitor/VOICE.sqlite3.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with every figure over time.")] = None,
    webhook: Annotated[str | None, typer.Option(help="Post a small JSON to this address at an alarm.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line a round without --once.")] = False,
) -> None:
    """Watch a voice over time.

    A round evaluates the voice on the same texts or recordings as before, keeps the figures with the bundle's digest, and
    compares each with its band: that of --bands, or one learnt from the first eight rounds. Exit code 20 means an alarm:
    a figure outside its band, or, with --inputs, requests unlike what the voice was taught with. Nothing is sent
    anywhere without --webhook, and never texts or audio.

    Example:

      tingshuo monitor default --once --report trend.html

      tingshuo monitor default --every 6h --bands bands.yaml --webhook https://example.org/alarm

      tingshuo monitor my-voice --inputs requests.jsonl
    """
    _refuse(inputs is not None, once=once, show=show, texts=texts, bands=bands, relearn=relearn, history=history, report=report)
    _refuse(show, name="--show", once=once, relearn=relearn, webhook=webhook)
    if data is not None and texts is not None:
        raise RequestError("--data and --texts exclude each other: a corpus brings its own texts")
    if split not in (None, *SPLITS):
        raise RequestError(f"unknown split {split!r}; accepted: {', '.join(SPLITS)}", "split")
    from tingshuo.app.cli.subjects import read_lines, read_rows
    from tingshuo.tasks.monitor.bands import read_bands
    from tingshuo.tasks.monitor.measure import Watched
    from tingshuo.tasks.monitor.schedule import parse_every
    from tingshuo.tasks.monitor.watch import Watch, history_of
    from tingshuo.tasks.monitor.webhook import check_webhook

    every_s = parse_every(every)
    told = Told(as_json, report, None if webhook is None else check_webhook(webhook), data, part or ())
    if inputs is not None:
        taught = None if data is None else read_rows(data, part, split or "train", speaker, count)
        _leave(_compare(bundle, inputs, taught, told))
    subject = read_lines(texts, count) if data is None else read_rows(data, part, split or "dev", speaker, count)
    who = None if subject.rows else speaker
    watched = Watched(subject=subject.name, rows=subject.rows, texts=subject.lines, speaker=who, style=style)
    watch = Watch(bundle, watched, history or history_of(bundle), None if bands is None else read_bands(bands))
    if show:
        _leave(_tell(watch, watch.rounds(), (), told))
    if once:
        _leave(_round(watch, told, fresh=relearn))
    _repeat(watch, told, every_s, fresh=relearn)


def _refuse(refused: bool, name: str = "--inputs", **options: object) -> None:
    """Refuse options that say nothing beside another one."""
    given = [f"--{option}" for option, value in options.items() if value]
    if refused and given:
        raise RequestError(f"{name} and {given[0]} exclude each other: run the verb once for each", given[0].removeprefix("--"))


def _round(watch: "Watch", told: Told, *, fresh: bool = False, lines: bool = False) -> bool:
    """Measure once, keep it and tell it; return whether there is an alarm."""
    from tingshuo.app.cli.progress import Progress

    with Progress(f"Watching {watch.voice}", 1.0) as bar:
        rounds, notes = watch.measure(fresh=fresh, progress=lambda share: bar.advance(share - bar.done))
    return _tell(watch, rounds, notes, told, lines=lines)


def _repeat(watch: "Watch", told: Told, every_s: float, *, fresh: bool) -> None:
    """Measure until the process is stopped; what is wrong from the beginning ends it at once."""
    from tingshuo.tasks.monitor.schedule import repeat
    from tingshuo.tasks.monitor.webhook import failure_event

    watch.check()
    first = [fresh]

    def work() -> None:
        _round(watch, told, fresh=first[0], lines=True)
        first[0] = False

    def failed(error: Exception) -> None:
        typer.echo(f"This round failed: {type(error).__name__}: {' '.join(str(error).split())}", err=True)
        _send(told.webhook, failure_event(watch.voice, error))

    repeat(work, every_s, failed)


def _compare(voice: str, path: Path, taught: "Subject | None", told: Told) -> bool:
    """Compare requests with what a voice was taught with; return whether there is an alarm."""
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.bundle import open_bundle
    from tingshuo.store.sealing import readable
    from tingshuo.tasks.monitor.inputs import compare_inputs, plain, read_inputs
    from tingshuo.tasks.monitor.remedy import training
    from tingshuo.tasks.monitor.statistics import read_statistics, statistics_of_rows, statistics_of_texts
    from tingshuo.tasks.monitor.webhook import drift_event
    from tingshuo.tasks.voices import find_voice

    bundle, inputs = readable(open_bundle(find_voice(voice))), read_inputs(path)
    if taught is None:
        reference = read_statistics(bundle)
    elif not inputs.rows:  # then nothing but the texts can be compared
        reference = statistics_of_texts(row.text for row in taught.rows if row.text)
    else:
        with _counter("Reading the corpus") as progress:
            reference = statistics_of_rows(taught.rows, progress=progress)
    with _counter("Reading the inputs") as progress:
        drifts = compare_inputs(reference, inputs, progress)
    remedy = [training(voice, bundle.manifest)] if drifts.alarms else []
    if told.as_json:
        print_json({"voice": bundle.manifest.name, "version": bundle.manifest.version, **plain(drifts), "remedy": remedy})
    else:
        typer.echo(rendered(_drift_table(drifts)))
        for note in drifts.notes:
            typer.echo(f"{note}.")
        _advise(remedy, [])
    if drifts.alarms:
        _send(told.webhook, drift_event(bundle.manifest.name, bundle.manifest.version, drifts.alarms))
    return bool(drifts.alarms)


def _tell(watch: "Watch", rounds: "Sequence[Round]", notes: Sequence[str], told: Told, *, lines: bool = False) -> bool:
    """Print the last round, post its alarm, write the page; return whether there is an alarm."""
    from tingshuo.store.atomic import replace_file
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.monitor.page import to_html, to_json
    from tingshuo.tasks.monitor.remedy import changes, remedies
    from tingshuo.tasks.monitor.webhook import alarm_event
    from tingshuo.tasks.voices import find_voice

    last = rounds[-1]
    names = [figure.name for figure in last.alarms if figure.reading.n]
    remedy = remedies(watch.voice, read_manifest(find_voice(watch.voice)), names, told.data, told.parts)
    changed = changes(rounds) if last.alarms else []
    if told.as_json:
        plain = to_json(rounds) | {"notes": list(notes), "changed": changed, "remedy": remedy}
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=None if lines else 2))
    else:
        origin = last.origin
        who = f"{origin.voice} {origin.version} ({origin.speaker}), {origin.precision}, style {origin.style}"
        typer.echo(f"{who}\nRound {last.id}, {last.at}, on {origin.n} of {origin.subject}")
        typer.echo(rendered(_table(last)))
        for sentence in (*notes, *_learning(rounds), f"Kept in {watch.history}."):
            typer.echo(sentence)
        _advise(remedy, changed)
    for figure in last.alarms:
        typer.echo(f"Alarm: {figure.sentence}.", err=True)
    if last.alarms:
        _send(told.webhook, alarm_event(last))
    if told.report is not None:
        replace_file(told.report, to_html(rounds).encode())
        typer.echo(f"Written: {told.report}", err=told.as_json)
    return bool(last.alarms)


def _learning(rounds: "Sequence[Round]") -> Sequence[str]:
    from tingshuo.tasks.monitor.bands import ROUNDS
    from tingshuo.tasks.monitor.history import since_fresh
    from tingshuo.tasks.monitor.page import learning

    if not learning(rounds[-1]):
        return ()
    return (
        f"Bands are being learnt: round {len(since_fresh(rounds))} of {ROUNDS}; nothing is judged before. --bands sets them.",
    )


def _advise(remedy: Sequence[str], changed: Sequence[str]) -> None:
    from tingshuo.tasks.monitor.remedy import STATEMENTS

    for sentence in changed:
        typer.echo(sentence)
    for command in remedy:
        typer.echo(f"What helps:  {command}")
    if any(STATEMENTS in command for command in remedy):
        typer.echo(f"{STATEMENTS} holds licence, consent and data statement of the recordings, see docs/train.md.")


def _table(last: "Round") -> "Table":
    from rich.table import Table

    from tingshuo.tasks.monitor.readings import label_of, written

    table = Table()
    for column in ("figure", "name", "now", "band", "verdict"):
        table.add_column(column, justify="right" if column == "now" else "left")
    for figure in last.figures:
        value = written(figure.name, figure.reading.value) if figure.reading.n else "-"
        table.add_row(label_of(figure.name), figure.name, value, figure.band.text(figure.name), figure.verdict)
    return table


def _drift_table(drifts: "Drifts") -> "Table":
    from rich.table import Table

    from tingshuo.tasks.monitor.drift import ALARM as FAR
    from tingshuo.tasks.monitor.drift import WATCH
    from tingshuo.tasks.monitor.statistics import LABELS

    table = Table(caption=f"PSI: watch from {WATCH:g}, alarm from {FAR:g}", caption_justify="left")
    for column in ("quantity", "taught, median (n)", "asked, median (n)", "PSI", "by chance", "KS", "p", "verdict"):
        table.add_column(column, justify="left" if column in ("quantity", "verdict") else "right")
    for one in drifts.found:
        medians = [f"{median:.1f} ({n})" for median, n in zip(one.median, one.n, strict=True)]
        numbers = [f"{one.psi:.3f}", f"< {one.by_chance:.3f}", f"{one.ks:.3f}", f"{one.p:.2g}"]
        table.add_row(LABELS[one.quantity][1], *medians, *numbers, one.verdict)
    return table


def _send(webhook: str | None, event: Mapping[str, Any]) -> None:
    """Tell the webhook, where there is one; that it cannot be told is said and ends nothing."""
    if webhook is None:
        return
    from tingshuo.tasks.monitor.webhook import send

    try:
        send(webhook, event)
    except OutputError as error:
        typer.echo(f"Note: {error}.", err=True)


@contextmanager
def _counter(description: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what is told how many of how many are done."""
    from tingshuo.app.cli.progress import Progress

    with Progress(description, 1.0) as bar:
        yield lambda done, total: bar.advance(done / max(total, 1) - bar.done)


def _leave(alarm: bool) -> NoReturn:
    raise typer.Exit(ALARM if alarm else 0)
