"""A synthesis on its way: chunks, bytes and files; what is given up leaves nothing."""

import pytest

from tingshuo.errors import TooLargeError
from tingshuo.serve.take import Order, Take
from tingshuo.types import SpeechRequest

REQUEST = SpeechRequest(text="一。二。")


@pytest.fixture(autouse=True)
def _closed(service):
    yield
    service.workers.close()
    service.results.close()


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


def test_encoded_bytes_are_those_of_the_encoder(service, fake_voice):
    from tingshuo.audio.write import open_encoder

    take = Take(service.voices, Order("default", REQUEST, "pcm"))
    with open_encoder("pcm", 24000) as encoder:
        expected = b"".join(encoder.encode(chunk.wav) for chunk in fake_voice.speak(REQUEST))
    assert b"".join(take.encoded()) == expected
