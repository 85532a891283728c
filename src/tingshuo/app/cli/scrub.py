"""``tingshuo scrub``: find what a disk has damaged, and heal it."""

from typing import Annotated

import typer

from tingshuo.errors import BundleError


def scrub(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is damaged.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find damage in the registry and heal it.

    Read every file of the registry and its mirrors, and heal what is damaged from wherever it is sound.

    Nothing that is sound is touched, but for what tingshuo forget has forgotten, which is removed. What cannot be healed is
    named, and the exit code is 9 then.

    Example:

      tingshuo scrub

      tingshuo scrub --dry-run --json
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.progress import Progress
    from tingshuo.store.registry import Registry
    from tingshuo.store.scrub import scrub as read_and_heal

    with Progress("reading every file", 1.0) as bar:
        report = read_and_heal(Registry(), heal=not dry_run, tell=lambda share: bar.advance(share - bar.done))
    if as_json:
        findings = [{"path": str(f.path), "problem": f.problem, "healed": f.healed or None} for f in report.findings]
        folders = [str(folder) for folder in report.folders]
        counts = {"n_files": report.n_files, "n_bytes": report.n_bytes}
        print_json({"ok": report.ok, "folders": folders, **counts, "findings": findings})
    else:
        for found in report.findings:
            typer.echo(f"{found.path}: {found.problem}" + (f"; healed: {found.healed}" if found.healed else ""))
    damaged = sum(not found.healed for found in report.findings)
    if damaged:
        what = "are damaged; tingshuo scrub heals what it can" if dry_run else "could not be healed"
        raise BundleError(f"{damaged} of {len(report.findings)} places {what}")
    if not as_json:
        size = f"{len(report.folders)} registries, {report.n_files} files, {report.n_bytes / 1e6:.1f} MB"
        typer.echo(f"{size}: all sound" + (f", {len(report.findings)} healed" if report.findings else ""))
