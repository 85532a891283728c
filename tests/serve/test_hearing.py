"""A recording on its way through a server: step by step, by its own name, and with an end."""

import numpy as np
import pytest
from tests.serve.fake_listener import RATE, Ear, LoudIsSpeech, recording, wav_of

from tingshuo.audio import vad
from tingshuo.engine.interrupt import Interrupt
from tingshuo.errors import AudioError, EngineError, TooLargeError
from tingshuo.serve import hearing as module
from tingshuo.serve.access.calling import calling
from tingshuo.serve.access.gate import Caller
from tingshuo.serve.hearing import BYTES_A_SECOND, Hearing
from tingshuo.tasks.recognise.transcribe import Listening


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


@pytest.fixture
def hearing_of(tmp_path):
    def make(data: bytes, name: str = "talk.wav", ending: str = ".wav", **options) -> Hearing:
        path = tmp_path / f"kept{ending}"
        path.write_bytes(data)
        return Hearing(path, name, options.pop("ear", Ear()), Listening(**{"finish": None} | options))

    return make


def test_segments_come_one_by_one_and_the_transcript_grows(hearing_of):
    hearing = hearing_of(wav_of(recording(1, 0.9, 20, 0.6, 1)), language="zh")
    assert (hearing.expected_s, hearing.made_s, hearing.stages) == (23.5, 0.0, None)
    steps = hearing.segments()
    segments = filter(None, steps)
    assert next(segments).text == "嘟嘟嘟"
    assert 2 < hearing.made_s < 23
    assert hearing.transcript.text == "嘟嘟嘟"
    assert next(steps) is None  # where nobody speaks, others get the thread
    assert [segment.text for segment in segments] == ["嘟嘟"]
    transcript = hearing.transcript
    assert (transcript.text, transcript.duration_s, transcript.language) == ("嘟嘟嘟 嘟嘟", pytest.approx(23.5), "zh")


def test_what_is_wrong_with_it_is_told(hearing_of):
    wav = recording(1, 0.9, 1)
    wav[:10] = np.nan
    hearing = hearing_of(wav_of(wav, subtype="FLOAT"), hotwords={"馕": 2.0})
    assert hearing.warnings == ()
    list(hearing.segments())
    assert [warning.partition(" ")[0] for warning in hearing.transcript.warnings] == ["hotwords", "10"]


def test_errors_call_it_by_its_name_and_not_by_its_place(hearing_of):
    for data in (b"these are words, not sounds", b"RIFF", wav_of(recording(0))):
        with pytest.raises(AudioError, match=r"^talk\.wav: ") as caught:
            list(hearing_of(data).segments())
        assert caught.value.param == "file"
        assert "kept" not in str(caught.value)


def test_a_length_that_is_not_told_is_guessed_from_the_size(hearing_of):
    assert hearing_of(b"x" * 10 * BYTES_A_SECOND, ending="").expected_s == 10
    promising = bytearray(wav_of(recording(1, 0.9, 1)))
    promising[40:44] = (1 << 31).to_bytes(4, "little")
    hearing = hearing_of(bytes(promising))
    list(hearing.segments())
    assert hearing.expected_s == hearing.made_s == pytest.approx(2.9)


def test_there_is_an_end_to_what_is_heard(hearing_of, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_S", 20.0)
    hearing = hearing_of(wav_of(recording(40)))
    with pytest.raises(TooLargeError, match=r"longer than .* hours") as caught:
        list(hearing.segments())
    assert caught.value.param == "file"
    assert hearing.made_s < 40


def test_who_leaves_ends_it_where_nobody_speaks_too(hearing_of):
    hearing, interrupt = hearing_of(wav_of(recording(60))), Interrupt()
    interrupt.stop()
    with interrupt.covering(), pytest.raises(EngineError, match="has left"):
        list(hearing.segments())
    assert 0 < hearing.made_s < 60


def test_the_record_has_how_much_was_heard_for_whom(hearing_of):
    caller = Caller(None, "id", "transcribe")
    with calling(caller):
        hearing = hearing_of(wav_of(recording(1, 0.9, 1)))
    list(hearing.segments())
    assert caller.notes == {"audio_s": 2.9}


def test_a_recogniser_of_another_rate_hears_what_has_many_channels(hearing_of):
    wav = recording(1, 0.75, 1, rate=96000)
    ear = Ear()
    ear.sample_rate = 8000
    hearing = hearing_of(wav_of(np.stack([wav] * 6, 1), 96000), ear=ear)
    assert hearing.expected_s == pytest.approx(2.75)
    assert [segment.text for segment in hearing.segments() if segment] == ["嘟嘟嘟"]
    assert ear.sample_rate != RATE
