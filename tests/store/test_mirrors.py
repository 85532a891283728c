"""A mirror gets everything that is sound, keeps what it has, and one that fails is no burden to the others."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tingshuo.errors import ConfigError, OutputError, RegistryError
from tingshuo.store import copies, mirrors
from tingshuo.store.bundle import verify_bundle
from tingshuo.store.copies import copy_checked
from tingshuo.store.mirror_list import known_mirrors
from tingshuo.store.mirrors import Mirrored, copy_version, mirror
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save

Make = Callable[..., Path]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
OWN = {"lock", "mirrors.json"}
"""What a registry does not share with its mirrors."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: no power fails here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def registry(tmp_path: Path, make: Make) -> Registry:
    """Two versions of one name, the second with files that the first has too, and one of another."""
    registry = Registry(tmp_path / "registry")
    save(registry, make(0), note="begin", aliases=["prod"], now=NOW)
    save(registry, make(1), note="高音区更稳", now=NOW)
    save(registry, make(2), name="other", now=NOW)
    return registry


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: (path.read_bytes(), path.stat().st_mode & 0o777) for name, path in found.items() if name not in OWN}


def spoil(path: Path, content: bytes = b"spoilt") -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def one(found: tuple[Mirrored, ...]) -> Mirrored:
    assert len(found) == 1
    return found[0]


def test_a_mirror_is_a_whole_registry_of_its_own(registry: Registry, tmp_path: Path) -> None:
    before = snapshot(registry.folder)
    shares: list[float] = []
    done = one(mirror(registry, [tmp_path / "disk/mirror"], shares.append))
    copy = Registry(tmp_path / "disk/mirror")
    assert (done.ok, done.folder, done.versions) == (True, copy.folder, ["other@1.0.0", "tiny@1.0.0", "tiny@1.1.0"])
    assert done.n_bytes == sum(copy.blobs.path(digest).stat().st_size for digest in copy.blobs)
    assert snapshot(copy.folder) == before == snapshot(registry.folder)
    assert (copy.find("tiny").version, copy.find("tiny@prod").version) == ("1.1.0", "1.0.0")
    weights = copy.path("tiny") / "weights/acoustic.safetensors"
    assert weights.stat().st_nlink == 2
    assert not weights.samefile(registry.path("tiny") / "weights/acoustic.safetensors")
    assert (shares, shares[-1]) == (sorted(shares), 1.0)


