"""The record that a manifest proves is right; where nothing proves it, most of the mirrors are."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tingshuo.store.atomic import write_file
from tingshuo.store.mirrors import mirror, record_bytes
from tingshuo.store.registry import Record, Registry
from tingshuo.store.saving import save
from tingshuo.store.survey import survey
from tingshuo.store.verdict import Verdict, contents_of_all, judge

TINY = ("tiny", "1.0.0")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def three(tmp_path: Path, make: Callable[..., Path]) -> list[Registry]:
    """A registry and two mirrors."""
    registry = Registry(tmp_path / "registry")
    save(registry, make(0), note="begin", now=NOW)
    mirror(registry, [tmp_path / "a", tmp_path / "b"])
    return [registry, Registry(tmp_path / "a"), Registry(tmp_path / "b")]


def judged(registries: list[Registry], which: int = 0) -> Verdict:
    places = survey(registries, lambda _: None)
    return judge(places[which], TINY, places, contents_of_all(places))


def right(registry: Registry) -> Record:
    return Record.read(registry.folder_of(*TINY) / "record.json")


def rewrite(registry: Registry, **changes: str) -> None:
    write_file(registry.folder_of(*TINY) / "record.json", record_bytes(right(registry).replace(**changes)))


def spoil(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"{")


def manifest(registry: Registry) -> Path:
    return registry.folder_of(*TINY) / "bundle/manifest.json"


def test_a_sound_record_stays(three: list[Registry]) -> None:
    found = judged(three)
    assert (found.record, found.problem, found.healed) == (right(three[0]), "", "")
    assert found.manifest is not None
    assert found.digest == right(three[0]).digest


def test_a_damaged_one_comes_from_the_first_mirror_that_has_it(three: list[Registry]) -> None:
    record = right(three[0])
    spoil(three[0].folder_of(*TINY) / "record.json")
    spoil(three[1].folder_of(*TINY) / "record.json")
    found = judged(three)
    assert (found.record, found.healed) == (record, f"from {three[2].folder}")
    spoil(manifest(three[0]))
    assert judged(three).record == record, "with a damaged manifest too"


def test_a_digest_that_is_nowhere_is_that_of_the_manifest(three: list[Registry]) -> None:
    record = right(three[0])
    rewrite(three[0], digest="0" * 64)
    alone, among = judged(three[:1]), judged(three)
    assert (alone.record, alone.healed) == (record, "with the digest of its manifest")
    assert (among.record, among.healed) == (record, f"from {three[1].folder}")
    assert among.problem == "names a manifest that is nowhere"
    spoil(manifest(three[0]))
    assert judged(three).record == record, "saved in the same second, so it is the same version"


def test_without_a_mirror_it_is_made_from_its_manifest(three: list[Registry]) -> None:
    registry = three[0]
    record = right(registry)
    (registry.folder_of(*TINY) / "record.json").unlink()
    found = judged([registry])
    assert found.record is not None
    assert found.record == record.replace(note="", saved=found.record.saved)
    assert datetime.fromisoformat(found.record.saved).timestamp() == int(manifest(registry).stat().st_mtime)
    manifest(registry).unlink()
    assert judged([registry]).digest == record.digest, "its blob is there"


def test_a_damaged_manifest_is_not_made_the_right_one(three: list[Registry]) -> None:
    registry = three[0]
    (registry.folder_of(*TINY) / "record.json").unlink()
    path = manifest(registry)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"Random numbers.", b"Sandom numbers."))  # a sound manifest, but for its hash
    found = judged([registry])
    assert (found.record, found.manifest) == (None, None)
    assert found.problem == "is missing; no mirror has a sound one, and no manifest is left to make it from"


def test_another_version_in_a_mirror_is_not_taken(three: list[Registry], make: Callable[..., Path], tmp_path: Path) -> None:
    other = Registry(tmp_path / "other")
    save(other, make(5), now=NOW.replace(year=2027))
    digest = right(three[0]).digest
    (three[0].folder_of(*TINY) / "record.json").unlink()
    assert judged([three[0], other]).digest == digest
    rewrite(three[1], digest="0" * 64)
    for path in [*three[1].blobs.folder.rglob("*"), manifest(three[1])]:
        if path.is_file() and b"schema_version" in path.read_bytes():
            path.unlink()
    assert judged([three[1], other]).record is None


def test_notes_are_compared(three: list[Registry]) -> None:
    rewrite(three[0], note="begun")
    one = judged(three)
    assert one.record is not None
    assert (one.record.note, one.healed) == ("begin", f"from {three[1].folder}")
    tie = judged(three[:2])
    assert (tie.record, tie.healed) == (right(three[0]), "")
    assert f"differs from that in {three[1].folder}, and which is right cannot be told" in tie.problem
    rewrite(three[0], note="")
    made_anew = judged(three[:2])
    assert made_anew.record is not None
    assert made_anew.record.note == "begin", "one with a note is before one that was made from a manifest"
    assert judged(three[:2], 1).problem == ""
