"""Pulling: every byte checked, the version there whole or not at all, wherever it is interrupted."""

import errno
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tingshuo.errors import BundleError, NotFoundError, OutputError, RegistryError
from tingshuo.store import remote_pull, remote_transfer
from tingshuo.store.backends.folder import Folder
from tingshuo.store.bundle import open_bundle, verify_bundle, write_bundle
from tingshuo.store.garbage import collect
from tingshuo.store.manifest import read_manifest
from tingshuo.store.registry import Registry
from tingshuo.store.remote import Store
from tingshuo.store.remote_pull import check_version, pull
from tingshuo.store.remote_push import push
from tingshuo.store.remote_transfer import Tell, blob_key
from tingshuo.store.saving import save

Make = Callable[..., Path]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
WEIGHTS = "weights/acoustic.safetensors"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_transfer, "PAUSES_S", ())


@pytest.fixture
def there(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "there")


@pytest.fixture
def here(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "here")


@pytest.fixture
def store(there: Registry, make: Make, tmp_path: Path) -> Store:
    """A place with tiny@1.0.0 and tiny@1.1.0, of which the first is ``prod``."""
    store = Store(Folder(tmp_path / "store"))
    save(there, make(0), note="begin")
    push(there, "tiny", store, aliases=["prod"])
    save(there, make(1))
    push(there, "tiny", store)
    return store


def shape(registry: Registry, label: str) -> dict[str, tuple[int, bytes]]:
    folder = registry.path(label).parent
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def versions(registry: Registry) -> list[str]:
    return [record.version for name in registry.names() for record in registry.history(name)]


def test_a_pulled_version_is_like_a_saved_one(store: Store, there: Registry, here: Registry) -> None:
    told: list[int] = []
    sizes: list[int] = []

    def begin(n_bytes: int) -> Tell:
        sizes.append(n_bytes)
        return told.append

    pulled = pull(here, [store], "tiny", "1.0.0", begin=begin)
    assert shape(here, "tiny@1.0.0") == shape(there, "tiny@1.0.0")
    assert pulled.record == there.find("tiny@1.0.0")
    assert [sum(told)] == sizes == [pulled.new_bytes]
    assert sorted(path.name for path in here.folder.iterdir()) == ["blobs", "lock", "voices"]
    assert verify_bundle(pulled.path).ok
    graph = "graphs/onnx/fp32/encoder.onnx"
    second = pull(here, [store], "tiny", "1.1.0")
    assert (second.path / graph).samefile(pulled.path / graph)
    assert set(here.blobs) == set(there.blobs)
    assert collect(here).blobs == ()


def test_aliases_follow_what_was_asked_for(store: Store, here: Registry) -> None:
    pull(here, [store], "tiny", "1.0.0", now=NOW)
    assert here.pointers("tiny").now() == {"current": "1.0.0"}
    assert pull(here, [store], "tiny", "", now=NOW).record.version == "1.1.0"
    assert here.pointers("tiny").now() == {"current": "1.1.0"}
    pulled = pull(here, [store], "tiny", "prod", now=NOW)
    assert (pulled.already, pulled.new_bytes, pulled.record.version) == (True, 0, "1.0.0")
    assert here.pointers("tiny").now() == {"current": "1.1.0", "prod": "1.0.0"}
    pull(here, [store], "tiny", "1.0.0", now=NOW)
    assert here.find("tiny").version == "1.1.0", "a version leaves the aliases where they are"


def test_another_name_leaves_the_manifest_as_it_was_signed(store: Store, here: Registry, make: Make) -> None:
    save(here, make(7))
    with pytest.raises(
        RegistryError, match=r"another tiny@1\.0\.0 is in the registry, .*; pull this one under another name with --as"
    ):
        pull(here, [store], "tiny", "1.0.0")
    pulled = pull(here, [store], "tiny", "1.0.0", local_name="guest")
    assert pulled.record.label == "guest@1.0.0"
    assert read_manifest(pulled.path).name == "tiny"
    assert pull(here, [store], "tiny", "1.0.0", local_name="guest").already
    assert push(here, "guest", store).already, "at the place it is what it was"
    for name in ("../x", "GUEST"):
        with pytest.raises(RegistryError, match=r"is no name for a voice|in case alone"):
            pull(here, [store], "tiny", "1.0.0", local_name=name)


