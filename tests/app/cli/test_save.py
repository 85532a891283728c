"""``save``, and with it what a name points to."""

import json
import shutil

import pytest


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def changed(bundle, tmp_path):
    """The bundle with another licence: packaging alone."""
    folder = shutil.copytree(bundle.path, tmp_path / "changed")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"licence": "CC-BY-SA-3.0"}))
    return folder


def test_a_bundle_becomes_a_version_that_is_found_by_name(tingshuo, bundle, home):
    done = tingshuo("save", bundle.path, "--name", "anna", "--note", "first", "--alias", "prod")
    assert (done.code, done.err) == (0, "")
    assert f"anna@{bundle.manifest.version}: " in done.text
    assert "tingshuo say 你好 --voice anna@" in done.text
    for name in ("anna", "anna@prod", "anna@current", f"anna@{bundle.manifest.version}"):
        assert tingshuo("verify", name).code == 0, name
    assert "anna" in tingshuo("voices").text


def test_a_training_is_saved_by_its_folder(tingshuo, bundle, home, tmp_path):
    shutil.copytree(bundle.path, tmp_path / "run" / "bundle")
    assert tingshuo("save", tmp_path / "run", "--name", "anna").code == 0
    (tmp_path / "empty").mkdir()
    done = tingshuo("save", tmp_path / "empty")
    assert done.code == 9
    assert "neither a bundle nor a training that has made one" in done.err


def test_the_step_is_what_semver_asks_for(tingshuo, bundle, home, changed):
    tingshuo("save", bundle.path, "--name", "anna")
    major, minor, patch = map(int, bundle.manifest.version.split("."))
    assert "unknown bump 'big'; accepted: auto, major, minor, patch" in tingshuo("save", changed, "--bump", "big").err
    done = tingshuo("save", changed, "--name", "anna", "--json")
    told = json.loads(done.out)
    assert told["record"]["version"] == f"{major}.{minor}.{patch + 1}"
    assert told["changes"] == []
    assert told["new_bytes"] < 100_000
    again = tingshuo("save", changed, "--name", "anna")
    assert again.code == 14
    assert again.err == f"Error: nothing has changed since anna@{major}.{minor}.{patch + 1}; there is no new version to save\n"


def test_a_signature_that_no_longer_fits_is_not_dropped_in_silence(tingshuo, home, changed):
    (changed / "signature.json").write_text("{}")
    done = tingshuo("save", changed, "--name", "anna")
    assert done.code == 0
    assert "its signature is of what it was and is not kept; sign again: tingshuo sign anna@" in done.text
    assert "not checked" not in tingshuo("verify", "anna").text


def test_a_name_that_is_not_allowed_is_refused(tingshuo, bundle, home):
    done = tingshuo("save", bundle.path, "--name", "../anna")
    assert done.code == 14
    assert "is no name for a voice" in done.err
    assert not (home / "registry" / "voices").exists()


@pytest.fixture
def trained(bundle, tmp_path):
    """The folder of a training with the least that is a state."""
    pytest.importorskip("torch")
    folder = tmp_path / "run"
    shutil.copytree(bundle.path, folder / "bundle")
    step = folder / "acoustic/checkpoints/step-00000007"
    step.mkdir(parents=True)
    (step.parent / "last").symlink_to(step.name)
    for path in (folder / "config.yaml", folder / "data.jsonl", step / "state.json", step / "tensors.safetensors"):
        path.write_bytes(b"12345")
    return folder


@pytest.mark.train
def test_the_state_of_a_training_is_kept_when_it_is_asked_for(tingshuo, home, trained):
    assert json.loads(tingshuo("save", trained, "--name", "anna", "--json").out)["state_bytes"] == 0
    done = tingshuo("save", trained, "--name", "anna", "--state")
    assert (done.code, done.err) == (0, "")
    assert "with the state of its training, 0.0 MB, which is never sent anywhere" in done.text
    (first, second) = json.loads(tingshuo("history", "anna", "--json").out)["versions"]["anna"]
    assert (first["state_bytes"], second["state_bytes"]) == (20, 0)
    assert tingshuo("history", "anna").text.splitlines()[0].endswith("  (current)  state 0.0 MB")


