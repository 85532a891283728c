"""Whoever is forgotten is gone from every place, comes back to none, and what could not be removed is named."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tingshuo.errors import NotFoundError, RegistryError, RequestError
from tingshuo.store.backends.folder import Folder
from tingshuo.store.bundle import open_bundle, verify_bundle, write_bundle
from tingshuo.store.forget import Asked, Certificate, find, forget
from tingshuo.store.forgotten import allow, read_forgotten
from tingshuo.store.mirrors import mirror
from tingshuo.store.registry import Registry
from tingshuo.store.remote import Store
from tingshuo.store.remote_pull import pull
from tingshuo.store.remote_push import push
from tingshuo.store.saving import save
from tingshuo.store.scrub import scrub

Make = Callable[..., Path]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of its own, and no waiting for the disk: no power fails here."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def registry(tmp_path: Path, make: Make) -> Registry:
    """tiny@1.0.0 of somebody else, and tiny@1.1.0 with anna."""
    registry = Registry(tmp_path / "registry")
    save(registry, make(0), now=NOW)
    save(registry, make(1, speakers=["one", "anna"]), aliases=["prod"], now=NOW)
    return registry


def labels(registry: Registry) -> list[str]:
    return [record.label for name in registry.names() for record in registry.history(name)]


def removed(done: Certificate, what: str) -> list[Path]:
    return [hit.path for hit in done.removed if hit.what == what]


def test_every_place_loses_the_speaker_and_the_second_run_finds_nothing(registry: Registry, make: Make, tmp_path: Path) -> None:
    mirror(registry, [tmp_path / "a", tmp_path / "b"])
    shutil.copytree(make(3, speakers=["anna"]), tmp_path / "home/voices/mine")
    shutil.copytree(make(4, speakers=["bob"]), tmp_path / "home/voices/bob")
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").touch()
    (run / "data.jsonl").write_text('{"id": "a", "audio": "a.wav", "speaker": "anna"}\n')
    found = find(registry, asked := Asked("anna", runs=[run]))
    assert labels(registry) == ["tiny@1.1.0", "tiny@1.0.0"], "looking changes nothing"
    done = forget(registry, asked, LATER)
    assert done.complete
    assert list(done.removed) == found.hits
    places = (registry, Registry(tmp_path / "a"), Registry(tmp_path / "b"))
    assert removed(done, "version") == [place.folder / "voices/tiny/1.1.0" for place in places]
    assert removed(done, "bundle") == [tmp_path / "home/voices/mine"]
    assert removed(done, "run") == [run]
    assert [(move.alias, move.before, move.after) for move in done.aliases] == [
        ("tiny@current", "1.1.0", "1.0.0"),
        ("tiny@prod", "1.1.0", "1.0.0"),
    ] * 3
    everything = [path for path in tmp_path.rglob("*") if path.is_file() and "source" not in str(path)]
    assert not [path for path in everything if b"anna" in path.read_bytes()]
    assert (tmp_path / "home/voices/bob/manifest.json").is_file()
    for place in places:
        assert labels(place) == ["tiny@1.0.0"]
        assert verify_bundle(place.path("tiny")).ok
        assert set(place.blobs) == place.digests(place.find("tiny"))
    again = forget(registry, asked, LATER)
    assert (again.complete, again.removed, again.aliases) == (True, (), ())
    assert [one.folder.name for one in again.searched] == ["registry", "a", "b", "home", "run"]
    assert all(done.ok for done in mirror(registry))
    assert scrub(registry).findings == ()


def test_nobody_of_that_name_is_said_with_those_that_there_are(registry: Registry) -> None:
    before = sorted(registry.folder.rglob("*"))
    for speaker, voice in (("bob", None), ("Anna", None), ("anna", "other")):
        with pytest.raises(NotFoundError, match="speakers that there are: anna, one"):
            forget(registry, Asked(speaker, voice))
    assert sorted(registry.folder.rglob("*")) == before
    forget(registry, Asked("anna"))
    assert forget(registry, Asked("anna")).complete
    with pytest.raises(NotFoundError, match="speakers that there are: one"):
        forget(registry, Asked("One"))


def test_where_nothing_was_saved_there_is_nobody(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="speakers that there are: none"):
        forget(Registry(tmp_path / "none"), Asked("anna"))
    assert not (tmp_path / "none").exists()


def test_one_voice_alone_can_be_meant(registry: Registry, make: Make) -> None:
    save(registry, make(1, speakers=["one", "anna"]), name="other", now=NOW)
    done = forget(registry, Asked("anna", "tiny"))
    assert (done.complete, labels(registry)) == (True, ["other@1.0.0", "tiny@1.0.0"])
    assert verify_bundle(registry.path("other")).ok
    assert read_forgotten(registry).blobs == {}, "what another voice may go on using is not forgotten"


def test_a_mirror_that_is_away_is_outstanding_and_cleaned_when_it_is_back(registry: Registry, tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    mirror(registry, [a, b])
    b.rename(tmp_path / "unplugged")
    done = forget(registry, Asked("anna"), LATER)
    assert [one.what for one in done.outstanding] == [str(b)]
    assert "attach its disk" in done.outstanding[0].problem
    assert labels(Registry(a)) == labels(registry) == ["tiny@1.0.0"]
    (tmp_path / "unplugged").rename(b)
    first, second = mirror(registry)
    assert (first.forgotten, first.ok, second.ok) == ([], True, True)
    assert b / "voices/tiny/1.1.0" in second.forgotten
    assert (labels(Registry(b)), Registry(b).find("tiny@prod").version) == (["tiny@1.0.0"], "1.0.0")
    assert forget(registry, Asked("anna")).complete


def test_scrubbing_never_brings_it_back(registry: Registry, tmp_path: Path) -> None:
    b = tmp_path / "b"
    mirror(registry, [b])
    aliases = (registry.folder / "voices/tiny/aliases.json").read_bytes()
    b.rename(tmp_path / "unplugged")
    forget(registry, Asked("anna"), LATER)
    (tmp_path / "unplugged").rename(b)
    (registry.folder / "voices/tiny/aliases.json").write_bytes(aliases)  # which ask for the version that is gone
    seen = scrub(registry, heal=False)
    assert {finding.healed for finding in seen.findings} == {""}
    assert b / "voices/tiny/1.1.0" in [finding.path for finding in seen.findings]
    report = scrub(registry)
    assert {(f.problem, f.healed) for f in report.findings if b in f.path.parents} == {
        ("was forgotten at the wish of a person", "removed")
    }
    assert labels(registry) == labels(Registry(b)) == ["tiny@1.0.0"]
    registry.point("tiny", "current", "1.0.0")
    registry.point("tiny", "prod", "1.0.0")
    assert scrub(registry).findings == ()


def test_a_registry_that_was_lost_learns_from_its_mirror_what_was_forgotten(registry: Registry, tmp_path: Path) -> None:
    mirror(registry, [tmp_path / "a"])
    forget(registry, Asked("anna"), LATER)
    shutil.rmtree(registry.folder)
    registry.folder.mkdir()
    mirror(registry, [tmp_path / "a"])
    assert read_forgotten(registry).rows == read_forgotten(Registry(tmp_path / "a")).rows != ()


def test_what_was_forgotten_is_not_pulled_until_it_is_allowed(registry: Registry, tmp_path: Path) -> None:
    store = Store(Folder(tmp_path / "store"))
    push(registry, "tiny@1.1.0", store)
    digest = registry.find("tiny@1.1.0").digest
    forget(registry, Asked("anna"))
    with pytest.raises(RegistryError, match=rf"^tiny@1\.1\.0: was forgotten here .* --allow {digest[:12]} lets it in$"):
        pull(registry, [store], "tiny", "1.1.0", local_name="other")
    assert not (registry.folder / "incoming").exists()
    allow(registry, digest)
    assert pull(registry, [store], "tiny", "1.1.0").record.label == "tiny@1.1.0"
    assert forget(registry, Asked("anna")).complete
    assert digest in read_forgotten(registry)


def test_a_version_that_shares_weights_is_outstanding(registry: Registry, make: Make) -> None:
    save(registry, make(1), name="shared", now=LATER)
    done = forget(registry, Asked("anna"), LATER)
    (one,) = done.outstanding
    assert one.what == f"shared@1.0.0 in {registry.folder}"
    assert one.problem.startswith("shares weights with what was forgotten, or may have learnt from it; --with-derived")
    assert verify_bundle(registry.path("shared")).ok
    assert not forget(registry, Asked("anna")).complete, "the second run knows too"
    allow(registry, registry.find("shared").digest)
    assert forget(registry, Asked("anna")).complete
    assert labels(registry) == ["shared@1.0.0", "tiny@1.0.0"]


def test_with_derived_they_go_too(registry: Registry, make: Make) -> None:
    save(registry, make(1), name="shared", now=LATER)
    save(registry, make(2, speakers=["one"], parent="tiny@1.1.0"), name="child", now=LATER)
    assert [one.what.split()[0] for one in find(registry, Asked("anna")).outstanding] == ["child@1.0.0", "shared@1.0.0"]
    assert forget(registry, Asked("anna", with_derived=True), LATER).complete
    assert labels(registry) == ["tiny@1.0.0"]
    assert len(read_forgotten(registry).blobs) == 2


def test_the_built_in_voice_is_searched_and_never_changed(registry: Registry, make: Make, tmp_path: Path) -> None:
    shutil.copytree(make(8, speakers=["dora"]), tmp_path / "built_in/default")
    timbre = tmp_path / "built_in/speakers/dora.npy"
    timbre.parent.mkdir()
    timbre.touch()
    done = forget(registry, Asked("dora", built_in=tmp_path / "built_in"))
    assert [one.problem for one in done.outstanding] == ["is part of the installation; remove it there"] * 2
    assert (tmp_path / "built_in/default/manifest.json").is_file()
    assert timbre.is_file()


def test_files_with_other_names_elsewhere_on_the_disk_are_said(registry: Registry, tmp_path: Path) -> None:
    weights = registry.path("tiny@1.1.0") / "weights/acoustic.safetensors"
    os.link(weights, tmp_path / "elsewhere")
    inode = weights.stat().st_ino
    done = forget(registry, Asked("anna"))
    assert [one.problem.partition(";")[0] for one in done.outstanding] == ["has other names elsewhere on its disk"]
    assert done.outstanding[0].problem.endswith(f"-inum {inode}")


def test_what_cannot_be_removed_is_outstanding_and_the_rest_is_gone(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror(registry, [tmp_path / "a", tmp_path / "b"])
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if tmp_path / "a" in path.parents:
            raise OSError(30, "Read-only file system")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    done = forget(registry, Asked("anna"))
    assert [one.what for one in done.outstanding] == [str(tmp_path / "a/voices/tiny/1.1.0")]
    assert "Read-only file system" in done.outstanding[0].problem
    assert labels(Registry(tmp_path / "b")) == ["tiny@1.0.0"]


def test_while_somebody_writes_it_is_said(registry: Registry, tmp_path: Path) -> None:
    mirror(registry, [tmp_path / "a"])
    with registry.writing(), pytest.raises(RegistryError, match="somebody else is writing"):
        forget(registry, Asked("anna"))
    with Registry(tmp_path / "a").writing():
        assert "somebody else" in forget(registry, Asked("anna")).outstanding[0].problem


def test_a_training_that_is_under_way_is_not_disturbed(registry: Registry, tmp_path: Path) -> None:
    from tingshuo.store.locks import locked

    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").touch()
    (run / "data.jsonl").write_text('{"speaker": "anna"}\n')
    with locked(run / "lock"):
        done = forget(registry, Asked("anna", runs=[run]))
    assert [one.what for one in done.outstanding] == [str(run)]
    assert "somebody else is writing to it" in done.outstanding[0].problem
    with pytest.raises(RequestError, match="is no folder of a training"):
        find(registry, Asked("anna", runs=[tmp_path]))


def test_a_version_that_cannot_be_judged_is_outstanding(registry: Registry) -> None:
    for name in ("record.json", "bundle/manifest.json"):
        (registry.folder_of("tiny", "1.0.0") / name).unlink()
    done = forget(registry, Asked("anna"))
    assert ["cannot be judged" in one.problem for one in done.outstanding] == [True]


def test_the_proof_is_plain_json(registry: Registry, tmp_path: Path) -> None:
    done = forget(registry, Asked("anna"), LATER)
    done.write(tmp_path / "proof.json")
    proof = json.loads((tmp_path / "proof.json").read_text())
    assert proof == done.fields()
    assert (proof["at"], proof["speaker"], proof["complete"]) == ("2026-04-01T00:00:00+00:00", "anna", True)
    version, *blobs = proof["removed"]
    assert version.keys() == {"what", "path", "n_bytes", "label", "sha256"}
    assert [blob["what"] for blob in blobs] == ["blob"] * 4
    assert proof["searched"][0]["n_files"] > 5
    assert any("pushed" in sentence for sentence in proof["not_searched"])


def test_a_timbre_makes_a_version_theirs(registry: Registry, make: Make, tmp_path: Path) -> None:
    bundle = open_bundle(make(6))
    files = {name: bundle.path / name for name in bundle.manifest.files}
    made = write_bundle(tmp_path / "timbre", bundle.manifest.fields(), {**files, "speakers/eva.npy": b"timbre"})
    save(registry, made, name="guest", now=NOW)
    assert forget(registry, Asked("eva")).complete
    assert labels(registry) == ["tiny@1.1.0", "tiny@1.0.0"]


def test_killed_before_every_write_the_registry_opens_and_the_next_run_completes(
    registry: Registry, tmp_path: Path, interrupted: Callable[..., int]
) -> None:
    steps = interrupted("forget", "anna")
    assert steps > 15
    outcomes = []
    for step in range(1, steps + 1):
        copy = Registry(tmp_path / f"registry-{step}")
        outcomes.append(len(labels(copy)))
        assert {copy.find("tiny").label, copy.find("tiny@prod").label} <= set(labels(copy))
        assert all(verify_bundle(copy.path(label)).ok for label in labels(copy))
        assert forget(copy, Asked("anna")).complete
        left = [path for path in copy.folder.rglob("*") if path.is_file() and b"anna" in path.read_bytes()]
        assert (labels(copy), left) == (["tiny@1.0.0"], [])
        assert set(copy.blobs) == copy.digests(copy.find("tiny"))
    assert set(outcomes) == {1, 2}, "killed before and after the version was gone"
