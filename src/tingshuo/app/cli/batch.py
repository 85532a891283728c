"""``tingshuo say --batch``: one file for each line of a text file, resumable."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from tingshuo.app.cli.output import print_json
from tingshuo.app.cli.sources import read_text_file
from tingshuo.app.labels import LabelOptions
from tingshuo.errors import OutputError, RequestError, TextError, TooLargeError


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be said and the name of its file, without extension."""

    number: int
    name: str
    text: str


def read_lines(path: Path, extension: str = "") -> list[Line]:
    """Return the lines of a batch file; empty ones are left out but counted, and names may have the extension or not.

    Raises
    ------
    RequestError
        It cannot be read, has no text, or a name is used twice or is more than a plain file name.
    """
    lines: dict[str, Line] = {}
    for number, written in enumerate(read_text_file(path).splitlines(), 1):
        if not written.strip():
            continue
        name, tab, text = written.partition("\t")
        name, text = (name.strip().removesuffix(extension), text) if tab else (f"{number:04d}", written)
        if name in lines:
            raise RequestError(f"{path}, line {number}: the name {name!r} was used in line {lines[name].number} already")
        if not name or name.startswith(".") or any(c in "/\\:" or not c.isprintable() for c in name):
            raise RequestError(f"{path}, line {number}: {name!r} is not a plain file name")
        lines[name] = Line(number, name, text)
    if not lines:
        raise RequestError(f"{path}: has no lines to say", "batch")
    return list(lines.values())


def say_batch(
    path: Path,
    folder: Path | None,
    format: str,
    voice: str,
    lexicon: Path | None,
    controls: dict[str, Any],
    labels: LabelOptions,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Speak every line into its file; a line that cannot be spoken is reported and does not stop the others.

    Raises
    ------
    RequestError
        The batch file or an option is wrong; nothing was written.
    OutputError
        The folder cannot be written to.
    TextError
        At the end, when lines could not be spoken.
    """
    from tingshuo.app.cli.progress import Progress
    from tingshuo.app.requests import make_request
    from tingshuo.audio.formats import find_format
    from tingshuo.audio.write import FileWriter
    from tingshuo.serve.labels import record_use
    from tingshuo.tasks.labelled import label_speech, labeller_of
    from tingshuo.tasks.voices import load

    if folder is None:
        raise RequestError("--batch needs --output-dir, the folder for its files", "output_dir")
    format = find_format(format).name
    label, agreement = labels.decide(format, saved=True)
    lines = read_lines(path, f".{format}")
    request = make_request("", **controls)
    reader = load(voice, lexicon_path=lexicon)
    reader.prepare(request)
    _make_folder(folder)
    done: list[dict[str, Any]] = []
    with Progress("Speaking", len(lines)) as progress:
        for line in lines:
            target = folder / f"{line.name}.{format}"
            row: dict[str, Any] = {"line": line.number, "output": str(target)}
            if target.exists() and not force:
                row["skipped"] = True
            else:
                try:
                    request = make_request(line.text, **controls)
                    stream = reader.speak(request)
                    labeller = labeller_of(reader, stream, request, label)
                    if agreement:
                        record_use(request, format, agreement)
                    with FileWriter(target, stream.sample_rate, format, field=labeller.field) as writer:
                        for chunk in label_speech(stream, labeller):
                            writer.write(chunk.wav)
                    duration_s = labeller.n_samples / stream.sample_rate
                    row |= {"duration_s": round(duration_s, 4), "warnings": list(stream.warnings)}
                except (TextError, TooLargeError) as error:
                    row["error"] = str(error)
            _report(path, row)
            done.append(row)
            progress.advance(1)
    _finish(done, as_json=as_json)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}") from error


def _report(path: Path, row: dict[str, Any]) -> None:
    for warning in row.get("warnings", ()):
        typer.echo(f"Warning: {path}, line {row['line']}: {warning}", err=True)
    if "error" in row:
        typer.echo(f"Error: {path}, line {row['line']}: {row['error']}", err=True)


def _finish(done: list[dict[str, Any]], *, as_json: bool) -> None:
    failed = sum("error" in row for row in done)
    skipped = sum("skipped" in row for row in done)
    if as_json:
        print_json({"spoken": len(done) - failed - skipped, "skipped": skipped, "failed": failed, "lines": done})
    else:
        again = " (--force makes them again)" if skipped else ""
        typer.echo(f"{len(done) - failed - skipped} spoken, {skipped} skipped as they exist{again}, {failed} failed", err=True)
    if failed:
        raise TextError(f"{failed} of {len(done)} lines could not be spoken; they are named above")
