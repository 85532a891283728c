import json
import shutil

import numpy as np
import pytest

import tingshuo
from tingshuo.errors import BundleError, RegistryError, SealedError, UnknownVoiceError
from tingshuo.store import seal_folders
from tingshuo.store.registry import Registry
from tingshuo.store.saving import save
from tingshuo.store.seal_keys import SEAL_KEY, SEAL_KEY_COMMAND, SEAL_KEY_FILE, make_seal_key
from tingshuo.store.sealing import seal_bundle
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


def test_bundles_that_do_not_speak_are_no_voices(tmp_path, monkeypatch):
    """A vocoder lies where voices lie; it hides a voice of its name, as any bundle of the user's does."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    fields = json.loads((BUILT_IN / "default/manifest.json").read_text("utf-8"))
    for name in ("sounding", "default"):
        (tmp_path / "voices" / name).mkdir(parents=True)
        (tmp_path / "voices" / name / "manifest.json").write_text(json.dumps(fields | {"task": "vocoder"}), "utf-8")
    assert list_voices() == {}
    assert find_voice("sounding") == tmp_path / "voices/sounding"


def test_a_path_opens_too_and_the_front_door_is_load(tmp_path):
    shutil.copytree(BUILT_IN / "default", tmp_path / "mine")
    assert tingshuo.load(tmp_path / "mine").name == "default"
    assert tingshuo.load is load


def test_what_was_saved_is_found_by_name_version_and_alias(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    saved = save(Registry(), BUILT_IN / "default", name="anna", aliases=["prod"])
    version = saved.record.version
    for name in ("anna", "anna@prod", f"anna@{version}"):
        assert find_voice(name) == saved.path
    assert list_voices()["anna"].name == "anna"
    with pytest.raises(UnknownVoiceError, match=r"anna has no version or alias '0\.0\.1'; it has: "):
        find_voice("anna@0.0.1")
    with pytest.raises(UnknownVoiceError, match="known: default, anna"):
        find_voice("anna/../anna")


def test_a_folder_of_the_users_wins_over_the_registry_and_that_over_what_is_built_in(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    saved = save(Registry(), BUILT_IN / "default")
    assert find_voice("default") == saved.path
    shutil.copytree(BUILT_IN / "default", tmp_path / "voices/default")
    assert find_voice("default") == tmp_path / "voices/default"
    assert find_voice("default@current") == saved.path


def test_a_damaged_record_is_said_where_it_matters_and_hides_nothing_else(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    saved = save(Registry(), BUILT_IN / "default", name="anna")
    (saved.path.parent / "record.json").write_text("{")
    assert list(list_voices()) == ["default"]
    assert "record.json" in caplog.text
    assert find_voice("default") == BUILT_IN / "default"
    with pytest.raises(RegistryError, match="tingshuo scrub"):
        find_voice("anna")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """The built-in voice, encrypted; its key lies beside it."""
    folder = tmp_path_factory.mktemp("sealing")
    return seal_bundle(BUILT_IN / "default", folder / "sealed", [make_seal_key(folder / "key")])


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """Where voices are decrypted to; no key is at hand."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    for variable in (SEAL_KEY, SEAL_KEY_FILE, SEAL_KEY_COMMAND):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(seal_folders, "_places", lambda: iter([tmp_path / "memory"]))
    return tmp_path / "memory"


def test_an_encrypted_voice_speaks_with_its_key_and_leaves_nothing_decrypted(sealed, memory, monkeypatch, voice):
    with pytest.raises(SealedError, match=r"sealed: is encrypted for age1\w+, and there is no key; name its file in"):
        load(sealed)
    monkeypatch.setenv(SEAL_KEY_FILE, str(sealed.with_name("key")))
    opened = load(sealed)
    assert [path for path in memory.rglob("*") if path.is_file()] == []
    assert np.array_equal(opened.synthesize("你好").wav, voice.synthesize("你好").wav)


def test_an_encrypted_voice_is_found_and_listed_without_a_key(sealed, memory, tmp_path):
    shutil.copytree(sealed, tmp_path / "home/voices/anna")
    assert find_voice("anna") == tmp_path / "home/voices/anna"
    assert list_voices()["anna"].sealed is not None
