"""A synthesis on its way: chunks, bytes and files; what is given up leaves nothing."""

import asyncio

import numpy as np
import pytest

from tingshuo.errors import OutputError, TooLargeError
from tingshuo.serve.take import Order, Take
from tingshuo.tasks.labelled import Label
from tingshuo.types import SpeechRequest

KEY = "0" * 64
REQUEST = SpeechRequest(text="一。二。")


@pytest.fixture(autouse=True)
def _closed(service):
    yield
    service.workers.close()
    service.results.close()


def test_a_take_that_is_given_up_closes_its_stream_and_leaves_no_file(service, fake_voice):
    take = Take(service.voices, Order("default", REQUEST, "wav"))
    steps = take.recorded(service.results, "id", KEY)
    next(steps)
    steps.close()
    assert fake_voice.streams[-1].closed
    assert not list(service.results.path("id", "wav").parent.iterdir())


def test_a_take_that_outgrows_the_store_is_stopped_at_once(service, fake_voice):
    service.results.limit_bytes = 6000
    take = Take(service.voices, Order("default", SpeechRequest(text="一。" * 100), "wav"))
    with pytest.raises(TooLargeError, match="more than the 6000 bytes"):
        list(take.recorded(service.results, "id", KEY))
    assert fake_voice.streams[-1].made == 2
    assert not list(service.results.path("id", "wav").parent.iterdir())


def test_encoded_bytes_are_those_of_the_encoder(service, fake_voice):
    from tingshuo.audio.write import open_encoder

    take = Take(service.voices, Order("default", REQUEST, "pcm"))
    with open_encoder("pcm", 24000) as encoder:
        expected = b"".join(encoder.encode(chunk.wav) for chunk in fake_voice.speak(REQUEST))
    assert b"".join(take.encoded()) == expected


def test_the_label_and_the_cut_are_those_that_were_asked_for(service, fake_voice):
    order = Order("default", REQUEST, "wav", Label())
    take = Take(service.voices, order, chunk_s=0.04)
    chunks = list(take.chunks())
    assert [len(chunk.wav) for chunk in chunks] == [960] * 43 + [720]  # 4800 samples of speech, 37200 of label
    assert take.made_s == pytest.approx(1.75)
    whole = Take(service.voices, order)
    wav = np.concatenate([chunk.wav for chunk in whole.chunks()])
    np.testing.assert_array_equal(np.concatenate([chunk.wav for chunk in chunks]), wav)
    assert [s.start_s for s in take.labeller.sentences] == [s.start_s for s in whole.labeller.sentences]


def test_what_was_made_is_what_was_given_out(service, fake_voice):
    """Or else a stream would count as ahead of its listener for what is still cut up here."""
    take = Take(service.voices, Order("default", REQUEST, "pcm"), chunk_s=0.02)
    steps = take.encoded()
    next(steps)
    assert fake_voice.streams[-1].made == 1
    assert take.made_s == pytest.approx(0.02)


def test_what_the_disk_refuses_is_told_without_the_path(service, fake_voice, caplog):
    take = Take(service.voices, Order("default", REQUEST, "wav"))
    folder = service.results.path("id", "wav").parent
    service.results.path = lambda *_: folder / "nowhere" / "id.wav"
    with pytest.raises(OutputError, match=r"^the finished audio cannot be kept on the server's disk; its log says why$"):
        list(take.recorded(service.results, "id", KEY))
    assert str(folder) in caplog.text
    assert fake_voice.streams[-1].closed


@pytest.mark.parametrize("way", ["kept", "recorded"])
def test_what_was_kept_is_found_when_the_store_is_told(service, fake_voice, way):
    async def scenario():
        take, result_id = Take(service.voices, Order("default", REQUEST, "wav")), service.results.new_id()
        steps = getattr(take, way)(service.results, result_id, KEY)
        next(steps)
        assert take.added is None
        for _ in steps:
            assert take.added is None
        assert service.results.find(KEY) is None
        service.results.remember(take.added)
        found = service.results.find(KEY)
        assert found.result == take.added.result
        assert found.reply["warnings"] == []

    asyncio.run(scenario())


def test_a_stream_that_cannot_be_kept_ends_as_any_other(service, fake_voice, monkeypatch):
    whole = b"".join(Take(service.voices, Order("default", REQUEST, "pcm")).encoded())
    take = Take(service.voices, Order("default", REQUEST, "pcm"))
    monkeypatch.setattr("os.utime", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert b"".join(take.kept(service.results, service.results.new_id(), KEY)) == whole
    assert take.added is None
    assert not list(service.results.path("id", "pcm").parent.iterdir())
