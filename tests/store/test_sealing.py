"""Encrypted bundles: bundles like any other without a key; with it, exactly what was encrypted or nothing at all."""

import json
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pyrage import x25519

from tingshuo.errors import BundleError, HashMismatchError, OutputError, RequestError, SealedError
from tingshuo.store import seal_cipher, seal_folders
from tingshuo.store.bundle import entry_of, open_bundle, verify_bundle, write_bundle
from tingshuo.store.manifest import read_manifest
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save
from tingshuo.store.seal_cipher import encrypt_bytes
from tingshuo.store.seal_keys import SEAL_KEY, SEAL_KEY_COMMAND, SEAL_KEY_FILE, SealKeys
from tingshuo.store.sealing import readable, seal_bundle, sealed_keys, unseal_bundle, unseal_into
from tingshuo.store.sign import sign_bundle, verify_signature
from tingshuo.store.sign_keys import make_key, read_private_key, read_public_key

WEIGHTS = "weights/acoustic.safetensors"
PLAIN = (b"graph", b"phonemes", b'"shape"', b"config.json", b"timbre of one")
"""Parts of the tiny bundle, one of each file, that must not be found where it is encrypted, nor after a failure."""


def new_keys(label: str) -> SealKeys:
    identity = x25519.Identity.generate()
    return SealKeys(label, (str(identity.to_public()),), (identity,))


