"""Signing bundles and checking them; signatures that are kept in ``signatures`` must fit for ever."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingshuo.errors import BundleError, OutputError, SignatureError
from tingshuo.store.bundle import open_bundle, verify_bundle, write_bundle
from tingshuo.store.sign import is_signed, sign_bundle, verify_signature
from tingshuo.store.sign_keys import KINDS, PrivateKey, make_key, read_private_key, read_public_key

KEPT = Path(__file__).parent / "signatures"
"""A bundle, and signatures of it with their public keys: each kind of key, and one that model-signing 1.1.1 made with P-384."""
CONFIG, GRAPH, WEIGHTS = "config.json", "graphs/onnx/fp32/encoder.onnx", "weights/acoustic.safetensors"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    path = tmp_path_factory.mktemp("keys") / "acme"
    make_key(path, "ed25519")
    return read_private_key(path)


@pytest.fixture
def signed(tiny: Path, key: PrivateKey) -> Path:
    """The tiny bundle, signed."""
    sign_bundle(tiny, key)
    return tiny


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def refused(folder: Path, key: PrivateKey, message: str) -> None:
    """Expect a signature not to fit, in one line that says why."""
    with pytest.raises(SignatureError, match=message) as caught:
        verify_signature(folder, [key.public])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [*KINDS, "model-signing"])
def test_signatures_of_every_earlier_version_fit(tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(KEPT / "bundle", tmp_path / "bundle"))
    shutil.copy(KEPT / f"{name}.json", folder / "signature.json")
    key = read_public_key(KEPT / f"{name}.pub")
    signed = verify_signature(folder, [key])
    assert (signed.key, signed.subject, len(signed.files)) == (key, "tiny", 4)
    (problem,) = verify_bundle(folder).problems  # it was signed before a family had to be one that is known
    assert "config.json: the family 'seed' is not known" in problem
    flip_a_byte(folder / GRAPH)
    with pytest.raises(SignatureError, match=r"encoder\.onnx: was changed after it was signed"):
        verify_signature(folder, [key])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_fits(tiny: Path, tmp_path: Path, kind: str) -> None:
    make_key(tmp_path / "key", kind)
    key = read_private_key(tmp_path / "key")
    assert not is_signed(tiny)
    made = sign_bundle(tiny, key)
    assert is_signed(tiny)
    found = verify_signature(tiny, [key.public])
    assert found == made
    assert (found.key.fingerprint, found.subject) == (key.public.fingerprint, "tiny")
    assert set(found.files) == {"manifest.json", CONFIG, GRAPH, WEIGHTS}
    assert (tiny / "signature.json").stat().st_mode & 0o777 == 0o644
    open_bundle(tiny, verify=True)


def test_a_signature_goes_with_its_bundle_under_another_name(signed: Path, key: PrivateKey) -> None:
    moved = signed.rename(signed.with_name("other"))
    moved.with_name("link").symlink_to(moved, target_is_directory=True)
    assert verify_signature(moved.with_name("link"), [key.public]).subject == "tiny"


def test_the_right_one_of_several_keys_is_told(signed: Path, key: PrivateKey, tmp_path: Path) -> None:
    others = [make_key(tmp_path / str(i)) for i in range(2)]
    assert verify_signature(signed, [*others, key.public]).key == key.public
    edit(signed, lambda document: document["verificationMaterial"]["publicKey"].clear())
    assert verify_signature(signed, [*others, key.public]).key == key.public


def test_another_key_is_refused(signed: Path, key: PrivateKey, tmp_path: Path) -> None:
    wrong = PrivateKey(make_key(tmp_path / "wrong"), key._key)
    shown = f"accepted: .*wrong.pub \\({wrong.public.fingerprint[:16]}\\)"
    refused(signed, wrong, f"signature.json: is by the key '{key.public.fingerprint[:16]}'; {shown}")
    edit(signed, lambda document: document["verificationMaterial"]["publicKey"].clear())
    refused(signed, wrong, f"signature.json: is by another key; {shown}")
    with pytest.raises(SignatureError, match="accepted: none"):
        verify_signature(signed, [])


def test_a_fingerprint_is_no_proof(signed: Path, key: PrivateKey, tmp_path: Path) -> None:
    """Somebody signs, and writes our fingerprint into the file."""
    make_key(tmp_path / "mallory")
    sign_bundle(signed, read_private_key(tmp_path / "mallory"), replace=True)
    edit(signed, lambda document: document["verificationMaterial"]["publicKey"].update(hint=key.public.fingerprint))
    refused(signed, key, r"signature.json: does not fit .*acme.* \(\w{16}\): it was changed, or was never made with this key")


def test_a_bundle_without_signature_is_refused(tiny: Path, key: PrivateKey) -> None:
    refused(tiny, key, "tiny: has no signature.json: it was not signed, or the signature was not copied")
    with pytest.raises(BundleError, match="there is no such folder"):
        verify_signature(tiny / "none", [key.public])


@pytest.mark.parametrize("name", [CONFIG, GRAPH, WEIGHTS])
def test_a_changed_file_is_named(signed: Path, key: PrivateKey, name: str) -> None:
    flip_a_byte(signed / name)
    refused(signed, key, f"{name}: was changed after it was signed; copy the bundle again$")


def test_a_changed_file_is_found_though_the_manifest_agrees(
    tmp_path: Path, signed: Path, key: PrivateKey, fields: dict[str, Any], files: dict[str, bytes]
) -> None:
    """Whoever changes a file can change the manifest too."""
    forged = write_bundle(tmp_path / "forged", fields, files | {GRAPH: b"grapf"})
    shutil.copy(signed / "signature.json", forged)
    open_bundle(forged, verify=True)
    refused(forged, key, r"manifest.json: is not the one that was signed, as 'tiny': .* \(the first of 2 problems\)")


def test_a_signature_of_another_bundle_is_refused(
    tmp_path: Path, signed: Path, key: PrivateKey, fields: dict[str, Any], files: dict[str, bytes]
) -> None:
    other = write_bundle(tmp_path / "other", fields | {"version": "1.0.1"}, files)
    shutil.copy(signed / "signature.json", other)
    refused(other, key, "manifest.json: is not the one that was signed, as 'tiny': .* copied from another bundle$")


@pytest.mark.parametrize("name", ["extra.onnx", ".hidden", "graphs/more.onnx", ".git/config", "graphs/signature.json"])
def test_a_file_that_is_not_signed_is_refused(signed: Path, key: PrivateKey, name: str) -> None:
    (signed / name).parent.mkdir(exist_ok=True)
    (signed / name).write_bytes(b"")
    refused(signed, key, f"{name}: is not covered by the signature; remove it")


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, "manifest.json"])
def test_a_missing_file_is_named(signed: Path, key: PrivateKey, name: str) -> None:
    (signed / name).unlink()
    refused(signed, key, f"{name}: is missing, and was signed; copy the bundle again")


def test_several_problems_are_counted(signed: Path, key: PrivateKey) -> None:
    flip_a_byte(signed / GRAPH)
    (signed / CONFIG).unlink()
    (signed / "extra").touch()
    refused(signed, key, r"config.json: is missing.* \(the first of 3 problems\)")


@pytest.mark.parametrize("name", [CONFIG, "manifest.json", "signature.json", "weights", "extra"])
def test_links_are_refused(signed: Path, key: PrivateKey, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    if (signed / name).exists():
        (signed / name).rename(outside)
    (signed / name).symlink_to(outside)
    refused(signed, key, f"{name}: is a link or not a plain file")


def test_what_is_no_file_is_not_read(signed: Path, key: PrivateKey) -> None:
    """A pipe that nobody writes to would be read for ever."""
    os.mkfifo(signed / "pipe")
    refused(signed, key, "pipe: is a link or not a plain file")
    (signed / "pipe").unlink()
    (signed / "signature.json").unlink()
    os.mkfifo(signed / "signature.json")
    refused(signed, key, "signature.json: is a link or not a plain file")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as a signature"),
        (b"{}", "cannot be read as a signature"),
        (b" " * (5 << 20), "is larger than 4194304 bytes"),
    ],
)
def test_a_file_that_is_no_signature_is_refused(signed: Path, key: PrivateKey, content: bytes, message: str) -> None:
    (signed / "signature.json").write_bytes(content)
    refused(signed, key, f"signature.json: {message}")


def test_a_signature_that_is_cut_off_is_refused(signed: Path, key: PrivateKey) -> None:
    content = (signed / "signature.json").read_bytes()
    (signed / "signature.json").write_bytes(content[: len(content) // 2])
    refused(signed, key, "cannot be read as a signature .*truncated")


def test_nothing_is_read_before_the_signature_fits(
    signed: Path, key: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what the payload says nor what the bundle holds."""
    for name in ("read_statement", "hash_file", "_walk"):
        monkeypatch.setattr(f"tingshuo.store.sign.{name}", None)
    (signed / "manifest.json").write_bytes(b"[" * 100_000)
    refused(signed, PrivateKey(make_key(tmp_path / "wrong"), key._key), "is by the key")
    monkeypatch.undo()
    refused(signed, key, "manifest.json: is not the one that was signed")


