"""``tingshuo unseal``: decrypt a voice into a folder."""

from pathlib import Path
from typing import Annotated

import typer


def unseal(
    bundle: Annotated[str, typer.Argument(help="A voice's name or the folder of an encrypted bundle.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to make; for its owner alone.")],
    key: Annotated[Path | None, typer.Option(help="The file of the secret key.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Decrypt a bundle for good.

    As to change it, or to encrypt it for others; speaking does not need this.

    Without --key the key is looked for in TINGSHUO_SEAL_KEY (the key itself), TINGSHUO_SEAL_KEY_FILE, the output of
    TINGSHUO_SEAL_KEY_COMMAND, and keys/seal.key under TINGSHUO_HOME. What was exchanged, cut short or changed is refused, and
    nothing is left behind. Needs the encrypt extra.

    Example:

      tingshuo unseal sealed -o plain --key keys/anna
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.bundle import open_bundle
    from tingshuo.store.sealing import sealed_keys, unseal_into
    from tingshuo.tasks.voices import find_voice

    sealed = open_bundle(find_voice(bundle))
    made = unseal_into(sealed.path, output, sealed_keys(sealed, key))
    manifest = open_bundle(made).manifest
    size = sum(entry.size for entry in manifest.files.values())
    if as_json:
        told = {"path": str(made), "name": manifest.name, "version": manifest.version}
        print_json({**told, "n_files": len(manifest.files), "n_bytes": size})
        return
    typer.echo(
        f"{made}: {manifest.name} {manifest.version}, {len(manifest.files)} files, {size / 1e6:.1f} MB, not encrypted any more"
    )
