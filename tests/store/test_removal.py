"""A version goes with all that only it is made of; its aliases point elsewhere before, and what others use stays."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tingshuo.store.bundle import verify_bundle
from tingshuo.store.forgotten import Forgotten, Row
from tingshuo.store.holdings import Holding, Wanted, look_at_registry
from tingshuo.store.mirrors import mirror
from tingshuo.store.registry import Registry
from tingshuo.store.removal import clean, doomed_hits, lingering, remove_from, remove_tree, sharing
from tingshuo.store.saving import save

Make = Callable[..., Path]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path, make: Make) -> Registry:
    """tiny@1.0.0 of somebody else, tiny@1.1.0 with anna, which the aliases point to, and anna@1.0.0."""
    registry = Registry(tmp_path / "registry")
    save(registry, make(0), now=NOW)
    save(registry, make(1, speakers=["one", "anna"]), aliases=["prod"], now=NOW)
    save(registry, make(2, speakers=["anna"]), name="anna", now=NOW)
    return registry


def remove(registry: Registry, label: str, like: Registry | None = None) -> tuple[Holding, list[tuple[str, str, str | None]]]:
    holding = look_at_registry(registry, Wanted("anna"))
    doomed = [version for version in holding.versions if version.name == label]
    moved = remove_from(holding, doomed, NOW, like)
    return holding, [(move.alias, move.before, move.after) for move in moved]


def test_what_only_it_is_made_of_goes_to_the_last_link(registry: Registry) -> None:
    weights = registry.path("tiny@1.1.0") / "weights/acoustic.safetensors"
    record = registry.find("tiny@1.1.0")
    only = registry.digests(record) - registry.digests(registry.find("tiny@1.0.0")) - registry.digests(registry.find("anna"))
    with weights.open("rb") as file:
        assert os.fstat(file.fileno()).st_nlink == 2
        remove(registry, "tiny@1.1.0")
        assert os.fstat(file.fileno()).st_nlink == 0
    assert not only & set(registry.blobs)
    assert not weights.parents[2].exists()
    assert all(verify_bundle(registry.path(label)).ok for label in ("tiny@1.0.0", "anna"))


def test_aliases_go_back_to_the_newest_that_stays(registry: Registry) -> None:
    assert remove(registry, "tiny@1.1.0")[1] == [("tiny@current", "1.1.0", "1.0.0"), ("tiny@prod", "1.1.0", "1.0.0")]
    assert registry.find("tiny@prod").version == registry.find("tiny").version == "1.0.0"
    assert remove(registry, "anna@1.0.0")[1] == [("anna@current", "1.0.0", None)]
    assert registry.names() == ("tiny",)
    assert not (registry.folder / "voices/anna").exists()


def test_a_mirror_follows_the_aliases_of_its_registry(registry: Registry, tmp_path: Path) -> None:
    mirror(registry, [tmp_path / "a"])
    copy = Registry(tmp_path / "a")
    remove(registry, "tiny@1.1.0")
    remove(copy, "tiny@1.1.0", registry)
    name = "voices/tiny/aliases.json"
    assert (copy.folder / name).read_bytes() == (registry.folder / name).read_bytes()


def test_beside_a_version_that_cannot_be_read_only_their_own_goes(registry: Registry) -> None:
    for name in ("record.json", "bundle/manifest.json"):
        (registry.folder_of("tiny", "1.0.0") / name).unlink()
    holding = look_at_registry(registry, Wanted("anna"))
    doomed = [version for version in holding.versions if version.name == "anna@1.0.0"]
    blobs = {hit.digest for hit in doomed_hits(holding, doomed) if hit.what == "blob"}
    assert blobs == {doomed[0].digest, *doomed[0].own()}


def test_what_was_forgotten_is_cleaned_away_by_its_digests_alone(registry: Registry) -> None:
    record = registry.find("anna")
    forgotten = Forgotten([Row(digest=record.digest, on="2026-03-01")])
    hits = lingering(registry, forgotten)
    assert [hit.label for hit in hits if hit.what == "version"] == ["anna@1.0.0"]
    assert clean(registry, forgotten) == hits
    assert registry.names() == ("tiny",)
    assert clean(registry, forgotten) == lingering(registry, forgotten) == []
    assert clean(registry, Forgotten()) == []


def test_a_version_that_shares_weights_is_named_and_stays(registry: Registry) -> None:
    (version,) = (one for one in look_at_registry(registry, Wanted("anna")).versions if one.name == "anna@1.0.0")
    forgotten = Forgotten([Row(digest="0" * 64, on="2026-03-01", blobs=version.own())])
    assert clean(registry, forgotten) == []
    (sentence,) = sharing(registry, forgotten)
    assert sentence.startswith(f"anna@1.0.0 in {registry.folder} shares weights with what was forgotten")
    assert f"tingshuo forget --allow {version.digest[:12]} keeps it" in sentence
    left = Forgotten([Row(digest="0" * 64, on="2026-03-01", derived=(version.digest,))])
    assert len(sharing(registry, left)) == 1
    assert sharing(registry, Forgotten()) == []


def test_a_folder_goes_under_a_hidden_name_and_a_link_alone(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for path in (folder, tmp_path / ".folder.gone"):
        path.mkdir()
        (path / "file").touch()
    (tmp_path / "link").symlink_to(folder)
    remove_tree(tmp_path / "link")
    assert folder.exists()
    remove_tree(folder)
    remove_tree(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
