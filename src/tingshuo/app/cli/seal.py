"""``tingshuo seal``: encrypt a voice for those who hold a key."""

from pathlib import Path
from typing import Annotated

import typer

from tingshuo.errors import RequestError


def seal(
    bundle: Annotated[str | None, typer.Argument(help="A voice's name or the folder of a bundle.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The folder to make.")] = None,
    to: Annotated[list[str] | None, typer.Option(help="Who can decrypt it: age1... or a file of it; may be repeated.")] = None,
    make_key: Annotated[Path | None, typer.Option(help="Make a key instead: its secret half here, FILE.pub beside it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Encrypt a bundle, or make a key.

    Every file is encrypted in the format of age (https://age-encryption.org), for one or more public keys. The copy can be
    verified, signed, saved and pushed without a key; to speak with it takes one. Its name, statements and changelog stay
    readable, and so do the names and sizes of its files. Needs the encrypt extra.

    Example:

      tingshuo seal --make-key keys/anna

      tingshuo seal my-voice -o sealed --to keys/anna.pub

      TINGSHUO_SEAL_KEY_FILE=keys/anna tingshuo say 你好 --voice ./sealed
    """
    if (bundle is None) == (make_key is None) or (bundle is None) != (output is None) or (bundle is None) != (not to):
        raise RequestError("give a bundle, -o FOLDER and --to to encrypt it, or --make-key alone to make a key")
    if make_key is not None:
        _make_key(make_key, as_json)
    elif bundle is not None and output is not None:
        _seal(bundle, output, to or [], as_json)


def _make_key(path: Path, as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.seal_keys import make_seal_key

    public = make_seal_key(path)
    if as_json:
        print_json({"recipient": public, "key": str(path), "public_key": f"{path}.pub"})
        return
    typer.echo(f"{path}: the secret key; keep it to yourself, and keep a copy: nothing opens what it opens but this")
    typer.echo(f"{path}.pub: the public key, {public}; give it to those who encrypt")


def _seal(bundle: str, output: Path, to: list[str], as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.manifest import read_manifest
    from tingshuo.store.sealing import seal_bundle
    from tingshuo.store.sign import is_signed
    from tingshuo.tasks.voices import find_voice

    source = find_voice(bundle)
    made = seal_bundle(source, output, to)
    manifest, signed = read_manifest(made), is_signed(source)
    recipients = manifest.sealed.recipients if manifest.sealed else ()
    size = sum(entry.size for entry in manifest.files.values())
    if as_json:
        told = {"path": str(made), "name": manifest.name, "version": manifest.version, "recipients": list(recipients)}
        print_json({**told, "n_files": len(manifest.files), "n_bytes": size, "signature_lost": signed})
        return
    if signed:
        typer.echo(f"  its signature is of the plain files and is not kept; sign again: tingshuo sign {made} --key KEY")
    typer.echo(f"{made}: {manifest.name} {manifest.version}, {len(manifest.files)} files, {size / 1e6:.1f} MB, encrypted for")
    for recipient in recipients:
        typer.echo(f"  {recipient}")
