"""Encrypt a bundle for those who hold a key, and open it again. Needs the ``encrypt`` extra.

Each file is encrypted alone, ``weights/acoustic.safetensors`` becomes ``weights/acoustic.safetensors.age``, and so is the whole
manifest, which becomes ``manifest.json.age``. What lies beside it is a bundle like any other, whose manifest lists the encrypted
files: it can be verified, signed, saved and pushed without a key. The chain that is followed when it is opened::

    signature.json (optional)   covers everything that lies in the folder
    └── manifest.json           name, version, statements; plain_sha256
        └── manifest.json.age   the manifest of what is encrypted, whose SHA-256 must be plain_sha256
            └── files           each must have the SHA-256 that the encrypted manifest says

So files cannot be exchanged, neither within a bundle nor between two. Name, version, parent and changelog are those outside,
for saving writes them without a key; every other statement must be the same outside and inside. A signature is checked before
anything is decrypted, on the folder as it lies; it is not one of what comes out, and does not go there.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tingshuo.errors import BundleError, HashMismatchError, OutputError, SealedError
from tingshuo.store import changelog
from tingshuo.store.atomic import Content, new_folder, write_file
from tingshuo.store.bundle import Bundle, entry_of, open_bundle, verify_bundle, write_bundle
from tingshuo.store.manifest import MANIFEST, FileEntry, Manifest, Sealing, parse_manifest
from tingshuo.store.seal_cipher import SUFFIX, decrypt_bytes, decrypt_file, encrypt_bytes, encrypt_file
from tingshuo.store.seal_folders import PrivateFolder, private_folder
from tingshuo.store.seal_keys import SEAL_KEY_FILE, SealKeys, find_seal_keys, home_key, read_recipients

SEALED_MANIFEST = MANIFEST + SUFFIX
_MAX_MANIFEST_BYTES = 5 << 20
"""Of the encrypted manifest: a little more than a plain one may have."""
_OWN_OUTSIDE = ("name", "version", "parent")
"""What saving writes, without a key."""
_NOT_COMPARED = (*_OWN_OUTSIDE, "created_with", "graphs", "files", "sealed")


class Unsealed:
    """A bundle that was decrypted into a folder for its owner alone; it goes when it is closed, or with the process.

    Parameters
    ----------
    folder : PrivateFolder
        Holds nothing but the bundle.
    """

    def __init__(self, folder: PrivateFolder) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The bundle's folder."""
        return self._folder.path

    def close(self) -> None:
        """Remove it. What is mapped into memory stays there."""
        self._folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()


def seal_bundle(source: str | os.PathLike[str], destination: str | os.PathLike[str], recipients: Sequence[str | Path]) -> Path:
    """Write an encrypted copy of a bundle.

    Parameters
    ----------
    source : path-like
        Folder of a sound bundle; it is read, not changed. Its signature, if it has one, is not copied.
    destination : path-like
        The folder to make.
    recipients : sequence of str or Path
        Who can decrypt it: public keys, ``age1...``, or files of them.

    Returns
    -------
    Path
        The destination.

    Raises
    ------
    SealedError
        The source is encrypted already.
    BundleError
        The source is damaged.
    RequestError
        No recipients, or one is not a public key.
    OutputError
        The destination exists or cannot be written; nothing is left behind.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    folder = Path(source)
    keys = read_recipients(recipients)
    report = verify_bundle(folder)
    if not report.ok:
        raise BundleError(report.problems[0])
    text = (folder / MANIFEST).read_bytes()
    manifest = parse_manifest(json.loads(text), str(folder / MANIFEST))
    if manifest.sealed is not None:
        raise SealedError(f"{folder}: is encrypted already; tingshuo unseal opens it, then it can be encrypted for others")
    files: dict[str, Content] = {SEALED_MANIFEST: encrypt_bytes(text, keys)}
    for name, entry in manifest.files.items():
        if name == changelog.NAME:
            files[name] = folder / name
        else:
            files[name + SUFFIX] = partial(_encrypt, folder / name, entry, keys)
    sealed = {"recipients": list(keys), "plain_sha256": sha256(text).hexdigest()}
    return write_bundle(destination, manifest.fields() | {"graphs": {}, "sealed": sealed}, files)


def unseal_bundle(path: str | os.PathLike[str], keys: SealKeys) -> Unsealed:
    """Decrypt a bundle for as long as it is needed, in memory where there is room.

    Parameters
    ----------
    path : path-like
        Folder of an encrypted bundle; its signature is not checked here.
    keys : SealKeys
        One of them must fit.

    Returns
    -------
    Unsealed
        A folder that `tingshuo.store.bundle.open_bundle` opens.

    Raises
    ------
    SealedError
        It is not encrypted, no key fits, a file was cut short, changed or exchanged, a statement was changed, or it holds another
        encrypted bundle. Nothing decrypted is left behind.
    BundleError
        It is damaged.
    OutputError
        There is no room.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    outer = _open_sealed(Path(path), keys)
    folder = private_folder(sum(entry.size for entry in outer.manifest.files.values()))
    try:
        _fill(folder.path, outer, keys)
        open_bundle(folder.path)
    except OSError as error:
        folder.close()
        raise OutputError(f"{folder.path}: cannot be written: {error.strerror or error}; set TMPDIR") from error
    except BaseException:
        folder.close()
        raise
    return Unsealed(folder)


