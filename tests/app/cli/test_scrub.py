"""``scrub``."""

import json
from pathlib import Path

import pytest

from tingshuo.store.bundle import verify_bundle
from tingshuo.store.mirrors import mirror
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save

TINY = Path(__file__).parents[2] / "store" / "tiny"


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """One version of a voice, in the registry that commands use, and a mirror."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    registry = Registry()
    save(registry, TINY, name="anna")
    mirror(registry, [tmp_path / "a"])
    return registry


def spoil(path):
    path.chmod(0o644)
    path.write_bytes(b"spoilt")


def test_a_sound_registry_is_said_to_be_so(tingshuo, registry):
    done = tingshuo("scrub")
    assert (done.code, done.err) == (0, "")
    assert done.text == f"2 registries, {2 * len(list(registry.blobs))} files, 0.0 MB: all sound\n"


def test_damage_is_named_with_dry_run_and_healed_without(tingshuo, registry, tmp_path):
    path = registry.path("anna") / "config.json"
    spoil(path)
    found = tingshuo("scrub", "--dry-run")
    assert (found.code, found.err) == (9, "Error: 2 of 2 places are damaged; tingshuo scrub heals what it can\n")
    assert f"{path}: is damaged: its SHA-256 differs" in found.text.splitlines()
    assert path.read_bytes() == b"spoilt"
    done = tingshuo("scrub")
    assert (done.code, done.err) == (0, "")
    assert f"its SHA-256 differs; healed: from {tmp_path}/a\n" in done.text
    assert done.text.endswith("all sound, 2 healed\n")
    assert verify_bundle(registry.path("anna")).ok


def test_what_cannot_be_healed_is_named_and_the_exit_code_says_so(tingshuo, registry, tmp_path):
    for one in (registry, Registry(tmp_path / "a")):
        spoil(one.path("anna") / "config.json")
    done = tingshuo("scrub")
    assert (done.code, done.err) == (9, "Error: 4 of 4 places could not be healed\n")
    assert done.text.count("its SHA-256 differs; no sound copy is known\n") == 4


def test_machines_are_told_the_same(tingshuo, registry, tmp_path):
    record = registry.folder_of("anna", "1.0.0") / "record.json"
    record.unlink()
    row = {"path": str(record), "problem": "is missing", "healed": None}
    found = tingshuo("scrub", "--dry-run", "--json")
    assert (found.code, json.loads(found.out)["ok"], json.loads(found.out)["findings"]) == (9, False, [row])
    healed = json.loads(tingshuo("scrub", "--json").out)
    assert (healed["ok"], healed["findings"]) == (True, [row | {"healed": f"from {tmp_path}/a"}])
    assert healed["folders"] == [str(registry.folder), f"{tmp_path}/a"]
    assert json.loads(tingshuo("scrub", "--json").out)["findings"] == []
