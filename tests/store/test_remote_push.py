"""Pushing: whole or not at all, and nothing twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import BundleError, RegistryError
from tingshuo.store import remote_transfer
from tingshuo.store.atomic import write_file
from tingshuo.store.backends.backends import LostError
from tingshuo.store.backends.folder import Folder
from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.store.registry import Registry
from tingshuo.store.remote import Store
from tingshuo.store.remote_pull import check_version
from tingshuo.store.remote_push import push
from tingshuo.store.saving import save

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_transfer, "PAUSES_S", ())


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Folder(tmp_path / "store"))


def test_a_version_is_there_with_all_its_blobs(registry: Registry, store: Store, make: Make) -> None:
    saved = save(registry, make(0), note="第一版\x1b[2J", aliases=["prod"])
    told: list[int] = []
    pushed = push(registry, "tiny@prod", store, aliases=["stable"], tell=told.append)
    assert (pushed.already, pushed.signed, pushed.record.label) == (False, False, "tiny@1.0.0")
    assert pushed.new_bytes == sum(told) == pushed.record.n_bytes == saved.new_bytes
    assert pushed.record == store.find("tiny", "stable")
    assert pushed.record.note == "第一版[2J", "nothing that would move a cursor"
    assert check_version(store, "tiny").ok
    again = push(registry, "tiny", store)
    assert (again.already, again.new_bytes, again.record) == (True, 0, pushed.record)


def test_a_later_version_shares_what_did_not_change(registry: Registry, store: Store, make: Make) -> None:
    save(registry, make(0))
    first = push(registry, "tiny", store)
    save(registry, make(1))
    second = push(registry, "tiny", store)
    assert 0 < second.new_bytes < first.new_bytes
    assert store.versions() == {"tiny": ("1.1.0", "1.0.0")}
    assert store.find("tiny", "").version == "1.1.0"


def test_another_version_of_that_name_is_never_overwritten(registry: Registry, store: Store, make: Make, tmp_path: Path) -> None:
    other = Registry(tmp_path / "other")
    save(other, make(1))
    there = push(other, "tiny", store)
    save(registry, make(0))
    with pytest.raises(
        RegistryError, match=r"has another tiny@1\.0\.0, and no version is ever overwritten; save yours as a later"
    ):
        push(registry, "tiny", store)
    assert store.find("tiny", "") == there.record
    assert check_version(store, "tiny").ok


def test_what_was_not_saved_or_is_damaged_is_refused(registry: Registry, store: Store, make: Make) -> None:
    with pytest.raises(RegistryError, match="no version of 'tiny' has been saved"):
        push(registry, "tiny", store)
    saved = save(registry, make(0))
    with pytest.raises(RegistryError, match="is no alias"):
        push(registry, "tiny", store, aliases=["1.0.0"])
    path = saved.path / "weights/acoustic.safetensors"
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[:-1] + b"\x7f")
    with pytest.raises(BundleError, match=r"acoustic\.safetensors: its SHA-256 differs.*nothing was pushed, tingshuo scrub"):
        push(registry, "tiny", store)
    path.write_bytes(content)
    manifest = saved.path / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(json.dumps(json.loads(manifest.read_text())))
    with pytest.raises(BundleError, match=r"manifest\.json: was changed after tiny@1\.0\.0 was saved"):
        push(registry, "tiny", store)
    assert not Path(store.where).exists()


def private(make: Make, tmp_path: Path) -> Path:
    bundle = open_bundle(make(0))
    files: dict[str, Any] = {name: bundle.path / name for name in bundle.manifest.files}
    return write_bundle(tmp_path / "private", bundle.manifest.fields(), files | {"speakers/one.npy": b"timbre"})


def test_the_timbre_of_a_person_goes_only_when_that_is_said(registry: Registry, store: Store, make: Make, tmp_path: Path) -> None:
    save(registry, private(make, tmp_path))
    with pytest.raises(
        RegistryError, match=r"speakers/one\.npy is the timbre of a person; push it with --with-private if they agree"
    ):
        push(registry, "tiny", store)
    assert not Path(store.where).exists()
    assert push(registry, "tiny", store, with_private=True).record.private


def test_a_signature_goes_along_and_may_be_renewed(registry: Registry, store: Store, make: Make) -> None:
    saved = save(registry, make(0))
    assert not push(registry, "tiny", store).signed
    for content in (b"first", b"second"):
        write_file(saved.path / "signature.json", content)
        assert push(registry, "tiny", store).signed
        assert store.signature(store.find("tiny", "")) == content
    (saved.path / "signature.json").unlink()
    assert push(registry, "tiny", store).signed, "it is still there"


class Dying(Folder):
    """A folder that cannot be written any more after so many writings, as when a program is killed."""

    def __init__(self, root: Path, writings: int) -> None:
        super().__init__(root)
        self.left = writings

    def put(self, key: str, content: bytes | Path) -> str:
        self.count()
        return super().put(key, content)

    def put_if(self, key: str, content: bytes, tag: str | None) -> bool:
        self.count()
        return super().put_if(key, content, tag)

    def count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise LostError("the connection broke")


def test_interrupted_anywhere_no_half_version_is_seen_and_the_next_push_completes(
    registry: Registry, make: Make, tmp_path: Path
) -> None:
    save(registry, make(0))
    seen = []
    for writings in range(20):
        root = tmp_path / f"store-{writings}"
        dying = Store(Dying(root, writings))
        try:
            push(registry, "tiny", dying, aliases=["prod"])
            break
        except LostError:
            store = Store(Folder(root))
            there = root.exists() and store.versions()
            seen.append(bool(there))
            assert not there or check_version(store, "tiny").ok
            push(registry, "tiny", store, aliases=["prod"])
            assert check_version(store, "tiny", "prod").ok
            assert "voices/tiny/1.0.0.json" in (root / "index.json").read_text()
    assert writings == 8, "five blobs, the version, the index, the alias"
    assert seen == [False] * 6 + [True] * 2
