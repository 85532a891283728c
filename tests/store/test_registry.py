"""The registry: what was saved is found, by version and by alias, and damage is named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tingshuo.errors import BundleError, RegistryError
from tingshuo.store.blobs import hash_file
from tingshuo.store.registry import Registry, for_owner
from tingshuo.store.saving import save
from tingshuo.store.states import Source

Make = Callable[..., Path]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry")


@pytest.fixture
def three(registry: Registry, make: Make) -> Registry:
    """Versions 1.0.0, 1.1.0 and 1.2.0 of one name."""
    for number in range(3):
        save(registry, make(number), note=f"note {number}", now=datetime(2026, 3, 1 + number, tzinfo=UTC))
    return registry


def test_an_empty_registry_has_nothing(registry: Registry) -> None:
    assert registry.names() == ()
    assert not registry.folder.exists()
    with pytest.raises(RegistryError, match=r"no version of 'tiny' has been saved; there are: none"):
        registry.history("tiny")


def test_home_is_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    assert Registry().folder == tmp_path / "registry"


def test_history_begins_with_the_newest(three: Registry) -> None:
    assert three.names() == ("tiny",)
    assert [(r.version, r.note, r.saved[:10]) for r in three.history("tiny")] == [
        ("1.2.0", "note 2", "2026-03-03"),
        ("1.1.0", "note 1", "2026-03-02"),
        ("1.0.0", "note 0", "2026-03-01"),
    ]


def test_a_reference_names_a_version_or_an_alias(three: Registry) -> None:
    three.point("tiny", "prod", "1.1.0")
    found = {text: three.find(text).version for text in ("tiny", "tiny@current", "tiny@1.0.0", "tiny@prod")}
    assert found == {"tiny": "1.2.0", "tiny@current": "1.2.0", "tiny@1.0.0": "1.0.0", "tiny@prod": "1.1.0"}
    assert three.path("tiny@prod") == three.folder / "voices/tiny/1.1.0/bundle"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiny@9.9.9", r"has no version or alias '9.9.9'; it has: 1.2.0, 1.1.0, 1.0.0, prod"),
        ("nobody", "no version of 'nobody'.* there are: tiny"),
        ("../tiny", "no version of '../tiny'"),
        ("tiny/1.0.0@1.0.0", "no version of"),
        ("", "no version of ''"),
        ("tiny@../../x", "has no version or alias"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(three: Registry, text: str, message: str) -> None:
    three.point("tiny", "prod", "1.1.0")
    with pytest.raises(RegistryError, match=message):
        three.find(text)


def test_rollback_goes_back_and_is_itself_undone_by_pointing(three: Registry) -> None:
    assert three.rollback("tiny").version == "1.1.0"
    assert three.rollback("tiny").version == "1.0.0"
    with pytest.raises(RegistryError, match="has pointed to no other version"):
        three.rollback("tiny")
    three.point("tiny", "current", "1.2.0")
    assert three.find("tiny").version == "1.2.0"
    with pytest.raises(RegistryError, match="no alias 'prod'; it has: current"):
        three.rollback("tiny", "prod")


def test_names_that_some_disk_or_shell_would_mistake_are_refused(three: Registry) -> None:
    for name in ("", ".hidden", "a/b", "a@b", "..", "a" * 65, "end.", "a b"):
        with pytest.raises(RegistryError, match="is no name for a voice"):
            three.check_name(name)
    with pytest.raises(RegistryError, match="'Tiny' differs from 'tiny' in case alone"):
        three.check_name("Tiny")
    three.check_name("中文-1.5_b")


@pytest.mark.parametrize("text", ["{", '{"format": 2}', "{}"])
def test_a_damaged_record_is_named(three: Registry, text: str) -> None:
    (three.folder / "voices/tiny/1.1.0/record.json").write_text(text)
    with pytest.raises(RegistryError, match=r"1\.1\.0/record\.json.*tingshuo scrub"):
        three.history("tiny")


def test_a_record_of_another_version_is_named(three: Registry) -> None:
    path = three.folder / "voices/tiny/1.1.0/record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": "1.0.0"}))
    with pytest.raises(RegistryError, match=r"is of tiny@1\.0\.0"):
        three.history("tiny")


def test_a_version_that_is_removed_is_gone_and_the_others_stay(three: Registry) -> None:
    record = three.find("tiny@1.1.0")
    assert record.digest in three.digests(record)
    three.remove(record)
    assert [record.version for record in three.history("tiny")] == ["1.2.0", "1.0.0"]
    assert three.rollback("tiny").version == "1.0.0"


def test_all_files_of_a_version_are_known_by_their_digests(registry: Registry, make: Make, tmp_path: Path) -> None:
    (tmp_path / "moments").write_bytes(b"moments")
    plain = save(registry, make(0)).record
    record = save(registry, make(1), state=Source({"a/moments": tmp_path / "moments"}, {"last": "a"})).record
    for one in (plain, record):
        folder, found = registry.folder_of(one.name, one.version), registry.files(one)
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert there == {*found, "record.json"}
        assert {hash_file(folder / path) for path in found} == registry.digests(one) == set(found.values())
    assert sorted(path for path in registry.files(record) if for_owner(path)) == ["state/a/moments", "state/state.json"]
    assert for_owner("bundle/speakers/anna.npy")
    assert not for_owner("bundle/state/x")
    assert registry.state(plain) is None


def test_a_state_that_a_record_promises_has_to_be_that_one(registry: Registry, make: Make, tmp_path: Path) -> None:
    (tmp_path / "moments").write_bytes(b"moments")
    record = save(registry, make(0), state=Source({"moments": tmp_path / "moments"}, {})).record
    with pytest.raises(BundleError, match=r"state\.json: is damaged"):
        registry.state(record.replace(state="0" * 64))
