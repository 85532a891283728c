"""``tingshuo sign``: say who made a bundle, so that others can check it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.store.sign_keys import PublicKey


def sign(
    bundle: Annotated[str | None, typer.Argument(help="A voice's name or the folder of a bundle.")] = None,
    key: Annotated[Path | None, typer.Option(help="The private key to sign with, PEM.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put the signature in place of one that is there.")] = False,
    make_key: Annotated[Path | None, typer.Option(help="Make a key instead: its private half here, FILE.pub beside it.")] = None,
    kind: Annotated[str | None, typer.Option(help="With --make-key: p256, p384, p521 or ed25519; p256 without it.")] = None,
    password_env: Annotated[str | None, typer.Option(help="The environment variable that holds the key's password.")] = None,
    password_command: Annotated[str | None, typer.Option(help="A command that prints the key's password.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Sign a bundle, or make a key to sign with.

    The signature is signature.json in the bundle's folder, in the layout of OpenSSF Model Signing; it covers every file. The
    bundle has to be sound. Nothing is sent anywhere. Needs the sign extra.

    Example:

      tingshuo sign --make-key keys/acme

      tingshuo sign my-voice --key keys/acme

      tingshuo verify my-voice --key keys/acme.pub
    """
    if (bundle is None) == (make_key is None) or (bundle is None) != (key is None):
        raise RequestError("give a bundle and --key to sign it, or --make-key alone to make a key")
    if make_key is not None:
        if replace:
            raise RequestError("--replace is for signatures; a key is never overwritten", "replace")
        _make_key(make_key, kind, _password(password_env, password_command), as_json)
    elif bundle is not None and key is not None:
        if kind is not None:
            raise RequestError("--kind goes with --make-key; a key that is there has its kind", "kind")
        _sign(bundle, key, _password(password_env, password_command), replace, as_json)


def key_fields(key: "PublicKey") -> dict[str, Any]:
    """Return what is told of a key to machines."""
    return {"key": key.label, "kind": key.kind, "fingerprint": key.fingerprint}


def _make_key(path: Path, kind: str | None, password: str | None, as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.sign_keys import KINDS
    from tingshuo.store.sign_keys import make_key as make

    public = make(path, kind or KINDS[0], password)
    if as_json:
        print_json({**key_fields(public), "private_key": str(path), "protected": password is not None})
        return
    protection = "with a password" if password is not None else "without a password"
    typer.echo(f"{path}: the private key, {public.kind}, {protection}; keep it to yourself")
    typer.echo(f"{public.label}: the public key, {public.fingerprint}; give it to those who check")


def _sign(bundle: str, path: Path, password: str | None, replace: bool, as_json: bool) -> None:
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.archive_formats import is_archive
    from tingshuo.store.sign import sign_bundle
    from tingshuo.store.sign_format import SIGNATURE
    from tingshuo.store.sign_keys import read_private_key
    from tingshuo.tasks.voices import find_voice

    if is_archive(bundle):
        raise RequestError(f"{bundle}: is an archive; sign the folder that it was made of, then tingshuo export it", "bundle")
    folder = find_voice(bundle)
    signed = sign_bundle(folder, read_private_key(path, password), replace=replace)
    signature = folder / SIGNATURE
    if as_json:
        print_json({"signature": str(signature), **key_fields(signed.key), "n_files": len(signed.files)})
    else:
        typer.echo(f"{signature}: {len(signed.files)} files signed, {signed.key.kind} key {signed.key.fingerprint}")


def _password(variable: str | None, command: str | None) -> str | None:
    """Return the password, or None when there is none to be asked for.

    Raises
    ------
    RequestError
        Both are given, the variable is not set, or the command cannot be run or fails.
    """
    if variable is not None and command is not None:
        raise RequestError("--password-env and --password-command exclude each other: give one of them", "password_env")
    from tingshuo.store.key_files import from_command, from_environment

    if variable is not None:
        return from_environment(variable, "password_env")
    return None if command is None else from_command(command, "the password", "password_command")
