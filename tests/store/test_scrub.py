"""Whatever is damaged is found; what is sound somewhere is sound everywhere afterwards; what is not is named."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tingshuo.errors import ConfigError, OutputError, RegistryError
from tingshuo.store import scrub as module
from tingshuo.store.bundle import verify_bundle
from tingshuo.store.forgotten import Forgotten, Row, write_forgotten
from tingshuo.store.mirrors import mirror
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save
from tingshuo.store.scrub import ScrubReport, scrub

Make = Callable[..., Path]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
OWN = {"lock", "mirrors.json"}
WEIGHTS = "voices/tiny/1.0.0/bundle/weights/acoustic.safetensors"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: no power fails here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def alone(tmp_path: Path, make: Make) -> Registry:
    """Two versions of a name."""
    registry = Registry(tmp_path / "registry")
    save(registry, make(0), note="begin", aliases=["prod"], now=NOW)
    save(registry, make(1), now=NOW)
    return registry


@pytest.fixture
def registry(alone: Registry, tmp_path: Path) -> Registry:
    """The same with the mirrors a and b."""
    mirror(alone, [tmp_path / "a", tmp_path / "b"])
    return alone


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: (path.read_bytes(), path.stat().st_mode & 0o777) for name, path in found.items() if name not in OWN}


def blob_of(folder: Path, name: str) -> Path:
    """Return the blob that a file of a bundle is a link to."""
    return next(path for path in (folder / "blobs").rglob("*") if path.is_file() and path.samefile(folder / name))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.chmod(0o644)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size // 2)


def test_what_is_sound_is_read_and_left_alone(registry: Registry, tmp_path: Path) -> None:
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*")}
    shares: list[float] = []
    report = scrub(registry, tell=shares.append)
    assert (report.ok, report.findings) == (True, ())
    assert report.folders == (registry.folder, tmp_path / "a", tmp_path / "b")
    blobs = [registry.blobs.path(digest).stat().st_size for digest in registry.blobs]
    assert (report.n_files, report.n_bytes) == (3 * len(blobs), 3 * sum(blobs))
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*")} == before
    assert shares[-1] == 1.0


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
def test_damage_anywhere_is_healed_to_the_last_byte(registry: Registry, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    before = snapshot(registry.folder)
    version = "voices/tiny/1.0.0"
    names = (WEIGHTS, f"{version}/bundle/manifest.json", f"{version}/record.json", "voices/tiny/aliases.json")
    for folder in (registry.folder, tmp_path / "a"):
        for path in (blob_of(folder, WEIGHTS), *(folder / name for name in names)):
            damage(path)
            found = scrub(registry, heal=False)
            assert path in [finding.path for finding in found.findings]
            assert all(folder in finding.path.parents and not finding.healed for finding in found.findings)
            report = scrub(registry)
            assert report.ok
            assert [finding.path for finding in report.findings] == [finding.path for finding in found.findings]
            for one in (registry, Registry(tmp_path / "a"), Registry(tmp_path / "b")):
                assert snapshot(one.folder) == before
                assert (one.folder / WEIGHTS).samefile(blob_of(one.folder, WEIGHTS))
    assert all(verify_bundle(registry.path(record.label)).ok for record in registry.history("tiny"))
    assert scrub(registry).findings == ()


def test_two_that_are_damaged_in_different_places_heal_each_other(alone: Registry, tmp_path: Path) -> None:
    mirror(alone, [tmp_path / "a"])
    before = snapshot(alone.folder)
    for place, (folder, other) in enumerate(((alone.folder, tmp_path / "a"), (tmp_path / "a", alone.folder))):
        flip(folder / f"voices/tiny/1.{place}.0/bundle/weights/acoustic.safetensors")
        flip(folder / f"voices/tiny/1.{1 - place}.0/bundle/manifest.json")
        cut(other / f"voices/tiny/1.{1 - place}.0/record.json")
    assert not scrub(alone, heal=False).ok
    assert scrub(alone).ok
    assert snapshot(alone.folder) == snapshot(tmp_path / "a") == before


def test_a_dry_run_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    flip(registry.folder / WEIGHTS)
    (tmp_path / "a" / WEIGHTS).unlink()
    before = {folder: snapshot(tmp_path / folder) for folder in ("registry", "a", "b")}
    report = scrub(registry, heal=False)
    assert [finding.problem for finding in report.findings] == [
        "is damaged: its SHA-256 differs",
        "is damaged: its SHA-256 differs",
        "is missing",
    ]
    assert {folder: snapshot(tmp_path / folder) for folder in before} == before


def test_what_is_sound_nowhere_is_named_and_the_rest_is_healed(registry: Registry, tmp_path: Path) -> None:
    for folder in ("registry", "a", "b"):
        flip(tmp_path / folder / WEIGHTS)
    cut(registry.folder / "voices/tiny/1.1.0/bundle/weights/acoustic.safetensors")
    digest = blob_of(registry.folder, WEIGHTS).name
    before = snapshot(tmp_path / "a")
    report = scrub(registry)
    left = [finding for finding in report.findings if not finding.healed]
    assert {finding.path for finding in left} == {
        tmp_path / folder / name for folder in ("registry", "a", "b") for name in (WEIGHTS, f"blobs/{digest[:2]}/{digest}")
    }
    assert {finding.problem for finding in left} == {"is damaged: its SHA-256 differs; no sound copy is known"}
    assert verify_bundle(registry.path("tiny@1.1.0")).ok
    assert snapshot(tmp_path / "a") == before


def test_alone_it_heals_what_it_can(alone: Registry) -> None:
    before = snapshot(alone.folder)
    (alone.folder / WEIGHTS).unlink()
    blob_of(alone.folder, "voices/tiny/1.1.0/bundle/config.json").unlink()
    (alone.folder / "voices/tiny/1.1.0/bundle/manifest.json").unlink()
    assert scrub(alone).ok
    assert snapshot(alone.folder) == before
    assert (alone.path("tiny") / "config.json").stat().st_nlink == 3, "two versions and the blob share it as before"
    cut(alone.folder / "voices/tiny/1.0.0/record.json")
    made = scrub(alone)
    assert made.ok
    assert made.findings[0].healed == "made from its manifest; the note is lost, and the time is that of the file"
    assert alone.find("tiny@1.0.0").note == ""
    cut(alone.folder / "voices/tiny/aliases.json")
    report = scrub(alone)
    assert not report.ok
    assert "no mirror has a sound one: remove it, and point the aliases anew" in report.findings[0].problem


def test_a_mirror_that_is_not_there_is_named(registry: Registry, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "a")
    flip(registry.folder / WEIGHTS)
    report = scrub(registry)
    assert [finding.path for finding in report.findings if not finding.healed] == [tmp_path / "a"]
    assert report.findings[0].problem.startswith("holds no mirror at the moment; attach its disk")
    assert report.folders == (registry.folder, tmp_path / "b")
    assert verify_bundle(registry.path("tiny@1.0.0")).ok


def test_a_mirror_that_cannot_be_written_heals_others(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_mirror = module.open_mirror

    def read_only(registry: Registry, folder: Path) -> Registry:
        found = open_mirror(registry, folder)

        def refuse() -> None:
            raise OutputError(f"{folder}: cannot be written: Read-only file system")

        monkeypatch.setattr(found, "writing", refuse)
        return found

    monkeypatch.setattr(module, "open_mirror", read_only)
    flip(registry.folder / WEIGHTS)
    assert scrub(registry).ok
    cut(tmp_path / "a/voices/tiny/1.0.0/record.json")
    report = scrub(registry)
    assert report.findings[0].problem.endswith("; cannot be written: Read-only file system")
    assert (report.ok, len(report.findings)) == (False, 1)


def test_while_somebody_writes_it_is_said(registry: Registry, tmp_path: Path) -> None:
    with registry.writing(), pytest.raises(RegistryError, match="somebody else is writing"):
        scrub(registry)
    with Registry(tmp_path / "a").writing():
        report = scrub(registry)
    assert [finding.path for finding in report.findings] == [tmp_path / "a"]
    assert "somebody else is writing to it" in report.findings[0].problem


def test_nothing_is_healed_with_what_was_forgotten(registry: Registry) -> None:
    digest = blob_of(registry.folder, WEIGHTS).name
    write_forgotten(registry, Forgotten([Row(digest="0" * 64, on="2026-03-01", blobs={digest: 1})]))
    flip(registry.folder / WEIGHTS)
    report = scrub(registry)
    problems = [finding.problem for finding in report.findings if not finding.healed]
    assert sum("it was forgotten at the wish of a person, and is not brought back" in problem for problem in problems) == 2
    assert sum("shares weights with what was forgotten" in problem for problem in problems) == 3, "the registry and two mirrors"


def test_a_damaged_list_of_mirrors_stops_it(registry: Registry) -> None:
    (registry.folder / "mirrors.json").write_text("{")
    flip(registry.folder / WEIGHTS)
    before = snapshot(registry.folder)
    with pytest.raises(ConfigError, match="give each mirror again"):
        scrub(registry)
    assert snapshot(registry.folder) == before


def test_where_nothing_was_saved_nothing_is_damaged(tmp_path: Path) -> None:
    assert scrub(Registry(tmp_path / "none")) == ScrubReport((), 0, 0, ())
    assert not (tmp_path / "none").exists()


def test_killed_before_every_write_the_next_run_completes(tmp_path: Path, make: Make, interrupted: Callable[..., int]) -> None:
    registry = Registry(tmp_path / "registry")
    save(registry, make(0), note="begin", now=NOW)
    mirror(registry, [tmp_path / "a"])
    before = snapshot(registry.folder)
    flip(registry.folder / WEIGHTS)
    for name in ("record.json", "bundle/manifest.json"):
        (registry.folder / "voices/tiny/1.0.0" / name).unlink()
    cut(registry.folder / "voices/tiny/aliases.json")
    steps = interrupted("scrub")
    assert steps > 20
    for copy in (tmp_path / f"registry-{step}" for step in range(1, steps + 1)):
        assert scrub(Registry(copy)).ok
        assert {name: found for name, found in snapshot(copy).items() if not name.endswith(".partial")} == before
    assert snapshot(tmp_path / "a") == before
