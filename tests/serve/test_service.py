"""Orders are checked before a thread is asked."""

import pytest
from tests.serve.fake_listener import Ear, listeners_of

from tingshuo.errors import AudioError, BusyError, RequestError, UnknownVoiceError
from tingshuo.serve.take import Order
from tingshuo.tasks.labelled import Label
from tingshuo.types import SpeechRequest

REQUEST = SpeechRequest(text="一。二。")


@pytest.fixture(autouse=True)
def _closed(service):
    yield
    service.workers.close()
    service.results.close()


def test_orders_are_refused_until_the_voice_is_warm(service, fake_voice):
    with pytest.raises(BusyError, match="still being opened"):
        service.order("default", REQUEST, "wav")
    service.warm_up()
    assert fake_voice.streams[0].made == 1
    service.ready = True
    assert service.order("default", REQUEST, "ogg") == Order("default", REQUEST, "opus", Label())
    assert service.order("default", REQUEST, "pcm") == Order("default", REQUEST, "pcm")


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


def test_recognisers_that_are_resident_are_open_when_the_voice_is(service, bundle):
    ear = Ear()
    service.listeners = listeners_of(ear, bundle, residents=("ear",))
    service.warm_up()
    assert ear.opened == [("ear", None)]
    assert service.metrics.registry.get_sample_value("tingshuo_open_recognisers") == 1
