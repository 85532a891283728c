"""Saving keeps everything or nothing, wherever it is interrupted."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import BundleError, OutputError, RegistryError
from tingshuo.store import saving
from tingshuo.store.blobs import Blobs
from tingshuo.store.bundle import open_bundle, verify_bundle
from tingshuo.store.forget import Asked, forget
from tingshuo.store.forgotten import Forgotten, Row, write_forgotten
from tingshuo.store.garbage import collect
from tingshuo.store.registry import Registry
from tingshuo.store.remote import open_store
from tingshuo.store.remote_push import push
from tingshuo.store.saving import save
from tingshuo.store.states import Source
from tingshuo.store.versions import Step

Make = Callable[..., Path]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry")


def test_the_first_version_is_that_of_the_bundle(registry: Registry, make: Make) -> None:
    saved = save(registry, make(0), note="begin", now=NOW)
    assert (saved.record.label, saved.changes) == ("tiny@1.0.0", ())
    assert verify_bundle(saved.path).ok
    bundle = open_bundle(saved.path)
    assert (bundle.path / "CHANGELOG.md").read_text() == "# Changelog\n\n## 1.0.0 - 2026-03-01\n\nbegin\n"
    assert bundle.manifest.parent is None
    assert saved.new_bytes == sum(registry.blobs.path(digest).stat().st_size for digest in registry.blobs)


def test_the_next_version_shares_what_did_not_change(registry: Registry, make: Make) -> None:
    first = save(registry, make(0), now=NOW)
    second = save(registry, make(1), step=Step.MINOR, note="高音区更稳", aliases=["prod"], now=NOW)
    assert second.record.label == "tiny@1.1.0"
    assert second.changes == ("weights/acoustic.safetensors differs",)
    graph = "graphs/onnx/fp32/encoder.onnx"
    assert (first.path / graph).samefile(second.path / graph)
    assert open_bundle(second.path).manifest.parent == "tiny@1.0.0"
    log = (second.path / "CHANGELOG.md").read_text()
    assert log.startswith(
        "# Changelog\n\n## 1.1.0 - 2026-03-01\n\n高音区更稳\n\n- weights/acoustic.safetensors differs\n\n## 1.0.0"
    )
    assert registry.pointers("tiny").now() == {"current": "1.1.0", "prod": "1.1.0"}
    assert verify_bundle(first.path).ok


def test_the_source_is_not_changed(registry: Registry, make: Make) -> None:
    source = make(0)
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    save(registry, source)
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before


def test_another_name_begins_anew(registry: Registry, make: Make) -> None:
    save(registry, make(0))
    saved = save(registry, make(0), name="other")
    assert saved.record.label == "other@1.0.0"
    assert open_bundle(saved.path).manifest.name == "other"
    assert registry.names() == ("other", "tiny")
    with pytest.raises(RegistryError, match="'TINY' differs from 'tiny' in case alone"):
        save(registry, make(1), name="TINY")


def test_without_a_step_the_version_goes_as_far_as_it_must(registry: Registry, make: Make) -> None:
    save(registry, make(0))
    assert save(registry, make(0, licence="MIT")).record.version == "1.0.1"
    assert save(registry, make(1)).record.version == "1.1.0"
    assert save(registry, make(1, speakers=["two"])).record.version == "2.0.0"
    assert save(registry, make(2, speakers=["two"], version="2.5.0")).record.version == "2.5.0", "as its maker says"
    assert save(registry, make(3, speakers=["two"], version="1.0.0")).record.version == "2.6.0", "never back"


@pytest.mark.parametrize(
    ("fields", "step", "message"),
    [
        ({"speakers": ["two"]}, Step.MINOR, r"cannot be a minor after tiny@1.0.0: speakers: one is gone; accepted: major"),
        ({"number": 1}, Step.PATCH, r"cannot be a patch .*weights/acoustic.safetensors differs; accepted: minor, major"),
    ],
)
def test_a_step_that_is_too_small_is_refused(
    registry: Registry, make: Make, fields: dict[str, Any], step: Step, message: str
) -> None:
    save(registry, make(0))
    with pytest.raises(RegistryError, match=message):
        save(registry, make(fields.pop("number", 0), **fields), step=step)
    assert len(registry.history("tiny")) == 1


def test_what_has_not_changed_is_no_new_version(registry: Registry, make: Make) -> None:
    saved = save(registry, make(0))
    for source in (make(0), saved.path):
        with pytest.raises(RegistryError, match=r"nothing has changed since tiny@1\.0\.0"):
            save(registry, source, step=Step.MAJOR)


def test_a_damaged_source_is_refused_and_leaves_no_blob(registry: Registry, make: Make) -> None:
    source = make(0)
    path = source / "weights/acoustic.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(BundleError, match=r"acoustic\.safetensors: its SHA-256 differs"):
        save(registry, source)
    assert list(registry.blobs) == []
    (source / "extra.bin").write_bytes(b"x")
    shutil.copy(make(1) / "weights/acoustic.safetensors", path)
    with pytest.raises(BundleError):
        save(registry, source)
    with pytest.raises(RegistryError, match="is no alias"):
        save(registry, make(0), aliases=["Prod!"])
    assert registry.names() == ()


def spoil(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def test_a_blob_that_was_damaged_long_ago_is_written_anew(registry: Registry, make: Make) -> None:
    first = save(registry, make(0))
    digest = open_bundle(first.path).manifest.files["graphs/onnx/fp32/encoder.onnx"].sha256
    spoil(registry.blobs.path(digest), b"gr\x00ph")
    other = save(registry, make(1), name="other")
    assert verify_bundle(other.path).ok
    assert registry.blobs.sound(digest)
    with pytest.raises(RegistryError, match=r"tiny@1\.0\.0 is damaged: .*encoder\.onnx.* tingshuo scrub"):
        save(registry, make(1))


def test_a_disk_that_returns_other_bytes_is_noticed(registry: Registry, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    save(registry, make(0))
    before = set(registry.blobs)
    monkeypatch.setattr("tingshuo.store.blobs.shutil.copyfile", lambda _, to: Path(to).write_bytes(b"other"))
    with pytest.raises(OutputError, match="does not hold what was written to it"):
        save(registry, make(1))
    assert [record.version for record in registry.history("tiny")] == ["1.0.0"]
    assert set(registry.blobs) == before


def test_while_somebody_writes_the_other_is_told(registry: Registry, make: Make) -> None:
    with registry.writing(), pytest.raises(RegistryError, match="somebody else is writing to it"):
        save(registry, make(0))
    assert save(registry, make(0)).record.version == "1.0.0"


def test_a_registry_that_cannot_be_written_is_said(tmp_path: Path, make: Make) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        save(Registry(tmp_path / "file" / "registry"), make(0))


def test_a_full_disk_leaves_the_version_before(registry: Registry, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    save(registry, make(0))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(saving, "write_file", full)
    with pytest.raises(OutputError, match="No space left on device"):
        save(registry, make(1))
    monkeypatch.undo()
    assert registry.find("tiny").version == "1.0.0"
    assert save(registry, make(1)).record.version == "1.1.0"


def test_killed_before_every_write_the_registry_opens_and_nothing_is_lost(
    registry: Registry, make: Make, tmp_path: Path, interrupted: Callable[..., int]
) -> None:
    save(registry, make(0), aliases=["prod"])
    second = make(1)
    steps = interrupted("save", second)
    assert steps > 15
    outcomes = [check_killed(Registry(tmp_path / f"registry-{step}"), second) for step in range(1, steps + 1)]
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {1, 2}, "killed before and after the rename that makes it a version"


def check_killed(registry: Registry, second: Path) -> int:
    """Return how many versions there are; all are sound, the leftovers go, and what was not saved can be."""
    versions = [record.version for record in registry.history("tiny")]
    assert versions[-1] == "1.0.0"
    assert {registry.find("tiny").version, registry.find("tiny@prod").version} <= set(versions)
    collect(registry)
    assert all(verify_bundle(registry.path(f"tiny@{version}")).ok for version in versions)
    assert not [path for path in registry.folder.rglob("*") if path.name.endswith(".partial")]
    if versions == ["1.0.0"]:
        assert save(registry, second).record.version == "1.1.0"
    assert verify_bundle(registry.path("tiny@1.1.0")).ok
    return len(versions)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small disk needs root")
def test_a_really_full_disk(tmp_path: Path, make: Make) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(disk)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no tmpfs may be mounted here")
    try:
        registry = Registry(disk / "registry")
        first = save(registry, make(0))
        (disk / "ballast").write_bytes(b"0" * max(0, shutil.disk_usage(disk).free - 8192))
        with pytest.raises(OutputError, match="No space left"):
            save(registry, make(1))
        assert registry.find("tiny").version == "1.0.0"
        assert verify_bundle(first.path).ok
        (disk / "ballast").unlink()
        assert save(registry, make(1)).record.version == "1.1.0"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_records_are_plain_json(registry: Registry, make: Make) -> None:
    saved = save(registry, make(0), note="n", now=NOW)
    fields = json.loads((saved.path.parent / "record.json").read_text())
    assert fields == {
        "format": 1,
        "name": "tiny",
        "version": "1.0.0",
        "digest": saved.record.digest,
        "saved": "2026-03-01T00:00:00+00:00",
        "note": "n",
    }


@pytest.fixture
def state(tmp_path: Path) -> Source:
    """What a training hands over: settings, and a checkpoint that a link leads to."""
    files = {"config.yaml": b"loop: {}", "acoustic/checkpoints/step-1/tensors.safetensors": b"moments" * 99}
    for name, content in files.items():
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_bytes(content)
    return Source({name: tmp_path / "run" / name for name in files}, {"acoustic/checkpoints/last": "step-1"})


def test_the_state_of_a_training_goes_along_for_its_owner_alone(registry: Registry, make: Make, state: Source) -> None:
    saved = save(registry, make(0), state=state, now=NOW)
    folder = saved.path.parent / "state"
    listing = registry.state(registry.find("tiny"))
    assert listing is not None
    assert saved.state_bytes == listing.n_bytes == 8 + 7 * 99
    for name, path in state.files.items():
        assert (folder / name).read_bytes() == path.read_bytes()
    for path in folder.rglob("*"):
        assert path.is_dir() or path.stat().st_mode & 0o077 == 0, path
    assert verify_bundle(saved.path).ok, "the bundle knows nothing of it"
    assert not [name for name in open_bundle(saved.path).manifest.files if "config.yaml" in name]
    record = json.loads((saved.path.parent / "record.json").read_text())
    assert hashlib.sha256((folder / "state.json").read_bytes()).hexdigest() == record["state"]
    assert save(registry, make(1), now=NOW).state_bytes == 0
    assert registry.state(registry.find("tiny")) is None


def test_a_state_alone_is_something_new_once(registry: Registry, make: Make, state: Source) -> None:
    save(registry, make(0))
    assert save(registry, make(0), state=state).record.version == "1.0.1"
    with pytest.raises(RegistryError, match=r"nothing has changed since tiny@1\.0\.1"):
        save(registry, make(0), state=state)
    state.files["config.yaml"].write_bytes(b"loop: {steps: 9}")
    assert save(registry, make(0), state=state).record.version == "1.0.2"


def test_a_state_that_cannot_be_kept_leaves_no_version(
    registry: Registry, make: Make, state: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = state.files["acoustic/checkpoints/step-1/tensors.safetensors"]
    sound = checkpoint.read_bytes()
    checkpoint.write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(BundleError, match=r"tensors\.safetensors: is a pickle"):
        save(registry, make(0), state=state)
    checkpoint.write_bytes(sound)
    monkeypatch.setattr("tingshuo.store.states.SPARE_BYTES", 1 << 62)
    with pytest.raises(OutputError, match=r"the state of the training needs .* or save without --state"):
        save(registry, make(0), state=state)
    monkeypatch.undo()
    link = registry.blobs.link

    def full(blobs: Blobs, digest: str, destination: Path) -> None:
        if destination.name == "tensors.safetensors":
            raise OSError(errno.ENOSPC, "No space left on device")
        link(digest, destination)

    monkeypatch.setattr(Blobs, "link", full)
    with pytest.raises(OutputError, match="No space left"):
        save(registry, make(0), state=state)
    monkeypatch.undo()
    assert registry.names() == ()
    assert save(registry, make(0), state=state).record.version == "1.0.0"


def test_a_state_is_never_pushed(registry: Registry, make: Make, state: Source, tmp_path: Path) -> None:
    saved = save(registry, make(0), state=state)
    push(registry, "tiny", open_store(str(tmp_path / "place")))
    sent = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "place").rglob("*") if path.is_file()}
    listing = registry.state(saved.record)
    assert listing is not None
    own = {entry.sha256 for entry in listing.files.values()} | {saved.record.state}
    assert open_bundle(saved.path).manifest.files["config.json"].sha256 in sent
    assert not own & sent


def test_what_was_forgotten_is_not_saved_again(
    registry: Registry, make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    source = make(0)
    speaker = open_bundle(save(registry, source).path).manifest.speakers[0]
    forget(registry, Asked(speaker))
    with pytest.raises(RegistryError, match="was forgotten here"):
        save(registry, source)
    assert registry.names() == ()


def test_a_state_of_somebody_forgotten_is_not_saved(registry: Registry, make: Make, tmp_path: Path) -> None:
    content = b"moments" * 20_000
    (tmp_path / "moments").write_bytes(content)
    row = Row(digest="0" * 64, on="2026-03-01", blobs={hashlib.sha256(content).hexdigest(): len(content)})
    save(registry, make(0))
    write_forgotten(registry, Forgotten([row]))
    with pytest.raises(RegistryError, match="was forgotten here"):
        save(registry, make(1), state=Source({"a/moments": tmp_path / "moments"}, {}))
    assert len(registry.history("tiny")) == 1