def unseal_into(path: str | os.PathLike[str], destination: str | os.PathLike[str], keys: SealKeys) -> Path:
    """Decrypt a bundle into a folder that stays, for its owner alone.

    Returns
    -------
    Path
        The destination.

    Raises
    ------
    OutputError
        It exists or cannot be written; nothing is left behind.
    SealedError, BundleError, EngineNotInstalledError
        As `unseal_bundle`.
    """
    outer, destination = _open_sealed(Path(path), keys), Path(destination)
    with new_folder(destination) as folder:
        _fill(folder, outer, keys)
        report = verify_bundle(folder)
        if not report.ok:
            raise BundleError(report.problems[0].replace(str(folder), str(outer.path)))
    destination.chmod(0o700)
    return destination


def sealed_keys(bundle: Bundle, key: Path | None = None) -> SealKeys:
    """Return the keys that are at hand for an encrypted bundle; ``key`` is a file that is given.

    Raises
    ------
    SealedError
        The bundle is not encrypted, there is no key, or it cannot be read.
    EngineNotInstalledError
        The ``encrypt`` extra is missing.
    """
    sealing = _sealing(bundle)
    keys = find_seal_keys(key)
    if keys is None:
        raise SealedError(
            f"{bundle.path}: is encrypted for {', '.join(sealing.recipients)}, and there is no key; name its file in "
            f"{SEAL_KEY_FILE}, or put it at {home_key()}"
        )
    return keys


def readable(bundle: Bundle) -> Bundle:
    """Return a bundle whose files can be read: itself, or an encrypted one decrypted until the process ends.

    Raises
    ------
    SealedError, BundleError, OutputError, EngineNotInstalledError
        It is encrypted, and there is no key, or as `unseal_bundle`.
    """
    if bundle.manifest.sealed is None:
        return bundle
    return open_bundle(unseal_bundle(bundle.path, sealed_keys(bundle)).path)


def _encrypt(source: Path, entry: FileEntry, recipients: Sequence[str], destination: Path) -> None:
    if encrypt_file(source, destination, recipients) != entry.sha256:
        raise HashMismatchError(f"{source}: changed while it was encrypted; encrypt the bundle again")


def _open_sealed(folder: Path, keys: SealKeys) -> Bundle:
    """Open the bundle as it lies, and see that a key fits."""
    outer = open_bundle(folder)
    sealing = _sealing(outer)
    if not set(keys.recipients) & set(sealing.recipients):
        raise SealedError(
            f"{folder}: is encrypted for {', '.join(sealing.recipients)}; give the key of one of these, {keys.label} is that of "
            f"{', '.join(keys.recipients)}"
        )
    return outer


