"""``tingshuo data``: read a corpus of any layout, look at its quality, write a manifest, a report, a cleaned copy."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.errors import DataError, OutputError

if TYPE_CHECKING:
    from tingshuo.data.clean import CleanConfig
    from tingshuo.data.corpora.corpus import Skipped
    from tingshuo.data.quality import QualityReport
    from tingshuo.data.utterance import Utterance

LISTED = 20
"""Entries left out that are named on the terminal; --report and --json have them all."""


def data(
    path: Annotated[Path, typer.Argument(help="A folder of recordings, or a manifest.")],
    kind: Annotated[
        str, typer.Option(help="aishell3, baker, folder, kaldi, ljspeech, manifest or pack; auto finds it.")
    ] = "auto",
    part: Annotated[list[str] | None, typer.Option(help="Only this part of a corpus of several; may be repeated.")] = None,
    dev_share: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of texts to hold out when the corpus holds out none.")
    ] = 0.02,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the usable rows as a manifest.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the quality report as HTML.")] = None,
    clean: Annotated[Path | None, typer.Option(help="Write cleaned copies of the usable rows into this new folder.")] = None,
    level: Annotated[float, typer.Option(min=-40, max=-10, help="With --clean: RMS of the speech, dB.")] = -22.0,
    margin: Annotated[float, typer.Option(min=0, max=2, help="With --clean: silence kept at both ends, seconds.")] = 0.1,
    denoise: Annotated[float, typer.Option(min=0, max=20, help="With --clean: lower noise by at most so many dB.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Look at recordings before training with them.

    Reads LJSpeech, AISHELL-3, Baker and Kaldi layouts, JSONL manifests and bare folders of x.wav + x.txt. Every recording and
    every text is checked; what cannot be learnt from is left out, with its reason. The recordings themselves are only read.

    Example:

      tingshuo data recordings

      tingshuo data BZNSYP -o baker.jsonl --report baker.html

      tingshuo data recordings --clean cleaned --denoise 8

      tingshuo data corpus --part aishell --part cmn_words --json
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.data.clean import CleanConfig
    from tingshuo.data.corpora.registry import read_corpus
    from tingshuo.data.utterance import write_manifest

    config = CleanConfig(level_db=level, margin_s=margin, denoise_db=denoise)
    _check_places([file for file in (output, report) if file is not None], clean)
    corpus = read_corpus(path, kind, part or (), dev_share)
    quality = _inspect(corpus.rows)
    rows = quality.usable()
    if report is not None:
        from tingshuo.data.quality_page import write_page

        write_page(report, quality, corpus.skipped, path.absolute().name)
    left_out = [*corpus.skipped, *_bad(quality)]
    if rows and clean is not None:
        rows, uncleaned = _clean(rows, clean, config)
        left_out += uncleaned
    if rows and output is not None:
        write_manifest(output, rows)
    if as_json:
        print_json(_document(quality, rows, left_out))
    else:
        _show(quality, rows, left_out)
    if not rows:
        raise DataError(f"{path}: none of its {len(quality.rows)} recordings can be learnt from; the reasons are above")


def _check_places(files: Sequence[Path], folder: Path | None) -> None:
    """Refuse what cannot be written before an hour of reading."""
    from tingshuo.app.cli.sinks import check_distinct, check_writable

    check_distinct(files)
    for file in files:
        check_writable(file)
    if folder is not None and folder.exists():
        raise OutputError(f"{folder}: already exists; --clean wants a new folder")


def _inspect(rows: "Sequence[Utterance]") -> "QualityReport":
    from tingshuo.app.cli.progress import Progress
    from tingshuo.data.quality import inspect

    with Progress("Listening", len(rows)) as progress:
        return inspect(rows, lambda done, _: progress.advance(done - progress.done))


def _clean(rows: "Sequence[Utterance]", folder: Path, config: "CleanConfig") -> "tuple[list[Utterance], list[Skipped]]":
    from tingshuo.app.cli.progress import Progress
    from tingshuo.data.clean import clean

    with Progress("Cleaning", len(rows)) as progress:
        return clean(rows, folder, config, lambda done, _: progress.advance(done - progress.done))


def _bad(quality: "QualityReport") -> "list[Skipped]":
    from tingshuo.data.corpora.corpus import Skipped

    bad = quality.bad
    return [Skipped(row.id, bad[row.id]) for row in quality.rows if row.id in bad]


def _document(quality: "QualityReport", rows: "Sequence[Utterance]", left_out: "Sequence[Skipped]") -> dict[str, Any]:
    return quality.fields() | {"usable": len(rows), "left_out": [entry._asdict() for entry in left_out]}


def _show(quality: "QualityReport", rows: "Sequence[Utterance]", left_out: "Sequence[Skipped]") -> None:
    """Print what was found as tables; what was left out goes to stderr."""
    from rich.console import Console
    from rich.table import Table

    from tingshuo.data.findings import KINDS, Finding

    console = Console(highlight=False)
    about = quality.fields()
    rates = ", ".join(f"{rate} Hz" for rate in about["sample_rates"])
    splits = ", ".join(f"{count} {split}" for split, count in about["splits"].items())
    minutes = f"{quality.duration_s / 60:.1f} min"
    facts = [f"{len(quality.rows)} recordings ({splits})", f"speakers: {about['speakers']}", minutes, rates]
    typer.echo(", ".join(filter(None, facts)))
    if about["percentiles"]:
        spread = Table("measure", "lowest", "5 %", "median", "95 %", "highest", box=None, header_style="bold")
        for name, values in about["percentiles"].items():
            spread.add_row(name, *(f"{value:g}" for value in values.values()))
        console.print(spread)
    first: dict[str, list[Finding]] = defaultdict(list)
    for finding in quality.findings:
        first[finding.kind].append(finding)
    if first:
        found = Table("finding", "", "count", "for example", box=None, header_style="bold")
        for kind, count in quality.counts.items():
            example = f"{first[kind][0].id} {first[kind][0].why}".strip()
            found.add_row(KINDS[kind].en, KINDS[kind].severity, str(count), example)
        console.print(found)
    for where, why in left_out[:LISTED]:
        typer.echo(f"Left out: {where}: {why}", err=True)
    if len(left_out) > LISTED:
        typer.echo(f"And {len(left_out) - LISTED} more; --report and --json name them all.", err=True)
    typer.echo(f"{len(rows)} usable, {len(left_out)} left out")
