"""``tingshuo forget``: remove a person's voice from this machine, and prove it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tingshuo.errors import RegistryError, RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tingshuo.store.forget import Asked, Certificate, Findings
    from tingshuo.store.holdings import Hit
    from tingshuo.store.registry import Registry


def forget(
    speaker: Annotated[str | None, typer.Argument(help="The speaker's name, to the letter; tingshuo voices lists them.")] = None,
    voice: Annotated[str | None, typer.Option(metavar="NAME", help="Only versions and bundles of this name.")] = None,
    run: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A training's folder, to be searched too; may be repeated.")
    ] = None,
    with_derived: Annotated[
        bool, typer.Option("--with-derived", help="Also versions that share weights, or may have learnt from a removed one.")
    ] = False,
    proof: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what was done and searched, JSON.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the digests of what was forgotten.")] = False,
    allow: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="Let in again what was forgotten, as the person agreed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Remove a person's voice and prove it.

    Every version with the speaker goes as a whole, from the registry, its mirrors and your bundles, with measurements and hashes.

    Then everything is searched again. Digests of what went are kept, so that it cannot come back. When something is outstanding,
    as with a mirror that is away, it is named and the exit code is 14.

    Example:

      tingshuo forget anna --dry-run

      tingshuo forget anna --run runs/anna --proof anna.json

      tingshuo forget --list
    """
    from tingshuo.store.registry import Registry

    if sum((speaker is not None, list_, allow is not None)) != 1:
        raise RequestError("give a SPEAKER, or --list, or --allow DIGEST")
    registry = Registry()
    if speaker is None:
        _list(registry, as_json) if list_ else _allow(registry, str(allow), as_json)
        return
    from tingshuo.store.forget import Asked, find
    from tingshuo.store.forget import forget as remove
    from tingshuo.tasks.voices import BUILT_IN

    asked = Asked(speaker, voice, tuple(run or ()), BUILT_IN, with_derived)
    found = find(registry, asked)
    if dry_run:
        _tell(asked, found, as_json)
        return
    if not yes and found.hits:
        _confirm(asked, found)
    done = remove(registry, asked)
    if proof is not None:
        done.write(proof)
    _report(done, as_json)
    if not done.complete:
        raise RegistryError(f"forgetting {speaker!r} is not complete: {len(done.outstanding)} things are outstanding")


def _list(registry: "Registry", as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.forgotten import read_forgotten

    rows = read_forgotten(registry).rows
    if as_json:
        print_json({"forgotten": [row.fields() for row in rows]})
        return
    for row in rows:
        typer.echo(f"{row.digest}  {row.on}  {len(row.blobs)} files of its own")
        for digest in row.blobs:
            typer.echo(f"  {digest}")
    if not rows:
        typer.echo("Nothing was forgotten.")


def _allow(registry: "Registry", digest: str, as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.forgotten import allow

    whole = allow(registry, digest)
    if as_json:
        print_json({"allowed": whole})
    else:
        typer.echo(f"{whole} may come back; nothing brings it back by itself")


def _tell(asked: "Asked", found: "Findings", as_json: bool, *, err: bool = False) -> None:
    """Say what would go, and what would be outstanding."""
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.forget import hit_fields

    if as_json:
        outstanding = [{"what": one.what, "problem": one.problem} for one in found.outstanding]
        hits = [hit_fields(hit) for hit in found.hits]
        print_json({"speaker": asked.speaker, "would_go": hits, "n_bytes": found.n_bytes, "outstanding": outstanding})
        return
    for line in _lines(found.hits):
        typer.echo(line, err=err)
    for one in found.outstanding:
        typer.echo(f"{one.what}: {one.problem}", err=err)
    typer.echo(f"{len(found.hits)} things of {asked.speaker} would go, {found.n_bytes / 1e6:.1f} MB come free", err=err)


def _lines(hits: "Sequence[Hit]") -> "Iterator[str]":
    """Yield a line for each hit, and one for the blobs of each registry, whose digests nobody wants to read."""
    for hit in hits:
        if hit.what != "blob":
            yield f"{hit.what}  {hit.path}  {hit.label}".rstrip() + f"  {hit.size / 1e6:.1f} MB"
    blobs: dict[Path, list[int]] = {}
    for hit in hits:
        if hit.what == "blob":
            blobs.setdefault(hit.path.parents[1], []).append(hit.size)
    for folder, sizes in blobs.items():
        yield f"{len(sizes)} blobs  {folder}  {sum(sizes) / 1e6:.1f} MB"


def _confirm(asked: "Asked", found: "Findings") -> None:
    """Ask before anything goes.

    Raises
    ------
    RequestError
        The answer is no, or nobody can be asked.
    """
    import sys

    if sys.stdin is None or not sys.stdin.isatty():
        raise RequestError("nothing was removed: nobody can be asked here; look with --dry-run, then add --yes", "yes")
    _tell(asked, found, False, err=True)
    typer.echo("They cannot be had back. Remove them? 确定删除？[y/N] ", err=True, nl=False)
    if sys.stdin.readline().strip().casefold() not in ("y", "yes", "是"):
        raise RequestError("nothing was removed, as you did not say yes", "yes")


def _report(done: "Certificate", as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json

    if as_json:
        print_json(done.fields())
        return
    for line in _lines(done.removed):
        typer.echo(f"removed  {line}")
    for moved in done.aliases:
        typer.echo(f"{moved.alias} in {moved.place} was {moved.before} and is " + (moved.after or "gone"))
    for one in done.outstanding:
        typer.echo(f"outstanding  {one.what}: {one.problem}")
    files, size = sum(one.n_files for one in done.searched), sum(one.n_bytes for one in done.searched)
    where = f"{len(done.searched)} places, {files} files, {size / 1e6:.1f} MB"
    left = f"{len(done.outstanding)} things are outstanding" if done.outstanding else f"nothing of {done.speaker} is left"
    typer.echo(f"Searched again: {where}; {left}" + ("" if done.removed else "; nothing had to be removed"))
    typer.echo("Not searched: what was pushed or copied elsewhere, recordings, other runs, backups; the proof lists them.")
