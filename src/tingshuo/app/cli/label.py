"""``tingshuo label``: are files labelled as the rule for generated audio asks; label others; who got speech that is not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.audio.label.field import AigcField

CHECK, ADD, LOG = "check", "add", "log"
LACKING = 1
"""Exit code where a file lacks what the rule asks for, or could not be looked at."""


def label(
    action: Annotated[str, typer.Argument(help="check, add, or log.")],
    files: Annotated[list[Path] | None, typer.Argument(help="check, add: audio: wav, mp3, flac, ogg (opus), m4a or aac.")] = None,
    key: Annotated[Path | None, typer.Option(help="check: look for the watermark of this key, a file.")] = None,
    spoken: Annotated[
        bool, typer.Option("--spoken", help="check: the label is spoken, you have heard it; no rhythm is needed.")
    ] = False,
    producer: Annotated[
        str | None, typer.Option(envvar="TINGSHUO_PRODUCER", help="add: code or name of who generated the audio, visible ASCII.")
    ] = None,
    produce_id: Annotated[str | None, typer.Option("--id", help="add: number of the content; without it, a random UUID.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="add: write the audio here, with the rhythm too."),
    ] = None,
    position: Annotated[str, typer.Option(help="add, with -o: the rhythm at start, middle or end.")] = "end",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check the labels of generated audio, or add them.

    check shows the AIGC field with its seven elements, where the rhythm 短长短短 is heard, and with --key the watermark. The exit
    code is 0 when every file has one valid field and the rhythm (with --spoken: the field), 1 when something lacks or a file
    cannot be read.

    add puts the field into files that were made elsewhere; their sound and other tags stay, and a file that has a field keeps
    it. With -o the audio is written anew with the rhythm as well.

    log tells how often speech was given out without a label that is heard, under which agreements, whether a line was altered or
    lost (exit code 1), and which months are older than the six that have to be kept.

    Example:

      tingshuo label check out.mp3

      tingshuo label check *.opus --key watermark.key --json

      tingshuo label add old.wav --producer 001191110102MAD55U9H0F10001 -o labelled.mp3

      tingshuo label log --json
    """
    if action in (CHECK, ADD) and not files:
        raise RequestError(f"label {action} needs files: tingshuo label {action} out.mp3", "files")
    if action == CHECK:
        _refuse_of(CHECK, {"--producer, --id and -o belong to add": bool(produce_id or output)})
        _check(files or [], key, spoken, as_json)
    elif action == ADD:
        _refuse_of(ADD, {"--key and --spoken belong to check": bool(key or spoken)})
        _add(files or [], producer, produce_id, output, position, as_json)
    elif action == LOG:
        _refuse_of(LOG, {"has no files and no options but --json": bool(files or key or spoken or produce_id or output)})
        _log(as_json)
    else:
        raise RequestError(f"label {action!r} is not known; accepted: check, add, log", "action")


def _refuse_of(action: str, wrong: dict[str, bool]) -> None:
    for told, given in wrong.items():
        if given:
            raise RequestError(f"label {action}: {told}")


def _check(files: list[Path], key: Path | None, spoken: bool, as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.progress import Progress
    from tingshuo.audio.label.check import check_file
    from tingshuo.store.key_files import read_key_file

    secret = None if key is None else read_key_file(key)
    found = []
    with Progress("Looking", len(files)) as progress:
        for path in files:
            found.append(check_file(path, secret))
            progress.advance(1)
    lacking = sum(bool(one.lacks(spoken=spoken)) for one in found)
    if as_json:
        print_json({"ok": not lacking, "files": [one.to_json(spoken=spoken) for one in found]})
    else:
        for one in found:
            lacks = one.lacks(spoken=spoken)
            typer.echo(f"{one.path}: {'; '.join(lacks) if lacks else 'labelled'}")
            for line in one.lines():
                typer.echo(line)
    if lacking:
        raise typer.Exit(LACKING)


def _add(
    files: list[Path], producer: str | None, produce_id: str | None, output: Path | None, position: str, as_json: bool
) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.audio.label.files import label_file

    if len(files) > 1 and (output is not None or produce_id is not None):
        raise RequestError("label add: -o and --id are for one file; give one, or leave them out")
    done = []
    for path in files:
        field = _field(producer, produce_id)
        if output is not None:
            kept = _rewrite(path, output, field, position)
        else:
            kept = label_file(path, field).elements != field.elements()
        done.append({"path": str(output or path), "kept": kept, "rhythm": output is not None})
        if not as_json:
            told = "had a label, which stays" if kept else "has the AIGC field now"
            more = "" if output else "; no rhythm was added, -o FILE writes the audio with it"
            typer.echo(f"{output or path}: {told}{more}")
    if as_json:
        print_json({"files": done})


def _field(producer: str | None, produce_id: str | None) -> "AigcField":
    import uuid

    from tingshuo.audio.label.field import AigcField

    if not producer:
        raise RequestError("label add needs --producer or TINGSHUO_PRODUCER: code or name of who made the audio", "producer")
    return AigcField.first(producer, produce_id or uuid.uuid4().hex)


def _rewrite(path: Path, output: Path, field: "AigcField", position: str) -> bool:
    """Write audio anew with both labels; return whether it had a field, which is kept."""
    from tingshuo.app.cli.sinks import check_distinct, check_writable
    from tingshuo.audio.label.check import decode
    from tingshuo.audio.label.files import read_label
    from tingshuo.audio.label.labelling import LabelSettings, label_wav
    from tingshuo.audio.label.morse import find_rhythms
    from tingshuo.audio.write import write

    check_distinct([path, output])
    check_writable(output)
    settings = LabelSettings("rhythm", position)  # type: ignore[arg-type]
    found = read_label(path)
    if found.count and found.field is None:
        raise RequestError(f"{path}: its label is wrong ({found.problems[0]}), but may not be changed; keep it", "files")
    wav, rate = decode(path)
    if not find_rhythms(wav.mean(axis=0), rate):
        wav, _ = label_wav(wav, rate, settings)
    write(output, wav if len(wav) > 1 else wav[0], rate, field=found.field or field)
    return found.field is not None


def _log(as_json: bool) -> None:
    from collections import Counter
    from datetime import UTC, datetime

    from tingshuo.app.cli.output import print_json
    from tingshuo.store.agreements import AgreementLog

    log = AgreementLog()
    problems = log.problems()
    uses = [] if problems else list(log.uses())
    by_agreement = Counter(use.agreement for use in uses)
    old = [path.name for path in log.deletable(datetime.now(UTC).date())]
    span = {"first": uses[0].at, "last": uses[-1].at} if uses else {"first": None, "last": None}
    if as_json:
        told = {"folder": str(log.folder), "uses": len(uses), **span, "agreements": dict(by_agreement)}
        print_json(told | {"problems": list(problems), "older_than_six_months": old})
    else:
        for problem in problems:
            typer.echo(f"{log.folder}: {problem}")
        for agreement, count in sorted(by_agreement.items()):
            typer.echo(f"{agreement}: {count} times without a label that is heard")
        if not problems:
            typer.echo(f"{log.folder}: {len(uses)} lines, whole" + (f", from {span['first']} to {span['last']}" if uses else ""))
        if old:
            typer.echo(f"older than six months, may be removed: {', '.join(old)}")
    if problems:
        raise typer.Exit(LACKING)
