"""Voices of a server: opened once, by name alone, and those that nobody asks for make room."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tingshuo.config import FamilyConfig, PersonConfig
from tingshuo.errors import UnknownVoiceError
from tingshuo.serve.cache.counts import Counts
from tingshuo.serve.cache.fingerprint import manifest_digest
from tingshuo.serve.voices import Voices
from tingshuo.types import SpeechRequest

REQUEST = SpeechRequest(text="一。二。")


def test_a_voice_is_opened_once(bundle):
    opened = []
    voices = Voices(lambda b: opened.append(b) or object(), {"default": bundle})
    assert voices.open("default") is voices.open("default")
    assert opened == [bundle]


class Heavy:
    """A voice that weighs what its name says."""

    embeddings = None

    def __init__(self, bundle):
        self.weight_bytes = int(bundle)


def test_the_voice_that_was_not_asked_for_the_longest_makes_room():
    voices = Voices(Heavy, {"default": "60", "a": "20", "b": "15", "c": "10"}, budget_bytes=100)
    kept = {name: voices.open(name) for name in ("default", "a", "b")}
    assert voices.open("a") is kept["a"]
    voices.open("c")
    assert voices.resident_bytes == {"default": 60, "a": 20, "c": 10}  # b made room, and never the default voice
    assert voices.open("b") is not kept["b"]
    assert voices.resident_bytes == {"default": 60, "c": 10, "b": 15}
    assert voices.open("default") is kept["default"]


def test_a_voice_that_is_larger_than_the_budget_speaks_all_the_same():
    voices = Voices(Heavy, {"default": "60", "a": "70"}, budget_bytes=50)
    voices.open("default")
    voices.open("a")
    assert voices.resident_bytes == {"default": 60, "a": 70}


def test_residents_are_kept_open_whatever_they_weigh():
    catalogue = {"default": "60", "a": "20", "b": "15", "c": "10"}
    voices = Voices(Heavy, catalogue, budget_bytes=80, residents=("a",))
    for name in (*voices.residents, "b", "c", "b", "a"):
        voices.open(name)
    assert set(voices.resident_bytes) == {"default", "a", "b"}
    assert (voices.counts.hits, voices.counts.misses, voices.counts.evictions, voices.counts.n_bytes) == (1, 5, 2, 95)
    assert voices.embedding_counts == Counts()


def test_residents_may_be_speakers_and_have_to_be_known(bundle):
    first = bundle.config.speakers[0]
    pair = replace(bundle, held=bundle.config.replace(speakers=(first, first.replace(name="deep"))))
    voices = Voices(lambda _: Heavy("1"), {"default": pair, "other": pair}, residents=("other/deep", "other"))
    assert voices.residents == ("default", "other/deep", "other")
    for unknown in ("nobody", "other/nobody", "../other"):
        with pytest.raises(UnknownVoiceError, match=f"unknown voice '{unknown}' to open at the start; accepted: default, .*deep"):
            Voices(Heavy, {"default": pair, "other": pair}, residents=(unknown,))


def test_the_digest_is_that_of_the_bundle_there_is_now(bundle):
    voices = Voices(Heavy, {"default": bundle, "other": bundle})
    before = voices.digest("default")
    assert before == voices.digest("other") == manifest_digest(bundle.manifest)
    voices.catalogue["default"] = replace(bundle, manifest=bundle.manifest.replace(version="9.9.9"))
    assert voices.digest("default") != before


def test_of_many_speakers_a_refusal_names_some(bundle):
    people = tuple(PersonConfig(f"s{n}", "unspecified") for n in range(2014))
    crowd = SimpleNamespace(manifest=bundle.manifest, settings=FamilyConfig(family="crowd", speakers=people))
    voices = Voices(lambda _: None, {"crowd": crowd})
    for voice, request in (("crowd/wu", REQUEST), ("crowd", replace(REQUEST, speaker="wu"))):
        with pytest.raises(
            UnknownVoiceError, match=r"unknown speaker 'wu' of voice 'crowd'; accepted: s0, s1, .*, s39 and 1974 more$"
        ):
            voices.check(voice, request)
    with pytest.raises(UnknownVoiceError, match=r"unknown voice 'x'; accepted: crowd, crowd/s1, .* and 1974 more$"):
        voices.check("x", REQUEST)


def test_another_catalogue_keeps_open_what_has_not_changed(bundle):
    changed = replace(bundle, manifest=bundle.manifest.replace(version="9.9.9"))
    voices = Voices(lambda _: Heavy("1"), {"default": bundle, "other": bundle, "gone": bundle}, residents=("other",))
    kept = {name: voices.open(name) for name in voices.catalogue}
    following = voices.following({"default": bundle, "other": changed})
    assert following.resident_bytes == {"default": 1}
    assert following.open("default") is kept["default"]
    assert following.open("other") is not kept["other"]
    assert following.counts.misses == voices.counts.misses == 4  # what was counted goes on
    assert voices.open("gone") is kept["gone"]  # who has begun with the old ones has them
    with pytest.raises(UnknownVoiceError, match="unknown voice 'other' to open at the start"):
        voices.following({"default": bundle})