def test_known_mirrors_get_what_is_new_and_nothing_twice(registry: Registry, make: Make, tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    mirror(registry, [a])
    registry.rollback("tiny", now=NOW)
    save(registry, make(3), name="third", now=NOW)
    first, second = mirror(registry, [b])
    assert (first.folder, first.versions) == (a, ["third@1.0.0"])
    assert (second.folder, len(second.versions)) == (b, 4)
    assert snapshot(a) == snapshot(b) == snapshot(registry.folder)
    assert known_mirrors(registry) == (a, b)
    assert [(done.versions, done.n_bytes, done.ok) for done in mirror(registry)] == [([], 0, True)] * 2


def test_what_is_gone_from_the_registry_stays_in_the_mirror(registry: Registry, tmp_path: Path) -> None:
    mirror(registry, [tmp_path / "a"])
    registry.remove(registry.find("other"))
    assert one(mirror(registry)).ok
    assert verify_bundle(Registry(tmp_path / "a").path("other")).ok


def test_without_a_mirror_there_is_nothing_to_do(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no mirror is known; tingshuo mirror --to DIR makes one"):
        mirror(registry)
    (registry.folder / "mirrors.json").write_text("[]")
    with pytest.raises(ConfigError, match="remove the file"):
        mirror(registry)


def test_another_version_of_that_number_is_a_conflict(registry: Registry, make: Make, tmp_path: Path) -> None:
    copy = Registry(tmp_path / "a")
    theirs = save(copy, make(7), now=NOW).record
    before = snapshot(copy.folder)
    done = one(mirror(registry, [copy.folder]))
    conflict, aliases = done.problems
    ours = registry.find("tiny@1.0.0").digest
    assert conflict.startswith(f"tiny@1.0.0 is another version in {copy.folder} ({theirs.digest[:12]}...)")
    assert f"({ours[:12]}...)" in conflict
    assert "neither is overwritten" in conflict
    assert "the aliases of tiny stay as they were, as it lacks 1.0.0, which prod is" in aliases
    assert done.versions == ["other@1.0.0", "tiny@1.1.0"]
    assert before.items() <= snapshot(copy.folder).items()


def test_aliases_that_were_moved_in_the_mirror_stay(registry: Registry, tmp_path: Path) -> None:
    mirror(registry, [tmp_path / "a"])
    copy = Registry(tmp_path / "a")
    copy.point("tiny", "mine", "1.0.0")
    registry.point("tiny", "prod", "1.1.0")
    done = one(mirror(registry))
    assert "voices/tiny/aliases.json: mine was moved in another way than in" in done.problems[0]
    assert copy.find("tiny@prod").version == "1.0.0"
    (copy.folder / "voices/tiny/aliases.json").unlink()
    assert one(mirror(registry)).ok
    assert copy.find("tiny@prod").version == "1.1.0"


@pytest.mark.parametrize("what", ["weights/acoustic.safetensors", "manifest.json", "record.json", "aliases.json"])
def test_what_is_damaged_is_named_and_not_spread(registry: Registry, tmp_path: Path, what: str) -> None:
    folder = registry.folder_of("tiny", "1.1.0")
    path = {"record.json": folder / what, "aliases.json": folder.parent / what}.get(what, folder / "bundle" / what)
    spoil(path)  # of a bundle's file, its blob too
    done = one(mirror(registry, [tmp_path / "a"]))
    assert done.versions == ["other@1.0.0", "tiny@1.0.0", *(["tiny@1.1.0"] if what == "aliases.json" else [])]
    assert "is damaged" in done.problems[0]
    assert "tingshuo scrub heals what it can" in done.problems[0]
    assert not [name for name, (content, _) in snapshot(tmp_path / "a").items() if content == b"spoilt"]
    assert not (tmp_path / "a/voices/tiny/aliases.json").exists()
    assert verify_bundle(Registry(tmp_path / "a").path("other")).ok


def test_a_missing_blob_is_named(registry: Registry, tmp_path: Path) -> None:
    record = registry.find("other")
    registry.blobs.remove(record.digest)
    done = one(mirror(registry, [tmp_path / "a"]))
    assert done.problems[0] == f"{registry.blobs.path(record.digest)}: is missing; tingshuo scrub heals what it can"


def test_a_damaged_blob_of_the_mirror_does_not_get_into_a_new_version(registry: Registry, make: Make, tmp_path: Path) -> None:
    mirror(registry, [tmp_path / "a"])
    copy = Registry(tmp_path / "a")
    spoil(copy.path("tiny") / "config.json")
    save(registry, make(1), name="third", now=NOW)
    assert one(mirror(registry)).ok
    assert verify_bundle(copy.path("third")).ok


def test_one_that_fails_does_not_keep_the_others_from_it(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    failed, done = mirror(registry, [tmp_path / "a", tmp_path / "b"])
    assert failed.problems == [f"{tmp_path}/a: is not a folder; remove it, or choose another place for the mirror"]
    assert (done.ok, len(done.versions)) == (True, 3)
    assert known_mirrors(registry) == (tmp_path / "b",), "what never was a mirror is not remembered"


def test_a_mirror_that_is_not_there_is_not_made_anew_unless_asked(registry: Registry, tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    mirror(registry, [a, b])
    shutil.rmtree(a)
    failed, done = mirror(registry)
    assert "holds no mirror at the moment; attach its disk" in failed.problems[0]
    assert done.ok
    assert not a.exists()
    assert all(done.ok for done in mirror(registry, [a]))
    assert snapshot(a) == snapshot(b)


def test_a_full_disk_is_said_and_the_next_run_goes_on(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    n_copied = 0

    def fill(source: Path, destination: Path, *rest: object) -> int:
        nonlocal n_copied
        n_copied += a in destination.parents
        if n_copied == 7 and a in destination.parents:
            raise OSError(errno.ENOSPC, "No space left on device")
        return copy_checked(source, destination, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(mirrors, "copy_checked", fill)
    full, done = mirror(registry, [a, b])
    assert full.problems == [f"{a}: cannot be written: No space left on device"]
    assert full.versions == ["other@1.0.0"]
    assert done.ok
    monkeypatch.undo()
    assert [record.version for record in Registry(a).history("other")] == ["1.0.0"]
    assert all(done.ok for done in mirror(registry))
    assert snapshot(a) == snapshot(registry.folder)


def test_a_disk_that_goes_half_way_is_not_written_beside(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = tmp_path / "a"

    def go(*arguments: object) -> int:
        shutil.rmtree(a, ignore_errors=True)
        return copy_checked(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(mirrors, "copy_checked", go)
    gone, done = mirror(registry, [a, tmp_path / "b"])
    assert gone.problems == [f"{a}: cannot be written: No such file or directory"]
    assert done.ok
    assert not a.exists()


def test_a_disk_that_returns_other_bytes_is_noticed(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "flush", lambda path: spoil(path) if path.is_file() else None)
    done = one(mirror(registry, [tmp_path / "a"]))
    assert done.problems == [f"{tmp_path}/a: cannot be written: the disk returns other bytes than were written to it"]
    assert snapshot(tmp_path / "a") == {}


def test_without_hard_links_there_are_copies(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    assert one(mirror(registry, [tmp_path / "a"])).ok
    assert snapshot(tmp_path / "a") == snapshot(registry.folder)
    assert (Registry(tmp_path / "a").path("tiny") / "config.json").stat().st_nlink == 1


def test_a_signature_follows_its_version(registry: Registry, tmp_path: Path) -> None:
    mirror(registry, [tmp_path / "a"])
    (registry.path("tiny") / "signature.json").write_text("{}")
    assert one(mirror(registry)).ok
    assert snapshot(tmp_path / "a") == snapshot(registry.folder)
    (registry.path("tiny") / "signature.json").write_text("other")
    assert one(mirror(registry)).ok
    assert (Registry(tmp_path / "a").path("tiny") / "signature.json").read_text() == "{}", "what is there stays"


def test_while_somebody_writes_it_is_said(registry: Registry, tmp_path: Path) -> None:
    mirror(registry, [tmp_path / "a"])
    with registry.writing(), pytest.raises(RegistryError, match="somebody else is writing"):
        mirror(registry)
    with Registry(tmp_path / "a").writing():
        assert "somebody else is writing to it" in one(mirror(registry)).problems[0]


def test_a_version_that_is_there_is_not_copied_over(registry: Registry, tmp_path: Path) -> None:
    copy = Registry(tmp_path / "a")
    copy.folder.mkdir()
    assert copy_version(registry, copy, registry.find("tiny")) > 0
    with pytest.raises(OutputError, match="already exists"):
        copy_version(registry, copy, registry.find("tiny"))


def test_killed_before_every_write_both_open_and_the_next_run_completes(
    tmp_path: Path, make: Make, interrupted: Callable[..., int]
) -> None:
    registry = Registry(tmp_path / "registry")
    save(registry, make(0), aliases=["prod"])
    before = snapshot(registry.folder)
    steps = interrupted("mirror")
    assert steps > 60
    found = [Registry(tmp_path / f"mirror-{step}") for step in range(1, steps + 1)]
    versions = [[record.label for name in copy.names() for record in copy.history(name)] for copy in found]
    assert versions == sorted(versions), "a version is there, or it is not"
    assert [] in versions
    assert ["tiny@1.0.0"] in versions
    for copy in found:
        assert one(mirror(registry, [copy.folder])).ok
        assert snapshot(copy.folder) == before
        (registry.folder / "mirrors.json").unlink()
    assert snapshot(registry.folder) == before


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 kilobytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    command = ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs may be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_really_full_and_one_that_is_really_read_only(registry: Registry, disk: Path, tmp_path: Path) -> None:
    ballast = disk / ".ballast"
    ballast.write_bytes(b"0" * (shutil.disk_usage(disk).free - 24576))
    full, done = mirror(registry, [disk, tmp_path / "b"])
    assert "No space left" in full.problems[0]
    assert done.ok
    ballast.unlink()
    assert mirror(registry)[0].ok
    assert snapshot(disk) == snapshot(registry.folder)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    closed, done = mirror(registry)
    assert closed.problems == [f"{disk}: cannot be written: Read-only file system"]
    assert done.ok
