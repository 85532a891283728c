"""SemVer, and how far a change must take a version."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tingshuo.config import FamilyConfig
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.store.manifest import Sealing
from tingshuo.store.versions import Change, Step, Version, changes, least_step


@pytest.fixture
def bundle(tiny: Path) -> Bundle:
    return open_bundle(tiny)


def other(bundle: Bundle, **fields: Any) -> Bundle:
    return dataclasses.replace(bundle, manifest=bundle.manifest.replace(**fields))


def with_file(bundle: Bundle, name: str) -> Bundle:
    entry = bundle.manifest.files["config.json"].replace(sha256="f" * 64)
    return other(bundle, files={**bundle.manifest.files, name: entry})


def test_versions_compare_as_numbers() -> None:
    assert Version.parse("1.10.0") > Version.parse("1.9.12")
    assert str(Version.parse("1.2.3-rc.1")) == "1.2.3"


@pytest.mark.parametrize("text", ["1.2", "1.2.x", "v1.2.3", "", "1.2.3.4", "1.2.٣"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        Version.parse(text)


@pytest.mark.parametrize(("step", "after"), [(Step.PATCH, "1.2.4"), (Step.MINOR, "1.3.0"), (Step.MAJOR, "2.0.0")])
def test_a_step_sets_what_is_below_it_to_nought(step: Step, after: str) -> None:
    assert str(Version.parse("1.2.3").next(step)) == after


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"sample_rate": 16000}, "sample_rate is 16000, it was 24000"),
        ({"speakers": ("two",)}, "speakers: one is gone"),
        ({"speakers": ("two", "one")}, "speakers: two is the default now, it was one"),
        ({"styles": ()}, "styles: plain is gone"),
        ({"languages": ("en",)}, "languages: zh-CN is gone"),
    ],
)
def test_what_callers_rely_on_is_a_major_change(bundle: Bundle, fields: dict[str, Any], what: str) -> None:
    found = changes(bundle, other(bundle, **fields))
    assert (found[0].step, found[0].what) == (Step.MAJOR, what)
    assert least_step(found) is Step.MAJOR


def test_phonemes_may_be_added_and_not_moved(bundle: Bundle) -> None:
    def with_phonemes(*phonemes: str) -> Bundle:
        return dataclasses.replace(bundle, held=bundle.config.replace(phonemes=phonemes))

    assert least_step(changes(bundle, with_phonemes("sil", "a", "b"))) is Step.MINOR
    assert least_step(changes(bundle, with_phonemes("a", "sil"))) is Step.MAJOR
    assert least_step(changes(bundle, with_phonemes("sil"))) is Step.MAJOR


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda b: other(b, speakers=("one", "two")), Step.MINOR),
        (lambda b: with_file(b, "weights/acoustic.safetensors"), Step.MINOR),
        (lambda b: with_file(b, "graphs/onnx/int8/encoder.onnx"), Step.MINOR),
        (lambda b: with_file(b, "MODELCARD.md"), Step.PATCH),
        (lambda b: other(b, licence="CC-BY-4.0"), Step.PATCH),
        (lambda b: b, Step.PATCH),
    ],
)
def test_other_changes_ask_for_less(bundle: Bundle, change: Callable[[Bundle], Bundle], step: Step) -> None:
    assert least_step(changes(bundle, change(bundle))) is step


def sealed(bundle: Bundle, digest: str, recipient: str = "age1a", **fields: Any) -> Bundle:
    """The bundle as it is when it is encrypted; every time the files have other bytes."""
    sealing = Sealing(recipients=(recipient,), plain_sha256=digest)
    entry = bundle.manifest.files["config.json"].replace(sha256=uuid4().hex * 2)
    other_files = {"config.json.age": entry, "manifest.json.age": entry}
    manifest = bundle.manifest.replace(sealed=sealing, graphs={}, files=other_files, **fields)
    return dataclasses.replace(bundle, manifest=manifest, held=None)


def test_of_encrypted_bundles_it_counts_what_they_hold(bundle: Bundle) -> None:
    old = sealed(bundle, "a" * 64)
    assert changes(old, sealed(bundle, "a" * 64)) == ()
    assert changes(old, sealed(bundle, "a" * 64, recipient="age1b")) == ()
    found = changes(old, sealed(bundle, "b" * 64))
    assert found == (Change(Step.MINOR, "what is encrypted differs"),)


def test_of_encrypted_bundles_the_statements_count_as_ever(bundle: Bundle) -> None:
    found = changes(sealed(bundle, "a" * 64), sealed(bundle, "b" * 64, speakers=("two",)))
    assert [change.step for change in found] == [Step.MAJOR, Step.MINOR, Step.MINOR]
    assert found[0].what == "speakers: one is gone"


def test_encrypting_the_same_bundle_is_packaging_and_another_one_more(bundle: Bundle) -> None:
    same = sealed(bundle, hash_file(bundle.path / "manifest.json"))
    assert changes(bundle, same) == changes(same, bundle) == ()
    found = [changes(*pair)[0] for pair in ((bundle, sealed(bundle, "a" * 64)), (sealed(bundle, "a" * 64), bundle))]
    assert found[0] == Change(Step.MINOR, "it is encrypted now, and what it holds may differ")
    assert found[1] == Change(Step.MINOR, "it is not encrypted now, and what it holds may differ")


def test_another_kind_of_model_is_a_major_change_and_another_vocoder_is_not(bundle: Bundle) -> None:
    def of(family: str, settings: FamilyConfig) -> Bundle:
        return dataclasses.replace(bundle, manifest=bundle.manifest.replace(family=family), held=settings)

    told = changes(bundle, of("sambert+kan_hifigan", FamilyConfig(family="sambert+kan_hifigan")))
    assert told[0] == Change(Step.MAJOR, "family is sambert, it was fastspeech")
    other = of("fastspeech+vocos", bundle.config.replace(family="fastspeech+vocos"))
    assert least_step(changes(bundle, other)) is Step.PATCH
