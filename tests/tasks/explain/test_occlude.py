"""Known influences are found, exactly; those of the built-in voice make sense."""

import numpy as np
import pytest

from tingshuo.errors import RequestError, SsmlError, TextError, TooLargeError, UnknownVoiceError
from tingshuo.tasks.explain.occlude import MAX_SYLLABLES, explain
from tingshuo.types import EMOTIONS, SpeechRequest

STD = 0.25
SEMITONES = STD * 12 / np.log(2)


def explained(voice, text, **options):
    return explain(voice, SpeechRequest(text=text), **options).sentences[0]


def change(sentence, kind, of, measure):
    (found,) = (one for one in sentence.influences if (one.kind, one.of) == (kind, of))
    return found.change[measure]


def test_a_length_that_depends_on_the_next_tone_alone_is_told_as_such(make_fake):
    sentence = explained(make_fake(), "爱我呀")
    assert [one.pinyin for one in sentence.syllables] == ["ai4", "wo3", "ya5"]
    longer = 100 * (np.exp(0.2) - 1)
    assert change(sentence, "tone", "我", "duration") == pytest.approx([longer, 0, 0], abs=1e-4)
    others = [one for one in sentence.influences if (one.kind, one.of) != ("tone", "我") and one.kind != "emotion"]
    assert len(others) >= 6
    for one in others:
        assert one.change["duration"].tolist() == [0, 0, 0], one


def test_a_pause_that_lengthens_what_is_before_it(make_fake):
    sentence = explained(make_fake(), "爱，呀。")
    assert change(sentence, "pause", "，", "duration") == pytest.approx([100 * (np.exp(0.4) - 1), 0], abs=1e-4)
    assert change(sentence, "pause", "。", "duration").tolist() == [0, 0]


def test_f0_and_energy_are_found_where_they_come_from(make_fake):
    sentence = explained(make_fake(), "安我呀")
    assert change(sentence, "tone", "安", "f0") == pytest.approx([0.5 * SEMITONES, 0, 0], abs=1e-4)
    assert not np.abs(change(sentence, "tone", "我", "f0")).max()
    bel = 10 * np.log10(np.exp(2 * 0.1))
    for boundary in (one for one in sentence.influences if one.kind == "boundary"):
        first = boundary.span[0]
        assert boundary.change["energy"] == pytest.approx([-bel if s == first else 0 for s in range(3)], abs=1e-4)
        assert not np.abs(boundary.change["f0"]).max()


def test_style_speaker_and_emotion_are_those_of_the_whole_sentence(make_fake):
    sentence = explained(make_fake(), "爱我呀")
    assert change(sentence, "style", "even", "f0") == pytest.approx([-SEMITONES] * 3, abs=1e-4)
    assert change(sentence, "speaker", "near", "energy") == pytest.approx([20 / np.log(10)] * 3, abs=1e-4)
    assert not np.abs(change(sentence, "speaker", "near", "duration")).max()
    emotions = {one.instead: one for one in sentence.influences if one.kind == "emotion"}
    assert list(emotions) == [name for name in EMOTIONS if name != "neutral"]
    assert emotions["gentle"].change["duration"] == pytest.approx([100 * (0.92 - 1)] * 3, abs=1e-4)
    assert {one.of for one in emotions.values()} == {"neutral"}


def test_influences_that_add_up_leave_no_gap_and_others_do(make_fake):
    sentence = explained(make_fake(), "爱我，呀我呀。")
    gaps = {one.kind: one for one in sentence.together}
    assert gaps["tone"].joint["duration"] == pytest.approx(100 * 0.2 * 2 / 5, abs=1e-3)
    assert gaps["tone"].gap["duration"] == pytest.approx(0, abs=1e-3)
    assert gaps["all"].n == sum(one.n for kind, one in gaps.items() if kind != "all") + 1  # and the one pause inside
    assert "pause" not in gaps  # the other is at the end, where it does nothing
    fake = make_fake()
    encode = fake.encode

    def either(inputs):
        """Phones are longer wherever there is a third tone at all."""
        made = encode(inputs)
        return made | {"log_duration": made["log_duration"] * 0 + np.float32(2 + 0.3 * (inputs["tones"] == 3).any())}

    fake.graphs["encoder"].run = either
    (tones,) = (one for one in explained(fake, "爱我，呀我呀").together if one.kind == "tone")
    assert (tones.joint["duration"], tones.gap["duration"]) == pytest.approx((30, 30), abs=1e-3)


