"""``tingshuo save``: keep a voice as the next version of its name."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tingshuo.errors import BundleError, RequestError

BUMPS = ("auto", "major", "minor", "patch")


def save(
    source: Annotated[Path, typer.Argument(help="Folder of a training, or of a bundle.")],
    name: Annotated[str | None, typer.Option(help="Of the voice; that of its manifest without it.")] = None,
    bump: Annotated[str, typer.Option(help="auto, major, minor or patch: how far from the last version.")] = "auto",
    note: Annotated[str, typer.Option(help="What is new, for the changelog.")] = "",
    alias: Annotated[list[str] | None, typer.Option(help="Let this alias point to it, such as prod; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Save a voice as its next version.

    Into the registry, where no version is ever overwritten.

    Versions follow SemVer: major when speakers, languages or the sample rate change or go, minor for other weights or graphs,
    patch for packaging; a step that is too small is refused. The voice then speaks by its name, NAME@1.2.0 or NAME@ALIAS.

    Example:

      tingshuo save run --name anna --bump minor --note "高音区更稳" --alias prod
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.manifest import MANIFEST
    from tingshuo.store.registry import Registry
    from tingshuo.store.saving import save as keep
    from tingshuo.store.sign import is_signed
    from tingshuo.store.versions import STEPS

    if bump not in BUMPS:
        raise RequestError(f"unknown bump {bump!r}; accepted: {', '.join(BUMPS)}", "bump")
    folder = next((folder for folder in (source, source / "bundle") if (folder / MANIFEST).is_file()), None)
    if folder is None:
        raise BundleError(f"{source}: is neither a bundle nor a training that has made one; finish it with --resume")
    saved = keep(Registry(), folder, name=name, step=STEPS.get(bump), note=note, aliases=alias or ())
    signed = is_signed(folder)
    if as_json:
        print_json(asdict(saved) | {"record": saved.record.fields(), "path": str(saved.path), "signature_lost": signed})
        return
    for line in saved.changes:
        typer.echo(f"  {line}")
    label = saved.record.label
    if signed:
        typer.echo(f"  its signature is of what it was and is not kept; sign again: tingshuo sign {label} --key KEY")
    typer.echo(f"{label}: {saved.new_bytes / 1e6:.1f} MB are new. Try: tingshuo say 你好 --voice {label}")
