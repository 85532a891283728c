"""Which recognisers there are: the user's, the registry's, built in."""

import json
import shutil

import pytest

from tingshuo.errors import BundleError, RegistryError, UnknownVoiceError
from tingshuo.store.registry import Registry
from tingshuo.tasks.recognise import find
from tingshuo.tasks.recognise.find import find_recogniser, list_recognisers, load_recogniser, only_language
from tingshuo.tasks.voices import BUILT_IN


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Lay the manifest of a recogniser somewhere: ``place(folder, name)``; nothing is built in but what is laid there."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(find, "BUILT_IN", tmp_path / "built_in")
    fields = json.loads((BUILT_IN / "default/manifest.json").read_text("utf-8"))

    def place(folder, name, task="asr", **changes):
        path = tmp_path / folder / name
        path.mkdir(parents=True)
        (path / "manifest.json").write_text(json.dumps(fields | {"task": task, "name": name, **changes}), "utf-8")
        return path

    return place


def test_without_any_it_is_said_how_to_get_one(place):
    with pytest.raises(UnknownVoiceError, match="no recogniser is built in; name one with --model BUNDLE; `tingshuo import PATH"):
        find_recogniser()
    with pytest.raises(UnknownVoiceError, match="unknown recogniser 'mine'; known by name: none; name one with"):
        find_recogniser("mine")


def test_the_built_in_one_is_taken_as_soon_as_it_is_there(place):
    path = place("built_in", "listener")
    place("built_in", "another")
    assert find_recogniser() == path
    assert list(list_recognisers()) == ["listener", "another"]
    with pytest.raises(UnknownVoiceError, match="known by name: listener, another"):
        find_recogniser("nobody")


def test_the_users_own_wins(place, monkeypatch):
    built_in, own = place("built_in", "listener"), place("home/recognisers", "listener")
    assert find_recogniser() == own
    shutil.rmtree(own)
    saved = place("elsewhere", "listener")
    monkeypatch.setattr(Registry, "has", lambda self, name: name == "listener")
    monkeypatch.setattr(Registry, "path", lambda self, name: saved)
    assert find_recogniser() == find_recogniser("listener@1.0.0") == saved
    monkeypatch.undo()
    assert built_in.is_dir()


def test_a_path_is_taken_as_it_is(place):
    path = place("elsewhere", "mine")
    assert find_recogniser(path) == find_recogniser(str(path)) == path


def test_what_the_registry_does_not_have_is_said(place, monkeypatch):
    def refuse(self, name):
        raise RegistryError("mine@9.9.9: no such version")

    monkeypatch.setattr(Registry, "has", lambda self, name: name == "mine")
    monkeypatch.setattr(Registry, "folders", lambda self: ("mine",))
    monkeypatch.setattr(Registry, "path", refuse)
    with pytest.raises(UnknownVoiceError, match="no such version"):
        find_recogniser("mine@9.9.9")
    assert list_recognisers() == {}


def test_voices_and_damaged_bundles_are_left_out(place, caplog):
    place("built_in", "speaker", task="tts")
    broken = place("built_in", "broken")
    (broken / "manifest.json").write_text("{")
    assert list_recognisers() == {}
    assert "broken" in caplog.text


def test_the_language_of_one_that_knows_just_one(place):
    assert only_language(place("a", "mandarin", languages=["zh"])) == "zh"
    assert only_language(place("a", "both", languages=["zh", "en"])) is None


def test_a_voice_does_not_hear():
    with pytest.raises(BundleError, match="is of the task tts and does not hear"):
        load_recogniser(BUILT_IN / "default")


def test_an_archive_that_is_none_is_refused(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"no archive")
    with pytest.raises(BundleError):
        find_recogniser(tmp_path / "a.tar")
