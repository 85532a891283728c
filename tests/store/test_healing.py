"""How a file is healed: by a link of its own place first, never through a link, and with nothing sound touched."""

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tingshuo.store import copies
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import verify_bundle, write_bundle
from tingshuo.store.garbage import collect
from tingshuo.store.healing import Finding, Healer
from tingshuo.store.mirrors import mirror
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save
from tingshuo.store.survey import survey

Make = Callable[..., Path]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
GRAPH = "graphs/onnx/fp32/encoder.onnx"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: no power fails here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def two(tmp_path: Path, make: Make) -> tuple[Registry, Registry]:
    """A registry of two versions that share a graph, and its mirror."""
    registry = Registry(tmp_path / "registry")
    save(registry, make(0), aliases=["prod"], now=NOW)
    save(registry, make(1), now=NOW)
    mirror(registry, [tmp_path / "a"])
    return registry, Registry(tmp_path / "a")


def heal(*registries: Registry, closed: dict[Path, str] | None = None) -> list[Finding]:
    return Healer(survey(registries, lambda _: None), closed or {}).run()


def spoil(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"spoilt")


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, "no hard links here")


def test_a_blob_and_all_that_were_linked_to_it_are_one_file_again(two: tuple[Registry, Registry]) -> None:
    registry, copy = two
    graphs = [registry.path(f"tiny@1.{number}.0") / GRAPH for number in range(2)]
    spoil(graphs[0])
    found = heal(*two)
    assert [(finding.problem, finding.healed) for finding in found] == [
        ("is damaged: its SHA-256 differs", f"from {copy.folder}"),
        ("is damaged: its SHA-256 differs", "from a sound copy beside it"),
        ("is damaged: its SHA-256 differs", "from a sound copy beside it"),
    ]
    assert graphs[0].read_bytes() == b"graph"
    assert (graphs[0].stat().st_nlink, graphs[0].samefile(graphs[1])) == (3, True)


def test_without_hard_links_a_bundle_heals_its_blob_and_a_blob_its_bundle(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse)
    registry = Registry(tmp_path / "registry")
    save(registry, make(0))
    bundle = registry.path("tiny")
    blob = next(registry.blobs.path(d) for d in registry.blobs if registry.blobs.path(d).read_bytes() == b"graph")
    spoil(blob)
    (bundle / "config.json").unlink()
    spoil(bundle / "manifest.json")
    assert [finding.healed for finding in heal(registry)] == ["from a sound copy beside it"] * 3
    assert (blob.read_bytes(), blob.stat().st_mode & 0o777, blob.stat().st_nlink) == (b"graph", 0o444, 1)
    assert verify_bundle(bundle).ok
    assert heal(registry) == []


@pytest.mark.parametrize("what", ["blob", "file"])
def test_a_link_where_a_file_should_be_is_replaced_and_what_it_leads_to_is_not_touched(
    two: tuple[Registry, Registry], tmp_path: Path, what: str
) -> None:
    registry = two[0]
    path = registry.path("tiny") / GRAPH
    if what == "blob":
        path = next(registry.blobs.path(d) for d in registry.blobs if registry.blobs.path(d).samefile(path))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    found = heal(*two)
    assert [(finding.path, finding.problem) for finding in found] == [(path, "is a link or not a plain file")]
    assert found[0].healed
    assert not path.is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == path.read_bytes() == b"graph"


def test_an_empty_folder_where_a_file_should_be_goes_and_another_stays(two: tuple[Registry, Registry]) -> None:
    path = two[0].path("tiny") / GRAPH
    path.unlink()
    path.mkdir()
    (path / "letter").touch()
    found = heal(*two)
    assert "it cannot be written: Directory not empty" in found[0].problem
    assert found[1] == Finding(path / "letter", "is not listed in the manifest; look at it, and remove it")
    (path / "letter").unlink()
    assert [finding.healed for finding in heal(*two)] == ["from a sound copy beside it"]
    assert path.read_bytes() == b"graph"


def test_nothing_is_written_through_a_linked_folder(two: tuple[Registry, Registry], tmp_path: Path) -> None:
    registry = two[0]
    outside = tmp_path / "outside"
    (registry.path("tiny") / "graphs").rename(outside)
    (registry.path("tiny") / "graphs").symlink_to(outside)
    (outside / "onnx/fp32/encoder.onnx").unlink()
    found = {finding.path.relative_to(registry.path("tiny")).as_posix(): finding for finding in heal(*two)}
    assert found[GRAPH].problem == "lies in a linked folder; remove the link, and scrub again"
    assert found["graphs"].problem.startswith("is not listed in the manifest")
    assert not any(finding.healed for finding in found.values())
    assert [path for path in outside.rglob("*") if path.is_file()] == []
    (registry.path("tiny") / "graphs").unlink()
    assert all(finding.healed for finding in heal(*two))
    assert verify_bundle(registry.path("tiny")).ok


def test_a_linked_version_is_named(two: tuple[Registry, Registry], tmp_path: Path) -> None:
    folder = two[0].folder_of("tiny", "1.1.0")
    folder.rename(tmp_path / "outside")
    folder.symlink_to(tmp_path / "outside")
    found = heal(two[0])
    assert found[0] == Finding(folder, "is a link; a registry holds its folders itself")
    assert "current" in found[1].problem


