import shutil

import pytest

import tingshuo
from tingshuo.errors import BundleError, UnknownVoiceError
from tingshuo.tasks.voices import BUILT_IN, find_voice, list_voices, load


def test_the_built_in_voice_is_listed_first():
    voices = list_voices()
    assert next(iter(voices)) == "default"
    assert voices["default"].licence == "CC-BY-SA-4.0"


def test_an_unknown_voice_names_the_known_ones():
    with pytest.raises(UnknownVoiceError, match="default"):
        find_voice("nobody")


def test_a_voice_of_the_users_wins_over_a_built_in_one(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    shutil.copytree(BUILT_IN / "default", tmp_path / "voices/default")
    assert find_voice("default") == tmp_path / "voices/default"


def test_a_damaged_bundle_is_left_out_of_the_list_and_logged(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    (tmp_path / "voices/broken").mkdir(parents=True)
    (tmp_path / "voices/broken/manifest.json").write_text("{")
    assert "broken" not in list_voices()
    assert "broken" in caplog.text
    with pytest.raises(BundleError):
        load("broken")


def test_a_path_opens_too_and_the_front_door_is_load(tmp_path):
    shutil.copytree(BUILT_IN / "default", tmp_path / "mine")
    assert tingshuo.load(tmp_path / "mine").name == "default"
    assert tingshuo.load is load