KEYS, OTHERS = new_keys("mine"), new_keys("theirs")


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where bundles are decrypted to; no key is at hand."""
    place = tmp_path / "memory"
    place.mkdir()
    monkeypatch.setattr(seal_folders, "_places", lambda: iter([place]))
    monkeypatch.setattr(seal_folders, "in_memory", lambda _: True)
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    for variable in (SEAL_KEY, SEAL_KEY_FILE, SEAL_KEY_COMMAND):
        monkeypatch.delenv(variable, raising=False)
    return place


@pytest.fixture
def plain(tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]) -> Path:
    """A bundle with a timbre and a changelog."""
    more = {"speakers/one.npy": b"timbre of one", "CHANGELOG.md": b"# Changelog\n"}
    return write_bundle(tmp_path / "plain", fields, files | more)


@pytest.fixture
def sealed(plain: Path, tmp_path: Path) -> Path:
    """The same, encrypted for `KEYS`."""
    return seal_bundle(plain, tmp_path / "sealed", KEYS.recipients)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def relist(folder: Path, **changes: Any) -> None:
    """Write a manifest that fits the files, as somebody would who has changed them and has no key."""
    path = folder / "manifest.json"
    names = [name for name in content(folder) if name not in ("manifest.json", "signature.json")]
    fields = json.loads(path.read_text()) | {"files": {name: entry_of(folder / name).fields() for name in names}} | changes
    path.write_text(json.dumps(fields))


def refuse(folder: Path, match: str, keys: SealKeys = KEYS, error: type[Exception] = SealedError) -> None:
    """Both ways of decrypting fail with a sentence, and leave nothing where they worked."""
    base, before = folder.parent, sorted(os.listdir(folder.parent))
    with pytest.raises(error, match=match) as caught:
        unseal_bundle(folder, keys)
    assert "\n" not in str(caught.value)
    with pytest.raises(error, match=match):
        unseal_into(folder, base / "out", keys)
    assert sorted(os.listdir(base)) == before
    assert [path for path in (base / "memory").rglob("*") if path.parent != base / "memory"] == []


def test_what_was_encrypted_comes_back_byte_by_byte(plain: Path, sealed: Path, memory: Path, tmp_path: Path) -> None:
    with unseal_bundle(sealed, KEYS) as unsealed:
        assert memory in unsealed.path.parents
        assert unsealed.path.stat().st_mode & 0o777 == 0o700
        assert content(unsealed.path) == content(plain)
    assert list(memory.rglob("*/*")) == []
    made = unseal_into(sealed, tmp_path / "again", KEYS)
    assert content(made) == content(plain)
    assert {path.stat().st_mode & 0o077 for path in [made, *made.rglob("*")] if path.is_file() or path == made} == {0}
    assert verify_bundle(made).ok


def test_nothing_but_statements_and_names_can_be_read_without_a_key(plain: Path, sealed: Path) -> None:
    there = content(sealed)
    names = {f"{name}.age" for name in content(plain) if name != "CHANGELOG.md"} | {"manifest.json", "CHANGELOG.md"}
    assert set(there) == names
    for part in PLAIN:
        assert any(part in data for data in content(plain).values())
        assert not any(part in data for name, data in there.items() if name.endswith(".age"))
    outer, inner = read_manifest(sealed), read_manifest(plain)
    assert (outer.name, outer.version, outer.licence, outer.speakers) == (
        inner.name,
        inner.version,
        inner.licence,
        inner.speakers,
    )
    assert outer.graphs == {}
    assert outer.sealed is not None
    assert outer.sealed.recipients == KEYS.recipients
    assert outer.sealed.plain_sha256 == sha256((plain / "manifest.json").read_bytes()).hexdigest()
    assert (sealed / "speakers/one.npy.age").stat().st_mode & 0o777 == 0o600


def test_it_is_a_bundle_like_any_other_without_a_key(sealed: Path) -> None:
    assert verify_bundle(sealed).ok
    bundle = open_bundle(sealed, verify=True)
    with pytest.raises(SealedError, match="is encrypted; `tingshuo unseal`, or the key in TINGSHUO_SEAL_KEY_FILE"):
        _ = bundle.config


def test_each_of_several_keys_opens_it(plain: Path, tmp_path: Path) -> None:
    sealed = seal_bundle(plain, tmp_path / "both", KEYS.recipients + OTHERS.recipients)
    for keys in (KEYS, OTHERS):
        unseal_bundle(sealed, keys).close()


def test_encrypted_twice_the_bytes_differ_and_the_content_is_known_to_be_the_same(
    plain: Path, sealed: Path, tmp_path: Path
) -> None:
    again = seal_bundle(plain, tmp_path / "again", KEYS.recipients)
    assert (again / f"{WEIGHTS}.age").read_bytes() != (sealed / f"{WEIGHTS}.age").read_bytes()
    assert read_manifest(again).sealed == read_manifest(sealed).sealed


def test_saved_under_another_name_it_has_that_name_when_it_is_opened(sealed: Path, plain: Path) -> None:
    saved = save(Registry(), sealed, name="anna", note="新")
    assert verify_bundle(saved.path).ok
    with unseal_bundle(saved.path, KEYS) as unsealed:
        bundle = open_bundle(unsealed.path, verify=True)
        assert (bundle.manifest.name, bundle.manifest.version) == ("anna", "1.0.0")
        assert verify_bundle(unsealed.path).ok
        assert (unsealed.path / WEIGHTS).read_bytes() == (plain / WEIGHTS).read_bytes()
        assert "新" in (unsealed.path / "CHANGELOG.md").read_text()


def test_a_signature_covers_it_as_it_lies(sealed: Path, plain: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "acme", "ed25519")
    sign_bundle(sealed, read_private_key(tmp_path / "acme"))
    public = read_public_key(tmp_path / "acme.pub")
    signed = verify_signature(sealed, [public])
    assert {f"{WEIGHTS}.age", "manifest.json.age", "manifest.json"} <= set(signed.files)
    with unseal_bundle(sealed, KEYS) as unsealed:
        assert "signature.json" not in content(unsealed.path)
    again = seal_bundle(plain, tmp_path / "again", KEYS.recipients)
    shutil.copy(sealed / "signature.json", again / "signature.json")
    with pytest.raises(BundleError, match=r"manifest\.json: is not the one that was signed"):
        verify_signature(again, [public])


def test_a_signature_of_the_plain_files_is_not_taken_along(plain: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "acme", "ed25519")
    sign_bundle(plain, read_private_key(tmp_path / "acme"))
    assert not [name for name in content(seal_bundle(plain, tmp_path / "out", KEYS.recipients)) if "signature" in name]


def test_without_a_key_it_is_said_whose_would_do(sealed: Path, tmp_path: Path) -> None:
    sentence = (
        rf"is encrypted for {KEYS.recipients[0]}, and there is no key; name its file in TINGSHUO_SEAL_KEY_FILE, or put it at "
    )
    with pytest.raises(SealedError, match=sentence):
        sealed_keys(open_bundle(sealed))
    with pytest.raises(SealedError, match=sentence):
        readable(open_bundle(sealed))
    with pytest.raises(SealedError, match="none: cannot be read"):
        sealed_keys(open_bundle(sealed), tmp_path / "none")


def test_with_another_key_it_is_said_whose_would_do(sealed: Path) -> None:
    theirs = OTHERS.recipients[0]
    refuse(
        sealed,
        rf"sealed: is encrypted for {KEYS.recipients[0]}; give the key of one of these, theirs is that of {theirs}$",
        OTHERS,
    )


def test_a_manifest_that_lies_about_who_can_open_it_opens_nothing(sealed: Path) -> None:
    digest = json.loads((sealed / "manifest.json").read_text())["sealed"]["plain_sha256"]
    relist(sealed, sealed={"recipients": OTHERS.recipients, "plain_sha256": digest})
    refuse(sealed, r"manifest\.json\.age: is not encrypted for theirs", OTHERS)


def test_readable_is_what_can_be_read(sealed: Path, plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert readable(open_bundle(plain)).path == plain
    monkeypatch.setenv(SEAL_KEY, str(KEYS.identities[0]))
    assert readable(open_bundle(sealed)).config == open_bundle(plain).config


def test_a_plain_bundle_has_nothing_to_unseal(plain: Path) -> None:
    refuse(plain, "plain: is not encrypted; there is nothing to unseal")


def touch(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


TOUCHED = {
    "cut short": lambda data: data[:-1],
    "a flipped bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "not an age file": lambda data: b"hello",
}


@pytest.mark.parametrize("name", [WEIGHTS, "manifest.json"])
@pytest.mark.parametrize("how", TOUCHED)
def test_a_file_that_was_touched_is_named(sealed: Path, how: str, name: str) -> None:
    touch(sealed / f"{name}.age", TOUCHED[how])
    refuse(sealed, rf"{name}\.age: (has \d+ bytes, the|its SHA-256 differs from the) manifest", error=HashMismatchError)
    relist(sealed)  # and now the manifest has been made to fit
    said = (
        "is not an encrypted file of age" if how == "not an age file" else "was cut short or changed, so it cannot be decrypted"
    )
    refuse(sealed, rf"{name}\.age: {said}")


def test_files_exchanged_within_a_bundle_are_named(sealed: Path) -> None:
    one, other = sealed / "config.json.age", sealed / f"{WEIGHTS}.age"
    held = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(held)
    relist(sealed)
    refuse(sealed, r"age: holds something else than (config\.json|weights/acoustic\.safetensors): files were exchanged")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (WEIGHTS, rf"{WEIGHTS}\.age: holds something else than {WEIGHTS}: files were exchanged; copy the bundle again"),
        ("manifest.json", r"manifest\.json\.age: is that of another bundle: its SHA-256 is not the one in manifest\.json"),
    ],
)
def test_files_exchanged_between_bundles_for_the_same_key_are_named(
    sealed: Path, make: Callable[..., Path], tmp_path: Path, name: str, sentence: str
) -> None:
    other = seal_bundle(make(7), tmp_path / "other", KEYS.recipients)
    shutil.copy(other / f"{name}.age", sealed / f"{name}.age")
    relist(sealed)
    refuse(sealed, sentence)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"licence": "MIT"}, "licence"),
        ({"consent": "Everybody agreed."}, "consent"),
        ({"speakers": ["two"]}, "speakers"),
        ({"sample_rate": 16000}, "sample_rate"),
    ],
)
def test_a_statement_that_was_changed_outside_is_named(sealed: Path, changes: dict[str, Any], what: str) -> None:
    relist(sealed, **changes)
    refuse(sealed, rf"manifest\.json: {what} is not what was encrypted")


def test_a_file_more_or_fewer_is_named(sealed: Path) -> None:
    (sealed / "extra.age").write_bytes(encrypt_bytes(b"x", KEYS.recipients))
    relist(sealed)
    refuse(sealed, r"extra\.age: does not belong here")
    (sealed / "extra.age").unlink()
    (sealed / "config.json.age").unlink()
    relist(sealed)
    refuse(sealed, r"config\.json\.age: is missing")


def test_one_encrypted_bundle_does_not_go_into_another(sealed: Path, tmp_path: Path) -> None:
    with pytest.raises(SealedError, match="sealed: is encrypted already; tingshuo unseal opens it"):
        seal_bundle(sealed, tmp_path / "twice", KEYS.recipients)
    assert not (tmp_path / "twice").exists()
    text = (sealed / "manifest.json").read_bytes()
    (sealed / "manifest.json.age").write_bytes(encrypt_bytes(text, KEYS.recipients))
    relist(sealed, sealed={"recipients": KEYS.recipients, "plain_sha256": sha256(text).hexdigest()})
    refuse(sealed, r"manifest\.json\.age: holds another encrypted bundle, which is not opened")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_encrypted_in_place_of_a_manifest_is_refused(sealed: Path, text: bytes) -> None:
    (sealed / "manifest.json.age").write_bytes(encrypt_bytes(text, KEYS.recipients))
    relist(sealed, sealed={"recipients": KEYS.recipients, "plain_sha256": sha256(text).hexdigest()})
    refuse(sealed, r"manifest\.json\.age: does not hold a manifest")


@pytest.mark.parametrize("path", ["../evil", "/evil"])
def test_a_path_that_leaves_the_folder_is_refused_inside_too(sealed: Path, plain: Path, path: str) -> None:
    fields = read_manifest(plain).fields()
    fields["files"][path] = fields["files"]["config.json"]
    text = json.dumps(fields).encode()
    (sealed / "manifest.json.age").write_bytes(encrypt_bytes(text, KEYS.recipients))
    relist(sealed, sealed={"recipients": KEYS.recipients, "plain_sha256": sha256(text).hexdigest()})
    refuse(sealed, "is not a plain relative path", error=BundleError)


def test_a_changelog_that_was_changed_is_named(sealed: Path) -> None:
    touch(sealed / "CHANGELOG.md", lambda data: data + b"x")
    refuse(sealed, r"CHANGELOG\.md: has \d+ bytes", error=HashMismatchError)


def test_a_disk_that_fills_up_leaves_nothing(sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(100))
    put = seal_cipher._Stream._put

    def fill(stream: seal_cipher._Stream, data: bytes) -> int:
        if next(calls) % 4 == 3:
            raise OSError(28, "No space left on device")
        return put(stream, data)

    monkeypatch.setattr(seal_cipher._Stream, "_put", fill)
    refuse(sealed, "cannot be written: .*No space left on device", error=OutputError)
    with pytest.raises(OutputError, match=r"full: cannot be written: .*No space left"):
        seal_bundle(tmp_path / "plain", tmp_path / "full", KEYS.recipients)
    assert not list(tmp_path.glob("*full*"))


def test_where_there_is_no_room_nothing_is_begun(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal_folders, "_SPARE_BYTES", 1 << 62)
    with pytest.raises(OutputError, match=r"has .* MB for what is decrypted"):
        unseal_bundle(sealed, KEYS)


def test_only_a_sound_bundle_is_encrypted_and_only_for_somebody(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="say who can decrypt"):
        seal_bundle(plain, tmp_path / "out", [])
    touch(plain / WEIGHTS, TOUCHED["a flipped bit"])
    with pytest.raises(BundleError, match=rf"{WEIGHTS}: its SHA-256 differs"):
        seal_bundle(plain, tmp_path / "out", KEYS.recipients)
    assert not (tmp_path / "out").exists()


def test_a_file_that_changes_while_it_is_encrypted_is_noticed(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_first(*_: Any) -> list[Any]:
        touch(plain / WEIGHTS, TOUCHED["a flipped bit"])
        return [x25519.Recipient.from_str(KEYS.recipients[0])]

    monkeypatch.setattr(seal_cipher, "_public", change_first)
    with pytest.raises(HashMismatchError, match=r"safetensors: changed while it was encrypted; encrypt the bundle again"):
        seal_bundle(plain, tmp_path / "out", KEYS.recipients)
    assert not list(tmp_path.glob("*out*"))


def test_no_folder_is_overwritten(sealed: Path, plain: Path) -> None:
    with pytest.raises(OutputError, match="already exists"):
        seal_bundle(plain, sealed, KEYS.recipients)
    with pytest.raises(OutputError, match="already exists"):
        unseal_into(sealed, plain, KEYS)