def test_a_signature_that_leaves_out_the_manifest_is_refused(
    signed: Path, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    (signed / "signature.json").unlink()
    with monkeypatch.context() as patch:
        patch.setattr("tingshuo.store.sign._walk", lambda _: iter([CONFIG, GRAPH, WEIGHTS]))
        sign_bundle(signed, key)
    refused(signed, key, r"signature.json: does not cover manifest.json.* \(the first of 2 problems\)")


def test_a_bundle_that_does_not_verify_is_not_signed(tiny: Path, key: PrivateKey) -> None:
    flip_a_byte(tiny / GRAPH)
    with pytest.raises(
        SignatureError, match=r"encoder\.onnx: its SHA-256 differs .*; a bundle is signed only when nothing is wrong"
    ):
        sign_bundle(tiny, key)
    (tiny / "manifest.json").unlink()
    with pytest.raises(BundleError, match="is not a bundle"):
        sign_bundle(tiny, key)
    assert not is_signed(tiny)


def test_a_linked_manifest_is_not_signed(tiny: Path, key: PrivateKey, tmp_path: Path) -> None:
    (tiny / "manifest.json").rename(tmp_path / "outside")
    (tiny / "manifest.json").symlink_to(tmp_path / "outside")
    with pytest.raises(SignatureError, match=r"manifest\.json: is a link"):
        sign_bundle(tiny, key)
    assert not is_signed(tiny)


def test_a_signature_is_replaced_only_on_request(signed: Path, key: PrivateKey, tmp_path: Path) -> None:
    make_key(tmp_path / "new", "p256")
    new = read_private_key(tmp_path / "new")
    with pytest.raises(OutputError, match=r"signature\.json: already exists; sign with --replace"):
        sign_bundle(signed, new)
    assert verify_signature(signed, [key.public])
    sign_bundle(signed, new, replace=True)
    assert verify_signature(signed, [new.public])


def test_a_link_in_place_of_a_signature_is_not_written_through(tiny: Path, key: PrivateKey, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tiny / "signature.json").symlink_to(tmp_path / "mine")
    with pytest.raises(OutputError, match="already exists"):
        sign_bundle(tiny, key)
    with pytest.raises(SignatureError, match=r"signature\.json: is a link"):
        sign_bundle(tiny, key, replace=True)
    assert (tmp_path / "mine").read_text() == "mine"


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what is not signed in a signature file."""
    path = folder / "signature.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@given(position=st.integers(0, 2000), byte=st.integers(0, 255))
def test_a_byte_that_is_changed_never_makes_another_statement(
    tmp_path_factory: pytest.TempPathFactory, position: int, byte: int
) -> None:
    """It is refused, or it was in what nobody relies on, and what is found is the same."""
    key = read_public_key(KEPT / "ed25519.pub")
    folder = tmp_path_factory.getbasetemp() / "flip"
    if not folder.exists():
        shutil.copytree(KEPT / "bundle", folder)
    content = bytearray((KEPT / "ed25519.json").read_bytes())
    (folder / "signature.json").write_bytes(content)
    whole = verify_signature(folder, [key])
    content[position % len(content)] = byte
    (folder / "signature.json").write_bytes(content)
    with suppress(SignatureError):
        assert verify_signature(folder, [key]) == whole
