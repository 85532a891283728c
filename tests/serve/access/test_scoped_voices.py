"""Voices as each key sees them."""

import dataclasses
from datetime import UTC, datetime

import pytest
from tests.serve.fake_voice import FakeVoice, service_of

from tingshuo.errors import AccessError, UnknownVoiceError
from tingshuo.serve.access.calling import calling
from tingshuo.serve.access.gate import Caller
from tingshuo.serve.access.keys import Key
from tingshuo.serve.access.ring import Held
from tingshuo.serve.access.scoped_voices import ScopedVoices
from tingshuo.store.manifest import ConsentRecord
from tingshuo.types import SpeechRequest

REQUEST = SpeechRequest(text="你好。")


def caller(*voices: str) -> Caller:
    """Return somebody whose key is for these voices."""
    key = Key(id="abcdefgh", name="shop", salt="00", hash="00", created=datetime.now(UTC), voices=voices)
    return Caller(None, "1", "speak", Held(key, (), ()))


def clone(bundle, *speakers: str):
    """Return a bundle whose speakers were cloned from people who agreed."""
    fields = {"given_by": "Anna", "given_on": "2020-01-01", "purpose": "a test", "valid_until": "unlimited"}
    records = tuple(ConsentRecord(speaker=one, recording_sha256="0" * 64, **fields) for one in speakers)
    names = tuple(one.name for one in bundle.settings.speakers)
    return dataclasses.replace(bundle, manifest=bundle.manifest.replace(speakers=names, cloned=speakers, consents=records))


@pytest.fixture
def voices(bundle):
    """``default`` (tan, deep), ``other``, ``anna`` who is a clone, and ``pair`` (tan, deep) whose second is one."""
    catalogue = service_of(FakeVoice(), bundle).voices.catalogue
    other = catalogue["other"]
    names = [one.name for one in other.settings.speakers]
    catalogue |= {"anna": clone(other, *names), "pair": clone(catalogue["default"], "deep")}
    opened = FakeVoice()
    made = ScopedVoices(lambda bundle: opened, catalogue)
    made.clone_speaker = names[0]
    return made


def test_nobody_sees_everything(voices):
    assert set(voices.catalogue) == {"default", "other", "anna", "pair"}
    assert {"anna", "pair/deep"} < set(voices.ids)
    assert voices.check("anna", REQUEST)[0] == "anna"


def test_a_star_sees_all_but_clones(voices):
    with calling(caller("*")):
        assert set(voices.catalogue) == {"default", "other", "pair"}
        assert {id for id in voices.ids if not id.startswith("other/")} == {"default", "default/deep", "other", "pair"}
        assert [one.name for one in voices.catalogue["pair"].settings.speakers] == ["tan"]
        for hidden in ("anna", f"anna/{voices.clone_speaker}", "pair/deep"):
            with pytest.raises(UnknownVoiceError) as caught:
                voices.check(hidden, REQUEST)
            assert "anna, " not in str(caught.value)
            assert "/deep, pair/deep" not in str(caught.value)
        with pytest.raises(UnknownVoiceError):
            voices.check("pair", dataclasses.replace(REQUEST, speaker="deep"))
        assert voices.check("pair", REQUEST)[0] == "pair"


def test_a_clone_is_there_for_the_key_that_names_it(voices):
    for named in ("anna", f"anna/{voices.clone_speaker}"):
        with calling(caller(named)):
            assert set(voices.catalogue) == {"anna"}
            assert voices.check("anna", REQUEST)[0] == "anna"
    with calling(caller("*", "pair/deep")):
        assert voices.check("pair/deep", REQUEST)[1].speaker == "deep"
        assert "pair/deep" in voices.ids
        assert "anna" not in voices.ids


def test_a_voice_out_of_reach_is_refused_by_name(voices):
    with calling(caller("other")):
        with pytest.raises(AccessError, match="the key abcdefgh is not for the voice 'default'; it is for: other"):
            voices.check("default", REQUEST)
        with pytest.raises(UnknownVoiceError, match="unknown voice 'nobody'; accepted: other"):
            voices.check("nobody", REQUEST)


def test_one_speaker_of_a_voice(voices):
    with calling(caller("default/deep")):
        assert set(voices.ids) == {"default/deep"}
        assert voices.check("default/deep", REQUEST) == ("default", dataclasses.replace(REQUEST, speaker="deep"))
        for asked, speaker in (("default", None), ("default", "tan"), ("default/tan", None)):
            with pytest.raises(AccessError, match="not for the voice"):
                voices.check(asked, dataclasses.replace(REQUEST, speaker=speaker))


def test_what_is_opened_is_whole_whoever_asks_first(bundle):
    """A voice that one key sees in part must not be kept in part for all."""
    opened = []
    catalogue = service_of(FakeVoice(), bundle).voices.catalogue
    voices = ScopedVoices(lambda bundle: opened.append(bundle) or FakeVoice(), {"pair": clone(catalogue["default"], "deep")})
    with calling(caller("*")):
        voices.open("pair")
    assert [one.name for one in opened[0].settings.speakers] == ["tan", "deep"]


def test_what_is_asked_for_is_noted_without_the_text(voices):
    somebody = caller("*")
    with calling(somebody):
        voices.check("default/deep", REQUEST)
        assert somebody.notes == {"voice": "default/deep", "characters": 3}
        voices.check("other", REQUEST)
    assert somebody.notes == {"voice": "other", "characters": 6}, "a socket asks more than once"


@pytest.mark.parametrize("path", ["/etc/passwd", "../default", "default/../other", "./default", "file:///etc", "\x00"])
def test_a_request_names_no_path(voices, path):
    with calling(caller("*")), pytest.raises(UnknownVoiceError):
        voices.check(path, REQUEST)