@pytest.mark.train
def test_a_training_in_progress_is_not_saved_half(tingshuo, home, trained):
    from tingshuo.train.run_folder import claimed

    with claimed(trained):
        done = tingshuo("save", trained, "--name", "anna", "--state")
        assert done.code == 13
        assert "run: is in use, by a training" in done.err
        assert not (home / "registry" / "voices").exists()
        assert tingshuo("save", trained, "--name", "anna").code == 0, "a finished bundle is not being written to"


def test_a_bundle_by_itself_has_no_state(tingshuo, bundle, home):
    done = tingshuo("save", bundle.path, "--name", "anna", "--state")
    assert done.code == 2
    assert "is a bundle, without a training whose state could be kept; leave out --state" in done.err


def test_an_anonymous_voice_is_saved_and_what_was_removed_is_told(tingshuo, home, changed):
    fields = json.loads((changed / "manifest.json").read_text())
    statement = {"data_statement": "read in C:\\\\Users\\\\jane\\\\rec by jane@studio.example"}
    (changed / "manifest.json").write_text(json.dumps(fields | statement))
    done = tingshuo("save", changed, "--name", "anna", "--anonymize")
    assert done.code == 0
    assert "removed from manifest.json, data_statement: path" in done.text
    assert f"{fields['speakers'][0]} is now speaker-1" in done.text
    kept = (home / "registry/voices/anna" / fields["version"] / "bundle/manifest.json").read_text()
    assert "jane" not in kept
    assert json.loads(kept)["speakers"][0] == "speaker-1"
    told = json.loads(tingshuo("save", changed, "--name", "ben", "--anonymize", "--hide", "studio", "--json").out)
    assert told["removed"]["people"][fields["speakers"][0]] == "speaker-1"


def test_an_encrypted_voice_is_saved_once_and_read_with_its_key_alone(tingshuo, home, bundle, tmp_path, monkeypatch):
    pytest.importorskip("pyrage")
    assert tingshuo("seal", "--make-key", tmp_path / "key").code == 0
    save = ("save", bundle.path, "--name", "anna", "--encrypt-to", tmp_path / "key.pub")
    assert tingshuo(*save).code == 0
    assert "nothing has changed since anna@" in tingshuo(*save).err
    folder = home / "registry/voices/anna" / bundle.manifest.version / "bundle"
    assert {path.suffix for path in folder.rglob("*") if path.is_file() and path.parent != folder} == {".age"}
    refused = tingshuo("unseal", "anna", "-o", tmp_path / "plain")
    assert (refused.code, "there is no key" in refused.err) == (9, True)
    monkeypatch.setenv("TINGSHUO_SEAL_KEY_FILE", str(tmp_path / "key"))
    assert tingshuo("unseal", "anna", "-o", tmp_path / "plain").code == 0
    weights = "weights/vocoder.safetensors"
    assert (tmp_path / "plain" / weights).read_bytes() == (bundle.path / weights).read_bytes()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--state", "--anonymize"], "a state names people and is never encrypted"),
        (["--state", "--encrypt-to", "age1x"], "a state names people and is never encrypted"),
        (["--hide", "jane"], "--hide goes with --anonymize"),
        (["--encrypt-to", "nobody"], "nobody"),
    ],
)
def test_what_does_not_go_together(tingshuo, home, bundle, options, why):
    done = tingshuo("save", bundle.path, *options)
    assert done.code == 2
    assert why in done.err
    assert not (home / "registry/voices").exists()


def test_an_anonymous_version_tells_nothing_of_the_versions_before_it(tingshuo, bundle, home):
    tingshuo("save", bundle.path, "--name", "reader")
    done = tingshuo("save", bundle.path, "--name", "reader", "--anonymize", "--hide", "AISHELL readers")
    assert (done.code, done.err) == (0, "")
    folders = list((home / "registry/voices/reader").glob("*/bundle"))
    [folder] = [path for path in folders if "speaker-1" in (path / "config.json").read_text("utf-8")]
    texts = [(folder / name).read_text("utf-8") for name in ("CHANGELOG.md", "MODELCARD.md")]
    assert not any("S0252" in text for text in texts)
