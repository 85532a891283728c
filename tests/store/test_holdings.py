"""Each place is searched to the last file: manifests, names, blobs of no version, trainings; what cannot be judged is said."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tingshuo.errors import RequestError
from tingshuo.store.blobs import hash_file
from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.store.forgotten import Forgotten, Row
from tingshuo.store.holdings import (
    Wanted,
    is_busy,
    look_at_folder,
    look_at_links,
    look_at_registry,
    look_at_run,
    people_of,
    size_of,
)
from tingshuo.store.manifest import read_manifest
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save

Make = Callable[..., Path]
ANNA = Wanted("anna")


@pytest.fixture
def registry(tmp_path: Path, make: Make) -> Registry:
    """tiny@1.0.0 of somebody else, and tiny@1.1.0 with anna."""
    registry = Registry(tmp_path / "registry")
    save(registry, make(0))
    save(registry, make(1, speakers=["one", "anna"]))
    return registry


def test_versions_are_read_with_all_that_they_are_made_of(registry: Registry) -> None:
    found = look_at_registry(registry, ANNA)
    one, both = found.versions
    assert [version.name for version in found.versions if ANNA.asks_for(version)] == ["tiny@1.1.0"]
    assert set(both.blobs) == registry.digests(registry.find("tiny@1.1.0"))
    assert both.people == {"one", "anna"}
    manifest = read_manifest(registry.path("tiny@1.1.0"))
    assert both.own() == {manifest.files["weights/acoustic.safetensors"].sha256: both.blobs[next(iter(both.own()))]}
    assert not ANNA.asks_for(one)
    assert [Wanted("anna", voice).asks_for(both) for voice in ("tiny", "other")] == [True, False]
    files = [path for path in registry.folder.rglob("*") if path.is_file()]
    assert (found.n_files, found.n_bytes) == (len(files), sum(path.stat().st_size for path in files))
    assert (found.strays, found.unclear) == ([], {})


def test_a_manifest_that_is_damaged_is_had_from_its_blob_or_said(registry: Registry) -> None:
    folder = registry.folder_of("tiny", "1.1.0")
    (folder / "bundle/manifest.json").unlink()
    assert [version.name for version in look_at_registry(registry, ANNA).versions] == ["tiny@1.0.0", "tiny@1.1.0"]
    (folder / "record.json").unlink()
    found = look_at_registry(registry, ANNA)
    assert [path.name for path in found.unclear] == ["1.1.0"]
    assert "cannot be judged" in found.unclear[folder]


def test_blobs_of_a_version_that_is_gone_are_found_by_its_manifest(registry: Registry) -> None:
    record = registry.find("tiny@1.1.0")
    digests, shared = registry.digests(record), registry.digests(registry.find("tiny@1.0.0"))
    registry.remove(record)
    found = look_at_registry(registry, ANNA).strays
    assert {hit.digest for hit in found} == digests - shared
    assert found[-1].digest == record.digest, "which tells of the others, and so goes last"
    assert look_at_registry(registry, Wanted("anna", "other")).strays == []
    assert look_at_registry(registry, Wanted("bob")).strays == []
    weights = next(iter(digests - shared - {record.digest}))
    remembered = Wanted(None, forgotten=Forgotten([Row(digest="0" * 64, on="2026-03-01", blobs={weights: 1})]))
    assert [hit.digest for hit in look_at_registry(registry, remembered).strays] == [weights]


def test_people_whom_only_the_training_knew_are_found_in_its_state(registry: Registry) -> None:
    state = registry.folder_of("tiny", "1.0.0") / "state"
    state.mkdir()
    (state / "data.jsonl").write_text('{"id": "a", "audio": "a.wav", "speaker": "carla"}\n{"id": "b", "audio": "b.wav"}\n')
    one, _ = look_at_registry(registry, ANNA).versions
    assert one.people == {"one", "carla", "speaker"}


def test_downloads_and_leftovers_do_not_say_whose_they_are(registry: Registry) -> None:
    (registry.folder / "incoming").mkdir()
    (registry.folder / "incoming" / ("a" * 64)).write_bytes(b"half")
    (registry.folder / "voices/tiny/.1.2.0.x.partial").mkdir()
    found = look_at_registry(registry, ANNA).strays
    assert [(hit.what, hit.size) for hit in found] == [("leftover", 0), ("download", 4)]
    assert look_at_registry(registry, Wanted(None)).strays == [], "nobody was asked for"


def test_a_download_that_is_under_way_is_busy(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "part"
    path.touch()
    with path.open("rb") as file:
        assert not is_busy(path)
        fcntl.flock(file, fcntl.LOCK_EX)
        assert is_busy(path)


def test_timbres_are_known_by_their_names_wherever_they_lie(registry: Registry, tmp_path: Path) -> None:
    for path in (registry.path("tiny@1.0.0"), tmp_path / "home/deep"):
        for name in ("anna.npy", "anna.npy.age", "hanna.npy"):
            (path / "speakers").mkdir(parents=True, exist_ok=True)
            (path / "speakers" / name).write_bytes(b"timbre")
    for found in (look_at_registry(registry, ANNA), look_at_folder(tmp_path / "home", ANNA)):
        assert [(hit.what, hit.path.name) for hit in found.strays] == [("file", "anna.npy"), ("file", "anna.npy.age")]


def test_a_timbre_in_a_manifest_names_a_person(tmp_path: Path, make: Make) -> None:
    bundle = open_bundle(make(0))
    files: dict[str, object] = {name: bundle.path / name for name in bundle.manifest.files}
    made = write_bundle(tmp_path / "private", bundle.manifest.fields(), files | {"speakers/anna.npy": b"timbre"})  # type: ignore[arg-type]
    assert people_of(read_manifest(made)) == {"one", "anna"}


def test_bundles_of_any_depth_are_found_and_copies_known_by_their_hash(tmp_path: Path, make: Make) -> None:
    home = tmp_path / "home"
    source = make(1, speakers=["anna"])
    shutil.copytree(source, home / "voices/anna")
    shutil.copytree(source, home / "registry/apart")
    weights = source / "weights/acoustic.safetensors"
    shutil.copy(weights, home / "copy.bin")
    (home / "same-size.bin").write_bytes(bytes(weights.stat().st_size))
    row = Row(digest="0" * 64, on="2026-03-01", blobs={hash_file(weights): weights.stat().st_size})
    found = look_at_folder(home, Wanted("anna", forgotten=Forgotten([row])), but=[home / "registry"])
    assert [version.folder for version in found.versions] == [home / "voices/anna"]
    assert [hit.path for hit in found.strays] == [home / "copy.bin"]
    (home / "voices/anna/manifest.json").write_text("{")
    (home / "voices/x.tar").touch()
    assert sorted(path.name for path in look_at_folder(home, ANNA, but=[home / "registry"]).unclear) == ["anna", "x.tar"]
    assert look_at_folder(tmp_path / "none", ANNA).n_files == 0


def test_links_to_bundles_elsewhere_are_named(tmp_path: Path, make: Make) -> None:
    source = make(1, speakers=["anna"])
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices/x").symlink_to(source)
    assert list(look_at_links(tmp_path / "voices", ANNA)) == [tmp_path / "voices/x"]
    assert look_at_links(tmp_path / "voices", Wanted("bob")) == {}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.jsonl", '{"id": "a", "audio": "a.wav", "speaker": "anna"}\n'),
        ("voice.json", json.dumps({"speakers": [{"name": "anna"}]})),
        ("cache/features-0/clips.json", json.dumps({"clips": [{"speaker": "anna"}]})),
        ("bundle/manifest.json", json.dumps({"speakers": ["anna"]})),
    ],
)
def test_a_training_that_names_the_speaker_goes_as_a_whole(tmp_path: Path, name: str, content: str) -> None:
    run = tmp_path / "run"
    for path, text in {"config.yaml": "", "data.jsonl": "", name: content}.items():
        (run / path).parent.mkdir(parents=True, exist_ok=True)
        (run / path).write_text(text)
    (hit,) = look_at_run(run, ANNA).strays
    assert (hit.path, hit.what, hit.size) == (run, "run", size_of(run))
    assert look_at_run(run, Wanted("bob")).strays == []
    run.rename(tmp_path / ".run.gone")
    assert [hit.path for hit in look_at_run(run, ANNA).strays] == [tmp_path / ".run.gone"], "of a removal that was killed"


def test_what_is_no_training_is_refused_and_what_is_not_there_is_empty(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is no folder of a training"):
        look_at_run(tmp_path, ANNA)
    assert look_at_run(tmp_path / "none", ANNA).n_files == 0
    (tmp_path / "config.yaml").touch()
    (tmp_path / "data.jsonl").write_text("{")
    assert list(look_at_run(tmp_path, ANNA).unclear) == [tmp_path / "data.jsonl"]