def test_what_there_is_not_is_said(store: Store, here: Registry) -> None:
    with pytest.raises(NotFoundError, match=r"has no tiny@7\.0\.0; it has: tiny@1\.1\.0, tiny@1\.0\.0, tiny@prod"):
        pull(here, [store], "tiny", "7.0.0")
    assert not here.folder.exists()


def test_a_blob_that_was_damaged_here_is_fetched_again(store: Store, here: Registry) -> None:
    first = pull(here, [store], "tiny", "1.0.0")
    digest = open_bundle(first.path).manifest.files["graphs/onnx/fp32/encoder.onnx"].sha256
    here.blobs.path(digest).chmod(0o644)
    here.blobs.path(digest).write_bytes(b"gr\x00ph")
    assert verify_bundle(pull(here, [store], "tiny", "1.1.0").path).ok
    assert here.blobs.sound(digest)


def test_timbres_of_people_are_for_their_owner_alone(there: Registry, here: Registry, make: Make, tmp_path: Path) -> None:
    bundle = open_bundle(make(0))
    files: dict[str, Any] = {name: bundle.path / name for name in bundle.manifest.files}
    saved = save(there, write_bundle(tmp_path / "private", bundle.manifest.fields(), files | {"speakers/one.npy": b"timbre"}))
    store = Store(Folder(tmp_path / "store"))
    push(there, "tiny", store, with_private=True)
    pulled = pull(here, [store], "tiny")
    assert shape(here, "tiny") == shape(there, "tiny")
    assert (pulled.path / "speakers/one.npy").stat().st_mode & 0o777 == 0o400
    assert saved.record == pulled.record


