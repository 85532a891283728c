"""Voices are exchanged whole, and what is broken is not taken."""

import dataclasses

import pytest

from tingshuo.errors import BundleError, BusyError, RegistryError, TextError
from tingshuo.serve.editions import Editions, compare


@pytest.fixture
def catalogue(service):
    """What is installed, to be changed by a test."""
    return dict(service.voices.catalogue)


def renewed(bundle, version="9.0.0"):
    return dataclasses.replace(bundle, manifest=bundle.manifest.replace(version=version))


def test_new_changed_and_removed_voices_are_told_and_opened_before_the_switch(service, fake_voice, catalogue):
    before, version = service.voices, catalogue["default"].manifest.version
    service.warm_up()
    fake_voice.streams.clear()
    catalogue["default"] = renewed(catalogue["default"])
    catalogue["new"] = catalogue.pop("other")
    editions = Editions(service, lambda: catalogue)
    changes = editions.prepare()
    assert [(one["voice"], one["before"], one["now"]) for one in changes] == [
        ("default", version, "9.0.0"),
        ("new", None, version),
        ("other", version, None),
    ]
    assert len(fake_voice.streams) == 2  # both have spoken a word
    assert service.voices is before
    editions.switch()
    assert service.voices is not before
    assert set(service.voices.resident_bytes) == {"default", "new"}
    assert before.catalogue["default"].manifest.version == version  # who has begun goes on with it
    editions.switch()  # a second time, nothing is prepared
    assert set(service.voices.catalogue) == {"default", "new"}


def test_what_has_not_changed_stays_open(service, catalogue):
    voice = service.voices.open("default")
    opened = []
    service.voices._load = opened.append
    editions = Editions(service, lambda: catalogue)
    assert editions.prepare() == []
    editions.switch()
    assert service.voices.open("default") is voice
    assert not opened


def test_a_voice_that_cannot_be_opened_changes_nothing(service, catalogue):
    before = service.voices
    catalogue["default"] = renewed(catalogue["default"])

    def fail(_):
        raise BundleError("voices/default: weights are damaged")

    before._load = fail
    editions = Editions(service, lambda: catalogue)
    with pytest.raises(RegistryError, match=r"nothing was changed: voices/default: weights are damaged$"):
        editions.prepare()
    editions.switch()
    assert service.voices is before


def test_what_was_prepared_can_be_forgotten(service, catalogue):
    before = service.voices
    catalogue["more"] = renewed(catalogue["other"])
    editions = Editions(service, lambda: catalogue)
    editions.prepare()
    editions.forget()
    editions.switch()
    assert service.voices is before


def test_a_voice_of_another_language_need_not_know_the_word(service, fake_voice, catalogue):
    def mute(_):
        raise TextError("no such characters")

    fake_voice.before_chunk = mute
    catalogue["more"] = renewed(catalogue["other"])
    editions = Editions(service, lambda: catalogue)
    assert [one["voice"] for one in editions.prepare()] == ["more"]


def test_only_one_at_a_time(service, catalogue):
    def read():
        with pytest.raises(BusyError, match="being read again already"):
            editions.prepare()
        return catalogue

    editions = Editions(service, read)
    assert editions.prepare() == []


def test_the_same_files_elsewhere_are_no_change(catalogue, tmp_path):
    moved = {name: dataclasses.replace(bundle, path=tmp_path) for name, bundle in catalogue.items()}
    assert compare(catalogue, moved) == []
