"""Bundles: what is written can be opened, and what is damaged is refused with the file's name and the reason."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from tingshuo.errors import BundleError, HashMismatchError, OutputError, SchemaVersionError, SealedError
from tingshuo.store import bundle as bundle_module
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import open_bundle, verify_bundle, write_bundle

WEIGHTS = "weights/acoustic.safetensors"
GRAPH = "graphs/onnx/fp32/encoder.onnx"


def test_a_written_bundle_opens_and_gives_its_parts(tiny: Path) -> None:
    bundle = open_bundle(tiny)
    assert bundle.manifest.name == "tiny"
    assert bundle.config.speakers[0].name == "one"
    assert bundle.graph("encoder") == tiny / GRAPH
    np.testing.assert_array_equal(bundle.tensors(WEIGHTS)["weight"], np.arange(6).reshape(2, 3))
    assert {"python", "numpy", "tingshuo"} <= set(bundle.manifest.created_with)
    assert verify_bundle(tiny).ok


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]) -> None:
    first, second = (write_bundle(tmp_path / name, fields, files) for name in ("a", "b"))
    assert (first / "manifest.json").read_bytes() == (second / "manifest.json").read_bytes()


def test_a_file_that_is_not_listed_cannot_be_asked_for(tiny: Path) -> None:
    with pytest.raises(BundleError, match=r"lists no file '\.\./secret'"):
        open_bundle(tiny).tensors("../secret")


def test_a_newer_schema_is_refused(tiny: Path, edit_manifest: Callable[..., None]) -> None:
    edit_manifest(schema_version=7)
    with pytest.raises(SchemaVersionError, match="schema version 7 is not known"):
        open_bundle(tiny)


def test_an_unknown_key_is_refused(tiny: Path, edit_manifest: Callable[..., None]) -> None:
    edit_manifest(colour="red")
    with pytest.raises(BundleError, match="colour"):
        open_bundle(tiny)


def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voice.zip").write_bytes(b"PK")
    with pytest.raises(BundleError, match="is a file; a bundle is a folder"):
        open_bundle(tmp_path / "voice.zip")


def test_a_missing_file_is_refused(tiny: Path) -> None:
    (tiny / GRAPH).unlink()
    with pytest.raises(BundleError, match=r"encoder\.onnx: is missing"):
        open_bundle(tiny)


def test_a_file_of_another_size_is_refused(tiny: Path) -> None:
    with (tiny / WEIGHTS).open("ab") as file:
        file.write(b"x")
    with pytest.raises(HashMismatchError, match=r"acoustic\.safetensors: has \d+ bytes, the manifest says \d+"):
        open_bundle(tiny)


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_small_file_with_a_flipped_bit_is_refused_at_once(tiny: Path) -> None:
    flip_a_byte(tiny / GRAPH)
    with pytest.raises(HashMismatchError, match=r"encoder\.onnx: its SHA-256 differs"):
        open_bundle(tiny)


def test_a_large_file_with_a_flipped_bit_is_refused_when_verified(
    tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]
) -> None:
    files[WEIGHTS] = save({"weight": np.zeros(200_000, np.float32)})
    path = write_bundle(tmp_path / "large", fields, files)
    flip_a_byte(path / WEIGHTS)
    open_bundle(path)
    with pytest.raises(HashMismatchError, match=r"acoustic\.safetensors: its SHA-256 differs"):
        open_bundle(path, verify=True)
    assert not verify_bundle(path).ok


def test_a_link_is_refused_even_to_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    shutil.move(tiny / GRAPH, tmp_path / "outside.onnx")
    (tiny / GRAPH).symlink_to(tmp_path / "outside.onnx")
    with pytest.raises(BundleError, match=r"encoder\.onnx: is a link"):
        open_bundle(tiny)


def test_a_linked_folder_is_refused(tiny: Path, tmp_path: Path) -> None:
    shutil.move(tiny / "weights", tmp_path / "outside")
    (tiny / "weights").symlink_to(tmp_path / "outside", target_is_directory=True)
    with pytest.raises(BundleError, match="lies in a linked folder"):
        open_bundle(tiny)


def test_a_folder_in_place_of_a_file_is_refused(tiny: Path) -> None:
    (tiny / GRAPH).unlink()
    (tiny / GRAPH).mkdir()
    with pytest.raises(BundleError, match="not a plain file"):
        open_bundle(tiny)


def test_the_bundle_itself_may_be_reached_through_a_link(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tiny, target_is_directory=True)
    assert open_bundle(tmp_path / "link", verify=True).manifest.name == "tiny"


def test_a_config_that_contradicts_the_manifest_is_refused(tiny: Path, edit_manifest: Callable[..., None]) -> None:
    edit_manifest(speakers=["two"])
    with pytest.raises(BundleError, match=r"config\.json: speakers is \('one',\), but the manifest says \('two',\)"):
        open_bundle(tiny)


def test_an_unknown_key_in_the_config_is_refused(tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]) -> None:
    files["config.json"] = json.dumps(json.loads(files["config.json"]) | {"colour": 1}).encode()
    with pytest.raises(BundleError, match="colour"):
        write_bundle(tmp_path / "out", fields, files)
    assert os.listdir(tmp_path) == []


def test_verify_lists_every_problem(tiny: Path) -> None:
    flip_a_byte(tiny / GRAPH)
    flip_a_byte(tiny / "config.json")
    (tiny / WEIGHTS).unlink()
    (tiny / "extra.pickle").write_bytes(b"")
    (tiny / "more").symlink_to(tiny / "graphs", target_is_directory=True)
    report = verify_bundle(tiny)
    text = "\n".join(report.problems)
    for name in ("encoder.onnx: its SHA", "config.json: its SHA", "safetensors: is missing", "extra.pickle: is not listed"):
        assert name in text
    assert "more: is not listed" in text
    assert not report.ok


def test_a_weight_that_is_nan_is_not_written(tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]) -> None:
    files[WEIGHTS] = save({"weight": np.full(3, np.nan, np.float16)})
    with pytest.raises(BundleError, match="'weight' has a NaN"):
        write_bundle(tmp_path / "out", fields, files)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", ["../evil", "/evil", "a/../../evil", "manifest.json"])
def test_a_path_outside_is_refused_before_anything_is_written(
    tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes], path: str
) -> None:
    home = tmp_path / "home"
    with pytest.raises(BundleError):
        write_bundle(home / "out", fields, files | {path: b""})
    assert os.listdir(tmp_path) == []


def test_files_may_be_copied_or_made(tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]) -> None:
    (tmp_path / "model.onnx").write_bytes(b"copied")
    extra = {GRAPH: tmp_path / "model.onnx", "MODELCARD.md": lambda path: path.write_text("# Tiny")}
    out = write_bundle(tmp_path / "out", fields, {**files, **extra})
    assert (out / GRAPH).read_bytes() == b"copied"
    assert (out / "MODELCARD.md").read_text() == "# Tiny"


def test_speakers_are_for_the_owner_and_the_rest_for_all(tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]) -> None:
    out = write_bundle(tmp_path / "out", fields, files | {"speakers/me.npy": b"vector"})
    modes = {str(path.relative_to(out)): path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()}
    assert modes.pop("speakers/me.npy") == 0o600
    assert set(modes.values()) == {0o644}


def test_an_existing_bundle_is_replaced_only_on_request(tiny: Path, fields: dict[str, Any], files: dict[str, bytes]) -> None:
    newer = fields | {"version": "1.0.1"}
    with pytest.raises(OutputError, match="already exists"):
        write_bundle(tiny, newer, files)
    assert open_bundle(tiny).manifest.version == "1.0.0"
    write_bundle(tiny, newer, files, replace=True)
    assert open_bundle(tiny, verify=True).manifest.version == "1.0.1"
    assert os.listdir(tiny.parent) == ["tiny"]


@pytest.mark.parametrize("step", ["write_files", "entry_of", "parse_manifest", "write_file", "verify_bundle"])
def test_a_failed_write_keeps_the_old_bundle(
    tiny: Path, fields: dict[str, Any], files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(bundle_module, step, fail)
        with pytest.raises(OSError if step == "parse_manifest" else OutputError, match="No space left"):
            write_bundle(tiny, fields | {"version": "2.0.0"}, files, replace=True)
    assert os.listdir(tiny.parent) == ["tiny"]
    assert open_bundle(tiny, verify=True).manifest.version == "1.0.0"


def test_opening_does_not_read_the_large_files(tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes]) -> None:
    files[WEIGHTS] = save({"weight": np.zeros(200_000, np.float32)})
    path = write_bundle(tmp_path / "large", fields, files)
    hashed: list[str] = []

    def hasher(path: Path) -> str:
        hashed.append(path.name)
        return hash_file(path)

    open_bundle(path, hasher=hasher)
    assert sorted(hashed) == ["config.json", "encoder.onnx"]


CLONED: dict[str, Any] = {
    "cloned": ["one"],
    "consents": [
        {
            "speaker": "one",
            "given_by": "One",
            "given_on": "2026-05-01",
            "purpose": "Reading aloud.",
            "valid_until": "unlimited",
            "recording_sha256": "0" * 64,
        }
    ],
}


@pytest.mark.parametrize("name", ["speakers/one.npy", "speakers/ONE.npy"])
def test_the_timbre_of_a_person_is_encrypted_unless_asked_for_on_purpose(
    tmp_path: Path, fields: dict[str, Any], files: dict[str, bytes], name: str
) -> None:
    files[name] = b"vector"
    with pytest.raises(
        BundleError, match=r"out: the timbre of 'one', who was cloned .* unencrypted; encrypt it: write_voiceprint"
    ):
        write_bundle(tmp_path / "out", fields | CLONED, files)
    assert os.listdir(tmp_path) == []
    write_bundle(tmp_path / "asked", fields | CLONED, files, plain_voiceprints=True)
    write_bundle(tmp_path / "nobody", fields, files)
    del files[name]
    write_bundle(tmp_path / "encrypted", fields | CLONED, files | {f"{name}.age": b"vector"})


def test_an_encrypted_bundle_holds_nothing_that_is_not(tmp_path: Path, fields: dict[str, Any]) -> None:
    sealed = fields | {"graphs": {}, "sealed": {"recipients": ["age1"], "plain_sha256": "0" * 64}}
    age = b"age-encryption.org/v1\n"
    made = write_bundle(tmp_path / "out", sealed, {"config.json.age": age, "CHANGELOG.md": b"# Changelog"})
    with pytest.raises(SealedError, match="out: is encrypted; `tingshuo unseal`, or the key in TINGSHUO_SEAL_KEY_FILE, opens it"):
        _ = open_bundle(made).config
    for name, content in (("config.json", age), ("config.json.age", b"{}")):
        with pytest.raises(BundleError, match=rf"{name}: is not encrypted, but the manifest says so"):
            write_bundle(tmp_path / "plain", sealed, {name: content})
