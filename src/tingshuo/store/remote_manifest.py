"""The manifest of a version at a place outside this machine, which says what there is to download.

Nothing of it is looked into before its SHA-256, and the signature where one is asked for, have been found right.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tingshuo.errors import BundleError, HashMismatchError, RequestError, SignatureError
from tingshuo.store.manifest import MANIFEST, Manifest, parse_manifest
from tingshuo.store.remote import MAX_MANIFEST_BYTES, RemoteRecord, Store, signature_key
from tingshuo.store.remote_transfer import Places, blob_key, read_small

if TYPE_CHECKING:
    from tingshuo.store.policy import Policy
    from tingshuo.store.sign_format import Statement
    from tingshuo.store.sign_keys import PublicKey


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signature is asked for: that of one of these keys, and where there is a policy, of one that it allows."""

    keys: "tuple[PublicKey, ...]"
    policy: "Policy | None" = None


def read_trust(key: Path | None, policy: Path | None) -> Trust | None:
    """Return what a public key or a policy asks for, None when there is neither.

    Raises
    ------
    RequestError
        There are both, or the key cannot be read.
    ConfigError
        The policy cannot be read.
    EngineNotInstalledError
        The ``sign`` extra is missing.
    """
    if key is not None and policy is not None:
        raise RequestError("--key and --policy exclude each other: give one of them", "key")
    if key is not None:
        from tingshuo.store.sign_keys import read_public_key

        return Trust((read_public_key(key),))
    if policy is not None:
        from tingshuo.store.policy import read_policy

        found = read_policy(policy)
        return Trust(found.keys, found)
    return None


@dataclass(frozen=True, slots=True)
class Contents:
    """What a version is made of.

    Parameters
    ----------
    content : bytes
        The manifest as it is stored.
    manifest : Manifest
        The same, read.
    signature : bytes or None
        ``signature.json`` as it is stored; checked only when that was asked for.
    signer : PublicKey or None
        Who signed, where that was asked for.
    """

    content: bytes
    manifest: Manifest
    signature: bytes | None
    signer: "PublicKey | None"

    @property
    def sizes(self) -> dict[str, int]:
        """Digests to bytes of the files, without the manifest, each once."""
        return {entry.sha256: entry.size for entry in self.manifest.files.values()}


def read_contents(places: Places, record: RemoteRecord, trust: Trust | None) -> Contents:
    """Read the manifest of a version, from the first place that has the right one.

    Parameters
    ----------
    places : Places
        Asked in their order.
    record : RemoteRecord
        The version.
    trust : Trust or None
        None does not look at the signature.

    Raises
    ------
    SignatureError
        There is no signature, or it is not of this manifest and the files that it lists, or the key may not publish the name.
    HashMismatchError
        No place has a manifest with the SHA-256 of the record.
    BundleError
        The manifest is not one, or is of another version.
    NotFoundError, RegistryError
        It is not there, too large, or cannot be read.
    """
    signature = places.first(lambda backend: _signature(Store(backend), record, trust))
    content = places.first(lambda backend: _manifest(Store(backend), record))
    source = f"the manifest of {record.label}"
    key, statement = _statement(signature, record, trust) if trust is not None and signature is not None else (None, None)
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{source}: cannot be read as JSON: {error}") from error
    if not isinstance(fields, dict):
        raise BundleError(f"{source}: is not a JSON object")
    manifest = parse_manifest(fields, source)
    if (manifest.name, manifest.version) != (record.name, record.version):
        raise BundleError(f"{source}: is that of {manifest.name}@{manifest.version}; what is stored there was mixed up")
    if statement is not None and key is not None and trust is not None:
        _check_files(manifest, statement, record)
        if trust.policy is not None:
            from tingshuo.store.policy import check_publisher

            check_publisher(key, manifest.name, trust.policy, record.label)
    return Contents(content, manifest, signature, key)


def _signature(store: Store, record: RemoteRecord, trust: Trust | None) -> bytes | None:
    content = store.signature(record)
    if content is None and trust is not None:
        raise SignatureError(f"{store.where}/{signature_key(record.name, record.version)}: {record.label} was not signed")
    return content


def _manifest(store: Store, record: RemoteRecord) -> bytes:
    content = read_small(store.backend, blob_key(record.digest), MAX_MANIFEST_BYTES)
    if hashlib.sha256(content).hexdigest() != record.digest:
        raise HashMismatchError(
            f"{store.where}/{blob_key(record.digest)}: the manifest of {record.label} is not the one that was pushed; "
            "it was damaged or changed there"
        )
    return content


def _statement(signature: bytes, record: RemoteRecord, trust: Trust) -> "tuple[PublicKey, Statement]":
    """Return who signed what, when that is somebody who may, and the manifest is what was signed."""
    from tingshuo.store.policy import check_key
    from tingshuo.store.sign import signed_statement

    source = f"the signature of {record.label}"
    key, statement = signed_statement(signature, trust.keys, source)
    if trust.policy is not None:
        check_key(key, trust.policy, record.label)
    if statement.files.get(MANIFEST) != record.digest:
        raise SignatureError(f"{source}: is of another manifest; the version was changed, or the signature is of another one")
    return key, statement


def _check_files(manifest: Manifest, statement: "Statement", record: RemoteRecord) -> None:
    listed = {name: entry.sha256 for name, entry in manifest.files.items()} | {MANIFEST: record.digest}
    differing = sorted(name for name, _ in listed.items() ^ dict(statement.files).items())
    if differing:
        raise SignatureError(f"the signature of {record.label}: {differing[0]} is not what was signed; ask for another signature")
