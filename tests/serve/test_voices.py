"""Voices of a server: opened once, by name alone, and those that nobody asks for make room."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tingshuo.config import FamilyConfig, PersonConfig
from tingshuo.errors import UnknownVoiceError
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
