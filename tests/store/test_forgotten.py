"""What was forgotten is remembered by digests alone, comes back to no registry, and can be allowed again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tingshuo.errors import ConfigError, NotFoundError, RegistryError, RequestError
from tingshuo.store.forgotten import (
    Forgotten,
    Row,
    allow,
    has_forgotten,
    read_forgotten,
    refuse_forgotten,
    share_forgotten,
    write_forgotten,
)
from tingshuo.store.registry import Registry

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def row(digest: str, blobs: dict[str, int] | None = None, on: str = "2026-03-01", derived: tuple[str, ...] = ()) -> Row:
    return Row(digest=digest, on=on, blobs=blobs or {}, derived=derived)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path / "registry")
    registry.folder.mkdir()
    return registry


def test_a_list_is_read_as_it_was_written_and_names_nobody(registry: Registry) -> None:
    assert not has_forgotten(registry)
    assert read_forgotten(registry).rows == ()
    write_forgotten(registry, Forgotten([row(A, {B: 7}, derived=(C,))], [D]))
    there = read_forgotten(registry)
    assert (there.rows, there.allowed) == ((row(A, {B: 7}, derived=(C,)),), {D})
    assert (there.manifests, there.blobs, there.derived) == ({A}, {B: 7}, {C})
    assert [digest in there for digest in (A, B, C, D)] == [True, True, False, False]


def test_rows_of_the_same_version_become_one(registry: Registry) -> None:
    there = Forgotten([row(A, {B: 7}, "2026-01-01")]).with_rows([row(A, {C: 8}, "2026-03-01", (D,)), row(D)])
    assert there.rows == (row(A, {B: 7, C: 8}, "2026-01-01", (D,)), row(D))
    assert there.derived == set(), "what is forgotten itself is left no more"


def test_what_was_forgotten_is_refused_in_one_sentence(registry: Registry) -> None:
    write_forgotten(registry, Forgotten([row(A, {B: 7})]))
    refuse_forgotten(registry, [C, D], "x@1.0.0")
    for digest in (A, B):
        with pytest.raises(RegistryError, match=rf"^x@1\.0\.0: was forgotten here .* --allow {digest[:12]} lets it in$"):
            refuse_forgotten(registry, [C, digest], "x@1.0.0")


def test_a_version_that_is_allowed_brings_its_files_along(registry: Registry) -> None:
    write_forgotten(registry, Forgotten([row(A, {B: 7}), row(C, {B: 7, D: 1})]))
    assert allow(registry, A[:12]) == A
    there = read_forgotten(registry)
    assert (there.manifests, set(there.blobs), there.allowed) == ({C}, {D}, {A, B})
    with pytest.raises(NotFoundError, match="0 things that were forgotten begin with aaaa"):
        allow(registry, A)
    with pytest.raises(RequestError, match="too short"):
        allow(registry, "c")
    with registry.writing(), pytest.raises(RegistryError, match="somebody else"):
        allow(registry, C)


def test_forgotten_again_it_is_forgotten(registry: Registry) -> None:
    there = Forgotten([], [A, B, C]).with_rows([row(A, {B: 7})])
    assert (there.manifests, there.allowed) == ({A}, {C})


def test_mirrors_have_the_same_list_and_give_it_back(registry: Registry, tmp_path: Path) -> None:
    mirror = Registry(tmp_path / "mirror")
    mirror.folder.mkdir()
    share_forgotten(registry, mirror)
    assert not has_forgotten(mirror)
    write_forgotten(mirror, Forgotten([row(A, {B: 7}), row(C)]))
    write_forgotten(registry, Forgotten([row(D)], [A]))
    assert share_forgotten(registry, mirror).rows == (row(D), row(C)), "what was allowed here does not come back"
    assert read_forgotten(registry).rows == read_forgotten(mirror).rows == (row(D), row(C))


def test_a_damaged_list_is_said(registry: Registry) -> None:
    (registry.folder / "forgotten.json").write_text("{")
    with pytest.raises(ConfigError, match=r"copy forgotten\.json of a mirror over it, or remove it"):
        refuse_forgotten(registry, [A], "x")


def test_leftovers_of_a_writing_that_was_killed_go(registry: Registry) -> None:
    left = registry.folder / ".forgotten.json.1.partial"
    left.touch()
    write_forgotten(registry, Forgotten())
    assert sorted(path.name for path in registry.folder.iterdir()) == ["forgotten.json"]
