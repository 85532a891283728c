"""The manifest: strict keys, versions by name, paths that stay inside, and a published schema that is current."""

import json
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import BundleError, SchemaVersionError
from tingshuo.store.manifest import Manifest, check_relative_path, manifest_schema, parse_manifest, read_manifest

SCHEMA = Path(__file__).parents[2] / "docs" / "manifest.schema.json"
ENTRY = {"sha256": "0" * 64, "size": 1}


def parse(fields: dict[str, Any], **changes: Any) -> Manifest:
    names = ("config.json", "weights/acoustic.safetensors", "graphs/onnx/fp32/encoder.onnx")
    return parse_manifest({"schema_version": 1, "files": dict.fromkeys(names, ENTRY)} | fields | changes, "here")


def test_a_manifest_survives_json(fields: dict[str, Any]) -> None:
    manifest = parse(fields)
    assert parse_manifest(json.loads(json.dumps(manifest.fields())), "there") == manifest


@pytest.mark.parametrize("version", [2, 0, "1", None, True, 1.5, [1]])
def test_another_schema_version_is_refused_by_name(fields: dict[str, Any], version: Any) -> None:
    with pytest.raises(SchemaVersionError, match=r"schema version .* is not known here \(known: 1\); update tingshuo"):
        parse(fields, schema_version=version)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"colour": "red"}, "the whole file: Object contains unknown field `colour`"),
        ({"version": "1.0"}, "version"),
        ({"version": "01.0.0"}, "version"),
        ({"name": "../evil"}, "name"),
        ({"name": ""}, "name"),
        ({"sample_rate": 0}, "sample_rate"),
        ({"task": "dance"}, "task"),
        ({"languages": []}, "languages"),
        ({"files": {}}, "config.json is not among the files"),
        ({"files": {"config.json": ENTRY, "Config.json": ENTRY}}, "differ only in case"),
        ({"files": {"config.json": ENTRY, "manifest.json": ENTRY}}, "cannot list themselves"),
        ({"files": {"config.json": ENTRY}}, "not among the files"),
        ({"files": {"config.json": {"sha256": "abc", "size": 1}}}, "sha256"),
        ({"files": {"config.json": {"sha256": "0" * 64, "size": -1}}}, "size"),
    ],
)
def test_a_wrong_value_is_named(fields: dict[str, Any], changes: dict[str, Any], where: str) -> None:
    with pytest.raises(BundleError, match=where) as caught:
        parse(fields, **changes)
    assert str(caught.value).startswith("here: ")
    assert "\n" not in str(caught.value)


CONSENT = {
    "speaker": "one",
    "given_by": "Anna",
    "given_on": "2026-05-01",
    "purpose": "audio books",
    "valid_until": "unlimited",
    "recording_sha256": "0" * 64,
}


def test_a_clone_has_a_record_of_consent_that_survives_json(fields: dict[str, Any]) -> None:
    manifest = parse(fields, cloned=["one"], consents=[CONSENT, {**CONSENT, "valid_until": "2028-02-29"}])
    assert [one.valid_until for one in manifest.consents] == ["unlimited", "2028-02-29"]
    assert parse_manifest(json.loads(json.dumps(manifest.fields())), "there") == manifest
    assert parse(fields, consents=[CONSENT]).cloned == ()


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"cloned": ["one"]}, "'one' was cloned from a person, so consents needs a record of their consent"),
        ({"cloned": ["two"], "consents": [CONSENT]}, "cloned or consents name 'two', who is not among the speakers"),
        ({"consents": [{**CONSENT, "speaker": "two"}]}, "cloned or consents name 'two', who is not among the speakers"),
        ({"cloned": ["one"], "consents": [CONSENT], "licence": " "}, "a voice that was cloned from a person needs a licence"),
        ({"consents": [{**CONSENT, "given_on": "2026-02-30"}]}, "consents.*day"),
        ({"consents": [{**CONSENT, "given_on": "unlimited"}]}, "consents.*given_on"),
        ({"consents": [{**CONSENT, "valid_until": "2027-13-01"}]}, "consents.*month"),
        ({"consents": [{**CONSENT, "valid_until": "for ever"}]}, "consents.*valid_until"),
        ({"consents": [{**CONSENT, "valid_until": "2026-04-30"}]}, "it ends on 2026-04-30, before it was given on"),
        ({"consents": [{**CONSENT, "valid_until": ""}]}, "consents.*valid_until"),
        ({"consents": [{**CONSENT, "given_by": ""}]}, "consents.*given_by"),
        ({"consents": [{**CONSENT, "recording_sha256": "no"}]}, "consents.*recording_sha256"),
        ({"consents": [{key: value for key, value in CONSENT.items() if key != "valid_until"}]}, "consents.*valid_until"),
    ],
)
def test_what_no_person_can_have_agreed_to_is_named(fields: dict[str, Any], changes: dict[str, Any], where: str) -> None:
    with pytest.raises(BundleError, match=where) as caught:
        parse(fields, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["a", "a/b.c", "声音/词典.txt", "a-b_c.d/e f"])
def test_plain_paths_are_accepted(path: str) -> None:
    assert check_relative_path(path) == path


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "..", "a/../b", "./a", "a//b", "a/", "a\\b", "C:a", "a\0b", "a\nb", "a.", "a /b", "a*"]
)
def test_paths_that_could_leave_the_folder_are_refused(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(ValueError, match="is not a plain relative path"):
        check_relative_path(path)
    with pytest.raises(BundleError, match="is not a plain relative path"):
        parse(fields, files={"config.json": ENTRY, path: ENTRY})


def test_a_variant_is_found_and_a_missing_one_lists_the_others(fields: dict[str, Any]) -> None:
    manifest = parse(fields)
    assert manifest.variant("encoder", "fp32", "onnx").path == "graphs/onnx/fp32/encoder.onnx"
    with pytest.raises(BundleError, match="has no graph 'decoder'; it has: encoder"):
        manifest.variant("decoder", "fp32", "onnx")
    with pytest.raises(BundleError, match="has no variant onnx/int4; it has: onnx/fp32"):
        manifest.variant("encoder", "int4", "onnx")


def test_two_variants_of_a_kind_are_refused(fields: dict[str, Any]) -> None:
    fields["graphs"]["encoder"]["variants"] *= 2
    with pytest.raises(BundleError, match="two variants have the same engine and precision"):
        parse(fields)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a bundle, it has no manifest.json"),
        (b"{", "cannot be read as JSON"),
        (b"\xff", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b"[]", "is not a JSON object"),
        (b" " * (5 << 20), "larger than"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(BundleError, match=message):
        read_manifest(tmp_path)


def test_the_published_schema_is_current() -> None:
    expected = json.dumps(manifest_schema(), ensure_ascii=False, indent=2) + "\n"
    assert SCHEMA.read_text("utf-8") == expected, "run: python scripts/write_manifest_schema.py"
