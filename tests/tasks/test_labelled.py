"""Speech as it leaves: rhythm, sentence, field, watermark and number, the same however the chunks come."""

import numpy as np
import pytest
from tests.serve.fake_voice import CHUNK, RATE, RHYTHM, FakeVoice

from tingshuo.audio.label.labelling import SENTENCE, LabelSettings, check_prompt
from tingshuo.audio.label.morse import find_rhythms
from tingshuo.audio.label.watermark import read_watermark
from tingshuo.errors import RequestError
from tingshuo.tasks.labelled import Label, Labeller, label_speech, labeller_of, number_of, spoken_label
from tingshuo.types import AudioChunk, SpeechRequest, TimedSentence

REQUEST = SpeechRequest(text="一。二。三。")
KEY = b"sixteen secret bytes"


def labelled(label, request=REQUEST):
    voice = FakeVoice()
    stream = voice.speak(request)
    labeller = labeller_of(voice, stream, request, label)
    return list(label_speech(stream, labeller)), labeller


def joined(chunks):
    return np.concatenate([chunk.wav for chunk in chunks])


def test_the_rhythm_comes_after_the_last_word_and_no_time_moves():
    chunks, labeller = labelled(Label())
    bare = joined(FakeVoice().speak(REQUEST))
    wav = joined(chunks)
    np.testing.assert_array_equal(wav[: len(bare)], bare)
    assert len(wav) == labeller.n_samples == 3 * CHUNK + RHYTHM
    assert [chunk.start_samples for chunk in chunks] == [0, CHUNK, 2 * CHUNK, 3 * CHUNK]
    assert [sentence.start_s for sentence in labeller.sentences] == pytest.approx([0, 0.1, 0.2])
    (found,) = find_rhythms(wav, RATE)
    assert found.start_s == pytest.approx(0.3 + 0.35, abs=0.03)
    told = labeller.describe()
    assert (told["start_s"], told["end_s"]) == (0.3, 1.85)


def test_at_the_start_the_times_move_with_the_words():
    chunks, labeller = labelled(Label(LabelSettings("rhythm", "start")), SpeechRequest(text="一。" * 6))
    shift_s = labeller.inserted.length_s
    assert [sentence.start_s for sentence in labeller.sentences] == pytest.approx([shift_s + 0.1 * n for n in range(6)])
    assert chunks[0].start_samples == 0
    assert sum(len(chunk.wav) for chunk in chunks) == labeller.n_samples


def test_without_a_label_nothing_is_changed_or_told():
    chunks, labeller = labelled(None)
    np.testing.assert_array_equal(joined(chunks), joined(FakeVoice().speak(REQUEST)))
    assert (labeller.field, labeller.describe(), len(labeller.sentences)) == (None, None, 3)


def test_a_label_that_is_not_heard_still_has_its_field():
    chunks, labeller = labelled(Label(None, "producer-1"))
    assert len(joined(chunks)) == 3 * CHUNK
    assert labeller.field.content_producer == labeller.field.content_propagator == "producer-1"
    assert labeller.describe() == {"form": "none", "position": None, "producer": "producer-1", "watermark": False}


def test_the_number_is_that_of_the_content():
    voice, label = FakeVoice(), Label()
    number = number_of(voice, "tan", REQUEST, label)
    assert (len(number), int(number, 16) > 0) == (32, True)
    assert number == number_of(voice, "tan", SpeechRequest(text=REQUEST.text, speaker="tan"), label)  # asked for in another way
    others = {
        number_of(voice, "deep", REQUEST, label),
        number_of(voice, "tan", SpeechRequest(text="四。"), label),
        number_of(voice, "tan", SpeechRequest(text=REQUEST.text, seed=1), label),
        number_of(voice, "tan", REQUEST, Label(LabelSettings("rhythm", "start"))),
        number,
    }
    assert len(others) == 5
    voice.identity = "other tones"
    assert number_of(voice, "tan", REQUEST, label) not in others


def test_the_watermark_carries_the_number_and_is_not_in_the_rhythm(voice):
    request = SpeechRequest(text="今天天气真好，我们一起去公园散步，晚上再回家吃饭。明天还要上班，早点休息。")
    stream = voice.speak(request)
    labeller = labeller_of(voice, stream, request, Label(watermark=KEY))
    wav = joined(label_speech(stream, labeller))
    plain = joined(label_speech(voice.speak(request), labeller_of(voice, voice.speak(request), request, Label())))
    assert len(wav) == len(plain)
    read = read_watermark(wav, stream.sample_rate, KEY)
    assert read.present
    assert not read_watermark(plain, stream.sample_rate, KEY).present
    again = labeller_of(voice, voice.speak(request), request, Label(watermark=KEY))
    assert read.payload in (None, again._payload)
    assert len(find_rhythms(wav, stream.sample_rate)) == 1


def test_pieces_shorter_than_the_watermarks_delay_lose_no_sentence():
    labeller = Labeller(Label(None, watermark=KEY), "7", lambda: pytest.fail("nothing is spoken"))
    noise = np.random.default_rng(0).normal(0, 0.1, 4000).astype(np.float32)
    timed = TimedSentence("一", 0.0, 0.1, ())
    pieces = [AudioChunk(noise[n : n + 100], RATE, n, timed if n == 0 else None) for n in range(0, 4000, 100)]
    chunks = list(label_speech(iter(pieces), labeller))
    assert labeller.sentences == [timed]
    assert len(joined(chunks)) == 4000
    assert [c.start_samples for c in chunks] == [sum(len(b.wav) for b in chunks[:n]) for n in range(len(chunks))]


def test_the_spoken_label_has_the_speed_of_the_standard_and_is_spoken_once(voice):
    prompt = spoken_label(voice, voice.speakers[0])
    check_prompt(SENTENCE, len(prompt) / voice.sample_rate)
    assert spoken_label(voice, voice.speakers[0]) is prompt
    request = SpeechRequest(text="你好。")
    stream = voice.speak(request)
    labeller = labeller_of(voice, stream, request, Label(LabelSettings("speech", "start")))
    wav = joined(label_speech(stream, labeller))
    np.testing.assert_array_equal(wav[: len(prompt)], prompt)


def test_a_voice_that_cannot_speak_it_so_is_refused():
    with pytest.raises(RequestError, match=r"characters a minute.*label with the rhythm"):
        spoken_label(FakeVoice(), "tan")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"producer": "某公司"}, "the producer '某公司' cannot be written into files: .*visible ASCII"),
        ({"producer": ""}, "ContentProducer is empty"),
        ({"watermark": b"short"}, "16 bytes"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_spoken(fields, why):
    with pytest.raises(RequestError, match=why):
        Label(**fields)