def test_noise_is_what_another_precision_says(make_fake):
    text = "爱呀我"
    one = explain(make_fake(), SpeechRequest(text=text), exact=make_fake(nudge=0.01))
    n = 3 * sum(found.kind in {"tone", "phones", "boundary"} for found in one.sentences[0].influences)
    known = np.zeros(n + 1)
    known[0] = 100 * (np.exp(0.21) - np.exp(0.2))
    assert one.floor["duration"] == pytest.approx(np.percentile(known, 95), rel=1e-3)
    assert one.floor["f0"] == 0
    assert explain(make_fake(), SpeechRequest(text=text)).floor == {"duration": 0, "f0": 0, "energy": 0}


def test_progress_ends_at_one_and_never_goes_back(make_fake):
    told = []
    explain(make_fake(), SpeechRequest(text="爱我。呀。"), exact=make_fake(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_tone_moves_the_f0_of_its_own_syllable_most(voice, explanation):
    own, others = [], []
    for found in (explanation, explain(voice, SpeechRequest(text="他在办公室学习。"))):
        for one in (one for sentence in found.sentences for one in sentence.influences if one.kind == "tone"):
            size = np.abs(one.change["f0"])
            own += [size[s] for s in range(len(size)) if one.distance(s) == 0 and np.isfinite(size[s])]
            others += [size[s] for s in range(len(size)) if abs(one.distance(s)) == 1 and np.isfinite(size[s])]
    assert len(own) >= 12
    assert np.mean(own) > 2 * np.mean(others)


def test_the_same_text_is_explained_the_same_way(voice):
    first, second = (explained(voice, "你好。") for _ in range(2))
    for a, b in zip(first.influences, second.influences, strict=True):
        assert all(np.array_equal(a.change[m], b.change[m], equal_nan=True) for m in a.change)


def test_what_is_spoken_is_told(voice, explanation):
    first, *_ = explanation.sentences
    assert [one.text for one in first.syllables] == list("今天天气很好我们去公园")
    assert [one.word for one in first.syllables] == sorted(one.word for one in first.syllables)
    speech = voice.synthesize("今天天气很好，我们去公园。")
    characters = [character for word in speech.words for character in word.characters]
    assert [one.start_s for one in first.syllables] == pytest.approx([c.start_s for c in characters], abs=1e-3)
    assert [one.end_s for one in first.syllables] == pytest.approx([c.end_s for c in characters], abs=1e-3)
    assert (explanation.style, explanation.speaker, explanation.precision) == ("natural", voice.speakers[0], voice.precision)


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        ({"text": " "}, TextError, "text is empty"),
        ({"text": "<speak>你好</speak>"}, SsmlError, "markup is not explained"),
        ({"text": "你好。" * 31}, TooLargeError, f"more than {MAX_SYLLABLES} syllables"),
        ({"text": "你好", "style": "baroque"}, UnknownVoiceError, "unknown style 'baroque'"),
        ({"text": "你好", "speaker": "nobody"}, UnknownVoiceError, "unknown speaker 'nobody'"),
        ({"text": "你好", "emotion": "bored"}, RequestError, "unknown emotion 'bored'"),
    ],
)
def test_what_cannot_be_explained_is_refused_before_any_work(voice, request_, error, words):
    with pytest.raises(error, match=words):
        explain(voice, SpeechRequest(**request_), progress=lambda _: pytest.fail("work was done"))
