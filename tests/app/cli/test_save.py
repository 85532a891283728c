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
