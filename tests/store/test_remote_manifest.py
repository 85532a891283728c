"""Manifests from elsewhere are read only when they are what they should be."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import (
    BundleError,
    ConfigError,
    HashMismatchError,
    RegistryError,
    RequestError,
    SchemaVersionError,
    SignatureError,
)
from tingshuo.store.backends.folder import Folder
from tingshuo.store.registry import Registry
from tingshuo.store.remote import RemoteRecord, Store, signature_key
from tingshuo.store.remote_manifest import Contents, Trust, read_contents, read_trust
from tingshuo.store.remote_push import push
from tingshuo.store.remote_transfer import Places, blob_key
from tingshuo.store.saving import save
from tingshuo.store.sign import sign_bundle
from tingshuo.store.sign_keys import make_key, read_private_key

Make = Callable[..., Path]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Folder(tmp_path / "store"))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry")


@pytest.fixture
def record(registry: Registry, make: Make, store: Store) -> RemoteRecord:
    """The version tiny@1.0.0, which lies in the store."""
    save(registry, make(0))
    return push(registry, "tiny", store).record


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "acme")
    return tmp_path / "acme"


def read(store: Store, record: RemoteRecord, trust: Trust | None = None) -> Contents:
    return read_contents(Places([store.backend]), record, trust)


def test_a_manifest_that_is_right(store: Store, record: RemoteRecord) -> None:
    contents = read(store, record)
    assert (contents.manifest.name, contents.signature, contents.signer) == ("tiny", None, None)
    assert contents.sizes == {entry.sha256: entry.size for entry in contents.manifest.files.values()}


def placed(store: Store, record: RemoteRecord, content: bytes) -> RemoteRecord:
    """Have another manifest at the place, with a record that fits."""
    digest = hashlib.sha256(content).hexdigest()
    store.backend.put(blob_key(digest), content)
    return record.replace(digest=digest)


def test_other_bytes_are_not_looked_into(store: Store, record: RemoteRecord) -> None:
    store.backend.put(blob_key(record.digest), b"[" * 100_000)
    with pytest.raises(HashMismatchError, match=r"the manifest of tiny@1\.0\.0 is not the one that was pushed"):
        read(store, record)
    store.backend.put(blob_key(record.digest), b" " * ((4 << 20) + 1))
    with pytest.raises(RegistryError, match="larger than 4194304 bytes"):
        read(store, record)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (b"not JSON", BundleError, "cannot be read as JSON"),
        (b"[" * 100_000, BundleError, "cannot be read as JSON"),
        (b"[]", BundleError, "is not a JSON object"),
        ({"schema_version": 9}, SchemaVersionError, "update tingshuo"),
        ({"name": "other"}, BundleError, r"is that of other@1\.0\.0; what is stored there was mixed up"),
        ({"version": "3.0.0"}, BundleError, r"is that of tiny@3\.0\.0; what is stored there was mixed up"),
        (
            {"files": {"../../.bashrc": {"sha256": "0" * 64, "size": 1}}},
            BundleError,
            "is not a plain relative path inside the bundle",
        ),
        ({"files": {"config.json": {"sha256": "../../../x", "size": 1}}}, BundleError, "sha256"),
        ({"files": {"config.json": {"sha256": "0" * 64, "size": -1}}}, BundleError, "size"),
    ],
)
def test_a_manifest_of_a_hostile_place_is_refused(
    store: Store, record: RemoteRecord, change: bytes | dict[str, Any], kind: type[Exception], message: str
) -> None:
    old = json.loads(read(store, record).content)
    content = change if isinstance(change, bytes) else json.dumps(old | change).encode()
    with pytest.raises(kind, match=message) as raised:
        read(store, placed(store, record, content))
    assert "tiny@1.0.0" in str(raised.value)


def signed(registry: Registry, store: Store, key: Path) -> None:
    sign_bundle(registry.path("tiny"), read_private_key(key), replace=True)
    push(registry, "tiny", store)


def test_a_signature_that_fits(registry: Registry, store: Store, record: RemoteRecord, key: Path, tmp_path: Path) -> None:
    signed(registry, store, key)
    public = key.with_suffix(".pub")
    (tmp_path / "policy.yaml").write_text('voices: {"tin*": [acme.pub]}')
    for trust in (read_trust(public, None), read_trust(None, tmp_path / "policy.yaml")):
        signer = read(store, record, trust).signer
        assert signer is not None
        assert signer.kind == "p256"
    assert read_trust(None, None) is None


def test_no_signature_or_that_of_another_key_is_refused(
    registry: Registry, store: Store, record: RemoteRecord, key: Path, tmp_path: Path
) -> None:
    trust = read_trust(key.with_suffix(".pub"), None)
    with pytest.raises(SignatureError, match=r"signatures/tiny/1\.0\.0\.json: tiny@1\.0\.0 was not signed"):
        read(store, record, trust)
    make_key(tmp_path / "other")
    signed(registry, store, tmp_path / "other")
    with pytest.raises(SignatureError, match=r"the signature of tiny@1\.0\.0: is by the key .*; accepted: .*acme"):
        read(store, record, trust)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ('voices: {"anna": [acme.pub]}', "may not publish 'tiny', only anna"),
        ('voices: {"*": [acme.pub]}\nrevoked: [acme.pub]', r"policy\.yaml has revoked"),
        ('voices: {"*": [acme.pub]}\nnot_after: {acme.pub: 2020-01-01}', "accepts until 2020-01-01 only"),
    ],
)
def test_a_key_that_may_not_is_refused(
    registry: Registry, store: Store, record: RemoteRecord, key: Path, tmp_path: Path, policy: str, message: str
) -> None:
    signed(registry, store, key)
    (tmp_path / "policy.yaml").write_text(policy)
    with pytest.raises(SignatureError, match=message):
        read(store, record, read_trust(None, tmp_path / "policy.yaml"))


def test_the_signature_of_another_version_does_not_fit(
    registry: Registry, store: Store, record: RemoteRecord, key: Path, make: Make
) -> None:
    signed(registry, store, key)
    trust = read_trust(key.with_suffix(".pub"), None)
    old = json.loads(read(store, record).content)
    other = placed(store, record, json.dumps(old | {"licence": "MIT"}).encode())
    with pytest.raises(SignatureError, match=r"the signature of tiny@1\.0\.0: is of another manifest"):
        read(store, other, trust)


def test_a_signature_that_covers_other_files_does_not_fit(store: Store, record: RemoteRecord, key: Path) -> None:
    from tingshuo.store.sign_format import Statement, message_of, write_envelope, write_statement

    private = read_private_key(key)
    payload = write_statement(Statement("tiny", {"manifest.json": record.digest, "config.json": "0" * 64}))
    envelope = write_envelope(payload, private.sign(message_of(payload)), private.public.fingerprint)
    store.backend.put(signature_key("tiny", "1.0.0"), envelope)
    with pytest.raises(SignatureError, match="is not what was signed; ask for another signature"):
        read(store, record, read_trust(key.with_suffix(".pub"), None))


def test_the_signature_comes_before_the_manifest(store: Store, record: RemoteRecord, key: Path) -> None:
    store.backend.put(signature_key("tiny", "1.0.0"), b"{}")
    hostile = placed(store, record, b"[" * 100_000)
    with pytest.raises(SignatureError, match="cannot be read as a signature"):
        read(store, hostile, read_trust(key.with_suffix(".pub"), None))


def test_a_key_and_a_policy_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="exclude each other"):
        read_trust(tmp_path / "key", tmp_path / "policy")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_trust(None, tmp_path / "policy")
