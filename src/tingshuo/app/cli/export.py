"""``tingshuo export``: a bundle as one file."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def export(
    bundle: Annotated[str, typer.Argument(help="A voice's name, NAME@1.2.0, the folder of a bundle, or an archive of one.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file: .tar, .tar.gz, .tar.zst or .zip; NAME-VERSION.tar without it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Put it in place of a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Pack a bundle into one file.

    It is verified before, and its signature goes along; the same bundle becomes the same bytes. The file is taken wherever a
    bundle's folder is. Weights hardly shrink: .tar and .zip do not compress, .tar.zst saves a tenth and needs the zstd extra.

    Example:

      tingshuo export default -o anna.tar.zst

      tingshuo say 你好 --voice anna.tar.zst
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.archive_formats import TAR
    from tingshuo.store.archives import pack
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.voices import find_voice

    folder = find_voice(bundle)
    if output is None:
        manifest = read_manifest(folder)
        output = Path(f"{manifest.name}-{manifest.version}{TAR}")
    packed = pack(folder, output, replace=force)
    if as_json:
        print_json(asdict(packed) | {"path": str(packed.path)})
        return
    of = f"{packed.n_files} files of {packed.name} {packed.version}, {packed.n_bytes / 1e6:.1f} MB"
    typer.echo(f"{packed.path}: {packed.packed_bytes / 1e6:.1f} MB with {of}. Try: tingshuo say 你好 --voice {packed.path}")
    if packed.private:
        typer.echo("  There are timbres of people in it (speakers/): whoever has the file has them", err=True)