def test_a_manifest_that_fits_files_that_do_not_is_not_installed(
    there: Registry, here: Registry, make: Make, tmp_path: Path
) -> None:
    import hashlib

    saved, store = save(there, make(0)), Store(Folder(tmp_path / "store"))
    record = push(there, "tiny", store).record
    fields = json.loads((saved.path / "manifest.json").read_text())
    content = b'{"family": "fastspeech", "unknown": 1}'
    fields["files"]["config.json"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    manifest = json.dumps(fields).encode()
    for blob in (content, manifest):
        store.backend.put(blob_key(hashlib.sha256(blob).hexdigest()), blob)
    hostile = record.replace(digest=hashlib.sha256(manifest).hexdigest())
    store.backend.put("voices/tiny/1.0.0.json", json.dumps(hostile.fields()).encode())
    with pytest.raises(BundleError, match=r"^tiny@1\.0\.0, as it was pushed/config\.json: .*"):
        pull(here, [store], "tiny")
    assert versions(here) == []
    assert [path for path in here.folder.rglob("*") if "voices" in path.parts and path.is_file()] == []


def test_two_who_pull_the_same_at_once_both_have_it(store: Store, here: Registry) -> None:
    outcomes: list[bool] = []
    begin = threading.Barrier(3)

    def work(version: str) -> None:
        begin.wait(20)
        outcomes.append(verify_bundle(pull(here, [store], "tiny", version).path).ok)

    threads = [threading.Thread(target=work, args=[version]) for version in ("1.0.0", "1.0.0", "1.1.0")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 3
    assert versions(here) == ["1.1.0", "1.0.0"]
    assert not (here.folder / "incoming").exists()


def test_garbage_that_is_collected_meanwhile_is_fetched_again(
    store: Store, here: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(here, [store], "tiny", "1.0.0")
    here.remove(here.find("tiny"))  # its blobs are garbage now, and yet sound
    real, rounds = remote_pull.keep, []

    def collected(*arguments: Any) -> None:
        rounds.append(bool(collect(here).blobs))
        real(*arguments)

    monkeypatch.setattr(remote_pull, "keep", collected)
    assert verify_bundle(pull(here, [store], "tiny", "1.0.0").path).ok
    assert len(rounds) == 2


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(
    store: Store, here: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_pull.shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(OutputError, match=r"MB are needed, 0\.0 MB are free on its disk"):
        pull(here, [store], "tiny")
    assert not (here.folder / "incoming").exists()


def test_a_disk_that_fills_up_leaves_nothing_half_installed(
    store: Store, here: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for place, name in ((remote_transfer.os, "fsync"), (remote_pull, "write_file"), (remote_pull.Registry, "writing")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, full)
            with pytest.raises(OutputError, match="No space left on device"):
                pull(here, [store], "tiny", "1.0.0")
        assert versions(here) == []
    assert verify_bundle(pull(here, [store], "tiny", "1.0.0").path).ok


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small disk needs root")
def test_a_really_full_disk(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode:
        pytest.skip("no tmpfs may be mounted here")
    try:
        registry = Registry(disk / "registry")
        pull(registry, [store], "tiny", "1.0.0")
        (disk / "ballast").write_bytes(b"0" * max(0, shutil.disk_usage(disk).free - 4096))
        monkeypatch.setattr(remote_pull, "_check_space", lambda *_: None)
        with pytest.raises(OutputError, match="No space left"):
            pull(registry, [store], "tiny", "1.1.0")
        assert versions(registry) == ["1.0.0"]
        (disk / "ballast").unlink()
        assert verify_bundle(pull(registry, [store], "tiny", "1.1.0").path).ok
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_killed_before_every_write_the_registry_opens_and_the_next_pull_completes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted: Callable[..., int]
) -> None:
    pull(Registry(tmp_path / "registry"), [store], "tiny", "1.0.0")
    steps = interrupted("pull", store.where)
    assert steps > 15
    monkeypatch.setattr(os, "fsync", lambda _: None)
    outcomes = []
    for step in range(1, steps + 1):
        registry = Registry(tmp_path / f"registry-{step}")
        outcomes.append(len(versions(registry)))
        collect(registry)
        assert pull(registry, [store], "tiny", "1.1.0").already == (outcomes[-1] == 2)
        assert all(registry.blobs.sound(digest) for digest in registry.digests(registry.find("tiny@1.1.0")))
        open_bundle(registry.path("tiny@1.1.0"))
        assert not [path for path in registry.folder.rglob("*") if path.name.endswith(".partial")]
        assert not (registry.folder / "incoming").exists()
    assert set(outcomes) == {1, 2}, "killed before and after the rename that makes it a version"


class Broken(Folder):
    """A folder from which one object cannot be read."""

    bad = ""

    def chunks(self, key: str, start: int = 0) -> Iterator[bytes]:
        if self.bad and key.endswith(self.bad):
            raise RegistryError("refused")
        return super().chunks(key, start)


def test_a_mirror_helps_with_the_record_and_the_manifest_too(store: Store, here: Registry, tmp_path: Path) -> None:
    record = store.record("tiny", "1.0.0")
    for number, bad in enumerate(("1.0.0.json", record.digest)):
        broken = Broken(tmp_path / "store")
        broken.bad = bad
        registry = Registry(tmp_path / f"mirrored-{number}")
        with pytest.raises(RegistryError, match="refused"):
            pull(registry, [Store(broken)], "tiny", "1.0.0")
        assert verify_bundle(pull(registry, [Store(broken), store], "tiny", "1.0.0").path).ok


def test_a_version_is_checked_where_it_lies(store: Store) -> None:
    told: list[int] = []
    report = check_version(store, "tiny", "prod", begin=lambda _: told.append)
    assert (report.ok, report.record.version, report.n_bytes) == (True, "1.0.0", sum(told))
    entry = json.loads(b"".join(store.backend.chunks(blob_key(report.record.digest))))["files"][WEIGHTS]
    path = Path(store.where) / blob_key(entry["sha256"])
    path.write_bytes(bytes(entry["size"]))
    report = check_version(store, "tiny", "prod")
    assert not report.ok
    assert [problem.partition(";")[0] for problem in report.problems] == [
        f"{WEIGHTS}: {path} does not hold what the manifest says"
    ]
    path.unlink()
    assert [problem.partition(";")[0] for problem in check_version(store, "tiny", "prod").problems] == [
        f"{WEIGHTS}: {path} is missing"
    ]
