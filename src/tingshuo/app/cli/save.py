"""``tingshuo save``: keep a voice as the next version of its name."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from tingshuo.errors import BundleError, RequestError

if TYPE_CHECKING:
    from tingshuo.store.states import Source

BUMPS = ("auto", "major", "minor", "patch")


def save(
    source: Annotated[Path, typer.Argument(help="Folder of a training, or of a bundle, or an archive of a bundle.")],
    name: Annotated[str | None, typer.Option(help="Of the voice; that of its manifest without it.")] = None,
    bump: Annotated[str, typer.Option(help="auto, major, minor or patch: how far from the last version.")] = "auto",
    note: Annotated[str, typer.Option(help="What is new, for the changelog.")] = "",
    alias: Annotated[list[str] | None, typer.Option(help="Let this alias point to it, such as prod; may be repeated.")] = None,
    state: Annotated[
        bool, typer.Option("--state", help="Of a training: keep with it all that is needed to go on, such as the optimizer.")
    ] = False,
    anonymize: Annotated[bool, typer.Option("--anonymize", help="Without paths, names and texts of people; says which.")] = False,
    hide: Annotated[list[str] | None, typer.Option(help="With --anonymize: remove this word too; may be repeated.")] = None,
    encrypt_to: Annotated[
        list[str] | None, typer.Option(help="Encrypt it for this key, age1... or a file of it; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Save a voice as its next version.

    Into the registry, where no version is ever overwritten.

    Versions follow SemVer: major when speakers, languages or the sample rate change or go, minor for other weights or graphs,
    patch for packaging; a step that is too small is refused. The voice then speaks by its name, NAME@1.2.0 or NAME@ALIAS.

    With --state the settings, checkpoints and rows of the training go along, for tingshuo train --resume-from; the recordings do
    not. A state names people and holds texts: it is readable for its owner alone and never sent anywhere.

    Example:

      tingshuo save run --name anna --bump minor --note "高音区更稳" --alias prod

      tingshuo save run --name anna --state

      tingshuo save run --name anna --anonymize --encrypt-to keys/anna.pub
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.archive_formats import is_archive
    from tingshuo.store.manifest import MANIFEST
    from tingshuo.store.registry import Registry
    from tingshuo.store.saving import save as keep
    from tingshuo.store.sealing import seal_bundle
    from tingshuo.store.sign import is_signed
    from tingshuo.store.unpacked import open_archive
    from tingshuo.store.versions import STEPS

    if bump not in BUMPS:
        raise RequestError(f"unknown bump {bump!r}; accepted: {', '.join(BUMPS)}", "bump")
    if state and (anonymize or encrypt_to):
        raise RequestError("a state names people and is never encrypted; leave out --state, or the other two", "state")
    if hide and not anonymize:
        raise RequestError("--hide goes with --anonymize", "hide")
    source = open_archive(source) if is_archive(source) else source
    folder = next((folder for folder in (source, source / "bundle") if (folder / MANIFEST).is_file()), None)
    if folder is None:
        raise BundleError(f"{source}: is neither a bundle nor a training that has made one; finish it with --resume")
    signed = is_signed(folder)
    with TemporaryDirectory(prefix="tingshuo-save-") as work, _state(source, folder) if state else nullcontext() as kept:
        removed = _anonymized(folder, Path(work) / "anonymous", hide or ()) if anonymize else None
        folder = removed.folder if removed else folder
        if encrypt_to:
            folder = seal_bundle(folder, Path(work) / "sealed", encrypt_to)
        saved = keep(
            Registry(), folder, name=name, step=STEPS.get(bump), note=note, aliases=alias or (), state=kept, apart=anonymize
        )
    if as_json:
        told = {"record": saved.record.fields(), "path": str(saved.path), "signature_lost": signed}
        print_json(asdict(saved) | told | ({"removed": removed.fields} if removed else {}))
        return
    for line in (*(removed.lines if removed else ()), *(f"  {line}" for line in saved.changes)):
        typer.echo(line)
    label = saved.record.label
    if signed:
        typer.echo(f"  its signature is of what it was and is not kept; sign again: tingshuo sign {label} --key KEY")
    if saved.state_bytes:
        typer.echo(f"  with the state of its training, {saved.state_bytes / 1e6:.1f} MB, which is never sent anywhere")
    typer.echo(f"{label}: {saved.new_bytes / 1e6:.1f} MB are new. Try: tingshuo say 你好 --voice {label}")


class _Anonymous(NamedTuple):
    """A bundle without traces of people, and what was removed for that, for people and for machines."""

    folder: Path
    lines: list[str]
    fields: dict[str, Any]


def _anonymized(source: Path, folder: Path, names: Sequence[str]) -> _Anonymous:
    from tingshuo.store.anonymize import anonymize

    removed = anonymize(source, folder, names)
    lines = [f"  removed from {one.file}, {one.field}: {one.kind}, {one.count} times" for one in removed.traces]
    lines += [f"  {old} is now {new}" for old, new in removed.people.items()]
    return _Anonymous(folder, [*lines, *(f"  {sentence}" for sentence in removed.kept)], asdict(removed))


@contextmanager
def _state(source: Path, folder: Path) -> "Iterator[Source]":
    """Yield the state of a training in whose folder nobody writes meanwhile.

    Raises
    ------
    RequestError
        What is saved is a bundle by itself.
    TrainError
        Somebody trains in the folder, or it holds no training.
    """
    from tingshuo.app.cli.distill import train_extra

    if folder == source:
        raise RequestError(f"{source}: is a bundle, without a training whose state could be kept; leave out --state", "state")
    with train_extra():
        from tingshuo.train.run_folder import claimed
        from tingshuo.train.state import state_of
    with claimed(source):
        yield state_of(source)