def _sealing(bundle: Bundle) -> Sealing:
    if bundle.manifest.sealed is None:
        raise SealedError(f"{bundle.path}: is not encrypted; there is nothing to unseal")
    return bundle.manifest.sealed


def _fill(folder: Path, outer: Bundle, keys: SealKeys) -> None:
    """Write what is encrypted, and see that it is what the manifests say."""
    inner, text = _inner_manifest(outer, keys)
    for name, entry in inner.files.items():
        if name != changelog.NAME:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            source = outer.path / (name + SUFFIX)
            if decrypt_file(source, folder / name, keys) != entry.sha256:
                raise SealedError(f"{source}: holds something else than {name}: files were exchanged; copy the bundle again")
    files = {name: entry.fields() for name, entry in inner.files.items() if name != changelog.NAME}
    if changelog.NAME in outer.manifest.files:
        files[changelog.NAME] = _copy_changelog(outer, folder)
    own = outer.manifest.fields()
    fields = inner.fields() | {key: own[key] for key in _OWN_OUTSIDE} | {"files": dict(sorted(files.items()))}
    if fields != inner.fields():
        checked = parse_manifest(fields, str(outer.path / SEALED_MANIFEST))
        text = json.dumps(checked.fields(), ensure_ascii=False, indent=1).encode() + b"\n"
    write_file(folder / MANIFEST, text, 0o600)


def _inner_manifest(outer: Bundle, keys: SealKeys) -> tuple[Manifest, bytes]:
    """Decrypt the manifest of what is encrypted; returns it and its bytes."""
    path, sealing = outer.file(SEALED_MANIFEST), _sealing(outer)
    if outer.manifest.files[SEALED_MANIFEST].size > _MAX_MANIFEST_BYTES:
        raise SealedError(f"{path}: larger than {_MAX_MANIFEST_BYTES} bytes, so it is not a manifest")
    text = decrypt_bytes(path.read_bytes(), keys, str(path))
    if sha256(text).hexdigest() != sealing.plain_sha256:
        raise SealedError(f"{path}: is that of another bundle: its SHA-256 is not the one in {MANIFEST}; copy the bundle again")
    inner = parse_manifest(_as_object(text, path), str(path))
    if inner.sealed is not None:
        raise SealedError(f"{path}: holds another encrypted bundle, which is not opened; a bundle is encrypted once")
    _compare(outer, inner)
    return inner, text


def _compare(outer: Bundle, inner: Manifest) -> None:
    """Refuse files that do not belong together, and statements that were changed."""
    expected = {name if name == changelog.NAME else name + SUFFIX for name in inner.files} | {SEALED_MANIFEST, changelog.NAME}
    there = {*outer.manifest.files, changelog.NAME}
    if expected != there:
        one = min(expected ^ there)
        raise SealedError(
            f"{outer.path / one}: {'is missing' if one in expected else 'does not belong here'}; copy the bundle again"
        )
    own, encrypted = outer.manifest.fields(), inner.fields()
    for key in encrypted:
        if key not in _NOT_COMPARED and own[key] != encrypted[key]:
            raise SealedError(
                f"{outer.path / MANIFEST}: {key} is not what was encrypted; such statements are changed in the plain bundle, "
                "which is then encrypted again"
            )


def _as_object(text: bytes, path: Path) -> Mapping[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SealedError(f"{path}: does not hold a manifest: {error}") from error
    if not isinstance(fields, dict):
        raise SealedError(f"{path}: does not hold a manifest")
    return fields


def _copy_changelog(outer: Bundle, folder: Path) -> dict[str, Any]:
    """Copy the changelog, which is not encrypted; returns what a manifest says of it."""
    copy = folder / changelog.NAME
    shutil.copyfile(outer.path / changelog.NAME, copy)
    copy.chmod(0o600)
    entry = entry_of(copy)
    if entry != outer.manifest.files[changelog.NAME]:
        raise HashMismatchError(f"{outer.path / changelog.NAME}: its SHA-256 differs from the manifest's; copy the bundle again")
    return entry.fields()
