"""``tingshuo transcribe``: what is said in a recording, in many, or in what is piped in."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.app.cli.output import print_json
from tingshuo.errors import AudioError, OutputError, RequestError, TingshuoError

if TYPE_CHECKING:
    from tingshuo.app.cli.progress import Progress
    from tingshuo.tasks.recognise.hearing import Hears
    from tingshuo.tasks.recognise.transcribe import Listening
    from tingshuo.tasks.recognise.transcript import Segment, Transcript

STDIN = Path("-")
_PIECE = 1 << 20


def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Recordings or videos, or folders of them; - reads standard input.")],
    model: Annotated[str, typer.Option("--model", "-m", help="A recogniser: its name, or the folder of a bundle.")] = "listener",
    format: Annotated[
        str | None, typer.Option(help="text, json, srt, vtt or verbose_json; default: the extension of -o, or text.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; of several recordings, the folder for the results.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="What is spoken, for a recogniser that can be told.")] = None,
    hotwords: Annotated[
        str | None, typer.Option(help="Words that are likely to be said, 词,词:3, with a bonus or without, or a file of them.")
    ] = None,
    lm: Annotated[
        str | None,
        typer.Option("--lm", help="A language model that has a say: a bundle of train lm, or an ARPA file."),
    ] = None,
    lm_weight: Annotated[float, typer.Option(help="How much --lm counts beside what was heard, 0 to 10.")] = 0.2,
    beam: Annotated[int, typer.Option(help="How many texts are kept in the search, 1 to 100.")] = 10,
    best: Annotated[int, typer.Option(help="How many texts of each segment are told, in json.")] = 1,
    vad: Annotated[str, typer.Option(help="Who finds speech: own, or silero, of the extra vad.")] = "own",
    enhance: Annotated[
        str, typer.Option(help="What is taken away first: none, highpass (rumble) or denoise (steady noise too).")
    ] = "none",
    threads: Annotated[int, typer.Option(min=1, help="Threads inside each graph.")] = 1,
    raw: Annotated[bool, typer.Option("--raw", help="As it was heard: no punctuation, numbers in words.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Of several recordings: make results that exist again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was heard, or what was done, as JSON.")] = False,
) -> None:
    """Write down what is said.

    One recording is printed, or written with -o. Of several, or of a folder and those in it, each result lies beside its
    recording, or in the folder -o; those that exist are skipped, so what was stopped can be run again. A recording that cannot be
    read does not stop the others.

    Videos, m4a and aac are read by the program ffmpeg, where it is installed.

    Example:

      tingshuo transcribe talk.mp3

      tingshuo transcribe film.mp4 -o film.srt

      tingshuo transcribe meetings/ --format json -o results --hotwords "听说,北京:3"

      tingshuo say "你好" -o - | tingshuo transcribe -

      tingshuo transcribe talk.mp3 --lm my-language/bundle --lm-weight 0.5
    """
    from tingshuo.audio.vad import VadConfig
    from tingshuo.tasks.recognise.find import load_recogniser, only_language
    from tingshuo.tasks.recognise.rescoring import open_adviser
    from tingshuo.tasks.recognise.transcribe import Listening, made_readable

    several = len(files) > 1 or files[0].is_dir() or (output is not None and output.is_dir())
    written = _format(format, None if several else output, as_json=as_json and not several)
    wanted = _hotwords(hotwords)
    spoken = language or only_language(model)
    finish = None if raw else made_readable
    adviser = None if lm is None else open_adviser(lm, lm_weight, threads=threads)
    listening = Listening(
        beam=beam, best=best, hotwords=wanted, vad=VadConfig(net=vad), finish=finish, language=spoken, lm=adviser,
        enhance=enhance,  # type: ignore[arg-type]  # it is checked there
    )  # fmt: skip
    jobs = _jobs(files, output, written) if several else []
    recogniser = load_recogniser(model, threads=threads, chosen={"language": language} if language else None)
    if several:
        _transcribe_all(jobs, recogniser, listening, written, again=again, as_json=as_json)
    else:
        _transcribe_one(files[0], recogniser, listening, written, output, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Job:
    """A recording and where its result goes."""

    source: Path
    target: Path


def _format(format: str | None, output: Path | None, *, as_json: bool) -> str:
    """Return the format of the result: as given, else by the extension of the output."""
    from tingshuo.tasks.recognise.transcript import EXTENSIONS, FORMATS

    if format is not None and format not in FORMATS:
        raise RequestError(f"unknown format {format!r}; accepted: {', '.join(FORMATS)}", "format")
    if format is not None:
        return format
    by_extension = {extension: name for name, extension in reversed(EXTENSIONS.items())} | {"json": "json"}
    if output is not None and output.suffix[1:].lower() in by_extension:
        return by_extension[output.suffix[1:].lower()]
    return "json" if as_json and output is None else "text"


def _hotwords(given: str | None) -> dict[str, float]:
    """Return the hotwords of an option: words, or a file of them."""
    from tingshuo.app.cli.sources import read_text_file
    from tingshuo.tasks.recognise.transcribe import read_hotwords

    if given is None:
        return {}
    path = Path(given)
    try:
        is_file = path.is_file()
    except OSError:  # too long for a name
        is_file = False
    return read_hotwords(read_text_file(path) if is_file else given)


def _jobs(files: list[Path], folder: Path | None, format: str) -> list[Job]:
    """Return what is to be done; recordings that differ in their extension alone keep it in the names of their results.

    Raises
    ------
    RequestError
        There is nothing to do, or standard input among files.
    """
    from tingshuo.audio.mono import SOUNDS
    from tingshuo.tasks.recognise.transcript import EXTENSIONS

    found: dict[Path, Path] = {}
    for path in files:
        if path == STDIN:
            raise RequestError("- is standard input, which stands alone: leave out the other files", "files")
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if p.suffix[1:].lower() in SOUNDS and p.is_file())
            found |= {p: (folder / p.relative_to(path) if folder else p) for p in inside if not p.name.startswith(".")}
        else:
            found[path] = folder / path.name if folder else path
    if not found:
        raise RequestError(f"{files[0]}: no recordings in it; what ends in {', '.join(sorted(SOUNDS))} is taken for one", "files")
    extension = EXTENSIONS[format]
    stems = [place.with_suffix("") for place in found.values()]
    return [
        Job(source, place.with_name(f"{place.name if stems.count(stem) > 1 else stem.name}.{extension}"))
        for (source, place), stem in zip(found.items(), stems, strict=True)
    ]


def _transcribe_one(
    file: Path, recogniser: "Hears", listening: "Listening", format: str, output: Path | None, *, as_json: bool
) -> None:
    """Write down one recording, to a file or to standard output, there line by line as it is heard."""
    from tingshuo.app.cli.progress import Progress
    from tingshuo.app.cli.sinks import check_writable, write_text
    from tingshuo.tasks.recognise.transcribe import Transcription

    if output is None and as_json and format != "json":
        raise RequestError("--json prints to standard output, so another format needs a file: -o FILE", "format")
    if output is not None:
        check_writable(output)
    as_heard = output is None and format == "text"
    began = time.perf_counter()
    with ExitStack() as stack:
        source = stack.enter_context(_stdin()) if file == STDIN else file
        bar = stack.enter_context(Progress("Listening", 1.0, visible=False if as_heard and sys.stdout.isatty() else None))
        going = Transcription(source, recogniser, listening, lambda share: bar.advance(share - bar.done))
        transcript = going.transcript(_say if as_heard else None)
    _warn(str(file), transcript)
    if output is not None:
        write_text(output, transcript.write(format))
        if as_json:
            print_json({"file": str(file), "output": str(output), **_figures(transcript, time.perf_counter() - began)})
    elif not as_heard:
        typer.echo(transcript.write(format), nl=False)


def _transcribe_all(
    jobs: list[Job], recogniser: "Hears", listening: "Listening", format: str, *, again: bool, as_json: bool
) -> None:
    """Write down every recording; one that cannot be read is reported and does not stop the others.

    Raises
    ------
    AudioError
        At the end, when there were such.
    """
    from tingshuo.app.cli.progress import Progress

    rows: list[dict[str, Any]] = []
    with Progress("Listening", len(jobs)) as bar:
        for n, job in enumerate(jobs):
            row: dict[str, Any] = {"file": str(job.source), "output": str(job.target)}
            if job.target.exists() and not again:
                row["skipped"] = True
            else:
                try:
                    row |= _transcribe_job(job, recogniser, listening, format, bar)
                except TingshuoError as error:
                    row["error"] = str(error)
                    typer.echo(f"Error: {error}", err=True)
            bar.advance(n + 1 - bar.done)
            rows.append(row)
    _finish(rows, as_json=as_json)


def _transcribe_job(job: Job, recogniser: "Hears", listening: "Listening", format: str, bar: "Progress") -> dict[str, Any]:
    from tingshuo.app.cli.sinks import write_text
    from tingshuo.tasks.recognise.transcribe import Transcription

    began, done = time.perf_counter(), bar.done
    going = Transcription(job.source, recogniser, listening, lambda share: bar.advance(done + share - bar.done))
    transcript = going.transcript()
    try:
        job.target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{job.target.parent}: cannot be made: {error.strerror}") from error
    write_text(job.target, transcript.write(format))
    _warn(str(job.source), transcript)
    return _figures(transcript, time.perf_counter() - began)


def _finish(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    failed = sum("error" in row for row in rows)
    skipped = sum("skipped" in row for row in rows)
    done = len(rows) - failed - skipped
    if as_json:
        print_json({"transcribed": done, "skipped": skipped, "failed": failed, "files": rows})
    else:
        remedy = " (--again makes them again)" if skipped else ""
        typer.echo(f"{done} transcribed, {skipped} skipped as they exist{remedy}, {failed} failed", err=True)
    if failed:
        raise AudioError(f"{failed} of {len(rows)} recordings could not be transcribed; they are named above")


def _figures(transcript: "Transcript", work_s: float) -> dict[str, Any]:
    """Return what is worth knowing about a transcript that was written elsewhere."""
    return {
        "duration_s": round(transcript.duration_s, 3),
        "segments": len(transcript.segments),
        "language": transcript.language,
        "rtf": round(work_s / transcript.duration_s, 4),
        "warnings": list(transcript.warnings),
    }


def _say(segment: "Segment") -> None:
    typer.echo(segment.text)


def _warn(file: str, transcript: "Transcript") -> None:
    for warning in transcript.warnings:
        typer.echo(f"Warning: {file}: {warning}", err=True)


@contextmanager
def _stdin() -> Iterator[IO[bytes]]:
    """Give what is piped in as a file that can be sought: a header is read again, and ffmpeg wants a file.

    Raises
    ------
    RequestError
        Nothing is piped in.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise RequestError("there is no audio: pipe it in, or name a file", "files")
    with tempfile.TemporaryFile(prefix="tingshuo-") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy, _PIECE)
        copy.seek(0)
        yield copy
