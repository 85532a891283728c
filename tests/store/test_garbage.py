"""Only what nobody needs is removed."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tingshuo.errors import BundleError, RegistryError
from tingshuo.store.bundle import verify_bundle
from tingshuo.store.garbage import collect, find_garbage
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save
from tingshuo.store.states import Source


@pytest.fixture
def registry(tmp_path: Path, make: Callable[..., Path]) -> Registry:
    registry = Registry(tmp_path / "registry")
    for number in range(4):
        save(registry, make(number), aliases=("prod",) if number == 1 else ())
    return registry


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_used_stays(registry: Registry) -> None:
    before = files(registry.folder)
    found = collect(registry)
    assert (found.versions, found.blobs, found.leftovers, found.n_bytes) == ((), (), (), 0)
    assert files(registry.folder) == before


def test_older_versions_go_except_those_that_are_pointed_to(registry: Registry) -> None:
    found = find_garbage(registry, keep=1)
    assert [record.version for record in found.versions] == ["1.2.0", "1.0.0"]
    assert found.blobs
    assert found.n_bytes == sum(registry.blobs.path(digest).stat().st_size for digest in found.blobs)
    assert len(registry.history("tiny")) == 4, "finding removes nothing"
    assert collect(registry, keep=1) == found
    assert [record.version for record in registry.history("tiny")] == ["1.3.0", "1.1.0"]
    for version in ("1.3.0", "1.1.0"):
        assert verify_bundle(registry.path(f"tiny@{version}")).ok
    assert find_garbage(registry, keep=1).n_bytes == 0


def test_leftovers_of_killed_writings_go(registry: Registry, tmp_path: Path) -> None:
    half = registry.folder / "voices/tiny/.1.4.0.abc.partial/bundle/weights"
    half.mkdir(parents=True)
    (half / "own").write_bytes(b"12345")
    (half / "linked").hardlink_to(registry.blobs.path(next(iter(registry.blobs))))
    orphan = tmp_path / "orphan"
    orphan.write_bytes(b"123")
    registry.blobs.put(orphan, "0" * 64)
    (registry.blobs.folder / "00" / ".x.1.partial").write_bytes(b"1")
    (registry.folder / "incoming").mkdir()
    for name in ("new", "old"):
        (registry.folder / "incoming" / name).write_bytes(b"12")
    os.utime(registry.folder / "incoming" / "old", (0, 0))
    found = collect(registry)
    assert len(found.leftovers) == 3
    assert found.blobs == ("0" * 64,)
    assert found.n_bytes == 5 + 3 + 1 + 2
    assert not [path for path in registry.folder.rglob(".*") if path.name.endswith(".partial")]
    assert all(verify_bundle(registry.path(f"tiny@1.{n}.0")).ok for n in range(4))


def test_nothing_is_collected_while_somebody_writes(registry: Registry) -> None:
    with registry.writing(), pytest.raises(RegistryError, match="somebody else is writing"):
        collect(registry, keep=1)
    assert len(registry.history("tiny")) == 4


def test_a_state_stays_with_its_version_and_goes_with_it(tmp_path: Path, make: Callable[..., Path]) -> None:
    registry = Registry(tmp_path / "other")
    (tmp_path / "moments").write_bytes(b"moments")
    save(registry, make(0), state=Source({"moments": tmp_path / "moments"}, {}))
    digest = hashlib.sha256(b"moments").hexdigest()
    save(registry, make(1))
    assert collect(registry).blobs == ()
    assert registry.blobs.sound(digest)
    (registry.folder / "voices/tiny/1.0.0/record.json").write_text(
        json.dumps({k: v for k, v in registry.find("tiny@1.0.0").fields().items() if k != "state"})
    )
    assert collect(registry).blobs == (), "a record that was made anew forgets the state, the collector does not"
    assert digest in collect(registry, keep=1).blobs
    assert digest not in registry.blobs


def test_a_damaged_list_of_a_state_stops_the_collector(tmp_path: Path, make: Callable[..., Path]) -> None:
    registry = Registry(tmp_path / "other")
    (tmp_path / "moments").write_bytes(b"moments")
    saved = save(registry, make(0), state=Source({"moments": tmp_path / "moments"}, {}))
    (saved.path.parent / "state/state.json").unlink()
    with pytest.raises(BundleError, match=r"state\.json: is missing; tingshuo scrub heals"):
        collect(registry)
    assert hashlib.sha256(b"moments").hexdigest() in registry.blobs
