"""``tingshuo verify``: is a bundle what its manifest says."""

from dataclasses import asdict
from typing import Annotated

import typer

from tingshuo.errors import BundleError


def verify(
    bundle: Annotated[str, typer.Argument(help="A voice's name or the folder of a bundle.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a bundle against its manifest.

    Sizes and hashes of all files, the config, and the weights for NaN.

    Example:

      tingshuo verify default
    """
    from pathlib import Path

    from tingshuo.app.cli.output import print_json
    from tingshuo.store.bundle import verify_bundle
    from tingshuo.tasks.voices import find_voice, list_voices

    report = verify_bundle(find_voice(bundle) if bundle in list_voices() else Path(bundle))
    if as_json:
        print_json({**asdict(report), "ok": report.ok})
    else:
        for problem in report.problems:
            typer.echo(problem)
    if not report.ok:
        raise BundleError(f"{report.name} {report.version}: {len(report.problems)} of its files are not what the manifest says")
    if not as_json:
        typer.echo(
            f"{report.name} {report.version}: {report.n_files} files, {report.n_bytes / 1e6:.1f} MB, all as the manifest says"
        )