def test_what_does_not_belong_into_a_bundle_is_named_and_stays(two: tuple[Registry, Registry]) -> None:
    bundle = two[0].path("tiny")
    (bundle / "extra").write_bytes(b"x")
    (bundle / "signature.json").write_text("{}")
    found = heal(*two)
    assert found == [Finding(bundle / "extra", "is not listed in the manifest; look at it, and remove it")]
    assert (bundle / "extra").exists()
    (bundle / "extra").unlink()
    (bundle / "signature.json").unlink()
    (bundle / "signature.json").symlink_to("config.json")
    assert heal(*two)[0].problem == "is a link or not a plain file; remove it, and sign the bundle again"


@pytest.mark.parametrize(("mode", "wanted"), [(0o644, 0o444), (0o600, 0o400), (0o777, 0o444), (0o200, 0o400)])
def test_blobs_are_read_only_again(two: tuple[Registry, Registry], mode: int, wanted: int) -> None:
    blob = two[0].blobs.path(next(iter(two[0].blobs)))
    blob.chmod(mode)
    if not os.access(blob, os.R_OK):
        pytest.skip("only root reads this")
    assert heal(*two) == [Finding(blob, f"has the permissions {mode:o}", f"now {wanted:o}")]
    assert blob.stat().st_mode & 0o777 == wanted


def test_a_disk_that_keeps_no_permissions_is_said(two: tuple[Registry, Registry], monkeypatch: pytest.MonkeyPatch) -> None:
    blob = two[0].blobs.path(next(iter(two[0].blobs)))
    blob.chmod(0o644)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    assert heal(*two) == [Finding(blob, "has the permissions 644; its disk keeps no permissions")]


def test_timbres_stay_private(tmp_path: Path, files: dict[str, bytes], fields: dict[str, object]) -> None:
    registry = Registry(tmp_path / "registry")
    save(registry, write_bundle(tmp_path / "source", fields, files | {"speakers/one.npy": b"timbre"}))
    mirror(registry, [tmp_path / "a"])
    path = registry.path("tiny") / "speakers/one.npy"
    path.chmod(0o444)
    assert heal(registry) == [Finding(registry.blobs.path(hash_file(path)), "has the permissions 444", "now 400")]
    spoil(path)
    assert all(finding.healed for finding in heal(registry, Registry(tmp_path / "a")))
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"timbre", 0o400)
    assert (Registry(tmp_path / "a").path("tiny") / "speakers/one.npy").stat().st_mode & 0o777 == 0o400


def test_a_version_that_an_alias_points_to_comes_back(two: tuple[Registry, Registry]) -> None:
    registry, copy = two
    registry.remove(registry.find("tiny@1.0.0"))
    collect(registry)
    found = heal(*two)
    assert found == [
        Finding(registry.folder_of("tiny", "1.0.0"), "is missing, and tiny@prod points to it", f"from {copy.folder}")
    ]
    assert verify_bundle(registry.path("tiny@prod")).ok
    assert heal(*two) == []


def test_a_pointer_to_nothing_is_named(two: tuple[Registry, Registry]) -> None:
    for registry in two:
        registry.remove(registry.find("tiny@1.0.0"))
    first, second = heal(*two)
    assert first.problem == (
        "is missing, and tiny@prod points to it; no mirror has it: point to another with tingshuo alias tiny@VERSION ALIAS"
    )
    assert (first.healed, second.healed) == ("", "")


def test_a_version_that_went_and_that_nothing_points_to_does_not_come_back(two: tuple[Registry, Registry]) -> None:
    registry = two[0]
    registry.point("tiny", "prod", "1.1.0")
    collect(registry, keep=1)
    assert heal(*two) == []
    assert [record.version for record in registry.history("tiny")] == ["1.1.0"]


def test_aliases_that_nobody_has_are_not_missed(two: tuple[Registry, Registry]) -> None:
    path = two[0].folder / "voices/tiny/aliases.json"
    path.unlink()
    assert heal(two[0]) == []
    assert [finding.problem for finding in heal(*two)] == ["is missing"]
    assert two[0].find("tiny@prod").version == "1.0.0"


def test_a_blob_of_no_version_that_is_damaged_is_named(two: tuple[Registry, Registry], tmp_path: Path) -> None:
    (tmp_path / "orphan").write_bytes(b"x")
    two[0].blobs.put(tmp_path / "orphan", "0" * 64)
    (found,) = heal(*two)
    assert found.problem == "is damaged: its SHA-256 differs; no version needs it, so tingshuo gc removes it"


def test_what_is_closed_is_only_looked_at(two: tuple[Registry, Registry]) -> None:
    spoil(two[0].path("tiny") / "config.json")
    found = heal(*two, closed={two[0].folder: "cannot be written"})
    assert {finding.problem for finding in found} == {"is damaged: its SHA-256 differs; cannot be written"}
    assert (two[0].path("tiny") / "config.json").read_bytes() == b"spoilt"


def test_a_full_disk_is_said_and_leaves_what_was(two: tuple[Registry, Registry], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = two[0].path("tiny") / "weights/acoustic.safetensors"
    spoil(path)
    monkeypatch.setattr(copies, "flush", full)
    found = heal(*two)
    assert found[0].problem == "is damaged: its SHA-256 differs; it cannot be written: No space left on device"
    assert path.read_bytes() == b"spoilt"
    monkeypatch.undo()
    assert all(finding.healed for finding in heal(*two))
    assert not list(two[0].folder.rglob(".*.partial"))
