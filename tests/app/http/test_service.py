"""What routes share: voices opened once, orders checked, takes as chunks, bytes and lines."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tingshuo.app.http.service import Order, Take, Voices
from tingshuo.config import FamilyConfig, PersonConfig
from tingshuo.errors import AudioError, BusyError, RequestError, TooLargeError, UnknownVoiceError
from tingshuo.types import SpeechRequest

REQUEST = SpeechRequest(text="一。二。")


@pytest.fixture(autouse=True)
def _closed(service):
    yield
    service.workers.close()
    service.results.close()


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


def test_orders_are_refused_until_the_voice_is_warm(service, fake_voice):
    with pytest.raises(BusyError, match="still being opened"):
        service.order("default", REQUEST, "wav")
    service.warm_up()
    assert fake_voice.streams[0].made == 1
    service.ready = True
    assert service.order("default", REQUEST, "ogg") == Order("default", REQUEST, "opus")


def test_orders_name_known_voices_and_formats(service):
    service.ready = True
    with pytest.raises(UnknownVoiceError, match="accepted: default, default/deep, other"):
        service.order("../default", REQUEST, "wav")
    with pytest.raises(AudioError, match="midi"):
        service.order("default", REQUEST, "midi")


def test_a_speaker_may_be_named_in_either_way(service):
    service.ready = True
    first, second = (SpeechRequest(text=REQUEST.text, speaker=name) for name in ("tan", "deep"))
    assert service.order("default/deep", REQUEST, "wav") == service.order("default", second, "wav")
    assert service.order("default/tan", first, "wav") == service.order("default", REQUEST, "wav")  # one order, kept once
    with pytest.raises(UnknownVoiceError, match=r"unknown speaker 'wu' of voice 'default'; accepted: tan, deep"):
        service.order("default/wu", REQUEST, "wav")
    with pytest.raises(RequestError, match="names the speaker 'deep' and the field speaker 'tan'"):
        service.order("default/deep", first, "wav")


def test_of_many_speakers_a_refusal_names_some(service, bundle):
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


def test_a_take_that_is_given_up_closes_its_stream_and_leaves_no_file(service, fake_voice):
    take = Take(service.voices, Order("default", REQUEST, "wav"))
    steps = take.recorded(service.results, "id")
    next(steps)
    steps.close()
    assert fake_voice.streams[-1].closed
    assert not list(service.results.path("id", "wav").parent.iterdir())


def test_a_take_that_outgrows_the_store_is_stopped_at_once(service, fake_voice):
    service.results.limit_bytes = 6000
    take = Take(service.voices, Order("default", SpeechRequest(text="一。" * 100), "wav"))
    with pytest.raises(TooLargeError, match="more than the 6000 bytes"):
        list(take.recorded(service.results, "id"))
    assert fake_voice.streams[-1].made == 2
    assert not list(service.results.path("id", "wav").parent.iterdir())


def test_the_lines_of_a_take(service):
    take = Take(service.voices, Order("default", REQUEST, "wav"))
    steps = [[json.loads(line) for line in part.splitlines()] for part in take.events(service.results, "id")]
    assert [[line["type"] for line in step] for step in steps] == [["start", "sentence", "audio"], ["sentence", "audio"]]
    assert service.results.path("id", "wav").is_file()
    assert take.reply("id") == take.summary("id") | {"sentences": take.reply("id")["sentences"]}


def test_encoded_bytes_are_those_of_the_encoder(service, fake_voice):
    from tingshuo.audio.write import open_encoder

    take = Take(service.voices, Order("default", REQUEST, "pcm"))
    with open_encoder("pcm", 24000) as encoder:
        expected = b"".join(encoder.encode(chunk.wav) for chunk in fake_voice.speak(REQUEST))
    assert b"".join(take.encoded()) == expected
