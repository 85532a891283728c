"""What ``tingshuo evaluate`` does with a recogniser: it hears a corpus, and what it heard is compared with the texts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tingshuo.app.cli.evaluation_files import PAGE, read_evaluation, write_evaluation
from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.app.cli.subjects import Subject
    from tingshuo.store.manifest import Manifest
    from tingshuo.tasks.evaluate.contest import Contest
    from tingshuo.tasks.evaluate.recogniser import Hearing
    from tingshuo.tasks.recognise.hearing import Hears
    from tingshuo.types import Wav

SHOWN = 12
"""Of the worst utterances, on the page."""
MOST_NOISE_DB = 60
KEYS = frozenset(("recogniser", "version", "subject", "form", "n", "rows", "rates"))
"""What a saved evaluation of a recogniser has."""


def judge_recogniser(
    bundle: Path,
    subject: "Subject",
    *,
    form: str,
    beam: int,
    noise_db: Sequence[float] = (),
    against: str | None = None,
    output: Path | None = None,
    as_json: bool = False,
) -> None:
    """Evaluate a recogniser, and tell of it.

    Parameters
    ----------
    bundle : Path
        Of the recogniser.
    subject : Subject
        With rows.
    form, beam, noise_db
        As for `tingshuo.tasks.evaluate.recogniser.evaluate_recogniser`.
    against : str or None
        Another bundle, or a saved evaluation.
    output : Path or None
        Folder for page and figures.
    as_json : bool
        Print JSON.
    """
    from tingshuo.tasks.evaluate.contest import check_alike, contests
    from tingshuo.tasks.evaluate.hearing_json import to_json
    from tingshuo.tasks.evaluate.page import to_text

    _check_form(form)
    known = None if against is None else read_evaluation(against, KEYS, "a recogniser")
    if known:
        check_alike(known, form, subject.rows, subject.name)
    ours, theirs = _open(bundle), _open(against) if against is not None and known is None else None
    found = _evaluate(*ours, subject, form, beam, noise_db)
    report = to_json(found)
    if theirs is not None:
        known = to_json(_evaluate(*theirs, subject, form, beam))
    contest = contests(known, report) if known else []
    old = f"{known['recogniser']} {known['version']}" if known else ""
    report |= {"against": [one.to_json() for one in contest]} if known else {}
    if output is not None:
        write_evaluation(output, to_text(report), _page(found, ours[1].sample_rate, subject, contest, old))
    if as_json:
        typer.echo(to_text(report), nl=False)
        return
    show_hearing(found, typer.echo)
    if known:
        show_contests(contest, old, typer.echo)
    typer.echo(f"Written: {output / PAGE}" if output else f"-o FOLDER writes {PAGE}, with plots and sounds.")


def read_noise(ratios: str | None) -> tuple[float, ...]:
    """Return the ratios of ``--add-noise``, dB, such as ``20,10,0``.

    Raises
    ------
    RequestError
        One is not a number, or beyond what makes sense.
    """
    found = []
    for one in (ratios or "").split(",") if ratios else ():
        try:
            found.append(float(one))
        except ValueError:
            found.append(float("nan"))
        if not abs(found[-1]) <= MOST_NOISE_DB:
            wanted = f"numbers from -{MOST_NOISE_DB} to {MOST_NOISE_DB} in dB, separated by commas, such as 20,10,0"
            raise RequestError(f"--add-noise takes {wanted}, not {one.strip()!r}", "add_noise")
    return tuple(found)


def _check_form(form: str) -> None:
    from tingshuo.text.metrics import FORMS

    if form not in FORMS:
        raise RequestError(f"unknown form {form!r}; accepted: {', '.join(FORMS)}", "form")


def _open(bundle: str | Path) -> "tuple[Manifest, Hears]":
    """Open a recogniser, and return what its bundle says of it beside it."""
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.recognise import find

    return read_manifest(find.find_recogniser(bundle)), find.load_recogniser(bundle)


def _evaluate(
    manifest: "Manifest", recogniser: "Hears", subject: "Subject", form: str, beam: int, noise_db: Sequence[float] = ()
) -> "Hearing":
    """Let a recogniser hear the rows."""
    from tingshuo.app.cli.progress import Progress
    from tingshuo.tasks.evaluate.recogniser import evaluate_recogniser

    with Progress(f"Evaluating {manifest.name}", 1.0) as bar:
        return evaluate_recogniser(
            recogniser, subject.rows, subject.name, name=manifest.name, version=str(manifest.version), form=form, beam=beam,
            noise_db=noise_db, progress=lambda share: bar.advance(share - bar.done),
        )  # fmt: skip


def _page(found: "Hearing", sample_rate: int, subject: "Subject", against: "Sequence[Contest]", old: str) -> str:
    """Return the page, with the sounds of the worst utterances."""
    from tingshuo.data.clips import read_clip
    from tingshuo.tasks.evaluate.hearing_page import to_html

    rows = {row.id: row for row in subject.rows}
    sounds: dict[str, Wav] = {one.id: read_clip(rows[one.id], sample_rate) for one in found.worst(SHOWN)}
    return to_html(found, sounds, sample_rate, against, old)


def show_hearing(found: "Hearing", say: Callable[[str], None]) -> None:
    """Print an evaluation as tables, line by line through ``say``."""
    from rich.table import Table

    from tingshuo.app.cli.tables import rendered
    from tingshuo.tasks.evaluate.recogniser import RATES

    title = f"{found.recogniser} {found.version}, on {len(found.listened)} of {found.subject}, form {found.form}"
    table = Table(title=title, title_justify="left", caption="errors in %, lower is better", caption_justify="left")
    table.add_column("measure")
    for name in ("%", "substituted", "deleted", "inserted", "of", "utterances"):
        table.add_column(name, justify="right")
    for rate in found.rates:
        e = rate.errors
        counts = (e.substitutions, *((e.deletions, e.insertions) if RATES[rate.measure].unit else ("", "")), e.reference, rate.n)
        table.add_row(RATES[rate.measure].english, rate.text, *map(str, counts))
    for noise, rate in found.noise_rates.items():
        e = rate.errors
        counts = (e.substitutions, e.deletions, e.insertions, e.reference, rate.n)
        table.add_row(f"{RATES['cer'].english}, noise at {noise:g} dB", rate.text, *map(str, counts))
    say(rendered(table))
    if found.words is not None:
        w = found.words
        say(f"As single words: accuracy {100 * w.accuracy:.2f} %, macro F1 {100 * w.macro_f1:.2f} %, {len(w.classes)} classes.")
    sure = found.calibration["unit"]
    if sure is not None:
        say(f"Confidence: {100 * sure.confidence:.1f} % sure, {100 * sure.accuracy:.1f} % right, ECE {100 * sure.ece:.1f} %.")
    speed = found.speed
    say(f"RTF {speed.rtf:.4f}, median {speed.rtf_median:.4f}, 95 % below {speed.rtf_p95:.4f}; {speed.audio_s:.1f} s of audio.")
    for note in found.notes:
        say(note)


def show_contests(found: "Sequence[Contest]", old: str, say: Callable[[str], None]) -> None:
    """Print what is better and what is worse than ``old``, line by line through ``say``."""
    from rich.table import Table

    from tingshuo.app.cli.tables import rendered
    from tingshuo.tasks.evaluate.recogniser import RATES

    caption = "better in: share of resamples in which there are fewer errors than before, equal ones counting half"
    table = Table(title=f"Against {old}", title_justify="left", caption=caption, caption_justify="left")
    for column in ("measure", "before", "now", "difference", "better in", "won/lost/even", ""):
        table.add_column(column, justify="left" if column in ("measure", "") else "right")
    for one in found:
        share = "" if one.better != one.better else f"{100 * one.better:.1f} %"
        values = (
            f"{100 * one.old:.2f}",
            f"{100 * one.new:.2f}",
            one.text,
            share,
            f"{one.won}/{one.lost}/{one.even}",
            one.verdict,
        )
        table.add_row(RATES[one.measure].english, *values)
    say(rendered(table))
