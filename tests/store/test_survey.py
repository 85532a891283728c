"""Everything in a registry is read, whatever state it is in, and nothing is believed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tingshuo.errors import BundleError, RegistryError
from tingshuo.store import survey as module
from tingshuo.store.blobs import hash_file
from tingshuo.store.registry import Record, Registry
from tingshuo.store.saving import save
from tingshuo.store.survey import (
    contents_of,
    links_of,
    manifest_at,
    pointed,
    read_aliases,
    read_record,
    survey,
    versions_of,
)

TINY = ("tiny", "1.0.0")


@pytest.fixture
def registry(tmp_path: Path, make: Callable[..., Path]) -> Registry:
    registry = Registry(tmp_path / "registry")
    save(registry, make(0), aliases=["prod"])
    save(registry, make(1))
    return registry


def test_each_file_is_read_once(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    monkeypatch.setattr(module, "digest_of", lambda path: read.append(path) or hash_file(path))  # type: ignore[func-returns-value]
    shares: list[float] = []
    (place,) = survey([registry], shares.append)
    blobs = list(registry.blobs)
    assert (len(read), place.n_files) == (len(blobs), len(blobs))
    assert place.n_bytes == sum(registry.blobs.path(digest).stat().st_size for digest in blobs)
    assert place.digests == {path: hash_file(path) for path in place.digests}
    assert len(place.digests) == len(blobs) + 2 * 5, "blobs, and five files of each bundle"
    assert place.flaws == {}
    assert {label: record.version for label, record in place.records.items() if isinstance(record, Record)} == {
        ("tiny", "1.0.0"): "1.0.0",
        ("tiny", "1.1.0"): "1.1.0",
    }
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_what_cannot_be_read_is_said_and_the_rest_is_read(registry: Registry) -> None:
    blob = registry.blobs.path(next(iter(registry.blobs)))
    blob.unlink()
    blob.symlink_to(registry.folder / "lock")
    (registry.folder / "voices/tiny/1.0.0/record.json").unlink()
    (place,) = survey([registry], lambda _: None)
    assert place.flaws == {blob: "is a link or not a plain file"}
    assert place.records[TINY] == "is missing"
    assert isinstance(place.records["tiny", "1.1.0"], Record)


def test_a_folder_that_cannot_be_listed_is_said(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Registry) -> list[Path]:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module, "_files", broken)
    (place,) = survey([registry], lambda _: None)
    assert (place.records, place.flaws) == ({}, {registry.folder: "cannot be read: Input/output error"})


def test_links_are_not_followed(registry: Registry, tmp_path: Path) -> None:
    (registry.folder / "voices/tiny/1.1.0").rename(tmp_path / "elsewhere")
    link = registry.folder / "voices/tiny/1.1.0"
    link.symlink_to(tmp_path / "elsewhere")
    assert list(links_of(registry)) == [link]
    assert list(versions_of(registry)) == [TINY]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "1.0.1"}, r"is of tiny@1\.0\.1"),
        ({"digest": "../../x"}, "'../../x' is not a SHA-256"),
        ({"saved": "yesterday"}, "is damaged, Invalid isoformat"),
        ({"note": 1}, "is damaged, note: Expected `str`"),
    ],
)
def test_a_damaged_record_is_refused(registry: Registry, change: dict[str, object], message: str) -> None:
    path = registry.folder / "voices/tiny/1.0.0/record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(RegistryError, match=message + ".*tingshuo scrub heals"):
        read_record(registry, TINY)
    path.unlink()
    path.symlink_to(path.parent.parent / "1.1.0/record.json")
    with pytest.raises(RegistryError, match="is a link"):
        read_record(registry, TINY)


def test_a_manifest_is_that_of_its_version_and_hash(registry: Registry) -> None:
    digest = registry.find("tiny@1.0.0").digest
    path = registry.blobs.path(digest)
    manifest = manifest_at(path, digest, TINY)
    assert set(contents_of(manifest, digest).values()) == registry.digests(registry.find("tiny@1.0.0"))
    for label, wanted, message in (
        (TINY, "0" * 64, "is damaged, its SHA-256 is not"),
        (("tiny", "1.1.0"), digest, r"is the manifest of tiny@1\.0\.0, not of tiny@1\.1\.0"),
    ):
        with pytest.raises(BundleError, match=message):
            manifest_at(path, wanted, label)
    weights = registry.path("tiny@1.0.0") / "weights/acoustic.safetensors"
    with pytest.raises(BundleError, match="is not JSON"):
        manifest_at(weights, hash_file(weights), TINY)
    with pytest.raises(BundleError, match="is missing"):
        manifest_at(path.with_name("none"), digest, TINY)


def test_aliases_are_read_or_refused(registry: Registry) -> None:
    path = registry.folder / "voices/tiny/aliases.json"
    assert pointed(read_aliases(path)) == {"current": "1.1.0", "prod": "1.0.0"}
    assert read_aliases(path.with_name("none")) is None
    assert pointed(None) == {}
    path.write_text("{")
    with pytest.raises(RegistryError, match=r"aliases\.json: is damaged; tingshuo scrub"):
        read_aliases(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(RegistryError, match="not a plain file"):
        read_aliases(path)
